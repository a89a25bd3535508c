"""Feedback: values on their way from the journal into the store, and their totals."""

from dataclasses import dataclass, replace
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
        mean_rest: What the mean lost when it was rounded. Means that are large beside the distance between
            them would leave nothing of it when values are added up.
    """

    variant: str
    metric: str
    count: int
    mean: float
    squares: float
    mean_rest: float = 0.0

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
        mean, rest = _sum_and_rest(shift, beside)
        return cls(variant, metric, count, mean, max(0.0, squares - total * beside), rest)

    def plus(self, other: "FeedbackMoments") -> "FeedbackMoments":
        """Adds other values; in any order and grouping the same but for rounding.

        References:
            Chan, Golub, LeVeque (1979), "Updating formulae and a pairwise algorithm for computing sample
            variances", Stanford STAN-CS-79-773.
        """
        if not self.count or not other.count:
            some = other if other.count else self
            return replace(some, variant=self.variant, metric=self.metric)
        count = self.count + other.count
        apart = (other.mean - self.mean) + (other.mean_rest - self.mean_rest)
        mean, rest = _sum_and_rest(self.mean, self.mean_rest + apart * (other.count / count))
        between = apart * apart * (self.count * (other.count / count))
        squares = self.squares + other.squares + between
        return FeedbackMoments(self.variant, self.metric, count, mean, squares, rest)


def _sum_and_rest(first: float, second: float) -> tuple[float, float]:
    """Adds two numbers; answers their sum, rounded, and what it lost.

    References:
        Knuth (1997), "The Art of Computer Programming", volume 2, section 4.2.2, theorem B.
    """
    total = first + second
    of_second = total - first
    return total, (first - (total - of_second)) + (second - of_second)
