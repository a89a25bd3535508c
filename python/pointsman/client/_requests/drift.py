"""Calls about predictions, outcomes and baselines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from google.protobuf.struct_pb2 import ListValue

from pointsman.client._call import FILE_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS, Call
from pointsman.client._convert import to_value
from pointsman.client._fields import WrongTypeError, make, within
from pointsman.client._requests.common import DRIFT, feature_values, moment, number, plain
from pointsman.client._tables import cells_of
from pointsman.client._types import (
    Baseline,
    GroundTruthFileReport,
    GroundTruthReceipt,
    GroundTruthReport,
    LoggedPredictions,
    PerformanceHistory,
    WindowBaseline,
)
from pointsman.v1 import drift_pb2

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pointsman.client._types import (
        GroundTruth,
        GroundTruthFormat,
        LabeledPredictions,
        PerformanceGranularity,
        TargetData,
    )


def log_prediction(
    model_id: str,
    features: Mapping[str, Any],
    prediction: Any,
    probabilities: Sequence[float],
    entity_id: str,
    model_version: str,
    latency_ms: float | None,
    timestamp: datetime | None,
) -> Call[str]:
    """Logs a prediction.

    Args:
        model_id: The model.
        features: What it was given, by name.
        prediction: What it answered.
        probabilities: Of each class; none of a regression.
        entity_id: Whom it is about; may be empty.
        model_version: The model's version; may be empty.
        latency_ms: How long the model took, in milliseconds.
        timestamp: When it was made; None means now.
    """
    request = make(
        drift_pb2.LogPredictionRequest,
        model_id=model_id,
        features=feature_values(features),
        prediction=to_value(prediction),
        probabilities=list(probabilities),
        entity_id=entity_id,
        model_version=model_version,
        latency_ms=latency_ms,
        timestamp=moment(timestamp),
    )
    return Call(
        DRIFT + "LogPrediction",
        request,
        drift_pb2.LogPredictionResponse,
        lambda answer: str(answer.prediction_id),
    )


def drift_predictions(
    model_id: str,
    limit: int,
    offset: int,
    start_date: datetime | None,
    end_date: datetime | None,
    has_ground_truth: bool | None,
) -> Call[LoggedPredictions]:
    """Asks for predictions of a model.

    Args:
        model_id: The model.
        limit: At most so many; 0 lets the server choose.
        offset: So many are passed over.
        start_date: Only from this time on.
        end_date: Only before this time.
        has_ground_truth: Only those whose outcome is known (True) or not (False).
    """
    request = make(
        drift_pb2.GetPredictionsRequest,
        model_id=model_id,
        limit=limit,
        offset=offset,
        start_date=moment(start_date),
        end_date=moment(end_date),
        has_ground_truth=has_ground_truth,
    )
    return Call(
        DRIFT + "GetPredictions",
        request,
        drift_pb2.GetPredictionsResponse,
        plain(LoggedPredictions),
        is_read=True,
        timeout_seconds=READ_TIMEOUT_SECONDS,
    )


def add_ground_truth(model_id: str, truth: GroundTruth) -> Call[GroundTruthReceipt]:
    """Adds an outcome."""
    request = make(drift_pb2.AddGroundTruthRequest, model_id=model_id, **_truth(truth))
    return Call(
        DRIFT + "AddGroundTruth",
        request,
        drift_pb2.AddGroundTruthResponse,
        plain(GroundTruthReceipt),
        timeout_seconds=READ_TIMEOUT_SECONDS,
    )


def upload_ground_truth(model_id: str, records: Iterable[GroundTruth]) -> Call[GroundTruthReport]:
    """Adds many outcomes."""
    request = make(
        drift_pb2.UploadGroundTruthRequest,
        model_id=model_id,
        records=[make(drift_pb2.GroundTruthRecord, **_truth(record)) for record in records],
    )
    return Call(
        DRIFT + "UploadGroundTruth",
        request,
        drift_pb2.UploadGroundTruthResponse,
        plain(GroundTruthReport),
        timeout_seconds=READ_TIMEOUT_SECONDS,
    )


def truth_piece(
    model_id: str,
    upload_id: str,
    written: GroundTruthFormat,
    offset: int = 0,
    chunk: bytes = b"",
    *,
    is_last: bool = False,
    is_abandoned: bool = False,
) -> Call[GroundTruthFileReport]:
    """Brings a part of a file of outcomes.

    Args:
        model_id: The model.
        upload_id: Names the upload.
        written: How its rows are.
        offset: Where the chunk begins.
        chunk: The bytes from there on; none to ask how far the upload is.
        is_last: Whether the file ends with it.
        is_abandoned: Whether the rest will not come.
    """
    request = make(
        drift_pb2.UploadGroundTruthFileRequest,
        model_id=model_id,
        upload_id=upload_id,
        offset=offset,
        chunk=chunk,
        is_last=is_last,
        is_abandoned=is_abandoned,
    )
    request.format = number(request, "format", written)
    return Call(
        DRIFT + "UploadGroundTruthFile",
        request,
        drift_pb2.UploadGroundTruthFileResponse,
        plain(GroundTruthFileReport),
        timeout_seconds=FILE_TIMEOUT_SECONDS,
    )


def create_baseline(
    model_id: str,
    version: str,
    feature_data: Mapping[str, Any],
    target_data: TargetData | None,
    labeled_predictions: LabeledPredictions | None,
) -> Call[str]:
    """Keeps a baseline.

    Args:
        model_id: The model.
        version: Names it among those of the model.
        feature_data: By feature its values, a list or an array.
        target_data: Outcomes of the training data.
        labeled_predictions: Predictions with their outcomes.

    Raises:
        TypeError: A column is no list, or a value of it is of a type that is not sent; the text names both.
        ValueError: A value cannot be sent; the text names it.
    """
    request = make(drift_pb2.CreateBaselineRequest, model_id=model_id, version=version)
    for name, values in feature_data.items():
        request.feature_data[name].CopyFrom(list_value(f"feature_data[{name!r}]", values))
    if target_data is not None:
        request.target_data.type = number(request.target_data, "type", target_data.type)
        request.target_data.values.CopyFrom(list_value("target_data.values", target_data.values))
    if labeled_predictions is not None:
        _write_labeled(request.labeled_predictions, labeled_predictions)
    return Call(
        DRIFT + "CreateBaseline",
        request,
        drift_pb2.CreateBaselineResponse,
        lambda answer: str(answer.baseline_id),
        timeout_seconds=READ_TIMEOUT_SECONDS,
    )


def create_baseline_of_window(
    model_id: str, version: str, start: datetime | None, end: datetime | None, days: float | None
) -> Call[WindowBaseline]:
    """Makes a baseline of a window of predictions.

    Args:
        model_id: The model.
        version: Names it among those of the model.
        start: Where the window begins; None for its days before its end.
        end: Where it ends; None means now.
        days: Its days; None lets the schedule choose.
    """
    window = make(drift_pb2.BaselineWindow, start=moment(start), end=moment(end), days=days)
    return Call(
        DRIFT + "CreateBaseline",
        make(drift_pb2.CreateBaselineRequest, model_id=model_id, version=version, window=window),
        drift_pb2.CreateBaselineResponse,
        plain(WindowBaseline),
        timeout_seconds=READ_TIMEOUT_SECONDS,
    )


def list_baselines(model_id: str) -> Call[list[Baseline]]:
    """Asks for a model's baselines."""
    request = make(drift_pb2.GetBaselinesRequest, model_id=model_id)
    read = plain(Baseline)
    return Call(
        DRIFT + "GetBaselines",
        request,
        drift_pb2.GetBaselinesResponse,
        lambda answer: [read(one) for one in answer.baselines],
        is_read=True,
    )


