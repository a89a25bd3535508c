"""Says in the database that this server runs, and until when what it recorded is in files of the manifest."""

import time
from collections.abc import Callable

import structlog

from pointsman.control.jobs.job import Job, JobContext, Scope
from pointsman.control.journals.registration import FileRegistration
from pointsman.control.lake.sealing import SETTLE_US
from pointsman.domain.ports.journal import PredictionLog
from pointsman.errors import PointsmanError
from pointsman.store import servers
from pointsman.store.database import Database

_log = structlog.get_logger(__name__)

_SEEN_EVERY_SECONDS = 10.0
_SEEN_ALONE_SECONDS = 30.0
"""A file has no other server, but somebody may want to give up this one."""
_MARK_EVERY_SECONDS = 600.0
_MARK_ALONE_SECONDS = 3600.0
"""A file's only server reads its journal; how far it is stored tells which revisions no record can name."""


class Presence:
    """Keeps this server's row among the servers; to be used from one thread at a time.

    Args:
        database: Where the row is.
        journal: Its journal.
        registration: Who knows how far the journal is registered.
        place: The machine and data folder, for people.
        clock: Answers the time in UTC microseconds.
    """

    def __init__(
        self,
        database: Database,
        journal: PredictionLog,
        registration: FileRegistration,
        place: str,
        clock: Callable[[], int],
    ) -> None:
        self._database = database
        self._journal = journal
        self._registration = registration
        self._place = place
        self._clock = clock
        self._marked = time.monotonic() if database.is_sqlite else 0.0
        self._mark: tuple[int, int] | None = None
        self._begun = False

    def begin(self) -> None:
        """Says that the server runs.

        Raises:
            DatabaseUnavailableError: The database does not answer.
        """
        self._see(0)
        self._begun = True

    def job(self) -> Job:
        """Answers the job that says it again and again."""
        seconds = _SEEN_ALONE_SECONDS if self._database.is_sqlite else _SEEN_EVERY_SECONDS
        return Job("presence", seconds, Scope.SERVER, self._tick)

    def tick(self) -> None:
        """Says it again, and now and then until when the journal is stored.

        Raises:
            DatabaseUnavailableError: The database does not answer.
            JournalError: The journal takes nothing.
        """
        mark_seconds = _MARK_ALONE_SECONDS if self._database.is_sqlite else _MARK_EVERY_SECONDS
        if self._mark is None and time.monotonic() - self._marked >= mark_seconds:
            time_us = self._clock()
            self._mark = (time_us, self._journal.seal_predictions())
            self._marked = time.monotonic()
        stored_until_us = 0
        if self._mark is not None and self._registration.position >= self._mark[1]:
            # A call is recorded when it ends, under the time of its beginning.
            stored_until_us = max(0, self._mark[0] - SETTLE_US)
            self._mark = None
        self._see(stored_until_us)

    def _tick(self, _: JobContext) -> bool:
        self.tick()
        return False

    def end(self) -> None:
        """Says that the server ended, if all that it recorded is registered; else others go on to miss it."""
        if not self._begun:
            return
        try:
            if self._registration.position < self._journal.seal_predictions():
                return
            with self._database.write() as connection:
                servers.end(connection, self._journal.journal_id, servers.clock_us(connection, self._clock()))
        except PointsmanError as error:
            _log.warning("other servers will miss records of this one until it runs again", reason=str(error))

    def _see(self, stored_until_us: int) -> None:
        with self._database.write() as connection:
            now_us = servers.clock_us(connection, self._clock())
            servers.see(connection, self._journal.journal_id, self._place, now_us, stored_until_us)
