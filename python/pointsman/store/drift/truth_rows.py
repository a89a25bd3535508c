"""Many outcomes in a fixed number of statements, each database in its own way.

SQLite reads keys from a table in memory that belongs to the connection, PostgreSQL from arrays of JSON.
"""

import itertools
import json
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from sqlalchemy import Connection

Key = tuple[str, int]
"""An entity, and the time of the outcome."""


class TruthRow(NamedTuple):
    """An outcome to be stored, in the order of the columns."""

    truth_id: str
    model_key: int
    upload_key: int
    entity_id: str
    entity_hash: str
    outcome_time_us: int
    outcome: str
    update_time_us: int
    revision: int


class StoredTruth(NamedTuple):
    """An outcome that is stored.

    Attributes:
        update_time_us: When it was told last, to within a week.
        place: The place of its upload among the complete ones of the model; 0 of one that no upload brought.
    """

    entity_id: str
    outcome_time_us: int
    row_key: int
    truth_id: str
    upload_key: int
    outcome: str
    update_time_us: int
    revision: int
    place: int


class TruthRows(Protocol):
    """The statements of one kind of database."""

    def find(
        self, connection: Connection, model_key: int, keys: Sequence[Key], upload_key: int
    ) -> list[StoredTruth]:
        """Answers what can be seen under keys, and what an upload that goes on has brought under them.

        Args:
            connection: A transaction.
            model_key: The model's row.
            keys: Which outcomes.
            upload_key: The upload's row; 0 for none.
        """

    def insert(self, connection: Connection, rows: Sequence[TruthRow]) -> None:
        """Stores new rows."""


_NAMES = ", ".join(TruthRow._fields)
_FOUND = (
    "t.entity_id, t.outcome_time_us, t.row_key, t.truth_id, t.upload_key, t.outcome, t.update_time_us, "
    "t.revision, COALESCE(u.place, 0)"
)
_SAME_KEY = "t.entity_id = i.entity_id AND t.outcome_time_us = i.outcome_time_us"
_OF_UPLOAD = "LEFT JOIN drift_truth_uploads AS u ON u.row_key = t.upload_key"


class _SqliteRows:
    """The statements for SQLite."""

    _CREATE = "CREATE TEMPORARY TABLE IF NOT EXISTS incoming_truths (entity_id TEXT, outcome_time_us INTEGER)"
    _CLEAR = "DELETE FROM temp.incoming_truths"
    _FILL = "INSERT INTO temp.incoming_truths VALUES (?, ?)"
    _FIND = (
        f"SELECT {_FOUND} FROM temp.incoming_truths AS i CROSS JOIN drift_truths AS t ON t.model_key = ? "
        f"AND {_SAME_KEY} {_OF_UPLOAD} WHERE t.upload_key IN (0, ?) OR u.place IS NOT NULL"
    )
    _INSERT = f"INSERT INTO drift_truths ({_NAMES}) VALUES "
    _ROW = f"({', '.join('?' * len(TruthRow._fields))})"
    # A statement for each row takes a third longer. Old versions of SQLite bear 999 values in one.
    _ROWS_PER_STATEMENT = 999 // len(TruthRow._fields)

    def find(
        self, connection: Connection, model_key: int, keys: Sequence[Key], upload_key: int
    ) -> list[StoredTruth]:
        """Answers what can be seen under keys, and what an upload has brought under them."""
        connection.exec_driver_sql(self._CREATE)
        connection.exec_driver_sql(self._CLEAR)
        connection.exec_driver_sql(self._FILL, list(keys))
        found = connection.exec_driver_sql(self._FIND, (model_key, upload_key))
        stored = [StoredTruth(*row) for row in found]
        connection.exec_driver_sql(self._CLEAR)
        return stored

    def insert(self, connection: Connection, rows: Sequence[TruthRow]) -> None:
        """Stores new rows."""
        for start in range(0, len(rows), self._ROWS_PER_STATEMENT):
            part = rows[start : start + self._ROWS_PER_STATEMENT]
            values = tuple(itertools.chain.from_iterable(part))
            connection.exec_driver_sql(self._INSERT + ", ".join([self._ROW] * len(part)), values)


_TYPES = {
    "truth_id": "text",
    "model_key": "int8",
    "upload_key": "int8",
    "entity_id": "text",
    "entity_hash": "text",
    "outcome_time_us": "int8",
    "outcome": "text",
    "update_time_us": "int8",
    "revision": "int4",
}


def _columns(**types: str) -> str:
    """Writes the table ``i`` of columns that :func:`_as_json` makes."""
    texts = ", ".join(["json_array_elements_text(%s::json)"] * len(types))
    typed = ", ".join(f"{name}::{kind}" for name, kind in types.items())
    return f"(SELECT {typed} FROM ROWS FROM ({texts}) AS t({', '.join(types)})) AS i"


def _as_json(rows: Sequence[tuple[str | int, ...]]) -> tuple[str, ...]:
    """Writes each column as an array. PostgreSQL's own arrays take its client ten times as long."""
    return tuple(json.dumps(column, ensure_ascii=False) for column in zip(*rows, strict=True))


class _PostgresqlRows:
    """The statements for PostgreSQL."""

    # OFFSET keeps it a look into the index for each key, in the index's order. By its costs, PostgreSQL would
    # rather read a million outcomes to find thousands.
    _FIND = (
        f"SELECT {_FOUND} FROM {_columns(entity_id='text', outcome_time_us='int8')} CROSS JOIN LATERAL "
        f"(SELECT * FROM drift_truths AS t WHERE t.model_key = %s AND {_SAME_KEY} OFFSET 0) AS t "
        f"{_OF_UPLOAD} WHERE t.upload_key IN (0, %s) OR u.place IS NOT NULL"
    )
    _INSERT = f"INSERT INTO drift_truths ({_NAMES}) SELECT {_NAMES} FROM {_columns(**_TYPES)}"

    def find(
        self, connection: Connection, model_key: int, keys: Sequence[Key], upload_key: int
    ) -> list[StoredTruth]:
        """Answers what can be seen under keys, and what an upload has brought under them."""
        if not keys:
            return []
        found = connection.exec_driver_sql(self._FIND, (*_as_json(keys), model_key, upload_key))
        return [StoredTruth(*row) for row in found]

    def insert(self, connection: Connection, rows: Sequence[TruthRow]) -> None:
        """Stores new rows."""
        connection.exec_driver_sql(self._INSERT, _as_json(rows))


_SQLITE: TruthRows = _SqliteRows()
_POSTGRESQL: TruthRows = _PostgresqlRows()


def rows_of(connection: Connection) -> TruthRows:
    """Answers the statements for the database of a connection."""
    return _POSTGRESQL if connection.dialect.name == "postgresql" else _SQLITE
