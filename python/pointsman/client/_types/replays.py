"""Recorded decisions, explained and made again."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from pointsman.client._types.records import DecisionReason, EligibleVariant, RandomisedBy

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pointsman.client._types.records import PredictionRecord, UnreachedJournal
    from pointsman.client._types.routers import RouterRevision


class ReplayVerdict(StrEnum):
    """Whether a recorded decision comes out again of what was in force."""

    UNSPECIFIED = "unspecified"
    AGREES = "agrees"
    DISAGREES = "disagrees"
    NOT_REPLAYABLE = "not_replayable"


class NotReplayable(StrEnum):
    """Why a recorded decision cannot be made again."""

    UNSPECIFIED = "unspecified"
    PINNED = "pinned"
    REVISION_GONE = "revision_gone"
    ENTITY_HASHED = "entity_hashed"
    ENTITY_NOT_RECORDED = "entity_not_recorded"
    DRAW_NOT_RECORDED = "draw_not_recorded"
    INPUTS_NOT_RECORDED = "inputs_not_recorded"
    ALLOCATION_NOT_KEPT = "allocation_not_kept"
    UNKNOWN = "unknown"
    RULES = "rules"
    METADATA_NOT_RECORDED = "metadata_not_recorded"


@dataclass(frozen=True)
class DecisionDifference:
    """What a record says otherwise than the decision made again; ``none`` where one says nothing."""

    field: str
    recorded: str
    redecided: str


@dataclass(frozen=True)
class Redecision:
    """A recorded decision made again."""

    verdict: ReplayVerdict
    not_replayable: NotReplayable
    """Why it cannot be made again; then nothing below is set."""
    variant: str
    """The variant that is decided; of a call that another one answered, the one that stood back."""
    propensity: float
    reason: DecisionReason
    randomised_by: RandomisedBy
    differences: Sequence[DecisionDifference] = ()
    draw: int | None = None
    """The 64 bits drawn: of an entity computed from its id, else those recorded."""
    slot: int | None = None
    """The entity's slot, computed from its id."""
    eligible_variants: Sequence[EligibleVariant] = ()
    """All that could be picked; filled by ``explain``."""


@dataclass(frozen=True)
class Explanation:
    """How a prediction was decided, and whether that comes out again."""

    record: PredictionRecord
    redecision: Redecision
    revision: RouterRevision | None = None
    """What the router was then; None when it is not kept."""


@dataclass(frozen=True)
class ReplayCount:
    """Calls that came out alike."""

    verdict: ReplayVerdict
    not_replayable: NotReplayable
    router_generation: int
    call_count: int


@dataclass(frozen=True)
class ReplayExample:
    """A decision that differs from its record."""

    prediction_id: str
    time: datetime | None
    router_generation: int
    variant: str
    """The variant that is recorded."""
    redecision: Redecision


@dataclass(frozen=True)
class ReplayPart:
    """How the calls of a part of a window came out; parts follow one another in time and are added up."""

    counts: Sequence[ReplayCount]
    examples: Sequence[ReplayExample]
    end_time: datetime | None
    """Up to when the part goes."""
    unreached: Sequence[UnreachedJournal] = ()
    """What other servers recorded, or may have, and the answering one cannot read."""
