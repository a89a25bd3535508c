"""Keeps nothing in SQLite's write-ahead log for long: it holds former contents until it is emptied."""

from pointsman.control.jobs.job import Job, JobContext, Scope
from pointsman.store.database import Database

_EVERY_SECONDS = 60.0


class WriteAheadLog:
    """Empties the log of a database that is a file.

    Args:
        database: The database.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def jobs(self) -> list[Job]:
        """Answers the job; none for a server, which looks after its log itself."""
        if not self._database.is_sqlite:
            return []
        return [Job("write-ahead-log", _EVERY_SECONDS, Scope.SERVER, self.empty)]

    def empty(self, _: JobContext) -> bool:
        """Empties it; where readers still need it, the next run does."""
        self._database.empty_log()
        return False
