"""The journal's tail: predictions that are in no registered file yet."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pointsman.domain.data_plane import DataPlane
from pointsman.lake.conditions import MAX_TIME_US, Conditions
from pointsman.lake.snapshot import Snapshot
from pointsman.lake.streams import read_stream
from pointsman.v1 import record_pb2

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

PLACE = "file_row_number"
"""The number of a row in its table, under the name that it has in files."""


@dataclass(frozen=True)
class Tail:
    """Some rows of the tail.

    Attributes:
        tables: One for each model, with rows numbered in the column :data:`PLACE`.
        streams: The same without numbers, as they came.
        full: Whether as many decisions came as were asked for, so that older ones may be missing.
        oldest_us: The earliest time in it; 0 without rows.
    """

    tables: tuple[pa.Table, ...]
    streams: tuple[bytes, ...] = ()
    full: bool = False
    oldest_us: int = 0

    @contextlib.contextmanager
    def registered(self, connection: DuckDBPyConnection) -> Iterator[list[str]]:
        """Makes all tables known to a connection while the context lasts; answers their names."""
        names = [f"tail_{index}" for index in range(len(self.tables))]
        for name, table in zip(names, self.tables, strict=True):
            connection.register(name, table)
        try:
            yield names
        finally:
            for name in names:
                connection.unregister(name)


def read_tail(
    data_plane: DataPlane,
    snapshot: Snapshot,
    conditions: Conditions,
    *,
    prediction_id: str = "",
    max_decisions: int = 0,
    with_bodies: bool = False,
) -> Tail:
    """Reads rows of the tail. Conditions that only SQL can tell are not applied.

    Args:
        data_plane: Who keeps the journal.
        snapshot: The state that is read.
        conditions: Which rows.
        prediction_id: Only this prediction's; empty for all.
        max_decisions: The newest so many; 0 for all.
        with_bodies: Whether features and answers are wanted.

    Raises:
        PositionGoneError: The manifest has gone on.
    """
    if conditions.span.is_empty:
        return Tail(())
    end_us = conditions.span.end_us
    tables: list[pa.Table] = []
    streams: list[bytes] = []
    full = False
    oldest_us = 0
    for entity_id in conditions.entity_ids or ("",):
        query = record_pb2.TailQuery(
            from_position=snapshot.position,
            router_id=snapshot.router_id,
            start_time_us=conditions.span.start_us,
            end_time_us=0 if end_us >= MAX_TIME_US else end_us + 1,
            prediction_id=prediction_id,
            entity_id=entity_id,
            with_bodies=with_bodies,
            max_decisions=max_decisions,
            variant=conditions.variant,
        )
        answer = record_pb2.TailAnswer.FromString(data_plane.read_tail(query.SerializeToString()))
        found = [table for table in map(read_stream, answer.arrow_streams) if table.num_rows]
        tables += [_numbered(table) for table in found]
        streams += answer.arrow_streams
        if max_decisions and found and _decision_count(found) >= max_decisions:
            full = True
            # Below the latest of the earliest times, rows of one of the entity's forms may be missing.
            oldest_us = max(oldest_us, min(_earliest(table) for table in found))
    return Tail(tuple(tables), tuple(streams), full, oldest_us)


def _numbered(table: pa.Table) -> pa.Table:
    import pyarrow as pa

    return table.append_column(PLACE, pa.array(range(table.num_rows), pa.int64()))


def _decision_count(tables: list[pa.Table]) -> int:
    import pyarrow.compute as pc

    counts: Any = [pc.count_distinct(table.column("prediction_id")).as_py() for table in tables]
    return int(sum(counts))


def _earliest(table: pa.Table) -> int:
    import pyarrow.compute as pc

    return int(pc.min(table.column("time_us")).as_py())
