"""Takes the journal's id for this process, and keeps it: no two servers store under the same one."""

import dataclasses
import itertools
import time
from collections.abc import Callable, Sequence

import structlog
from sqlalchemy import Connection

from pointsman.control.jobs.job import Job, JobContext, Scope
from pointsman.domain.ports.journal import JournalFolder
from pointsman.domain.records.journals import (
    FormerJournal,
    JournalHold,
    JournalStart,
    LeftBehind,
    first_unknown,
    parted_at,
    successor_id,
)
from pointsman.domain.records.lake import JournalStream
from pointsman.domain.values import MICROSECONDS_PER_SECOND
from pointsman.errors import (
    DatabaseUnavailableError,
    JournalHeldError,
    JournalTakenError,
    PointsmanError,
)
from pointsman.store.database import Database
from pointsman.store.recording import journals

_log = structlog.get_logger(__name__)

RENEWALS_PER_LEASE = 3
LEFT_BEHIND_SECONDS = 60.0
"""A journal that was not renewed for so long is named: its server restarts faster."""
_LOOK_EVERY_RENEWALS = 12


class _Watch:
    """Finds out whether the holder of a journal lives, by what it renews, not by another machine's clock.

    Args:
        lease_seconds: Who renews nothing for so long is gone.
        monotonic: Answers the time in seconds.
    """

    def __init__(self, lease_seconds: float, monotonic: Callable[[], float]) -> None:
        self._lease_seconds = lease_seconds
        self._monotonic = monotonic
        self._holder = ("", "")
        self._renewals = 0
        self._began = 0.0
        self._looked = 0.0

    def lives(self, record: journals.JournalRecord) -> bool:
        """Answers whether the holder lives.

        Raises:
            JournalHeldError: It is too early to tell; look again.
        """
        now = self._monotonic()
        holder = (record.journal_id, record.start_id)
        is_watched = self._holder == holder and now - self._looked < self._lease_seconds / 2
        self._looked = now
        if not is_watched:
            # Also after a time without a look: the database may have been away for the holder as well.
            self._holder, self._renewals, self._began = holder, record.renewals, now
        elif record.renewals != self._renewals:
            return True
        elif now - self._began >= self._lease_seconds:
            return False
        raise JournalHeldError(
            f"the journal {record.journal_id} was last held by a server that has not said that it ended; "
            f"whether it still runs is known within {self._lease_seconds:g}s. After a crash there is nothing "
            "to be done; if this data folder is a copy of a running server's, it gets an id of its own",
            metadata={"journal_id": record.journal_id},
        )


