"""A journal's identity: what its folder and the database say of its openings, and where two copies part."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import reduce

from pointsman.domain.records.lake import JournalStream

ID_CHARS = 32


@dataclass(frozen=True)
class JournalEnds:
    """A position in each of a journal's two logs.

    Attributes:
        predictions: In the log of predictions.
        feedback: In the log of feedback.
    """

    predictions: int
    feedback: int

    def of(self, stream: JournalStream) -> int:
        """Answers the position in one of the logs."""
        return self.predictions if stream is JournalStream.PREDICTIONS else self.feedback

    def least(self, other: "JournalEnds") -> "JournalEnds":
        """Answers the lesser position in each log."""
        return JournalEnds(min(self.predictions, other.predictions), min(self.feedback, other.feedback))

    def is_behind(self, other: "JournalEnds") -> bool:
        """Answers whether either position lies behind the other's."""
        return self.predictions > other.predictions or self.feedback > other.feedback


@dataclass(frozen=True)
class JournalStart:
    """One opening of a journal's folder.

    Attributes:
        start_id: Names it: 32 random hexadecimal digits.
        ends: Where the logs ended then.
        place: Where the folder was, the same for no other folder; empty when that is not known.
        is_known: Whether the folder says that a database has it.
    """

    start_id: str
    ends: JournalEnds
    place: str = ""
    is_known: bool = False


@dataclass(frozen=True)
class FormerJournal:
    """The journal that a copied folder was of.

    Attributes:
        journal_id: Its id.
        until: What is before these positions is in both folders, and belongs to it.
    """

    journal_id: str
    until: JournalEnds


@dataclass(frozen=True)
class JournalHold:
    """Under which name this process may store what its journal has.

    Attributes:
        journal_id: The name.
        start_id: The opening that holds it.
        former: What the folder was a copy of, when it was one.
    """

    journal_id: str
    start_id: str
    former: FormerJournal | None = None


@dataclass(frozen=True)
class LeftBehind:
    """A journal of the same database that no server has renewed for a while.

    Attributes:
        journal_id: Its id, which is in ``<data-dir>/journal/id`` of its folder.
        seen_time_us: When it last was seen.
        stored: How far its logs are stored.
        ends: Where its logs ended when it was last seen; 0 when its server was of a release that did not say.
    """

    journal_id: str
    seen_time_us: int
    stored: JournalEnds
    ends: JournalEnds

    @property
    def waiting_bytes(self) -> JournalEnds:
        """What its folder held when it was last seen and no other place has, in bytes of each log."""
        return JournalEnds(
            max(0, self.ends.predictions - self.stored.predictions),
            max(0, self.ends.feedback - self.stored.feedback),
        )


def first_unknown(own: Sequence[JournalStart], known: Collection[str]) -> JournalStart | None:
    """Answers the first opening of a folder that the database has not, with the least ends since.

    Logs only grow, so these are its own; but where somebody took segments away, a log goes on before them.

    Args:
        own: The folder's openings, oldest first.
        known: The ids of the openings that the database has.

    Returns:
        None when the database has them all.
    """
    unknown = [start for start in own if start.start_id not in known and not start.is_known]
    if not unknown:
        return None
    return replace(unknown[0], ends=reduce(JournalEnds.least, (start.ends for start in unknown)))


def parted_at(
    own: Sequence[JournalStart], known: Sequence[JournalStart], stored: JournalEnds
) -> JournalEnds | None:
    """Tells a folder that goes on from one that is a copy of what has gone on without it.

    What two folders of one journal have in common is what was there when the copy was made. Each was opened
    later, and its logs were no shorter then: the lesser of both ends is where they part.

    Args:
        own: The folder's openings, oldest first; the last is this process's.
        known: The openings that the database has of the journal, oldest first.
        stored: How far the database has its logs.

    Returns:
        None when the folder goes on from what the database has. Otherwise up to where it has the same as the
        journal of the database; what follows is this folder's alone.
    """
    own_ids = {start.start_id for start in own}
    common = max((place for place, start in enumerate(known) if start.start_id in own_ids), default=-1)
    theirs = known[common + 1] if common + 1 < len(known) else None
    mine = first_unknown(own, {start.start_id for start in known})
    if theirs is not None:
        if mine is None:
            return theirs.ends
        # Without anything in common, the list of one of the two is not whole and says nothing of the other.
        return mine.ends.least(theirs.ends) if common >= 0 else mine.ends
    if mine is not None and stored.is_behind(mine.ends):
        return mine.ends
    return None


def successor_id(journal_id: str, start_id: str) -> str:
    """Names the journal that a copied folder begins; the same at every attempt."""
    return hashlib.sha256(f"{journal_id}/{start_id}".encode()).hexdigest()[:ID_CHARS]
