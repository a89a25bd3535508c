"""What values are, in tensors, in answers and in the lake."""

import json
import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .shapes import DTYPES, FIRST_AMBIGUOUS, Tensor


def raw(tensor: Tensor, rows: Sequence[Sequence[Any]]) -> bytes:
    """The contents of a tensor in the protocol's raw form."""
    flat = [value for row in rows for value in row]
    if tensor.datatype != "BYTES":
        return np.array(flat, dtype=DTYPES[tensor.datatype]).tobytes()
    texts = [value.encode() for value in flat]
    return b"".join(struct.pack("<I", len(text)) + text for text in texts)


def exact(datatype: str, value: Any) -> Any:
    """A value as the tensor holds it, in plain Python: NaN is None."""
    if datatype == "BYTES":
        return value
    held = DTYPES[datatype](value).item()
    return None if isinstance(held, float) and math.isnan(held) else held


def told(datatype: str, value: Any) -> Any:
    """A value as answers and records give it: what JSON has no number for is text."""
    held = exact(datatype, value)
    if isinstance(held, bool) or not isinstance(held, (int, float)):
        return held
    if isinstance(held, int):
        return str(held) if abs(held) >= FIRST_AMBIGUOUS else float(held)
    if math.isinf(held):
        return "Infinity" if held > 0 else "-Infinity"
    return held


def told_row(tensor: Tensor, row: int) -> Any:
    """A row of a tensor as answers give it: one value as itself, several as a list."""
    values = [told(tensor.datatype, value) for value in tensor.rows[row]]
    return values if len(values) > 1 else values[0]


def recorded(value: Any, *, of_tensors: bool = False) -> Any:
    """A prediction as it is recorded: booleans are labels; lists of tensors are among the outputs alone."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if of_tensors and isinstance(value, list) else value


def feature_names(tensor: Tensor) -> list[str]:
    """The features of a tensor's columns, as records name them."""
    if tensor.is_open:
        return []
    if tensor.features:
        return list(tensor.features)
    if tensor.width == 1:
        return [tensor.name]
    return [f"{tensor.name}_{index}" for index in range(tensor.width)]


def sent(tensors: Sequence[Tensor], row: int) -> dict[str, Any]:
    """The features of a row as a client gives them."""
    features: dict[str, Any] = {}
    for tensor in tensors:
        values = [exact(tensor.datatype, value) for value in tensor.rows[row]]
        if tensor.is_open:
            features[tensor.name] = values
        else:
            features |= dict(zip(feature_names(tensor), values, strict=True))
    return features


def recorded_features(tensors: Sequence[Tensor], row: int) -> dict[str, Any]:
    """The features of a row as the client reads them from its record, those that are null left out."""
    return _features(tensors, row, told, told)


def lake_features(row: Mapping[str, Any]) -> dict[str, Any]:
    """The features of a row of the lake, as its reference says: columns, and the map for what has none."""
    other = _other(row)
    columns = {
        name[2:]: value
        for name, value in row.items()
        if name.startswith("f_") and name != "features_other" and value is not None
    }
    assert not columns.keys() & other.keys()
    return columns | other


def kept_features(tensors: Sequence[Tensor], row: int, kept: Mapping[str, Any]) -> dict[str, Any]:
    """The features that a row of the lake must have: exact in columns, in the map as answers give them."""
    as_json = _features(tensors, row, told, told)
    in_columns = _features(tensors, row, exact, told)
    return in_columns | {name: as_json[name] for name in _other(kept) if name in as_json}


def _other(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: json.loads(text) for name, text in row["features_other"] or ()}


def _features(tensors: Sequence[Tensor], row: int, tell: Any, tell_item: Any) -> dict[str, Any]:
    features: dict[str, Any] = {}
    for tensor in tensors:
        if tensor.is_open:
            features[tensor.name] = [tell_item(tensor.datatype, value) for value in tensor.rows[row]]
        else:
            values = [tell(tensor.datatype, value) for value in tensor.rows[row]]
            features |= dict(zip(feature_names(tensor), values, strict=True))
    return {name: value for name, value in features.items() if value is not None}


def same(one: Any, other: Any) -> bool:
    """Whether values are equal and of one kind: 1 is not True, 0.0 is not -0.0, and 7 is not "7"."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return one == other and math.copysign(1, one) == math.copysign(1, other)
    return type(one) is type(other) and bool(one == other)
