"""Recorded predictions, and which of them are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pointsman.domain.pages import Page
from pointsman.domain.records.servers import UnreachedJournal
from pointsman.domain.values import JsonValue


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


UNCOUNTED = (DecisionReason.PIN, DecisionReason.FALLBACK, DecisionReason.OVERRIDE)
"""Calls that the router did not decide, or another variant answered: feedback for them is in no figure."""


class RandomisedBy(StrEnum):
    """What was drawn at random in a decision."""

    UNSPECIFIED = "unspecified"
    NOTHING = "nothing"
    ENTITY = "entity"
    REQUEST = "request"


class RecordedContent(StrEnum):
    """Whether a part of a call is recorded, and why not."""

    UNSPECIFIED = "unspecified"
    ALL = "all"
    NONE = "none"
    CUT = "cut"
    UNREADABLE = "unreadable"


class PredictionOrder(StrEnum):
    """The order of a list of predictions."""

    NEWEST_FIRST = "newest_first"
    OLDEST_FIRST = "oldest_first"


@dataclass(frozen=True)
class PredictionFilter:
    """Which predictions of a router are asked for; times in UTC microseconds, the end excluded.

    Attributes:
        min_latency_ns: The least time of a call, overhead and backend together; 0 for any.
    """

    variant: str = ""
    entity_id: str = ""
    start_time_us: int | None = None
    end_time_us: int | None = None
    has_feedback: bool | None = None
    status_code: int | None = None
    min_latency_ns: int = 0
    order: PredictionOrder = PredictionOrder.NEWEST_FIRST


@dataclass(frozen=True)
class RecordedFeedback:
    """One value of feedback as it was recorded."""

    metric: str
    value: float
    observe_time_us: int
    row: int = 0


@dataclass(frozen=True)
class EligibleVariant:
    """A variant that could have been picked, with the probability of it."""

    variant: str
    propensity: float


@dataclass(frozen=True)
class Prediction:
    """One row of a call: a decision and the model's answer. Durations are in nanoseconds.

    Attributes:
        row: The row of a batch, from 0.
        backend_latency_ns: None when the backend was not asked.
        draw: None when nothing was drawn, or not recorded.
        router_revision: The revision of the router that decided; 0 when it is not known. Filled by reads.
        has_prediction: Whether there is one; it may be null.
        outputs: What the model answered besides.
        answer_notes: What to know of the answer before it is used, such as ``not_requested: NAME``.
        feedback: Filled by reads.
        decided_variant: The variant that was decided, when another one stood in for it: propensity, draw and
            slot are of this one. Empty otherwise.
        rule: The rule that took the call; empty where none did.
        rule_inputs: What rules read of the call, in the lake's JSON; empty where it is not recorded.
        shadow_answers: What shadows answered to copies of the call. Filled where one prediction is read.
        unreached: The server that recorded the call, where a shadow's answer may be in what cannot be read of
            it. Filled where one prediction is read.
    """

    prediction_id: str
    router_id: str
    variant: str
    model_id: str
    model_version: str
    time_us: int
    row: int = 0
    row_count: int = 1
    entity_id: str = ""
    generation: int = 0
    router_generation: int = 0
    allocation_version: int = 0
    epoch: int = 0
    propensity: float = 0.0
    reason: DecisionReason = DecisionReason.UNSPECIFIED
    randomised_by: RandomisedBy = RandomisedBy.UNSPECIFIED
    draw: int | None = None
    slot: int | None = None
    eligible: tuple[EligibleVariant, ...] = ()
    replayable: bool = False
    experiment_id: str = ""
    status_code: int = 0
    overhead_ns: int = 0
    backend_latency_ns: int | None = None
    request_id: str = ""
    trace_id: str = ""
    features_content: RecordedContent = RecordedContent.UNSPECIFIED
    answer_content: RecordedContent = RecordedContent.UNSPECIFIED
    features: Mapping[str, JsonValue] = field(default_factory=dict)
    prediction: JsonValue = None
    has_prediction: bool = False
    probabilities: tuple[float, ...] = ()
    confidence: float | None = None
    outputs: Mapping[str, JsonValue] = field(default_factory=dict)
    answer_notes: tuple[str, ...] = ()
    feedback: tuple[RecordedFeedback, ...] = ()
    router_revision: int = 0
    decided_variant: str = ""
    rule: str = ""
    rule_inputs: str = ""
    shadow_answers: tuple[Prediction, ...] = ()
    unreached: tuple[UnreachedJournal, ...] = ()

    @property
    def key(self) -> tuple[str, int]:
        """What feedback is about."""
        return (self.prediction_id, self.row)


@dataclass(frozen=True)
class PredictionPage(Page[Prediction]):
    """A page of predictions.

    Attributes:
        unreached: What other servers recorded, or may have, and the page lacks.
    """

    unreached: tuple[UnreachedJournal, ...] = ()


@dataclass(frozen=True)
class FoundPrediction:
    """One prediction, or none.

    Attributes:
        unreached: When none is found: other servers that may have recorded it.
    """

    prediction: Prediction | None
    unreached: tuple[UnreachedJournal, ...] = ()
