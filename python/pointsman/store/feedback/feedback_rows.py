"""Many rows of feedback in a fixed number of statements, each database in its own way.

SQLite reads them from a table in memory that belongs to the connection, PostgreSQL from arrays.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection


class FeedbackRow(NamedTuple):
    """A row to be stored, in the order of the columns."""

    prediction_id: str
    row: int
    metric: str
    router_key: int
    variant: str
    epoch: int
    propensity: float
    value: float
    observe_time_us: int
    prediction_time_us: int
    apply_time_us: int
    counted: bool
    revision: int
    exported: bool


class Stored(NamedTuple):
    """What is stored for a key."""

    sequence: int
    prediction_id: str
    row: int
    metric: str
    value: float
    revision: int


class FeedbackRows(Protocol):
    """The statements of one kind of database."""

    def insert_new(self, connection: Connection, rows: Sequence[FeedbackRow]) -> list[Stored]:
        """Stores the rows whose key is not stored yet; answers those."""

    def find(self, connection: Connection, rows: Sequence[FeedbackRow]) -> list[Stored]:
        """Answers what is stored for the keys of rows, locked until the transaction ends."""

    def correct(self, connection: Connection, corrections: Sequence[tuple[int, FeedbackRow]]) -> None:
        """Puts rows in the place of those with these sequences, under new sequences."""


_NAMES = ", ".join(FeedbackRow._fields)
_INSERT = f"INSERT INTO feedback ({_NAMES}) SELECT {_NAMES} FROM "
_IGNORE = " ON CONFLICT (prediction_id, row, metric) DO NOTHING RETURNING " + ", ".join(Stored._fields)
_FOUND = "f.sequence, f.prediction_id, f.row, f.metric, f.value, f.revision"
_SAME_KEY = "f.prediction_id = i.prediction_id AND f.row = i.row AND f.metric = i.metric"


class SqliteRows:
    """The statements for SQLite."""

    _CREATE = f"CREATE TEMPORARY TABLE IF NOT EXISTS incoming_feedback ({_NAMES})"
    _CLEAR = "DELETE FROM temp.incoming_feedback"
    _FILL = f"INSERT INTO temp.incoming_feedback VALUES ({', '.join('?' * len(FeedbackRow._fields))})"
    # Without a WHERE, SQLite would read ON as the beginning of a join.
    _INSERT_NEW = _INSERT + "temp.incoming_feedback WHERE TRUE" + _IGNORE
    _FIND = f"SELECT {_FOUND} FROM temp.incoming_feedback AS i CROSS JOIN feedback AS f ON {_SAME_KEY}"
    _REMOVE = "DELETE FROM feedback WHERE sequence = ?"

    def insert_new(self, connection: Connection, rows: Sequence[FeedbackRow]) -> list[Stored]:
        """Stores the rows whose key is not stored yet; answers those."""
        self._fill(connection, rows)
        return [Stored._make(found) for found in connection.exec_driver_sql(self._INSERT_NEW)]

    def find(self, connection: Connection, rows: Sequence[FeedbackRow]) -> list[Stored]:
        """Answers what is stored for the keys of rows; a writing transaction is the only one anyway."""
        self._fill(connection, rows)
        return [Stored._make(found) for found in connection.exec_driver_sql(self._FIND)]

    def correct(self, connection: Connection, corrections: Sequence[tuple[int, FeedbackRow]]) -> None:
        """Puts rows in the place of those with these sequences, under new sequences."""
        connection.exec_driver_sql(self._REMOVE, [(sequence,) for sequence, _ in corrections])
        self.insert_new(connection, [row for _, row in corrections])

    def _fill(self, connection: Connection, rows: Sequence[FeedbackRow]) -> None:
        connection.exec_driver_sql(self._CREATE)
        connection.exec_driver_sql(self._CLEAR)
        if rows:
            connection.exec_driver_sql(self._FILL, list(rows))


_POSTGRESQL_TYPES = {
    "prediction_id": "text",
    "row": "int4",
    "metric": "text",
    "router_key": "int8",
    "variant": "text",
    "epoch": "int8",
    "propensity": "float8",
    "value": "float8",
    "observe_time_us": "int8",
    "prediction_time_us": "int8",
    "apply_time_us": "int8",
    "counted": "bool",
    "revision": "int4",
    "exported": "bool",
}


class PostgresqlRows:
    """The statements for PostgreSQL. Rows come ordered by key, so that who waits for whom is in order."""

    _INSERT_NEW = (
        f"{_INSERT}unnest({', '.join(f'%s::{_POSTGRESQL_TYPES[name]}[]' for name in FeedbackRow._fields)})"
        f" AS i ({_NAMES}){_IGNORE}"
    )
    # The lock must come after the order, or rows are locked in the order of the plan.
    _FIND = (
        f"SELECT {_FOUND} FROM unnest(%s::text[], %s::int4[], %s::text[]) AS i (prediction_id, row, metric)"
        f" JOIN feedback AS f ON {_SAME_KEY}"
        " ORDER BY f.prediction_id, f.row, f.metric FOR UPDATE OF f"
    )
    # Changed in place, so that others who wait for the row find it again.
    _CORRECT = (
        "UPDATE feedback AS f SET sequence = nextval(pg_get_serial_sequence('feedback', 'sequence')),"
        " value = i.value, observe_time_us = i.observe_time_us, apply_time_us = i.apply_time_us,"
        " revision = i.revision, exported = FALSE"
        " FROM unnest(%s::int8[], %s::float8[], %s::int8[], %s::int8[], %s::int4[])"
        " AS i (sequence, value, observe_time_us, apply_time_us, revision) WHERE f.sequence = i.sequence"
    )

    def insert_new(self, connection: Connection, rows: Sequence[FeedbackRow]) -> list[Stored]:
        """Stores the rows whose key is not stored yet; answers those."""
        if not rows:
            return []
        columns: tuple[Any, ...] = tuple(map(list, zip(*rows, strict=True)))
        return [Stored._make(found) for found in connection.exec_driver_sql(self._INSERT_NEW, columns)]

    def find(self, connection: Connection, rows: Sequence[FeedbackRow]) -> list[Stored]:
        """Answers what is stored for the keys of rows, locked until the transaction ends."""
        keys = (
            [row.prediction_id for row in rows],
            [row.row for row in rows],
            [row.metric for row in rows],
        )
        return [Stored._make(found) for found in connection.exec_driver_sql(self._FIND, keys)]

    def correct(self, connection: Connection, corrections: Sequence[tuple[int, FeedbackRow]]) -> None:
        """Puts rows in the place of those with these sequences, under new sequences."""
        columns = (
            [sequence for sequence, _ in corrections],
            [row.value for _, row in corrections],
            [row.observe_time_us for _, row in corrections],
            [row.apply_time_us for _, row in corrections],
            [row.revision for _, row in corrections],
        )
        connection.exec_driver_sql(self._CORRECT, columns)


def rows_of(connection: Connection) -> FeedbackRows:
    """Answers the statements for a connection's database."""
    return _ROWS[connection.dialect.name]


_ROWS: dict[str, FeedbackRows] = {"sqlite": SqliteRows(), "postgresql": PostgresqlRows()}
