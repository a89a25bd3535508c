"""A thread that follows a replica: repeats a step until the end, and waits longer after each failure."""

import threading
import time
from collections.abc import Callable

import structlog

from pointsman.errors import PointsmanError

_log = structlog.get_logger(__name__)

_TAKE_SECONDS = 0.5
_DELAYS_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0)
"""After failures in a row, so that what is away is not buried when it comes back."""
_EMPTY_SECONDS = 0.05
"""After a step that found nothing and did not wait for it: a journal that is closed lets nobody wait."""


class Follower:
    """Takes what a replica hands over, as long as it comes.

    Args:
        name: The thread's name behind ``pointsman-``.
        step: Takes and works off something, waiting up to the given seconds for it; answers whether it found
            anything, and so whether there may be more already.
        waiting: What is said once when steps begin to fail.
        going_on: What is said when they work again.
        left: What is said at the end when something could not be worked off.
    """

    def __init__(
        self, name: str, step: Callable[[float], bool], *, waiting: str, going_on: str, left: str
    ) -> None:
        self._name = name
        self._step = step
        self._waiting = waiting
        self._going_on = going_on
        self._left = left
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begins in the background."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=f"pointsman-{self._name}", daemon=True)
            self._thread.start()

    def stop(self, grace_seconds: float) -> None:
        """Works off what is there, as far as the grace allows, and ends; the journal keeps the rest."""
        self._ended.set()
        if self._thread is None:
            return
        deadline = time.monotonic() + grace_seconds
        self._thread.join(max(0.0, grace_seconds))
        self._thread = None
        try:
            while time.monotonic() < deadline and self._step(0.0):
                pass
        except PointsmanError as error:
            _log.warning(self._left, reason=str(error))

    def _run(self) -> None:
        failures = 0
        while not self._ended.is_set():
            begin = time.monotonic()
            try:
                found = self._step(_TAKE_SECONDS)
            except PointsmanError as error:
                if not failures:
                    _log.warning(self._waiting, reason=str(error))
            except Exception:  # noqa: BLE001 - whatever it is, the journal must not grow for ever
                if not failures:
                    _log.exception(self._waiting)
            else:
                if failures:
                    _log.info(self._going_on)
                failures = 0
                # The journal of a server that ends answers at once: to ask again at once takes a processor.
                if not found and time.monotonic() - begin < _EMPTY_SECONDS:
                    self._ended.wait(_EMPTY_SECONDS)
                continue
            self._ended.wait(_DELAYS_SECONDS[min(failures, len(_DELAYS_SECONDS) - 1)])
            failures += 1
