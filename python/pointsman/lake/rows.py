"""Rows of the lake as predictions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pointsman.domain.drift.predictions import LoggedPrediction
from pointsman.domain.records.predictions import (
    DecisionReason,
    EligibleVariant,
    Prediction,
    RandomisedBy,
    RecordedContent,
)
from pointsman.domain.values import JsonValue
from pointsman.lake.rule_inputs import with_row

if TYPE_CHECKING:
    import pyarrow as pa

FEATURE_PREFIX = "f_"


def predictions_of(table: pa.Table | pa.RecordBatch) -> list[Prediction]:
    """Reads rows with the lake's columns; those of features have the prefix ``f_``."""
    return [_prediction(row) for row in table.to_pylist(maps_as_pydicts="strict")]


def logged_of(row: Prediction) -> LoggedPrediction:
    """Answers a recorded prediction as the drift service tells it, without its outcome."""
    nanoseconds = row.overhead_ns + (row.backend_latency_ns or 0)
    return LoggedPrediction(
        prediction_id=row.prediction_id,
        model_version=row.model_version,
        time_us=row.time_us,
        features=row.features,
        prediction=row.prediction,
        probabilities=row.probabilities,
        confidence=row.confidence,
        entity_id=row.entity_id,
        latency_ms=nanoseconds / 1e6,
        router_id=row.router_id,
        row=row.row,
    )


def _prediction(row: Mapping[str, Any]) -> Prediction:
    predicted, features = _predicted(row), _features(row)
    eligible = zip(row["eligible_variants"] or (), row["eligible_propensities"] or (), strict=False)
    return Prediction(
        prediction_id=row["prediction_id"],
        router_id=row["router_id"],
        variant=row["variant"],
        model_id=row["model_id"],
        model_version=row["model_version"],
        time_us=row["time_us"],
        row=row["row"],
        row_count=row["row_count"],
        entity_id=row["entity_id"] or "",
        generation=row["generation"],
        router_generation=row["router_generation"],
        allocation_version=row["allocation_version"],
        epoch=row["epoch"],
        propensity=row["propensity"],
        reason=_word(DecisionReason, row["reason"]),
        randomised_by=_word(RandomisedBy, row["randomised_by"]),
        draw=row["draw"],
        slot=row["slot"],
        eligible=tuple(EligibleVariant(name, propensity) for name, propensity in eligible),
        replayable=bool(row["replayable"]),
        experiment_id=row["experiment_id"] or "",
        status_code=row["status_code"],
        overhead_ns=row["overhead_ns"],
        backend_latency_ns=row["backend_ns"],
        request_id=row["request_id"] or "",
        trace_id=row["trace_id"] or "",
        # Files of earlier releases have no such columns.
        decided_variant=row.get("decided_variant") or "",
        rule=row.get("rule") or "",
        rule_inputs=with_row(row.get("rule_inputs") or "", features),
        features_content=_word(RecordedContent, row["features_content"]),
        answer_content=_word(RecordedContent, row["answer_content"]),
        features=features,
        prediction=predicted,
        has_prediction=predicted is not None,
        probabilities=tuple(_number(value) for value in row["probabilities"] or ()),
        confidence=row["confidence"],
        outputs=json.loads(row["outputs"]) if row["outputs"] else {},
        # Files of earlier releases have no such column.
        answer_notes=tuple(row.get("answer_notes") or ()),
    )


def _predicted(row: Mapping[str, Any]) -> JsonValue:
    """Answers the label, the number or the values predicted; None for nothing."""
    # Files of earlier releases have no column of several values.
    if (values := row.get("prediction_values")) is not None:
        read: JsonValue = json.loads(values)
        return read
    label: str | None = row["prediction_label"]
    number: float | None = row["prediction_number"]
    return number if label is None else label


def _features(row: Mapping[str, Any]) -> dict[str, JsonValue]:
    features: dict[str, JsonValue] = {
        name.removeprefix(FEATURE_PREFIX): value
        for name, value in row.items()
        if value is not None and name.startswith(FEATURE_PREFIX) and name != "features_other"
    }
    for name, text in (row["features_other"] or {}).items():
        features[name] = json.loads(text)
    return features


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


def _word(kind: Any, text: str | None) -> Any:
    """Reads a word; one of a later format is unspecified."""
    try:
        return kind(text)
    except ValueError:
        return kind("unspecified")
