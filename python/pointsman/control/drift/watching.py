"""Finds analyses whose programs are gone or too slow, and starts them again or fails them.

An analysis that runs is in one of three states. Its program lives and writes, every two seconds, that it
does; before there is one, whoever prepares it does the same. Or it ended without ending the analysis: the
server that started it sees so at once, others after a time without a sign. Or nobody started it yet: that is
no crash, however long it lasts. Each start has a number, and the database takes nothing of a program with a
lesser one; so starting a second program of an analysis whose first one lives after all is wasteful, and never
wrong.
"""

from collections.abc import Callable

import structlog
from sqlalchemy import Connection

from pointsman.control.drift.pulse import Pulse
from pointsman.control.drift.starting import AnalysisStarter
from pointsman.control.jobs.job import Job, JobContext, Scope
from pointsman.domain.drift.analyses import Analysis, AnalysisStatus
from pointsman.domain.ports.analysing import AnalysisRunner, AnalysisStart, RunState
from pointsman.domain.values import MICROSECONDS_PER_SECOND
from pointsman.errors import PointsmanError
from pointsman.store import servers
from pointsman.store.database import Database
from pointsman.store.drift import analyses

_log = structlog.get_logger(__name__)

LOST_SECONDS = 30.0
"""A program that shows no life for so long is taken for one that is gone."""
MAX_CRASHES = 2
_EVERY_SECONDS = 1.0


class AnalysisWatch:
    """Looks after the analyses of an installation, each server after all of them.

    Args:
        database: Where they are kept.
        starter: Who starts programs.
        runner: Where they run.
        clock: Answers the time in UTC microseconds.
    """

    def __init__(
        self,
        database: Database,
        starter: AnalysisStarter,
        runner: AnalysisRunner,
        clock: Callable[[], int],
    ) -> None:
        self._database = database
        self._starter = starter
        self._runner = runner
        self._clock = clock

    def job(self) -> Job:
        """Answers the periodic job."""
        return Job("drift-analyses", _EVERY_SECONDS, Scope.SERVER, self.look)

    def look(self, context: JobContext) -> bool:
        """Looks at every analysis once."""
        with context.reading() as connection:
            running = analyses.running(connection)
            now_us = servers.clock_us(connection, self._clock())
        for analysis in running:
            if context.is_over():
                break
            self._look_at(analysis, now_us)
        wanted = {AnalysisStart(one.job_id, one.attempt) for one in running}
        for start in dict.fromkeys((*self._runner.known(), *self._starter.left_over())):
            # One that was begun after the look is not in it; it shows life soon enough.
            if start not in wanted and not self._still_runs(start):
                self._starter.forget(start)
        return False

    def begin(self, analysis: Analysis) -> None:
        """Starts the program of an analysis; one that cannot be started now is tried again.

        To read and write what is recorded may take long, in which the analysis shows life. Nothing is started
        of one that was cancelled, or started again, while it waited for its turn here.
        """
        pulse = Pulse(self._database, analysis, self._clock, leave=_go_on)
        try:
            if pulse.beat():
                with pulse:
                    self._starter.start(analysis)
        except PointsmanError as error:
            _log.warning("an analysis cannot be started yet", job_id=analysis.job_id, reason=str(error))
            with self._database.write() as connection:
                analyses.abandon(connection, analysis.job_id, analysis.attempt)

    def stop(self) -> None:
        """Ends the programs of this server; whoever looks next starts them again."""
        ran = self._runner.close()
        if ran:
            with self._database.write() as connection:
                for start in ran:
                    analyses.abandon(connection, start.job_id, start.attempt)

    def _look_at(self, analysis: Analysis, now_us: int) -> None:
        start = AnalysisStart(analysis.job_id, analysis.attempt)
        state = self._runner.state(start)
        if now_us >= analysis.deadline_us:
            self._fail(analysis, now_us, "it took longer than its deadline; analyse a shorter window")
            self._starter.forget(start)
        elif state is RunState.ENDED:
            self._again(analysis, now_us, self._runner.last_words(start))
        elif state is RunState.UNKNOWN and now_us - analysis.seen_us > LOST_SECONDS * MICROSECONDS_PER_SECOND:
            words = "its program shows no life any more" if _has_lived(analysis) else ""
            self._again(analysis, now_us, words)

    def _again(self, analysis: Analysis, now_us: int, words: str) -> None:
        """Starts an analysis again, unless its program crashed too often; empty words are no crash."""
        crashes = analysis.crashes + bool(words)
        if crashes >= MAX_CRASHES:
            self._fail(analysis, now_us, f"its program ended {crashes} times without a result ({words})")
        else:
            with self._database.write() as connection:
                again = analyses.start_again(connection, analysis, crashed=bool(words), now_us=now_us)
                found = analyses.find(connection, analysis.job_id) if again else None
            if found is not None:
                _log.warning("an analysis is started again", job_id=found.job_id, attempt=found.attempt)
                self.begin(found)
        self._starter.forget(AnalysisStart(analysis.job_id, analysis.attempt))

    def _fail(self, analysis: Analysis, now_us: int, error: str) -> None:
        with self._database.write() as connection:
            analyses.end(connection, analysis, AnalysisStatus.FAILED, now_us, error)

    def _still_runs(self, start: AnalysisStart) -> bool:
        with self._database.read() as connection:
            return _runs(connection, start)


def _has_lived(analysis: Analysis) -> bool:
    """Whether anybody has worked on the last start of an analysis, and not given it back.

    It is 0 where a server ended in order, or could not start it, and still the time of the request where
    nobody's turn to start it has come. Later starts are begun by whoever notes them, without a wait between.
    """
    return analysis.seen_us not in (0, analysis.start_time_us)


def _go_on(code: int) -> None:
    """Lets a start go on that nobody wants any more: its program ends at once by itself."""


def _runs(connection: Connection, start: AnalysisStart) -> bool:
    found = analyses.find(connection, start.job_id)
    return found is not None and found.status is AnalysisStatus.RUNNING and found.attempt == start.attempt
