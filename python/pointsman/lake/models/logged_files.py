"""Files of logged predictions, by pyarrow: written, put together, and without an entity.

Their columns are those of files of routers' predictions as far as both have them, so that one query reads
both. No feature has a column of its own: callers name features and their types as they like, and what was
logged is told as it was given.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pointsman.domain.drift.outcomes import label_of, number_of
from pointsman.domain.drift.predictions import LoggedPrediction
from pointsman.lake.streams import nullable_numbers, nullable_texts, table_of_columns, texts_of
from pointsman.store.documents import dump_value

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from pointsman.store.drift.waiting import WaitingRow

ROWS_PER_GROUP = 20_000
_VERSION = {"pointsman.lake_version": "1"}


@dataclass(frozen=True)
class Written:
    """What is in a file that was written.

    Attributes:
        min_time_us: The first time, 0 where there is no row.
        max_time_us: The last time.
    """

    row_count: int = 0
    min_time_us: int = 0
    max_time_us: int = 0


def write_rows(rows: Sequence[WaitingRow], model_id: str, place: Path) -> None:
    """Writes predictions as a file.

    Args:
        rows: The predictions, at least one.
        model_id: Their model.
        place: Where to write.
    """
    ordered = sorted(rows, key=lambda row: (row.prediction.time_us, row.number))
    _write(iter([_table(ordered, model_id)]), place)


def merge(places: Sequence[Path], place: Path) -> None:
    """Writes several files as one, of which a part is in memory at a time."""
    _write((part for one in places for part in _parts(one)), place)


def write_without(source: Path, entity_id: str, last_number: int, place: Path) -> Written:
    """Writes a file without an entity's predictions up to a number; nothing when no row would be left.

    Args:
        source: The file.
        entity_id: The entity.
        last_number: The greatest number of a prediction that goes.
        place: Where to write.
    """
    import pyarrow.compute as pc

    kept = (part.filter(pc.invert(_is_of(part, entity_id, last_number))) for part in _parts(source))
    return _write((part for part in kept if part.num_rows), place)


def count_of(place: Path, entity_id: str, last_number: int) -> int:
    """Answers how many predictions up to a number an entity has in a file.

    Args:
        place: The file.
        entity_id: The entity.
        last_number: The greatest number of a prediction that counts.
    """
    import pyarrow.compute as pc

    columns = ["entity_id", "log_number"]
    return sum(pc.sum(_is_of(part, entity_id, last_number)).as_py() or 0 for part in _parts(place, columns))


def predictions_in(table: pa.Table | pa.RecordBatch) -> Iterator[LoggedPrediction]:
    """Reads whole rows, of the columns :data:`COLUMNS`."""
    for row in table.to_pylist(maps_as_pydicts="strict"):
        yield LoggedPrediction(
            prediction_id=row["prediction_id"],
            model_version=row["model_version"],
            time_us=row["time_us"],
            features={name: json.loads(text) for name, text in row["features_other"].items()},
            prediction=json.loads(row["prediction"]),
            probabilities=tuple(row["probabilities"] or ()),
            confidence=row["confidence"],
            entity_id=row["entity_id"],
            latency_ms=row["latency_ms"],
        )


COLUMNS = (
    "prediction_id, time_us, model_version, entity_id, features_other, prediction, probabilities, "
    "confidence, latency_ms"
)
"""What is read of whole rows."""


def _schema() -> pa.Schema:
    import pyarrow as pa

    text, number, whole, small = pa.string(), pa.float64(), pa.int64(), pa.int32()
    plain = {
        "prediction_id": text,
        "row": small,
        "time_us": whole,
        "log_number": whole,
        "model_id": text,
        "model_version": text,
        "entity_id": text,
        "router_id": text,
        "variant": text,
        "status_code": small,
        "answer_label": text,
        "prediction": text,
        "features_content": text,
    }
    nullable = {
        "prediction_label": text,
        "prediction_number": number,
        "answer_number": number,
        "probabilities": pa.list_(number),
        "confidence": number,
        "latency_ms": number,
    }
    columns = [pa.field(name, kind, nullable=False) for name, kind in plain.items()]
    columns += [pa.field(name, kind) for name, kind in nullable.items()]
    columns.append(pa.field("features_other", pa.map_(text, text), nullable=False))
    return pa.schema(columns, metadata=_VERSION)


def _table(rows: Sequence[WaitingRow], model_id: str) -> pa.Table:
    import pyarrow as pa

    schema = _schema()
    every = [row.prediction for row in rows]
    count = len(every)
    numbers = [_as_number(one.prediction) for one in every]
    labels = [label_of(one.prediction) for one in every]  # type: ignore[arg-type]
    plain: dict[str, list[Any]] = {
        "prediction_id": [one.prediction_id for one in every],
        "row": [0] * count,
        "time_us": [one.time_us for one in every],
        "log_number": [row.number for row in rows],
        "model_id": [model_id] * count,
        "model_version": [one.model_version for one in every],
        "entity_id": [one.entity_id for one in every],
        "router_id": [""] * count,
        "variant": [""] * count,
        "status_code": [0] * count,
        "answer_label": labels,
        "prediction": [dump_value(one.prediction) for one in every],
        "features_content": ["all"] * count,
    }
    first = pa.schema([schema.field(name) for name in plain])
    made = table_of_columns(first, list(plain.values()))
    columns = [
        *made.columns,
        nullable_texts(
            [None if number is not None else label for label, number in zip(labels, numbers, strict=True)]
        ),
        nullable_numbers(numbers),
        nullable_numbers([number_of(one.prediction) for one in every]),  # type: ignore[arg-type]
        _lists([one.probabilities for one in every]),
        nullable_numbers([one.confidence for one in every]),
        nullable_numbers([one.latency_ms for one in every]),
        _maps([one.features for one in every]),
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _as_number(prediction: Any) -> float | None:
    is_number = isinstance(prediction, (int, float)) and not isinstance(prediction, bool)
    return float(prediction) if is_number else None


def _lists(rows: Sequence[Sequence[float]]) -> pa.Array[Any]:
    """Makes lists of numbers; an empty one is missing."""
    import numpy as np
    import pyarrow as pa

    values = nullable_numbers([number for row in rows for number in row])
    valid = pa.py_buffer(np.packbits([bool(row) for row in rows], bitorder="little"))
    return pa.Array.from_buffers(
        pa.list_(pa.float64()), len(rows), [valid, _ends(map(len, rows))], children=[values]
    )


def _maps(rows: Sequence[Mapping[str, Any]]) -> pa.Array[Any]:
    import pyarrow as pa

    keys = texts_of([name for row in rows for name in row])
    items = texts_of([dump_value(value) for row in rows for value in row.values()])
    offsets = pa.Array.from_buffers(pa.int32(), len(rows) + 1, [None, _ends(map(len, rows))])
    return pa.MapArray.from_arrays(offsets, keys, items)


def _ends(lengths: Iterable[int]) -> pa.Buffer:
    import numpy as np
    import pyarrow as pa

    return pa.py_buffer(np.cumsum([0, *lengths], dtype=np.int64).astype(np.int32))


def _is_of(part: pa.Table, entity_id: str, last_number: int) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    is_entity = pc.equal(part["entity_id"], pa.scalar(entity_id, pa.string()))
    return pc.and_(is_entity, pc.less_equal(part["log_number"], pa.scalar(last_number, pa.int64())))


def _parts(place: Path, columns: list[str] | None = None) -> Iterator[pa.Table]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(place) as file:
        for group in range(file.num_row_groups):
            yield file.read_row_group(group, columns, use_threads=False)


def _write(parts: Iterator[pa.Table], place: Path) -> Written:
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    written = Written()
    writer: pq.ParquetWriter | None = None
    try:
        for part in parts:
            if writer is None:
                writer = pq.ParquetWriter(
                    place, part.schema, compression="zstd", compression_level=1, version="2.6"
                )
            writer.write_table(part, row_group_size=ROWS_PER_GROUP)
            ends = pc.min_max(part["time_us"])
            first, last = ends["min"].as_py(), ends["max"].as_py()
            written = Written(
                written.row_count + part.num_rows,
                min(first, written.min_time_us) if written.row_count else first,
                max(last, written.max_time_us) if written.row_count else last,
            )
    finally:
        if writer is not None:
            writer.close()
    return written
