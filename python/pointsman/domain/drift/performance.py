"""How right a model was, step by step."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pointsman.domain.values import MICROSECONDS_PER_DAY

DEFAULT_DAYS = 30.0
LEAST_PREDICTIONS = 30
"""Predictions of a side below which no share of theirs is held against the other side's, nor a metric.

So many the library wants, too, where it measures a drop of accuracy or estimates one.
"""


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
        mae: Of a regression: the mean absolute error; None where it is beyond what a double holds.
        rmse: Of a regression: the root of the mean squared error; None where the mean is beyond that.
        metrics: Of a classifier by metric what is estimated and what came true, as results name it.
    """

    time_us: int
    prediction_count: int
    sample_size: int
    accuracy: float | None = None
    mae: float | None = None
    rmse: float | None = None
    metrics: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def coverage(self) -> float:
        """The share of predictions whose outcome is known."""
        return self.sample_size / self.prediction_count


@dataclass(frozen=True)
class MetricDivergence:
    """Whether realised values of a metric stay in the bands of their estimates.

    Attributes:
        is_concept_drift: Whether they lastingly do not, on one side.
        outside: Of the last steps with both values, how many lie outside on the side that has more.
        periods: How many of the last steps have both values.
        inside_share: Of all such steps, the share inside; None where there is none.
        direction: On concept drift ``worse`` or ``better`` than estimated, else empty.
    """

    is_concept_drift: bool
    outside: int
    periods: int
    inside_share: float | None
    direction: str


@dataclass(frozen=True)
class PerformanceHistory:
    """How right a model was.

    Attributes:
        points: The steps that have predictions, oldest first.
        divergence: By metric; of classifiers with labelled predictions in their baseline alone.
        notes: What to know of the steps, in sentences.
    """

    points: tuple[PerformancePoint, ...]
    divergence: Mapping[str, MetricDivergence]
    notes: tuple[str, ...]

    @property
    def is_concept_drift(self) -> bool:
        """Whether outcomes follow from scores otherwise than in the baseline."""
        return any(one.is_concept_drift for one in self.divergence.values())
