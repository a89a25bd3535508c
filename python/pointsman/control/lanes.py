"""Threads for what would block the event loop: one that writes, some that read or wait."""

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

_Params = ParamSpec("_Params")
_Result = TypeVar("_Result")

_PROBE_THREADS = 32
_FEEDBACK_THREADS = 4
_LOOKING_THREADS = 2
_UPLOAD_THREADS = 4


class Lanes:
    """The threads of the control plane. Changes go through one thread and so one after the other.

    Args:
        reader_threads: How many threads read.
    """

    def __init__(self, reader_threads: int) -> None:
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="pointsman-writer")
        self._feedback = ThreadPoolExecutor(_FEEDBACK_THREADS, thread_name_prefix="pointsman-feedback")
        self._readers = ThreadPoolExecutor(reader_threads, thread_name_prefix="pointsman-reader")
        self._looking = ThreadPoolExecutor(_LOOKING_THREADS, thread_name_prefix="pointsman-looking")
        self._erasures = ThreadPoolExecutor(1, thread_name_prefix="pointsman-erasure")
        self._probes = ThreadPoolExecutor(_PROBE_THREADS, thread_name_prefix="pointsman-probe")
        self._drawing = ThreadPoolExecutor(1, thread_name_prefix="pointsman-drawing")
        self._uploads = ThreadPoolExecutor(_UPLOAD_THREADS, thread_name_prefix="pointsman-upload")

    async def write(
        self, function: Callable[_Params, _Result], *args: _Params.args, **kwargs: _Params.kwargs
    ) -> _Result:
        """Runs a change of the routing state; one at a time."""
        return await _run(self._writer, partial(function, *args, **kwargs))

    async def feed(
        self, function: Callable[_Params, _Result], *args: _Params.args, **kwargs: _Params.kwargs
    ) -> _Result:
        """Takes feedback, which looks up predictions and may wait until it is applied."""
        return await _run(self._feedback, partial(function, *args, **kwargs))

    async def read(
        self, function: Callable[_Params, _Result], *args: _Params.args, **kwargs: _Params.kwargs
    ) -> _Result:
        """Runs a read."""
        return await _run(self._readers, partial(function, *args, **kwargs))

    async def look(
        self, function: Callable[_Params, _Result], *args: _Params.args, **kwargs: _Params.kwargs
    ) -> _Result:
        """Runs a read of what is recorded, which may take a second; other reads do not wait for it."""
        return await _run(self._looking, partial(function, *args, **kwargs))

    async def erase(
        self, function: Callable[_Params, _Result], *args: _Params.args, **kwargs: _Params.kwargs
    ) -> _Result:
        """Runs an erasure, which may take minutes; one at a time."""
        return await _run(self._erasures, partial(function, *args, **kwargs))

    async def probe(
        self, function: Callable[_Params, _Result], *args: _Params.args, **kwargs: _Params.kwargs
    ) -> _Result:
        """Runs a question to a backend."""
        return await _run(self._probes, partial(function, *args, **kwargs))

    async def draw(
        self, function: Callable[_Params, _Result], *args: _Params.args, **kwargs: _Params.kwargs
    ) -> _Result:
        """Draws a report, for which a program runs that takes a processor and memory; one at a time."""
        return await _run(self._drawing, partial(function, *args, **kwargs))

    async def upload(
        self, function: Callable[_Params, _Result], *args: _Params.args, **kwargs: _Params.kwargs
    ) -> _Result:
        """Takes a piece of a file, which may wait until the whole one is checked."""
        return await _run(self._uploads, partial(function, *args, **kwargs))

    def close(self) -> None:
        """Ends the threads once what they run is done; waiting work is dropped."""
        for executor in (
            self._writer,
            self._feedback,
            self._readers,
            self._looking,
            self._erasures,
            self._probes,
            self._drawing,
            self._uploads,
        ):
            executor.shutdown(wait=True, cancel_futures=True)


async def _run(executor: ThreadPoolExecutor, function: Callable[[], _Result]) -> _Result:
    context = contextvars.copy_context()
    return await asyncio.get_running_loop().run_in_executor(executor, context.run, function)
