"""Revisions: the definitions of a router that were published, one after the other."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate

from pointsman.domain.records.feedback import CLOCK_SKEW_US
from pointsman.domain.records.predictions import DecisionReason, Prediction, RandomisedBy
from pointsman.domain.routers import SLOT_COUNT, Router, SlotTable
from pointsman.domain.values import MICROSECONDS_PER_DAY

ALWAYS_KEPT = 100
"""The latest revisions of a router that is there stay without records, too."""
MOST_KEPT = 10_000
"""Older ones of a router go although records name them; those records say that theirs is not kept."""
LAG_US = 7 * MICROSECONDS_PER_DAY
"""So long a server that is cut off from the database may go on to decide by what was in force before."""
MAX_COMMENT_CHARS = 1000
MAX_SUMMARY_CHARS = 1000
_SHARE_TOLERANCE = 1e-9


class RevisionKind(StrEnum):
    """What was done when a revision was made."""

    IMPORTED = "imported"
    CREATED = "created"
    UPDATED = "updated"
    REWEIGHTED = "reweighted"
    TOGGLED = "toggled"
    PERMISSIONS = "permissions"
    DEPLOYED = "deployed"
    STARTED = "started"
    FAILED = "failed"
    STOPPED = "stopped"
    DELETED = "deleted"
    ROLLED_BACK = "rolled_back"


@dataclass(frozen=True)
class Cause:
    """How a revision comes about.

    Attributes:
        user_id: Who does it; empty for the server itself.
        key_id: The key that they use; empty for none.
        comment: What is said about it.
        source: The revision whose split a rollback gives back; None for other kinds.
    """

    kind: RevisionKind
    user_id: str = ""
    key_id: str = ""
    comment: str = ""
    source: int | None = None


@dataclass(frozen=True)
class Revision:
    """One revision, without its slot table.

    Attributes:
        router_key: The store's key of the router.
        number: 1 for the router's first, one more with each.
        generation: The generation that made it.
        last_generation: The last in which the router changed without another definition.
        time_us: When it was made, by the clock of the server that made it.
        summary: What is different from the one before, in words.
        snapshot: What was published of the router, encoded, without its slots.
    """

    router_key: int
    number: int
    generation: int
    last_generation: int
    cause: Cause
    time_us: int
    summary: str
    snapshot: bytes


@dataclass(frozen=True)
class KeptRevision:
    """A revision with its slot table.

    Attributes:
        slot_runs: Index among the variants of the snapshot and length in turn.
    """

    revision: Revision
    slot_runs: tuple[int, ...]


class Witness:
    """Tells whether a record can have been decided by a revision, from what both say.

    Generations alone would name the wrong one where a database lost commits and gave their numbers anew.

    Args:
        definition: The router as the revision published it, with its slots.
        revision: The revision.
    """

    def __init__(self, definition: Router, revision: Revision) -> None:
        self._definition = definition
        self._earliest_us = earliest_record_us(revision)
        self._names = definition.slot_table.names
        self._ends = list(accumulate(definition.slot_runs[1::2]))
        counts = definition.slot_table.counts
        self._shares = {name: count / SLOT_COUNT for name, count in counts.items() if count}

    def agrees(self, prediction: Prediction) -> bool:
        """Answers whether nothing that a record says contradicts the revision."""
        variant = self._definition.variant(prediction.variant)
        if variant is None or prediction.time_us < self._earliest_us:
            return False
        if (variant.model_id, variant.model_version) != (prediction.model_id, prediction.model_version):
            return False
        if prediction.reason is not DecisionReason.SLOT or prediction.slot is None:
            return True
        return self._owner(prediction.slot) == prediction.variant and self._has_shares(prediction)

    def _owner(self, slot: int) -> str | None:
        """Answers whose a slot is."""
        place = bisect_right(self._ends, slot)
        return self._names[self._definition.slot_runs[2 * place]] if place < len(self._ends) else None

    def _has_shares(self, prediction: Prediction) -> bool:
        if prediction.randomised_by is not RandomisedBy.ENTITY or not prediction.eligible:
            return True
        recorded = {eligible.variant: eligible.propensity for eligible in prediction.eligible}
        return recorded.keys() == self._shares.keys() and all(
            abs(recorded[name] - share) < _SHARE_TOLERANCE for name, share in self._shares.items()
        )


def earliest_record_us(revision: Revision) -> int:
    """Answers the time before which no record is of a revision, in UTC microseconds."""
    # What was there before is told from its records' generations alone: it is older than its revision.
    is_imported = revision.cause.kind is RevisionKind.IMPORTED
    return 0 if is_imported else revision.time_us - CLOCK_SKEW_US


def moved_slots(before: SlotTable, after: SlotTable) -> int:
    """Answers how many slots are another variant's in the second of two tables."""
    return sum(was != now for was, now in zip(_owners(before), _owners(after), strict=True))


def _owners(table: SlotTable) -> list[str]:
    owners: list[str] = []
    for index, length in zip(table.slot_runs[::2], table.slot_runs[1::2], strict=True):
        owners += [table.names[index]] * length
    return owners


def may_go(
    revisions: Sequence[tuple[int, int]], newest: int, gone_us: int | None, earliest_us: int
) -> list[int]:
    """Plans which of a router's revisions go.

    A revision may be named by records from when it was made until a while after the next one took its place.

    Args:
        revisions: Number and time of the router's oldest revisions, in order, with the one after the last
            that is in question.
        newest: The number of its newest.
        gone_us: When it was deleted; None while it is there.
        earliest_us: The time before which no record of it is kept, nor may come from a journal.

    Returns:
        The numbers, in order.
    """
    numbers: list[int] = []
    for place, (number, _) in enumerate(revisions):
        is_last = place + 1 == len(revisions)
        replaced_us = gone_us if is_last else revisions[place + 1][1]
        is_kept = gone_us is None and number > newest - ALWAYS_KEPT
        if is_kept or replaced_us is None:
            break
        if replaced_us + LAG_US >= earliest_us and number > newest - MOST_KEPT:
            break
        numbers.append(number)
    return numbers
