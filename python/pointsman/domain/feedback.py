"""Feedback: values on their way from the journal into the store, and their totals."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

DEFAULT_METRIC = "reward"
MAX_VALUE = 1e100
"""The square of a value beyond might not be a number any more."""
CLOCK_SKEW_US = 3_600_000_000
"""By how much the clock of one server may differ from that of another."""


class FeedbackOutcome(StrEnum):
    """What came of a value of feedback."""

    UNSPECIFIED = "unspecified"
    """Nothing: its router went away before it was applied."""
    APPLIED = "applied"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    RECORDED = "recorded"
    CORRECTED = "corrected"


class FeedbackValue(NamedTuple):
    """One value of feedback as the journal holds it; a tuple, because thousands a second are made.

    Attributes:
        position: The journal's position behind it.
        counted: Whether it enters the totals; feedback for pinned calls does not.
        corrects: Whether it replaces another value that came before.
        router_incarnation: Which router of the id it was found to be of; 0 when that is not known.
    """

    position: int
    prediction_id: str
    row: int
    metric: str
    value: float
    observe_time_us: int
    router_id: str
    variant: str
    epoch: int
    propensity: float
    prediction_time_us: int
    counted: bool
    corrects: bool
    router_incarnation: int = 0

    @property
    def key(self) -> tuple[str, int, str]:
        """What there is one value of."""
        return (self.prediction_id, self.row, self.metric)


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

    def plus(self, other: "FeedbackTotals") -> "FeedbackTotals":
        """Adds totals of other values; in any order and grouping the same but for rounding."""
        return FeedbackTotals(
            self.variant,
            self.metric,
            self.count + other.count,
            self.total + other.total,
            self.total_squares + other.total_squares,
        )