def active_baseline(model_id: str) -> Call[Baseline]:
    """Asks for a model's active baseline."""
    request = make(drift_pb2.GetActiveBaselineRequest, model_id=model_id)
    return Call(
        DRIFT + "GetActiveBaseline",
        request,
        drift_pb2.Baseline,
        plain(Baseline),
        is_read=True,
        timeout_seconds=READ_TIMEOUT_SECONDS,
    )


def activate_baseline(model_id: str, baseline_id: str) -> Call[None]:
    """Makes a baseline the active one."""
    request = make(drift_pb2.SetActiveBaselineRequest, model_id=model_id, baseline_id=baseline_id)
    return Call(DRIFT + "SetActiveBaseline", request, drift_pb2.SetActiveBaselineResponse, lambda _: None)


def performance_history(
    model_id: str, window_days: float | None, granularity: PerformanceGranularity
) -> Call[PerformanceHistory]:
    """Asks how right a model was.

    Args:
        model_id: The model.
        window_days: Over how many days up to now; None lets the server choose.
        granularity: The length of a step.
    """
    request = make(drift_pb2.GetPerformanceHistoryRequest, model_id=model_id, window_days=window_days)
    request.granularity = number(request, "granularity", granularity)
    return Call(
        DRIFT + "GetPerformanceHistory",
        request,
        drift_pb2.GetPerformanceHistoryResponse,
        plain(PerformanceHistory),
        is_read=True,
        timeout_seconds=READ_TIMEOUT_SECONDS,
    )


def list_value(path: str, values: Any) -> ListValue:
    """Makes a list of what can be gone through: a list, an array or a column of a table.

    Args:
        path: The field, for errors.
        values: The values; what pandas calls missing is None.

    Raises:
        TypeError: It is no list, or an item is of a type that is not sent; the text names the field.
        ValueError: An item cannot be sent; the text names it.
    """
    if isinstance(values, (str, bytes, Mapping)) or not isinstance(values, Iterable):
        raise WrongTypeError(
            path, f"{values!r} is of type {type(values).__name__}; it takes a list, an array or a column"
        )
    made = ListValue()
    for place, cell in enumerate(cells_of(values)):
        try:
            made.values.append(to_value(cell))
        except (TypeError, ValueError) as error:
            raise within(f"{path}[{place}]", error) from None
    return made


def _write_labeled(block: drift_pb2.LabeledPredictions, given: LabeledPredictions) -> None:
    name = "labeled_predictions"
    block.probabilities.extend(
        list_value(f"{name}.probabilities[{place}]", row) for place, row in enumerate(given.probabilities)
    )
    block.predicted_labels.CopyFrom(list_value(f"{name}.predicted_labels", given.predicted_labels))
    block.actual_labels.CopyFrom(list_value(f"{name}.actual_labels", given.actual_labels))


def _truth(truth: GroundTruth) -> dict[str, Any]:
    return {
        "entity_id": truth.entity_id,
        "actual_outcome": to_value(truth.actual_outcome),
        "outcome_timestamp": moment(truth.outcome_timestamp),
    }
