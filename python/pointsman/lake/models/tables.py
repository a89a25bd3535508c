"""Logged predictions and outcomes as tables, to be queried beside what routers recorded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pointsman.domain.drift.outcomes import Outcome, label_of, number_of
from pointsman.domain.drift.predictions import LoggedPrediction
from pointsman.lake.streams import table_of, table_of_columns
from pointsman.store.documents import load_value
from pointsman.store.drift.truths import NO_TRUTHS, KeptTruths

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class _LoggedRow:
    prediction_id: str
    row: int
    time_us: int
    entity_id: str
    model_version: str
    router_id: str
    prediction_label: str
    prediction_number: float
    confidence: float


def logged_table(rows: Sequence[LoggedPrediction]) -> pa.Table:
    """Makes a table of logged predictions with the columns of the lake that are read of each."""
    import pyarrow as pa

    schema = pa.schema(
        [
            ("prediction_id", pa.string()),
            ("row", pa.int32()),
            ("time_us", pa.int64()),
            ("entity_id", pa.string()),
            ("model_version", pa.string()),
            ("router_id", pa.string()),
            ("prediction_label", pa.string()),
            ("prediction_number", pa.float64()),
            ("confidence", pa.float64()),
        ]
    )
    nan = float("nan")
    made = []
    for one in rows:
        number = _number(one.prediction)
        label = "" if number is not None else label_of(one.prediction)  # type: ignore[arg-type]
        made.append(
            _LoggedRow(
                one.prediction_id,
                0,
                one.time_us,
                one.entity_id,
                one.model_version,
                "",
                label,
                nan if number is None else number,
                nan if one.confidence is None else one.confidence,
            )
        )
    return _with_nulls(table_of(schema, made), ("prediction_number", "confidence"), "prediction_label")


def _number(prediction: Any) -> float | None:
    is_number = isinstance(prediction, (int, float)) and not isinstance(prediction, bool)
    return float(prediction) if is_number else None


def answer_table(rows: Iterable[LoggedPrediction]) -> pa.Table:
    """Makes a table of logged answers with the columns ``outcome_sql.ANSWER_COLUMNS``, in that order."""
    import pyarrow as pa

    types = {
        "prediction_id": pa.string(),
        "row": pa.int32(),
        "time_us": pa.int64(),
        "model_version": pa.string(),
        "label": pa.string(),
        "number": pa.float64(),
        "probabilities": pa.list_(pa.float64()),
    }
    columns: dict[str, list[Any]] = {name: [] for name in types}
    for one in rows:
        columns["prediction_id"].append(one.prediction_id)
        columns["row"].append(one.row)
        columns["time_us"].append(one.time_us)
        columns["model_version"].append(one.model_version)
        columns["label"].append(label_of(one.prediction))  # type: ignore[arg-type]
        columns["number"].append(number_of(one.prediction))  # type: ignore[arg-type]
        columns["probabilities"].append(list(one.probabilities) or None)
    return pa.table({name: pa.array(columns[name], kind) for name, kind in types.items()})


def logged_tables(parts: Iterable[Sequence[LoggedPrediction]]) -> pa.Table:
    """Makes one table of logged predictions that come in parts, of which one is in memory at a time."""
    import pyarrow as pa

    return pa.concat_tables([logged_table(()), *map(logged_table, parts)])


def truth_tables(parts: Iterable[KeptTruths], settled_us: int) -> pa.Table:
    """Makes one table of outcomes that come in parts, each with its place among all.

    Args:
        parts: The outcomes, what came last at the end; one part is in memory at a time.
        settled_us: From which time on outcomes may be of later predictions.
    """
    import pyarrow as pa

    return pa.concat_tables([truth_table(NO_TRUTHS, settled_us), *truth_parts(parts, settled_us)])


def truth_parts(parts: Iterable[KeptTruths], settled_us: int) -> Iterator[pa.Table]:
    """Makes a table of each part of outcomes, as :func:`truth_tables` makes one of all."""
    first = 0
    for part in parts:
        yield truth_table(part, settled_us, first)
        first += len(part.orders)


def truth_table(kept: KeptTruths, settled_us: int, first: int = 0) -> pa.Table:
    """Makes a table of outcomes.

    Args:
        kept: The outcomes, what came last at the end.
        settled_us: From which time on outcomes may be of later predictions.
        first: The place of the first.
    """
    import pyarrow as pa

    schema = pa.schema(
        [
            ("place", pa.int64()),
            ("truth_id", pa.string()),
            ("outcome", pa.string()),
            ("entity_id", pa.string()),
            ("entity_hash", pa.string()),
            ("outcome_time_us", pa.int64()),
            ("may_lead", pa.bool_()),
            ("label", pa.string()),
            ("number", pa.float64()),
        ]
    )
    # Most outcomes are of a few classes.
    meanings = {text: _meaning(text) for text in set(kept.outcomes)}
    columns = (
        range(first, first + len(kept.orders)),
        kept.truth_ids,
        kept.outcomes,
        kept.entity_ids,
        kept.entity_hashes,
        kept.outcome_times_us,
        [time_us >= settled_us for time_us in kept.outcome_times_us],
        [meanings[text][0] for text in kept.outcomes],
        [meanings[text][1] for text in kept.outcomes],
    )
    return _with_nulls(table_of_columns(schema, columns), ("number",), "")


def _meaning(text: str) -> tuple[str, float]:
    """Answers the class that an outcome names, and the number that it is; NaN for none."""
    outcome: Outcome = load_value(text)
    number = number_of(outcome)
    return label_of(outcome), float("nan") if number is None else number


def _with_nulls(table: pa.Table, numbers: Sequence[str], text: str) -> pa.Table:
    """Makes NaN of some columns, and the empty text of one, missing values, which the buffers cannot say."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for name in numbers:
        place, column = table.schema.get_field_index(name), table.column(name)
        none = pa.scalar(None, pa.float64())
        table = table.set_column(place, name, pc.if_else(pc.is_nan(column), none, column))
    if text:
        place, column = table.schema.get_field_index(text), table.column(text)
        none = pa.scalar(None, pa.string())
        table = table.set_column(place, text, pc.if_else(pc.equal(column, ""), none, column))
    return table
