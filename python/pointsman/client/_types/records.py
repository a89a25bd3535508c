"""Predictions, as they are made and as they are recorded, and their feedback."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta


class DecisionReason(StrEnum):
    """Why a variant was picked."""

    UNSPECIFIED = "unspecified"
    SLOT = "slot"
    WEIGHT = "weight"
    PIN = "pin"
    PRODUCTION = "production"
    FALLBACK = "fallback"
    OVERRIDE = "override"
    RULE = "rule"
    DEFAULT = "default"
    BANDIT = "bandit"
    EXPLORATION = "exploration"
    SHADOW = "shadow"


class RandomisedBy(StrEnum):
    """What was drawn at random in a decision."""

    UNSPECIFIED = "unspecified"
    NOTHING = "nothing"
    ENTITY = "entity"
    REQUEST = "request"


class FeedbackOutcome(StrEnum):
    """What came of a value of feedback."""

    UNSPECIFIED = "unspecified"
    APPLIED = "applied"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    RECORDED = "recorded"
    CORRECTED = "corrected"


class FeedbackWait(StrEnum):
    """What the answer to feedback waits for."""

    UNSPECIFIED = "unspecified"
    DURABLE = "durable"
    APPLIED = "applied"


class PredictionOrder(StrEnum):
    """The order of recorded predictions."""

    UNSPECIFIED = "unspecified"
    NEWEST_FIRST = "newest_first"
    OLDEST_FIRST = "oldest_first"


class RecordedContent(StrEnum):
    """Whether a part of a call is recorded, and why not."""

    UNSPECIFIED = "unspecified"
    ALL = "all"
    NONE = "none"
    CUT = "cut"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class UnreachedJournal:
    """Records of another server on the same database that an answer lacks, or may lack: ask there as well."""

    journal_id: str
    server: str
    """The server's machine and data folder; empty when they are not known."""
    seen_time: datetime | None
    """When it was last seen; None for never."""
    row_count: int
    """How many rows are in files that the server that answers cannot read."""
    tail_missing: bool
    """Whether there may be more, in that server's journal and in no file yet."""
    stored_until: datetime | None = None
    """Calls that arrived before are in files."""

    def __str__(self) -> str:
        """Says for people what is not reached, and where it is."""
        parts = []
        if self.row_count:
            parts.append(f"{self.row_count} rows in files that the answering server cannot read")
        if self.tail_missing:
            since = "" if self.stored_until is None else f" after {self.stored_until.isoformat()}"
            parts.append(f"what it recorded{since} and is in no file yet")
        seen = "never seen" if self.seen_time is None else f"last seen {self.seen_time.isoformat()}"
        what = " and ".join(parts) or "nothing known"
        return f"journal {self.journal_id} ({self.server or 'place unknown'}, {seen}): {what}"


class PartialRecordsWarning(UserWarning):
    """An answer lacks records of other servers, or may lack some; its text says of which."""


@dataclass(frozen=True)
class Erasure:
    """What is deleted of an entity; nothing is pending when every server has done it."""

    prediction_count: int
    feedback_count: int
    pending: Sequence[UnreachedJournal] = ()
    """Where it is not carried out yet; each server does it by itself as soon as it runs."""
    logged_prediction_count: int = 0
    """Predictions that were logged for the router's models, of those that the caller may change."""
    outcome_count: int = 0
    """Outcomes of these models."""
    other_models: Sequence[str] = ()
    """Models of the router that belong to others: what was logged for them is theirs to erase."""


@dataclass(frozen=True)
class Feedback:
    """One recorded value of feedback."""

    metric: str
    value: float
    observe_time: datetime | None
    row: int = 0


@dataclass(frozen=True)
class FeedbackValue:
    """One value of feedback to record: for a prediction, or for the latest one of a router's entity."""

    value: float
    prediction_id: str = ""
    metric: str = ""
    """What was measured; empty for what the call says, or else ``reward``."""
    row: int = 0
    observe_time: datetime | None = None
    router_id: str = ""
    entity_id: str = ""


@dataclass(frozen=True)
class FeedbackReceipt:
    """What came of a value of feedback."""

    outcome: FeedbackOutcome
    prediction_id: str
    unreached: Sequence[UnreachedJournal] = ()
    """For feedback by entity: other servers that may have made a later prediction for it."""


@dataclass(frozen=True)
class FeedbackResult:
    """What came of one value of a batch."""

    outcome: FeedbackOutcome
    code: int
    """The gRPC status code of a refusal; 0 when it was taken."""
    message: str


@dataclass(frozen=True)
class EligibleVariant:
    """A variant that could have been picked."""

    variant: str
    propensity: float


@dataclass(frozen=True)
class PredictionRecord:
    """A recorded prediction."""

    prediction_id: str
    router_id: str
    variant: str
    model_id: str
    model_version: str
    entity_id: str
    time: datetime | None
    generation: int
    propensity: float
    reason: DecisionReason
    randomised_by: RandomisedBy
    status_code: int
    overhead: timedelta | None
    backend_latency: timedelta | None
    request_id: str
    features: Mapping[str, Any]
    prediction: Any
    probabilities: Sequence[float]
    feedback: Sequence[Feedback]
    row: int = 0
    """The row of a batch; each row is a record of its own."""
    row_count: int = 1
    router_generation: int = 0
    allocation_version: int = 0
    epoch: int = 0
    eligible_variants: Sequence[EligibleVariant] = ()
    draw: int | None = None
    slot: int | None = None
    replayable: bool = False
    trace_id: str = ""
    experiment_id: str = ""
    confidence: float | None = None
    outputs: Mapping[str, Any] = field(default_factory=dict)
    features_content: RecordedContent = RecordedContent.UNSPECIFIED
    answer_content: RecordedContent = RecordedContent.UNSPECIFIED
    answer_notes: Sequence[str] = ()
    """What to know of the answer before it is used: ``not_likeliest``, ``not_requested: NAME`` and others."""
    router_revision: int = 0
    """The revision of the router that decided; 0 when it is not kept."""
    decided_variant: str = ""
    """The variant that was decided, when another one stood in for it; such a record is in no statistics."""
    rule: str = ""
    """The rule that took the call; empty where none did."""
    shadow_answers: Sequence[ShadowAnswer] = ()
    """What shadows answered to copies of the call; filled where one prediction is asked for."""
    unreached: Sequence[UnreachedJournal] = ()
    """The server that recorded the call, where a shadow's answer may be in what cannot be read of it."""


@dataclass(frozen=True)
class ShadowAnswer:
    """What a shadow answered to the copy of a call; one that failed stands for all rows of it."""

    variant: str
    model_id: str
    model_version: str
    status_code: int
    backend_latency: timedelta | None
    prediction: Any
    probabilities: Sequence[float]
    confidence: float | None
    outputs: Mapping[str, Any]
    answer_content: RecordedContent


@dataclass(frozen=True)
class Prediction:
    """A prediction and the decision behind it."""

    prediction_id: str
    """Names this prediction in feedback; empty for calls that can take none."""
    router_id: str
    variant: str
    model_id: str
    model_version: str
    prediction: Any
    """The label or value predicted, as plain Python."""
    probabilities: Sequence[float]
    """In the order of the signature's labels."""
    outputs: Mapping[str, Any]
    propensity: float
    reason: DecisionReason
    generation: int
    latency: timedelta | None
    notes: Sequence[str] = ()
    """What to know of the answer before it is used, such as ``not_likeliest``; empty for most."""
    decided_variant: str = ""
    """The variant that was decided, when another one stood in for it because it had no live backend."""
    rule: str = ""
    """The rule that took the call; empty where none did."""
