"""What is known of a model's drift: predictions, outcomes, baselines."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from pointsman.client._types.drift_results import PerformanceMetric


class DriftTask(StrEnum):
    """What a model does."""

    UNSPECIFIED = "unspecified"
    CLASSIFICATION = "classification"
    REGRESSION = "regression"


class PerformanceGranularity(StrEnum):
    """The length of a step; days and weeks are those of UTC."""

    UNSPECIFIED = "unspecified"
    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"


@dataclass(frozen=True)
class LoggedPrediction:
    """A prediction, recorded by a router or logged."""

    prediction_id: str
    model_id: str
    model_version: str
    features: Mapping[str, Any]
    prediction: Any
    probabilities: Sequence[float]
    confidence: float | None
    entity_id: str
    latency_ms: float | None
    timestamp: datetime | None
    router_id: str
    """The router that made it; empty of a logged one."""
    actual_outcome: Any
    """What came true; None while it is not known."""


@dataclass(frozen=True)
class LoggedPredictions:
    """Some predictions of a model, newest first."""

    predictions: Sequence[LoggedPrediction]
    total: int
    """How many there are in all."""
    notes: Sequence[str]
    """What is lacking of other servers' records."""


@dataclass(frozen=True)
class GroundTruth:
    """What came true for an entity."""

    entity_id: str
    actual_outcome: Any
    outcome_timestamp: datetime | None = None
    """When it was observed; None means now."""


@dataclass(frozen=True)
class GroundTruthReceipt:
    """An outcome was kept."""

    ground_truth_id: str
    matched: bool
    """Whether a prediction is there that it is of."""


@dataclass(frozen=True)
class GroundTruthReport:
    """What became of many outcomes."""

    inserted: int
    matched: int
    corrected: int
    repeated: int


class GroundTruthFormat(StrEnum):
    """How a file of outcomes is written, in UTF-8."""

    CSV = "csv"
    """Cells with commas between; the first line names the columns."""
    TSV = "tsv"
    """The same with tabs between."""
    JSON_LINES = "json_lines"
    """One JSON object a line."""


@dataclass(frozen=True)
class GroundTruthRowError:
    """What is wrong with a row of a file.

    Attributes:
        line: The line where the row begins, from 1; 0 of the whole file.
        field: The column; empty for the whole row.
        description: What is wrong with it.
    """

    line: int
    field: str
    description: str


@dataclass(frozen=True)
class GroundTruthFileReport:
    """What became of a file of outcomes.

    Attributes:
        received_bytes: So many bytes are taken.
        row_count: So many rows are taken, wrong ones included.
        is_complete: Whether its outcomes are there.
        is_refused: Whether nothing of it is kept; ``errors`` say why.
        errors: What is wrong with rows, 100 at most.
        inserted: How many are new.
        corrected: How many replaced another outcome of the same entity and time.
        repeated: How many were there already, with the same outcome.
        matched: Of how many of those that are new or corrected a prediction is there.
        chunk_bytes: The most bytes that one call brings.
    """

    received_bytes: int
    row_count: int
    is_complete: bool
    is_refused: bool
    errors: Sequence[GroundTruthRowError]
    inserted: int
    corrected: int
    repeated: int
    matched: int
    chunk_bytes: int


@dataclass(frozen=True)
class TargetData:
    """Outcomes of training data."""

    type: DriftTask
    values: Any


@dataclass(frozen=True)
class LabeledPredictions:
    """Predictions with their outcomes, aligned row by row."""

    probabilities: Sequence[Any]
    predicted_labels: Any
    actual_labels: Any


@dataclass(frozen=True)
class Baseline:
    """What is normal for a model."""

    baseline_id: str
    model_id: str
    version: str
    active: bool
    sample_size: int
    feature_data: Mapping[str, Any]
    """By feature its values; empty in lists."""
    target_data: TargetData | None
    created_at: datetime | None
    labeled_predictions: LabeledPredictions | None
    class_labels: Any
    """The classes in the order of probabilities; None without labelled predictions."""


@dataclass(frozen=True)
class WindowBaseline:
    """A baseline that was made of a window of predictions."""

    baseline_id: str
    sample_size: int
    """Rows of its features."""
    notes: Sequence[str]
    """What to know of them."""


@dataclass(frozen=True)
class PerformancePoint:
    """How right a model was in a step."""

    timestamp: datetime | None
    accuracy: float | None
    sample_size: int
    mae: float | None
    rmse: float | None
    prediction_count: int
    coverage: float
    metrics: Mapping[str, PerformanceMetric]
    """By metric what is estimated and what came true; classifiers alone."""


@dataclass(frozen=True)
class Divergence:
    """Whether realised values of a metric stay in the bands of their estimates."""

    concept_drift: bool
    outside: int
    """How many of the last steps lie outside, on the side that has more of them."""
    periods: int
    """How many of the last steps, at most five, have both values."""
    inside_share: float | None
    """Of all steps with both values."""
    direction: str
    """On concept drift: worse or better than estimated."""


@dataclass(frozen=True)
class PerformanceHistory:
    """How right a model was, oldest step first."""

    history: Sequence[PerformancePoint]
    notes: Sequence[str]
    """What to know of the steps, such as what is lacking of other servers' records."""
    divergence: Mapping[str, Divergence]
    """By metric; classifiers alone."""
    concept_drift: bool
    """Whether outcomes follow from scores otherwise than in the baseline."""
