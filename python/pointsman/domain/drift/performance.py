"""How right a model was, step by step."""

from dataclasses import dataclass
from enum import StrEnum

from pointsman.domain.values import MICROSECONDS_PER_DAY

DEFAULT_DAYS = 30.0


class Granularity(StrEnum):
    """The length of a step; days and weeks are those of UTC, weeks begin on Monday."""

    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"

    @property
    def step_us(self) -> int:
        """The length in microseconds."""
        return {
            Granularity.HOURLY: MICROSECONDS_PER_DAY // 24,
            Granularity.DAILY: MICROSECONDS_PER_DAY,
            Granularity.WEEKLY: 7 * MICROSECONDS_PER_DAY,
        }[self]

    @property
    def offset_us(self) -> int:
        """Where the first step begins after 1970 began, which was a Thursday."""
        return 4 * MICROSECONDS_PER_DAY if self is Granularity.WEEKLY else 0


@dataclass(frozen=True)
class PerformancePoint:
    """A step.

    Attributes:
        time_us: Where it begins.
        prediction_count: Predictions in it.
        sample_size: Those whose outcome is known.
        accuracy: The share of these that came true; None of a regression and without any.
        mae: Of a regression: the mean absolute error.
        rmse: Of a regression: the root of the mean squared error.
    """

    time_us: int
    prediction_count: int
    sample_size: int
    accuracy: float | None = None
    mae: float | None = None
    rmse: float | None = None

    @property
    def coverage(self) -> float:
        """The share of predictions whose outcome is known."""
        return self.sample_size / self.prediction_count
