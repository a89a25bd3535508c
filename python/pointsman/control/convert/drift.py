"""Predictions, outcomes, baselines and performance as messages."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from google.protobuf.struct_pb2 import ListValue
from google.protobuf.timestamp_pb2 import Timestamp

from pointsman.control.convert.enums import EnumMap
from pointsman.control.convert.times import bound_us_of, microseconds_of, timestamp_of
from pointsman.control.convert.values import plain, value_of
from pointsman.domain.drift.baselines import Baseline, BaselineData
from pointsman.domain.drift.performance import Granularity, PerformanceHistory, PerformancePoint
from pointsman.domain.drift.predictions import LoggedPrediction
from pointsman.domain.models import Task
from pointsman.domain.records.servers import UnreachedJournal, sentence
from pointsman.domain.values import JsonValue
from pointsman.errors import InvalidArgumentError
from pointsman.lake.models.records import PageQuestion
from pointsman.v1 import drift_pb2

TASK = EnumMap(Task, drift_pb2.DriftTask, "DRIFT_TASK_")
GRANULARITY = EnumMap(Granularity, drift_pb2.PerformanceGranularity, "PERFORMANCE_GRANULARITY_")


def time_from(
    message: object, field: str, path: str = "", *, read: Callable[[Timestamp, str], int] = microseconds_of
) -> int | None:
    """Reads a time of a request; None where it is not set.

    Args:
        message: What holds it.
        field: Its name there.
        path: Its name in the request, where that is another one.
        read: Reads it as UTC microseconds.

    Raises:
        InvalidArgumentError: It is none.
    """
    if not message.HasField(field):  # type: ignore[attr-defined]
        return None
    return read(getattr(message, field), path or field)


bound_from = partial(time_from, read=bound_us_of)
"""Reads the start or the end of a window, rounded as ``bound_us_of`` does."""


def logged_from(request: drift_pb2.LogPredictionRequest) -> LoggedPrediction:
    """Reads a prediction that is to be logged, but for its time."""
    return LoggedPrediction(
        prediction_id="",
        model_version=request.model_version,
        time_us=0,
        features={name: plain(value) for name, value in request.features.items()},
        prediction=plain(request.prediction),
        probabilities=tuple(request.probabilities),
        entity_id=request.entity_id,
        latency_ms=request.latency_ms if request.HasField("latency_ms") else None,
    )


def question_from(request: drift_pb2.GetPredictionsRequest) -> PageQuestion:
    """Reads which predictions are asked for."""
    return PageQuestion(
        start_us=bound_from(request, "start_date"),
        end_us=bound_from(request, "end_date"),
        has_outcome=request.has_ground_truth if request.HasField("has_ground_truth") else None,
        limit=request.limit,
        offset=request.offset,
    )


def logged_to(model_id: str, row: LoggedPrediction) -> drift_pb2.LoggedPrediction:
    """Makes the message of a prediction."""
    return drift_pb2.LoggedPrediction(
        prediction_id=row.prediction_id,
        model_id=model_id,
        model_version=row.model_version,
        features={name: value_of(value) for name, value in row.features.items()},
        prediction=value_of(row.prediction),
        probabilities=row.probabilities,
        confidence=row.confidence,
        entity_id=row.entity_id,
        latency_ms=row.latency_ms,
        timestamp=timestamp_of(row.time_us),
        router_id=row.router_id,
        actual_outcome=None if row.outcome is None else value_of(row.outcome),
    )


def notes_to(unreached: Iterable[UnreachedJournal]) -> list[str]:
    """Says what an answer lacks of other servers' records."""
    missing = sentence(unreached)
    return [f"not all of it: of other servers this one cannot read {missing}"] if missing else []


