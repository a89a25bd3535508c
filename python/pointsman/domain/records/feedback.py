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
    """How many values of one metric counted for one variant.

    No sums run beside it: a value that is corrected, taken out of one, leaves its rounding behind.
    Figures are of the values that stand, :class:`FeedbackMoments`.
    """

    variant: str
    metric: str
    count: int


@dataclass(frozen=True)
class FeedbackMoments:
    """Values of feedback of one metric for one variant, by what a mean and its interval need.

    Attributes:
        mean: Their mean; 0 without values.
        squares: The sum of their squared distances from the mean, which keeps its digits however large the
            mean is beside them.
    """

    variant: str
    metric: str
    count: int
    mean: float
    squares: float

    @classmethod
    def of_shifted(
        cls, variant: str, metric: str, count: int, shift: float, total: float, squares: float
    ) -> "FeedbackMoments":
        """Makes moments of sums about a number near the values, such as one of them.

        Args:
            variant: The variant.
            metric: The metric.
            count: How many values there are.
            shift: The number.
            total: The sum of the values' differences from it.
            squares: The sum of the squares of these differences.
        """
        if not count:
            return cls(variant, metric, 0, 0.0, 0.0)
        beside = total / count
        return cls(variant, metric, count, shift + beside, max(0.0, squares - total * beside))

    def plus(self, other: "FeedbackMoments") -> "FeedbackMoments":
        """Adds other values; in any order and grouping the same but for rounding.

        References:
            Chan, Golub, LeVeque (1979), "Updating formulae and a pairwise algorithm for computing sample
            variances", Stanford STAN-CS-79-773.
        """
        if not self.count or not other.count:
            some = other if other.count else self
            return FeedbackMoments(self.variant, self.metric, some.count, some.mean, some.squares)
        count = self.count + other.count
        apart = other.mean - self.mean
        return FeedbackMoments(
            self.variant,
            self.metric,
            count,
            self.mean + apart * (other.count / count),
            self.squares + other.squares + apart * apart * (self.count * (other.count / count)),
        )
