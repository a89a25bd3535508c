"""Shows that somebody works on an analysis, and ends that when nobody wants the result any more."""

import contextlib
import os
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from pointsman.domain.drift.analyses import Analysis
from pointsman.errors import DatabaseUnavailableError
from pointsman.store import servers
from pointsman.store.database import Database
from pointsman.store.drift import analyses

EVERY_SECONDS = 2.0


def _look_at_nothing() -> None:
    """Where nothing but the beat is wanted."""


class Pulse:
    """A thread that writes every two seconds that an analysis is worked on, and how far that is.

    Args:
        database: Where to.
        analysis: The analysis.
        clock: Answers the time in UTC microseconds.
        leave: Is called with 0 when nobody wants the result any more; ends the program at once.
        look: Is called with each beat, to look after what else shows how the work goes on.
    """

    def __init__(
        self,
        database: Database,
        analysis: Analysis,
        clock: Callable[[], int],
        leave: Callable[[int], object] = os._exit,
        look: Callable[[], None] = _look_at_nothing,
    ) -> None:
        self._database = database
        self._analysis = analysis
        self._clock = clock
        self._leave = leave
        self._look = look
        self._progress = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)

    def __enter__(self) -> Self:
        """Begins to write."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends."""
        self._ended.set()
        self._thread.join()

    def reached(self, progress: float) -> None:
        """Notes how far the work is, 0 to 1; written with the next beat."""
        self._progress = progress

    def beat(self) -> bool:
        """Writes once; answers whether the work shall go on."""
        with self._database.write() as connection:
            now_us = servers.clock_us(connection, self._clock())
            wanted = analyses.see(connection, self._analysis, self._progress, now_us)
        # Past the deadline whoever watches says so.
        return wanted and now_us < self._analysis.deadline_us

    def _run(self) -> None:
        while not self._ended.is_set():
            self._look()
            # A database that comes back is worth waiting for.
            with contextlib.suppress(DatabaseUnavailableError):
                if not self.beat():
                    self._leave(0)
                    return
            self._ended.wait(EVERY_SECONDS)