class JournalKeeper:
    """Holds the journal's id, or begins a new one for a data folder that is a copy.

    Args:
        database: Where it is kept who holds which.
        journal: The journal.
        lease_seconds: A holder that renews nothing for so long is gone.
        clock: Answers the time in UTC microseconds.
        monotonic: Answers the time in seconds.
    """

    def __init__(
        self,
        database: Database,
        journal: JournalFolder,
        lease_seconds: float,
        clock: Callable[[], int],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._journal = journal
        self._renew_seconds = lease_seconds / RENEWALS_PER_LEASE
        self._clock = clock
        self._watch = _Watch(lease_seconds, monotonic)
        self._hold: JournalHold | None = None
        self._taken: JournalTakenError | None = None
        self._renewals = 0
        self._left_behind: tuple[LeftBehind, ...] = ()

    @property
    def hold(self) -> JournalHold:
        """The name under which this process stores what its journal has.

        Raises:
            JournalHeldError: It has none yet.
        """
        if self._hold is None:
            raise JournalHeldError("the journal's id is not taken yet; try again in a moment")
        return self._hold

    @property
    def left_behind(self) -> tuple[LeftBehind, ...]:
        """Journals of other servers on this database that were not seen for a while, as of the last look."""
        return self._left_behind

    @property
    def reason(self) -> str:
        """Why nothing is stored any more, in words; empty when the id is this process's."""
        return "" if self._taken is None else str(self._taken)

    def job(self) -> Job:
        """Answers the job that renews the hold."""
        pause = (self._renew_seconds,)
        return Job("journal-hold", self._renew_seconds, Scope.SERVER, self._renew, retry_seconds=pause)

    def take(self) -> None:
        """Takes the journal's id before anything is stored under it.

        A folder that was restored or copied gets another one; how it is told:
        :func:`pointsman.domain.records.journals.parted_at`.

        Raises:
            DatabaseUnavailableError: The database does not answer.
            JournalError: The data folder cannot be written.
            JournalHeldError: The former holder may still live; try again.
            JournalTakenError: A copy of the folder took the id while this process had it.
        """
        starts = self._journal.journal_starts()
        before = self._journal.journal_id
        with self._database.write() as connection:
            hold = self._take(connection, before, starts)
        self._journal.confirm_journal(hold.journal_id)
        self._hold = hold
        if hold.journal_id != before:
            _log.warning(
                "this data folder is a copy of one whose journal went on, so its journal has a new id",
                journal_id=hold.journal_id,
                former_id=before,
                **(dataclasses.asdict(hold.former.until) if hold.former else {}),
            )
        self._look_around()
        for journal in self._left_behind:
            _log.warning("a journal was left behind", **left_behind_facts(journal, self._clock()))

    def renew(self) -> None:
        """Shows the others that this process lives.

        A database that takes no writes just now is tried again the next time: what is stored is guarded.

        Raises:
            JournalTakenError: A copy of the folder took the id meanwhile.
        """
        if self._taken is not None:
            raise self._taken
        if self._hold is None:
            return
        try:
            with self._database.write() as connection:
                journals.renew(connection, self._hold, self._journal.journal_ends(), self._clock())
        except JournalTakenError as error:
            self._taken = error
            _log.error("the journal's id was taken", reason=str(error))
            raise
        except DatabaseUnavailableError as error:
            _log.warning("the journal's id is not renewed", reason=str(error))
            return
        self._renewals += 1
        if self._renewals % _LOOK_EVERY_RENEWALS == 0:
            self._look_around()

    def release(self) -> None:
        """Says that this process has ended, so that the next need not wait; never raises."""
        if self._hold is None:
            return
        try:
            with self._database.write() as connection:
                ends = self._journal.journal_ends()
                journals.renew(connection, self._hold, ends, self._clock(), held=False)
        except PointsmanError as error:
            _log.warning("the database does not know that this server has ended", reason=str(error))

    def _renew(self, _: JobContext) -> bool:
        self.renew()
        return False

    def _take(self, connection: Connection, journal_id: str, starts: Sequence[JournalStart]) -> JournalHold:
        record = journals.lock(connection, journal_id)
        parted = parted_at(starts, record.starts, record.stored)
        first = first_unknown(starts, {start.start_id for start in record.starts})
        if parted is None and first is not None and self._is_held_elsewhere(record, starts[-1]):
            parted = first.ends
        if parted is None:
            ends = self._journal.journal_ends()
            return journals.take(connection, journal_id, starts, ends, self._clock()).hold()
        if first is None:
            raise journals.taken(journal_id)
        stored = parted
        if parted.is_behind(record.stored) and not self._is_held_elsewhere(record, starts[-1]):
            # Nobody else may be left to store what the folders have in common.
            journals.set_ended(connection, journal_id, record.start_id)
            stored = parted.least(record.stored)
        successor = successor_id(journal_id, first.start_id)
        common = tuple(itertools.takewhile(lambda start: start.start_id != first.start_id, starts))
        former = FormerJournal(journal_id, parted)
        journals.begin(connection, successor, former, common, stored, self._clock())
        return self._take(connection, successor, starts)

    def _is_held_elsewhere(self, record: journals.JournalRecord, mine: JournalStart) -> bool:
        """Answers whether another process holds a journal.

        Raises:
            JournalHeldError: It is too early to tell.
        """
        if not record.held or record.start_id == mine.start_id:
            return False
        if record.place and record.place == mine.place:
            # Whoever held it in this folder held its lock, which is this process's now.
            return False
        return self._watch.lives(record)

    def _look_around(self) -> None:
        before_us = self._clock() - int(LEFT_BEHIND_SECONDS * MICROSECONDS_PER_SECOND)
        with self._database.read() as connection:
            found = journals.left_behind(connection, self.hold.journal_id, before_us)
        self._left_behind = tuple(found)


def left_behind_facts(journal: LeftBehind, now_us: int) -> dict[str, object]:
    """Answers what there is to say of a journal that was left behind, for the log and ``/readyz``."""
    waiting = journal.waiting_bytes
    return {
        "journal_id": journal.journal_id,
        "silent_seconds": max(0, now_us - journal.seen_time_us) // MICROSECONDS_PER_SECOND,
        **{
            f"{stream.value}_{what}": ends.of(stream)
            for stream in JournalStream
            for what, ends in (("position", journal.stored), ("waiting_bytes", waiting))
        },
    }
