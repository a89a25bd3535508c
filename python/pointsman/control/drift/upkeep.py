"""Deletes logged predictions that are past their time."""

from collections.abc import Callable

from pointsman.control.jobs.job import Job, JobContext, Scope
from pointsman.control.lanes import Lanes
from pointsman.domain.values import MICROSECONDS_PER_DAY
from pointsman.store.drift import predictions

_EVERY_SECONDS = 3600.0
_ROWS_AT_ONCE = 2_000


class DriftUpkeep:
    """The job that one server does for all.

    Args:
        retention_days: How long logged predictions are kept.
        lanes: The threads for it.
        clock: Answers the time in UTC microseconds.
    """

    def __init__(self, retention_days: int, lanes: Lanes, clock: Callable[[], int]) -> None:
        self._retention_days = retention_days
        self._lanes = lanes
        self._clock = clock

    def job(self) -> Job:
        """Answers the job."""
        return Job(
            "old-logged-predictions", _EVERY_SECONDS, Scope.INSTALLATION, self.purge, self._lanes.write
        )

    def purge(self, context: JobContext) -> bool:
        """Deletes some; answers whether there may be more."""
        before_us = self._clock() - self._retention_days * MICROSECONDS_PER_DAY
        with context.transaction() as connection:
            return predictions.remove_before(connection, before_us, _ROWS_AT_ONCE) >= _ROWS_AT_ONCE
