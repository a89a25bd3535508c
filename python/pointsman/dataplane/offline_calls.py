"""Calls and what rules read of them, as the engine takes them: one Arrow stream."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from pointsman import errors
from pointsman.lake.streams import write_stream

if TYPE_CHECKING:
    import pyarrow as pa

Columns: TypeAlias = "pa.Table | pa.RecordBatch | Mapping[str, Any]"
"""Columns by name: rows of Arrow, or a mapping of names to arrays of numpy or Arrow, or lists."""

_FEATURE = "f_"
METADATA_PREFIX = "metadata."
"""What stands before a key of metadata, in rules and in columns."""


def table_of(
    calls: Sequence[str | None] | pa.Table | pa.RecordBatch | None,
    features: Columns | None,
    metadata: Columns | None,
) -> pa.Table:
    """Puts calls and what they bring into one table.

    Args:
        calls: Entities, rows with ``entity_id``, or None for calls without entities.
        features: Columns by the names of features.
        metadata: Columns of text by keys of metadata.

    Raises:
        InvalidRequestError: Something is no column, or not as long as the calls.
    """
    import pyarrow as pa

    columns: list[tuple[str, pa.Array | pa.ChunkedArray]] = []
    if isinstance(calls, (pa.Table, pa.RecordBatch)):
        columns += zip(calls.schema.names, calls.columns, strict=True)
    elif calls is not None:
        columns.append(("entity_id", pa.array(calls, pa.string())))
    given = [("features", features, _FEATURE), ("metadata", metadata, METADATA_PREFIX)]
    for argument, brought, prefix in given:
        columns += [(f"{prefix}{name}", array) for name, array in _arrays(argument, brought)]
    if calls is None and not columns:
        raise errors.InvalidRequestError(
            "calls: there are neither calls nor features; give the entities of calls, None for calls without "
            "one, or features"
        )
    _check_lengths(columns)
    return pa.Table.from_arrays([array for _, array in columns], [name for name, _ in columns])


def stream_of(table: pa.Table) -> bytes:
    """Writes what the engine reads of a table."""
    is_read = [
        name in ("entity_id", "draw") or name.startswith((_FEATURE, METADATA_PREFIX))
        for name in table.column_names
    ]
    # By number, for a name may be there twice; and a table without columns has no rows.
    read = [number for number, wanted in enumerate(is_read) if wanted] or list(range(table.num_columns))[:1]
    return write_stream(table.select(read))


def rows_of(stream: bytes) -> pa.Table:
    """Reads decisions."""
    import pyarrow as pa

    with pa.ipc.open_stream(stream) as reader:
        return reader.read_all()


def _arrays(argument: str, brought: Columns | None) -> list[tuple[str, pa.Array | pa.ChunkedArray]]:
    import pyarrow as pa

    if brought is None:
        return []
    if isinstance(brought, (pa.Table, pa.RecordBatch)):
        return list(zip(brought.schema.names, brought.columns, strict=True))
    arrays = []
    for name, values in brought.items():
        try:
            array = values if isinstance(values, (pa.Array, pa.ChunkedArray)) else pa.array(values)
        except (pa.ArrowException, OverflowError, TypeError, ValueError) as error:
            raise errors.InvalidRequestError(
                f"{argument}.{name}: is no column of one kind of values ({error}); give numbers, truth "
                "values or text in one dimension"
            ) from None
        arrays.append((name, array))
    return arrays


def _check_lengths(columns: Sequence[tuple[str, pa.Array | pa.ChunkedArray]]) -> None:
    first, count = columns[0][0], len(columns[0][1])
    for name, array in columns[1:]:
        if len(array) != count:
            raise errors.InvalidRequestError(
                f"{name}: has {len(array)} values, and {first} has {count}; there is one for each call"
            )
