"""When which job runs next; knows no threads and no clock, so that every case can be tried."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

from pointsman.control.jobs.job import Job

FIRST_WITHIN_SECONDS = 60.0
_JITTER_SHARE = 0.1
"""Servers that start together do not ask together."""


@dataclass
class _Entry:
    """A job's place in the timetable.

    While ``running`` is set, ``due`` means nothing: it is set when the run ends, so that a job runs once at a
    time and what became due meanwhile is one run, not several.
    """

    job: Job
    due: float
    grid: float
    running: bool = False
    woken: bool = False
    failures: int = 0


class Timetable:
    """Keeps when each job is due. All times are seconds of one clock that only goes on.

    Args:
        draw: Answers a number from 0 to 1, for jitter.
    """

    def __init__(self, draw: Callable[[], float] = random.random) -> None:
        self._draw = draw
        self._entries: dict[str, _Entry] = {}

    def add(self, job: Job, now: float) -> None:
        """Takes a job, which runs first when it says, or after a period, but within a minute."""
        if job.first_seconds is not None:
            first = job.first_seconds
        elif math.isinf(job.period_seconds):
            first = math.inf
        else:
            first = min(job.period_seconds, FIRST_WITHIN_SECONDS) * (1 - _JITTER_SHARE * self._draw())
        self._entries[job.name] = _Entry(job, now + first, now + first)

    def begin_due(self, now: float) -> list[Job]:
        """Answers the jobs that are due and do not run; they count as running from here on."""
        due = [entry for entry in self._entries.values() if not entry.running and entry.due <= now]
        for entry in due:
            entry.running, entry.woken = True, False
        return [entry.job for entry in due]

    def end(self, name: str, now: float, *, failed: bool = False, wait_seconds: float | None = None) -> None:
        """Notes that a run has ended.

        Args:
            name: The job.
            now: The time.
            failed: Whether it failed: then it is tried again sooner or later than its period says.
            wait_seconds: When it is due again, where somebody else's clock says it; None for its own grid.
        """
        entry = self._entries[name]
        entry.running = False
        if failed:
            steps = entry.job.retry_seconds
            entry.due = now + steps[min(entry.failures, len(steps) - 1)] * (1 + _JITTER_SHARE * self._draw())
            entry.failures += 1
            return
        entry.failures = 0
        if entry.woken:
            entry.due = now
        elif wait_seconds is not None:
            entry.due = now + max(0.0, wait_seconds)
        else:
            entry.due = self._next_on_grid(entry, now)

    def wake(self, name: str, now: float) -> None:
        """Has a job run now, or again when it runs just now; one that fails goes on to wait."""
        entry = self._entries[name]
        if entry.running:
            entry.woken = True
        elif not entry.failures:
            entry.due = min(entry.due, now)

    def failures(self, name: str) -> int:
        """Answers how often in a row a job has failed."""
        return self._entries[name].failures

    def next_time(self) -> float:
        """Answers when the next job is due that does not run; infinity for never."""
        return min((entry.due for entry in self._entries.values() if not entry.running), default=math.inf)

    @staticmethod
    def _next_on_grid(entry: _Entry, now: float) -> float:
        """Answers the next time of the grid: late runs do not shift it, and missed ones are not made up."""
        period = entry.job.period_seconds
        if math.isinf(period):
            return math.inf
        if entry.grid <= now:
            entry.grid += (math.floor((now - entry.grid) / period) + 1) * period
        return entry.grid
