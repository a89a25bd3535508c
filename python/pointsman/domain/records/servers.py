"""The servers on one database, each with a journal of its own, and what an answer lacks of the others'."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pointsman.domain.values import MICROSECONDS_PER_SECOND

LOST_AFTER_US = 60 * MICROSECONDS_PER_SECOND
"""A server that was not seen for so long is taken for one that does not run."""


@dataclass(frozen=True)
class ServerJournal:
    """A server as the database knows it.

    Attributes:
        journal_id: The journal of its data folder.
        place: Its machine and data folder; empty for one that was never seen by this release.
        seen_time_us: When it last wrote here, by the database's clock; 0 for never.
        stored_until_us: Calls that arrived before this time are in files of the manifest.
        ended: Whether it ended with everything that it had recorded in files of the manifest.
    """

    journal_id: str
    place: str
    seen_time_us: int
    stored_until_us: int
    ended: bool

    def is_running(self, now_us: int) -> bool:
        """Whether it was seen of late, by the database's clock, and has not ended since."""
        return not self.ended and self.seen_time_us > now_us - LOST_AFTER_US


@dataclass(frozen=True)
class UnreachedJournal:
    """Records of another server that an answer lacks, or may lack.

    Attributes:
        journal_id: The journal that they came from.
        place: The server's machine and data folder, where they are known.
        seen_time_us: When the server was last seen; 0 for never.
        row_count: How many rows are in files that the manifest lists and that are not in this server's lake.
        tail_missing: Whether there may be more, in the journal and in no file yet.
        stored_until_us: What is only in the journal arrived after this time; 0 when that is not known.
    """

    journal_id: str
    place: str = ""
    seen_time_us: int = 0
    row_count: int = 0
    tail_missing: bool = True
    stored_until_us: int = 0


def unreached(
    others: Iterable[ServerJournal], missing_rows: Mapping[str, int], end_time_us: int | None
) -> tuple[UnreachedJournal, ...]:
    """Answers what a read lacks of other servers.

    Args:
        others: The other servers on the database.
        missing_rows: How many rows each journal has in files that were wanted and are not here.
        end_time_us: Where the read ends; None for an open end.
    """
    known = {server.journal_id: server for server in others}
    found = []
    for journal_id in sorted({*known, *missing_rows}):
        server = known.get(journal_id) or ServerJournal(journal_id, "", 0, 0, ended=False)
        tail = not server.ended and (end_time_us is None or end_time_us > server.stored_until_us)
        rows = missing_rows.get(journal_id, 0)
        if rows or tail:
            found.append(unreached_of(server, rows, tail_missing=tail))
    return tuple(found)


def unreached_of(server: ServerJournal, row_count: int, *, tail_missing: bool) -> UnreachedJournal:
    """Makes an entry of a server, with the rows of it that are known and missing.

    Args:
        server: The server, of which only the journal's id need be known.
        row_count: How many rows are in files that the manifest lists and that cannot be read here.
        tail_missing: Whether there may be more, in its journal and in no file yet.
    """
    return UnreachedJournal(
        server.journal_id, server.place, server.seen_time_us, row_count, tail_missing, server.stored_until_us
    )


def merged(found: Iterable[tuple[UnreachedJournal, ...]]) -> tuple[UnreachedJournal, ...]:
    """Makes one list of the lists of several reads: each journal once, with the rows of all reads."""
    by_journal: dict[str, UnreachedJournal] = {}
    for one in (journal for journals in found for journal in journals):
        before = by_journal.get(one.journal_id)
        if before is not None:
            one = UnreachedJournal(
                one.journal_id,
                one.place,
                one.seen_time_us,
                one.row_count + before.row_count,
                one.tail_missing or before.tail_missing,
                one.stored_until_us,
            )
        by_journal[one.journal_id] = one
    return tuple(by_journal[journal_id] for journal_id in sorted(by_journal))


def elsewhere(journals: Iterable[UnreachedJournal]) -> str:
    """Says behind a sentence about what was not found where else it may be; empty for nowhere."""
    told = sentence(journals)
    return f"; or another server has it, of which this one cannot read {told}: ask there" if told else ""


def unreached_metadata(journals: Iterable[UnreachedJournal]) -> dict[str, str]:
    """Names journals in an error for machines."""
    named = ",".join(journal.journal_id for journal in journals)
    return {"unreached_journals": named} if named else {}


def sentence(journals: Iterable[UnreachedJournal]) -> str:
    """Says for people what is not reached; empty when there is nothing."""
    parts = []
    for journal in journals:
        what = f"{journal.row_count} rows" if journal.row_count else "its latest records"
        if journal.row_count and journal.tail_missing:
            what += " and its latest records"
        parts.append(f"{what} of journal {journal.journal_id[:8]} ({journal.place or 'place unknown'})")
    return "; ".join(parts)
