"""Blocks of a baseline as Parquet files: typed, compressed, and read by whatever compares."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pointsman.domain.drift.baselines import ColumnKind, kind_of
from pointsman.domain.values import JsonValue

if TYPE_CHECKING:
    import pyarrow as pa


def write_block(columns: Mapping[str, Sequence[Any]]) -> bytes:
    """Writes columns of equal length; lists are lists of numbers.

    Args:
        columns: By name values of one kind, None for missing ones.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {
        ColumnKind.NUMBER: pa.float64(),
        ColumnKind.TEXT: pa.string(),
        ColumnKind.BOOLEAN: pa.bool_(),
    }

    def array(values: Sequence[JsonValue]) -> pa.Array:
        if values and isinstance(values[0], tuple):
            return pa.array([list(row) for row in values], pa.list_(pa.float64()))  # type: ignore[arg-type]
        kind = kind_of(values)
        if kind is None:
            # Labels may be of several kinds; each is read back as it was.
            return pa.array([_text(value) for value in values], pa.string())
        return pa.array(values, kinds[kind])

    table = pa.table({name: array(values) for name, values in columns.items()})
    target = io.BytesIO()
    pq.write_table(table, target, compression="zstd")
    return target.getvalue()


def read_block(block: bytes) -> pa.Table:
    """Reads what :func:`write_block` wrote."""
    import pyarrow.parquet as pq

    return pq.read_table(io.BytesIO(block))


def _text(value: JsonValue) -> str | None:
    from pointsman.domain.drift.outcomes import label_of

    return None if value is None else label_of(value)  # type: ignore[arg-type]
