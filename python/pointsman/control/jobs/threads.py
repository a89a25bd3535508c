"""A thread that runs one thing after the other, and that holds up nobody's end."""

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

_Result = TypeVar("_Result")


class JobThread:
    """Runs functions one at a time on a daemon thread, which begins with the first.

    The standard library's pools are waited for when the interpreter ends; what a job has begun may take
    longer than the server has for its end, and is left for the next start.

    Args:
        name: The thread's name behind ``pointsman-``.
    """

    def __init__(self, name: str) -> None:
        self._name = f"pointsman-{name}"
        self._waiting: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    async def run(self, function: Callable[[], _Result]) -> _Result:
        """Runs a function after those that were given before, and answers what it answers."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
            self._thread.start()
        future: Future[_Result] = Future()
        self._waiting.put((future, function))
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Ends the thread after what it was given; waits for nothing."""
        if self._thread is not None:
            self._waiting.put(None)
            self._thread = None

    def join(self, seconds: float) -> None:
        """Waits for its end, so long at most; to be called before it is closed, which forgets it."""
        thread = self._thread
        self.close()
        if thread is not None:
            thread.join(max(0.0, seconds))

    def _work(self) -> None:
        while (taken := self._waiting.get()) is not None:
            future, function = taken
            # Whoever was to get the answer may have been cancelled.
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(function())
            except BaseException as error:  # noqa: BLE001 - whoever waits for it gets it
                future.set_exception(error)
