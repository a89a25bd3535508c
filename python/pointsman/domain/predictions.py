"""Recorded predictions, and the feedback that follows them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pointsman.domain.values import JsonValue

DEFAULT_METRIC = "reward"


class DecisionReason(StrEnum):
    """Why a variant was picked."""

    UNSPECIFIED = "unspecified"
    SLOT = "slot"
    WEIGHT = "weight"
    PIN = "pin"
    PRODUCTION = "production"


class RandomisedBy(StrEnum):
    """What was drawn at random in a decision."""

    UNSPECIFIED = "unspecified"
    NOTHING = "nothing"
    ENTITY = "entity"
    REQUEST = "request"


class FeedbackOutcome(StrEnum):
    """What came of a value of feedback."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"


@dataclass(frozen=True)
class RecordedFeedback:
    """One value of feedback as it was recorded."""

    metric: str
    value: float
    observe_time_us: int


@dataclass(frozen=True)
class Prediction:
    """A decision and the model's answer. Durations are in nanoseconds."""

    prediction_id: str
    router_id: str
    variant: str
    model_id: str
    model_version: str
    time_us: int
    entity_id: str = ""
    generation: int = 0
    propensity: float = 0.0
    reason: DecisionReason = DecisionReason.UNSPECIFIED
    randomised_by: RandomisedBy = RandomisedBy.UNSPECIFIED
    status_code: int = 0
    overhead_ns: int = 0
    backend_latency_ns: int = 0
    request_id: str = ""
    features: Mapping[str, JsonValue] = field(default_factory=dict)
    prediction: JsonValue = None
    has_prediction: bool = False
    probabilities: tuple[float, ...] = ()
    feedback: tuple[RecordedFeedback, ...] = ()


@dataclass(frozen=True)
class Feedback:
    """One value of feedback for a prediction, as it arrives.

    Attributes:
        counted: Whether it enters the totals; feedback for pinned calls does not.
    """

    prediction_id: str
    router_id: str
    variant: str
    metric: str
    value: float
    observe_time_us: int
    prediction_time_us: int
    counted: bool = True


@dataclass(frozen=True)
class FeedbackTotals:
    """The sum of all feedback of one metric for one variant."""

    variant: str
    metric: str
    count: int
    total: float
    total_squares: float

    @property
    def mean(self) -> float:
        """The mean value; 0 without values."""
        return self.total / self.count if self.count else 0.0