def data_from(request: drift_pb2.CreateBaselineRequest) -> tuple[BaselineData, Task]:
    """Reads the blocks of a baseline, and what its target data say that the model does.

    Raises:
        InvalidArgumentError: A probability is no number.
    """
    labeled = request.labeled_predictions
    data = BaselineData(
        features={name: list_from(values) for name, values in sorted(request.feature_data.items())},
        targets=list_from(request.target_data.values),
        predicted=list_from(labeled.predicted_labels),
        actual=list_from(labeled.actual_labels),
        probabilities=[
            _numbers(list_from(row), f"labeled_predictions.probabilities[{index}]")
            for index, row in enumerate(labeled.probabilities)
        ],
    )
    return data, TASK.word(request.target_data.type, "target_data.type") or Task.UNSPECIFIED


def baseline_to(baseline: Baseline, data: BaselineData | None = None) -> drift_pb2.Baseline:
    """Makes the message of a baseline; without its blocks where none are given."""
    message = drift_pb2.Baseline(
        baseline_id=baseline.baseline_id,
        model_id=baseline.model_id,
        version=baseline.version,
        active=baseline.active,
        sample_size=baseline.sample_size,
        created_at=timestamp_of(baseline.create_time_us),
    )
    if baseline.class_labels:
        message.class_labels.CopyFrom(list_to(baseline.class_labels))
    if data is None:
        return message
    for name, values in data.features.items():
        message.feature_data[name].CopyFrom(list_to(values))
    if data.targets:
        message.target_data.type = TASK.number(baseline.task)
        message.target_data.values.CopyFrom(list_to(data.targets))
    if data.predicted:
        labeled = message.labeled_predictions
        labeled.predicted_labels.CopyFrom(list_to(data.predicted))
        labeled.actual_labels.CopyFrom(list_to(data.actual))
        labeled.probabilities.extend(list_to(row) for row in data.probabilities)
    return message


def history_to(history: PerformanceHistory) -> drift_pb2.GetPerformanceHistoryResponse:
    """Makes the message of a history."""
    return drift_pb2.GetPerformanceHistoryResponse(
        history=[_point_to(point) for point in history.points],
        notes=history.notes,
        divergence={
            name: drift_pb2.Divergence(
                concept_drift=one.is_concept_drift,
                outside=one.outside,
                periods=one.periods,
                inside_share=one.inside_share,
                direction=one.direction,
            )
            for name, one in history.divergence.items()
        },
        concept_drift=history.is_concept_drift,
    )


def metric_to(metric: Mapping[str, Any]) -> drift_pb2.PerformanceMetric:
    """Makes the message of a metric from what results hold of it; what it lacks stays unset."""
    return drift_pb2.PerformanceMetric(
        reference=metric.get("reference"),
        estimate=metric.get("estimate"),
        lower=metric.get("lower"),
        upper=metric.get("upper"),
        realised=metric.get("realised"),
        inside_band=metric.get("insideBand"),  # type: ignore[arg-type]
        sample_size=metric.get("sampleSize", 0),
        compared=metric.get("compared"),
        compared_lower=metric.get("comparedLower"),
        compared_upper=metric.get("comparedUpper"),
    )


def list_from(values: ListValue) -> list[JsonValue]:
    """Reads a list."""
    return [plain(value) for value in values.values]


def list_to(values: Sequence[JsonValue]) -> ListValue:
    """Makes a list."""
    return ListValue(values=[value_of(value) for value in values])


def _numbers(values: Sequence[JsonValue], field: str) -> tuple[float, ...]:
    for index, value in enumerate(values):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise InvalidArgumentError.at(f"{field}[{index}]", f"{value!r} is no number")
    return tuple(values)  # type: ignore[arg-type]


def _point_to(point: PerformancePoint) -> drift_pb2.PerformancePoint:
    return drift_pb2.PerformancePoint(
        timestamp=timestamp_of(point.time_us),
        accuracy=point.accuracy,
        sample_size=point.sample_size,
        mae=point.mae,
        rmse=point.rmse,
        prediction_count=point.prediction_count,
        coverage=point.coverage,
        metrics={name: metric_to(metric) for name, metric in point.metrics.items()},
    )
