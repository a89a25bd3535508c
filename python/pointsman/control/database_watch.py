"""Asks the database, over and over and in one question, what there is to do here, and whether it answers.

A database that hangs refuses nothing, and nothing else would tell. So the question has a thread of its own,
for which nothing else waits, and the time since it was asked says whether somebody answers.
"""

import time
from collections.abc import Callable

from sqlalchemy import select

from pointsman.control.jobs.job import Job, JobContext, Scope
from pointsman.errors import DatabaseUnavailableError
from pointsman.store import generations
from pointsman.store.database import Database
from pointsman.store.generations import Revision
from pointsman.store.recording import erased_predictions, erasures

JOB = "database-watch"
LATE_SECONDS = 3.0
"""An answer to so little that takes so long is as good as none."""


class DatabaseWatch:
    """Finds what other processes changed, and what they ask of this server.

    Args:
        database: The database.
        journal_id: Answers this server's journal.
        published: Answers the state that this server's replica has.
        told: Answers the last erased prediction that it knows.
        interval_seconds: How often it asks.
        on_changes: Is told that the database has another state.
        on_erasures: Is told that there are erasures to be carried out here.
        on_erased: Is told that further predictions are erased.
    """

    def __init__(
        self,
        database: Database,
        journal_id: Callable[[], str],
        published: Callable[[], Revision],
        told: Callable[[], int],
        interval_seconds: float,
        *,
        on_changes: Callable[[], None],
        on_erasures: Callable[[], None],
        on_erased: Callable[[], None],
    ) -> None:
        self._database = database
        self._journal_id = journal_id
        self._published = published
        self._told = told
        self._interval_seconds = interval_seconds
        self._on_changes = on_changes
        self._on_erasures = on_erasures
        self._on_erased = on_erased
        self._asked: float | None = None
        self._failure = ""

    @property
    def reason(self) -> str:
        """Why the database is as good as away, in words; empty when it answers."""
        asked = self._asked
        late_seconds = 0.0 if asked is None else time.monotonic() - asked
        # A file cannot hang; a machine may be busy.
        if late_seconds < LATE_SECONDS or self._database.is_sqlite:
            return self._failure
        return (
            f"the database {self._database.shown_url} does not answer (nothing for {late_seconds:.0f}s); "
            "routing goes on, changes and reads are possible again when it is back"
        )

    def job(self) -> Job:
        """Answers the job; it is never put off, so that what happened meanwhile is seen at once."""
        interval = self._interval_seconds
        return Job(JOB, interval, Scope.SERVER, self.look, retry_seconds=(interval,), first_seconds=interval)

    def look(self, _: JobContext) -> bool:
        """Asks once, and tells who is to do something.

        Raises:
            DatabaseUnavailableError: The database does not answer.
        """
        self._asked = time.monotonic()
        try:
            with self._database.glance() as connection:
                waiting = erasures.any_waiting(self._journal_id())
                value, token, has_erasures, erased = connection.execute(
                    select(generations.VALUE, generations.TOKEN, waiting, erased_predictions.last_sequence())
                ).one()
        except DatabaseUnavailableError as error:
            self._failure = str(error)
            raise
        finally:
            self._asked = None
        self._failure = ""
        if Revision(value, token) != self._published():
            self._on_changes()
        if has_erasures:
            self._on_erasures()
        if erased > self._told():
            self._on_erased()
        return False
