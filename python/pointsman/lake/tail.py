"""The journal's tail: predictions that are in no registered file yet."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pointsman.domain.ports.journal import JournalTail
from pointsman.domain.records.predictions import Prediction
from pointsman.lake.conditions import MAX_TIME_US, Conditions
from pointsman.lake.file_rows import PLACE
from pointsman.lake.rows import predictions_of
from pointsman.lake.snapshot import Snapshot
from pointsman.lake.streams import array_of, read_stream
from pointsman.v1 import record_pb2

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

_FEW_DECISIONS = 2_000
"""So many are read in full at once."""

TailKey = tuple[str, int]
"""Prediction id and row: two reads of the tail number rows differently."""


@dataclass(frozen=True)
class Tail:
    """Some rows of the tail.

    Attributes:
        tables: One for each model, with rows numbered as those of files are.
        streams: The same without numbers, as they came.
        full: Whether as many decisions came as were asked for, so that older ones may be missing.
        oldest_us: The earliest time in it; 0 without rows.
    """

    tables: tuple[pa.Table, ...]
    streams: tuple[bytes, ...] = ()
    full: bool = False
    oldest_us: int = 0

    @contextlib.contextmanager
    def registered(self, connection: DuckDBPyConnection, prefix: str = "tail") -> Iterator[list[str]]:
        """Makes all tables known to a connection while the context lasts; answers their names.

        Args:
            connection: The connection.
            prefix: What their names begin with.
        """
        names = [f"{prefix}_{index}" for index in range(len(self.tables))]
        for name, table in zip(names, self.tables, strict=True):
            connection.register(name, table)
        try:
            yield names
        finally:
            for name in names:
                connection.unregister(name)

    def query(
        self, connection: DuckDBPyConnection, sql: str, values: Mapping[str, Any]
    ) -> list[tuple[Any, ...]]:
        """Asks every table the same; answers all their rows.

        Args:
            connection: Where to query.
            sql: The question, with ``{table}`` where the table's name goes.
            values: Its parameters.
        """
        found: list[tuple[Any, ...]] = []
        with self.registered(connection) as tables:
            for table in tables:
                found += connection.execute(sql.format(table=table), values).fetchall()
        return found


class TailReader:
    """Reads rows of the tail for one read of a router's records.

    What it read last with features and answers it keeps: whoever has found the newest rows asks for them in
    full next, and each question goes through all segments.

    Args:
        journal: The journal.
        snapshot: The state that is read.
    """

    def __init__(self, journal: JournalTail, snapshot: Snapshot) -> None:
        self._journal = journal
        self._snapshot = snapshot
        self._conditions: Conditions | None = None
        self._kept = Tail(())

    def find(self, conditions: Conditions, max_decisions: int = 0) -> Tail:
        """Reads rows to choose from. Conditions that only SQL can tell are not applied.

        Args:
            conditions: Which rows.
            max_decisions: The newest so many; 0 for all.

        Raises:
            PositionGoneError: The manifest has gone on.
        """
        if self._conditions is not None and not self._kept.full and conditions.are_within(self._conditions):
            return self._kept
        are_few = 0 < max_decisions <= _FEW_DECISIONS
        tail = read_tail(
            self._journal, self._snapshot, conditions, max_decisions=max_decisions, with_bodies=are_few
        )
        if are_few:
            self._conditions, self._kept = conditions, tail
        return tail

    def rows(self, conditions: Conditions, keys: Collection[TailKey]) -> dict[TailKey, Prediction]:
        """Reads rows in full. Those that are not in the tail are left out.

        Args:
            conditions: Which all of them fulfil.
            keys: Their prediction ids and rows.

        Raises:
            PositionGoneError: The manifest has gone on.
        """
        found = _rows_of(self._kept, keys)
        if len(found) < len(keys):
            ids = {prediction_id for prediction_id, _ in keys}
            tail = read_tail(
                self._journal,
                self._snapshot,
                conditions,
                prediction_id=ids.pop() if len(ids) == 1 else "",
                with_bodies=True,
            )
            found = _rows_of(tail, keys)
        return found


def read_tail(
    journal: JournalTail,
    snapshot: Snapshot,
    conditions: Conditions,
    *,
    prediction_id: str = "",
    max_decisions: int = 0,
    with_bodies: bool = False,
    shadows: bool = False,
    columns: Collection[str] = (),
) -> Tail:
    """Reads rows of the tail. Conditions that only SQL can tell are not applied.

    Args:
        journal: The journal.
        snapshot: The state that is read.
        conditions: Which rows.
        prediction_id: Only this prediction's; empty for all.
        max_decisions: The newest so many; 0 for all.
        with_bodies: Whether features and answers are wanted.
        shadows: Whether the answers of shadows are wanted, instead of predictions.
        columns: Only these, among them the time; none for all.

    Raises:
        PositionGoneError: The manifest has gone on.
    """
    if conditions.span.is_empty:
        return Tail(())
    end_us = conditions.span.end_us
    query = record_pb2.TailQuery(
        from_position=snapshot.position,
        router_id=snapshot.router_id,
        start_time_us=conditions.span.start_us,
        end_time_us=0 if end_us >= MAX_TIME_US else end_us + 1,
        prediction_id=prediction_id,
        entity_ids=conditions.entity_ids,
        with_bodies=with_bodies,
        max_decisions=max_decisions,
        variant=conditions.variant,
        router_incarnation=snapshot.router_incarnation,
        nameless_from_us=snapshot.nameless_from_us,
        shadows=shadows,
        columns=columns,
    )
    answer = record_pb2.TailAnswer.FromString(journal.read_tail(query.SerializeToString()))
    found = [table for table in map(read_stream, answer.arrow_streams) if table.num_rows]
    full = bool(max_decisions and found) and _decision_count(found) >= max_decisions
    return Tail(
        tables=tuple(_numbered(table) for table in found),
        streams=tuple(answer.arrow_streams),
        full=full,
        oldest_us=min(map(_earliest, found), default=0),
    )


def _rows_of(tail: Tail, keys: Collection[TailKey]) -> dict[TailKey, Prediction]:
    """Answers those of some rows that were read in full."""
    import numpy as np

    found: dict[TailKey, Prediction] = {}
    for table in tail.tables:
        here = zip(table.column("prediction_id").to_pylist(), table.column("row").to_pylist(), strict=True)
        chosen = array_of(np.array([place for place, key in enumerate(here) if key in keys], dtype=np.int64))
        found |= {row.key: row for row in predictions_of(table.take(chosen))}
    return found


def _numbered(table: pa.Table) -> pa.Table:
    import numpy as np

    return table.append_column(PLACE, array_of(np.arange(table.num_rows, dtype=np.int64)))


def _decision_count(tables: list[pa.Table]) -> int:
    import pyarrow.compute as pc

    counts: Any = [pc.count_distinct(table.column("prediction_id")).as_py() for table in tables]
    return int(sum(counts))


def _earliest(table: pa.Table) -> int:
    import pyarrow.compute as pc

    return int(pc.min(table.column("time_us")).as_py())
