"""Signatures and plain values as JSON in a column."""

import json
import math
from collections.abc import Mapping
from typing import Any

from pointsman.domain.models import PredictionHolds, Signature, Task, TensorSpec
from pointsman.domain.values import JsonValue


def dump_value(value: JsonValue) -> str:
    """Writes a value as JSON. NaN becomes null, which means missing; infinities become strings."""
    try:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(value), separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def load_value(text: str) -> Any:
    """Reads a value written by :func:`dump_value`."""
    return json.loads(text)


def dump_signature(signature: Signature) -> str:
    """Writes a signature as JSON; fields that are empty are left out."""
    document: dict[str, Any] = {
        "inputs": [_dump_tensor(tensor) for tensor in signature.inputs],
        "outputs": [_dump_tensor(tensor) for tensor in signature.outputs],
        "task": "" if signature.task is Task.UNSPECIFIED else signature.task.value,
        "labels": list(signature.labels),
        "prediction_output": signature.prediction_output,
        "probability_output": signature.probability_output,
        "defaults": dict(signature.defaults),
        "feature_importances": dict(signature.feature_importances),
        "prediction_holds": (
            ""
            if signature.prediction_holds is PredictionHolds.UNSPECIFIED
            else signature.prediction_holds.value
        ),
        "classes": list(signature.classes),
    }
    kept: dict[str, Any] = {name: value for name, value in document.items() if value}
    if signature.threshold is not None:
        kept["threshold"] = signature.threshold
    return dump_value(kept)


def load_signature(text: str) -> Signature:
    """Reads a signature written by :func:`dump_signature`."""
    document = json.loads(text)
    return Signature(
        inputs=tuple(_load_tensor(tensor) for tensor in document.get("inputs", ())),
        outputs=tuple(_load_tensor(tensor) for tensor in document.get("outputs", ())),
        task=Task(document.get("task", Task.UNSPECIFIED)),
        labels=tuple(document.get("labels", ())),
        prediction_output=document.get("prediction_output", ""),
        probability_output=document.get("probability_output", ""),
        threshold=document.get("threshold"),
        defaults=document.get("defaults", {}),
        feature_importances=document.get("feature_importances", {}),
        prediction_holds=PredictionHolds(document.get("prediction_holds", PredictionHolds.UNSPECIFIED)),
        classes=tuple(document.get("classes", ())),
    )


def _dump_tensor(tensor: TensorSpec) -> dict[str, Any]:
    return {
        "name": tensor.name,
        "datatype": tensor.datatype,
        "shape": list(tensor.shape),
        "features": list(tensor.features),
    }


def _load_tensor(document: Mapping[str, Any]) -> TensorSpec:
    return TensorSpec(
        name=document["name"],
        datatype=document["datatype"],
        shape=tuple(document["shape"]),
        features=tuple(document["features"]),
    )


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    if isinstance(value, Mapping):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value
