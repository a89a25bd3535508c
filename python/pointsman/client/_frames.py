"""Makes pandas DataFrames of answers and records, with a type for each column and every digit kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from pointsman.client._batch import RowPrediction
    from pointsman.client._types import Prediction, PredictionRecord

FEATURE_PREFIX = "f_"
FEEDBACK_PREFIX = "feedback_"
_WHOLE = re.compile(r"-?\d{16,}", re.ASCII)
_NO_NUMBER = {"Infinity": float("inf"), "-Infinity": float("-inf"), "NaN": float("nan")}
_INT64 = range(-(2**63), 2**63)
_UINT64 = range(2**64)


def frame_of_answers(rows: Sequence[RowPrediction]) -> pd.DataFrame:
    """Makes a DataFrame with one row for each row that was asked about.

    Args:
        rows: What came of each.

    Returns:
        A DataFrame with the index of the table that was asked about; rows that failed have an ``error``.

    Raises:
        ImportError: pandas is not installed.
    """
    pandas = _pandas()
    answers = [row.prediction for row in rows]
    columns = {
        name: pandas.Series([None if answer is None else read(answer) for answer in answers], dtype=dtype)
        for name, (dtype, read) in _ANSWER.items()
    }
    columns["entity_id"] = pandas.Series([row.entity_id for row in rows], dtype="string")
    columns["prediction"] = _column([None if answer is None else answer.prediction for answer in answers])
    columns["code"] = pandas.Series(
        [row.error.code.name if row.error else "OK" for row in rows], dtype="string"
    )
    columns["error"] = pandas.Series([str(row.error) if row.error else None for row in rows], dtype="string")
    frame = pandas.DataFrame(columns)[
        ["prediction_id", "entity_id", "prediction", *_ANSWER_REST, "code", "error"]
    ]
    frame.index = pandas.Index([row.label for row in rows])
    return frame


def frame_of_records(records: Sequence[PredictionRecord]) -> pd.DataFrame:
    """Makes a DataFrame with one row for each record.

    Args:
        records: The records.

    Returns:
        A DataFrame: the record's fields; ``f_NAME`` for each feature that occurs and ``feedback_METRIC`` for
        each metric, missing where a record has none. Whole numbers that a double would round are exact.

    Raises:
        ImportError: pandas is not installed.
    """
    pandas = _pandas()
    columns = {
        name: pandas.Series([read(record) for record in records], dtype=dtype)
        for name, (dtype, read) in _RECORD.items()
    }
    columns["prediction"] = _column([record.prediction for record in records])
    for feature in _occurring(record.features for record in records):
        columns[FEATURE_PREFIX + feature] = _column([record.features.get(feature) for record in records])
    values = [{given.metric: given.value for given in record.feedback} for record in records]
    for metric in _occurring(values):
        measured = [given.get(metric) for given in values]
        columns[FEEDBACK_PREFIX + metric] = pandas.Series(measured, dtype="float64")
    return pandas.DataFrame(columns)


def _occurring(mappings: Any) -> list[str]:
    """Answers the names that occur, in the order in which they come."""
    return list(dict.fromkeys(name for mapping in mappings for name in mapping))


def _column(values: list[Any]) -> pd.Series:
    """Makes the column of JSON values, of which large whole numbers and infinities are text."""
    pandas = _pandas()
    kinds = {type(value) for value in values if value is not None}
    if kinds == {bool}:
        return pandas.Series(values, dtype="boolean")
    if kinds == {str}:
        return pandas.Series(values, dtype="string")
    if kinds == {float} or not kinds:
        return pandas.Series(values, dtype="float64" if kinds else "object")
    if kinds == {float, str} and (numbers := _numbers(values)) is not None:
        return numbers
    return pandas.Series(values, dtype="object")


def _numbers(values: list[Any]) -> pd.Series | None:
    """Makes a column of numbers of which some came as text; None when a text is no number."""
    pandas = _pandas()
    texts = [value for value in values if isinstance(value, str)]
    if not all(text in _NO_NUMBER or _WHOLE.fullmatch(text) for text in texts):
        return None
    exact = [_number(value) for value in values]
    known = [number for number in exact if number is not None]
    if all(isinstance(number, int) or number.is_integer() for number in known):
        whole = [None if number is None else int(number) for number in exact]
        for dtype, room in (("Int64", _INT64), ("UInt64", _UINT64)):
            if all(number is None or number in room for number in whole):
                return pandas.Series(whole, dtype=dtype)
        return pandas.Series(whole, dtype="object")
    if all(float(number) == number or number != number for number in known):
        return pandas.Series([None if number is None else float(number) for number in exact], dtype="float64")
    return None


def _number(value: Any) -> Any:
    if isinstance(value, str):
        return _NO_NUMBER[value] if value in _NO_NUMBER else int(value)
    return value


def _pandas() -> Any:
    try:
        import pandas as pd
    except ImportError:
        raise ImportError("to_dataframe needs pandas: pip install 'pointsman-client[pandas]'") from None
    return pd


_Column = tuple[str, Callable[[Any], Any]]


def _field(name: str, dtype: str = "string") -> dict[str, _Column]:
    return {name: (dtype, lambda holder: getattr(holder, name))}


def _word(name: str) -> dict[str, _Column]:
    return {name: ("string", lambda holder: getattr(holder, name).value)}


def _seconds(name: str, field: str) -> dict[str, _Column]:
    def read(holder: Any) -> float | None:
        duration = getattr(holder, field)
        return None if duration is None else float(duration.total_seconds())

    return {name: ("float64", read)}


def _as_list(name: str) -> dict[str, _Column]:
    return {name: ("object", lambda holder: list(getattr(holder, name)))}


def _shares(record: PredictionRecord) -> dict[str, float]:
    return {item.variant: item.propensity for item in record.eligible_variants}


def _outputs(holder: Prediction | PredictionRecord) -> dict[str, Any]:
    return dict(holder.outputs)


_ANSWER: Mapping[str, _Column] = {
    **_field("prediction_id"),
    **_field("variant"),
    **_field("model_id"),
    **_field("model_version"),
    **_as_list("probabilities"),
    "outputs": ("object", _outputs),
    **_word("reason"),
    **_field("propensity", "float64"),
    **_field("generation", "Int64"),
    **_seconds("latency_seconds", "latency"),
    **_as_list("notes"),
    **_field("decided_variant"),
    **_field("rule"),
}
_ANSWER_REST = [name for name in _ANSWER if name != "prediction_id"]

_RECORD: Mapping[str, _Column] = {
    **_field("prediction_id"),
    **_field("row", "int64"),
    **_field("row_count", "int64"),
    **_field("time", "datetime64[us, UTC]"),
    **_field("router_id"),
    **_field("variant"),
    **_field("model_id"),
    **_field("model_version"),
    **_word("reason"),
    **_word("randomised_by"),
    **_field("propensity", "float64"),
    "eligible_variants": ("object", _shares),
    **_field("generation", "int64"),
    **_field("router_generation", "int64"),
    **_field("allocation_version", "int64"),
    **_field("epoch", "int64"),
    **_field("draw", "UInt64"),
    **_field("slot", "Int64"),
    **_field("entity_id"),
    **_field("experiment_id"),
    **_field("request_id"),
    **_field("trace_id"),
    **_field("status_code", "int64"),
    **_seconds("overhead_seconds", "overhead"),
    **_seconds("backend_seconds", "backend_latency"),
    **_field("replayable", "bool"),
    **_word("features_content"),
    **_word("answer_content"),
    **_as_list("probabilities"),
    **_field("confidence", "float64"),
    "outputs": ("object", _outputs),
    **_as_list("answer_notes"),
    **_field("decided_variant"),
    **_field("rule"),
}
