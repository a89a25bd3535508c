"""Begins analyses of models by themselves, once in each hour, day or week."""

from collections.abc import Callable
from typing import Protocol

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from pointsman.control.drift.analyses import begin
from pointsman.control.jobs.job import Job, JobContext, Scope
from pointsman.domain.drift.analyses import Analysis
from pointsman.domain.drift.windows import AnalysisWindow
from pointsman.domain.values import MICROSECONDS_PER_DAY
from pointsman.errors import FailedPreconditionError
from pointsman.store import servers
from pointsman.store.drift import alert_settings, analyses
from pointsman.store.drift.alert_settings import Scheduled
from pointsman.store.drift.alerting import rules

_log = structlog.get_logger(__name__)

_EVERY_SECONDS = 20.0


class Starting(Protocol):
    """Starts programs of analyses."""

    def begin(self, analysis: Analysis) -> None:
        """Starts the program of an analysis; one that cannot be started now is tried again."""


class AnalysisSchedule:
    """The job that one server does for all.

    A model is due when the period of its schedule is another than that in which it was last begun. So after
    some time without any server it is analysed once, however many periods went by, and a time that was noted
    by a clock that was ahead holds up nothing. Times are by the database's clock, for the next one is begun
    by another server.

    Args:
        watch: Who starts programs.
        clock: Answers the time in UTC microseconds.
        period_seconds: How often it looks.
    """

    def __init__(
        self, watch: Starting, clock: Callable[[], int], period_seconds: float = _EVERY_SECONDS
    ) -> None:
        self._watch = watch
        self._clock = clock
        self._period_seconds = period_seconds

    def job(self) -> Job:
        """Answers the job."""
        return Job(
            "drift-schedule",
            self._period_seconds,
            Scope.INSTALLATION,
            self.look,
            needed=lambda connection: bool(self._due(connection)),
        )

    def look(self, context: JobContext) -> bool:
        """Begins what is due."""
        with context.reading() as connection:
            due = self._due(connection)
        for one in due:
            if context.is_over():
                return True
            try:
                analysis = self._begin(context, one)
                if analysis is not None:
                    # A server that dies before this leaves one without a sign of life, which others find.
                    self._watch.begin(analysis)
            except (IntegrityError, OSError) as error:
                # Others begin it at this moment, or it cannot be begun: the models behind it have their turn.
                _log.warning("a scheduled analysis cannot be begun", model_id=one.model_id, reason=str(error))
        return False

    def _begin(self, context: JobContext, one: Scheduled) -> Analysis | None:
        """Begins an analysis and notes it in one transaction; None where there is nothing to start."""
        length_us = int(one.settings.time_window_days * MICROSECONDS_PER_DAY)
        with context.transaction() as connection:
            if analyses.running_of(connection, one.model_key) is not None:
                # That one is of another window; this one's turn comes when it has ended.
                return None
            # In the order of whoever deletes the model: its row first, then its settings.
            rules.lock(connection, one.model_key)
            now_us = servers.clock_us(connection, self._clock())
            if not alert_settings.note_scheduled(connection, one, now_us):
                return None
            window = AnalysisWindow(now_us - length_us, now_us)
            try:
                analysis, is_new = begin(
                    connection, one.model_id, one.model_key, one.settings, window, now_us
                )
            except FailedPreconditionError as error:
                _log.warning("a scheduled analysis has nothing to compare with", reason=str(error))
                return None
        return analysis if is_new else None

    def _due(self, connection: Connection) -> list[Scheduled]:
        now_us = servers.clock_us(connection, self._clock())
        return [one for one in alert_settings.scheduled(connection) if _is_due(one, now_us)]


def _is_due(one: Scheduled, now_us: int) -> bool:
    frequency = one.settings.frequency
    return frequency.period_of(now_us) != frequency.period_of(one.last_us)
