"""From what users ask for to windows and slices of an open table."""

from dataclasses import dataclass

import duckdb

from pointsman_drift.counting.groups import Division
from pointsman_drift.counting.projection import as_text
from pointsman_drift.errors import InvalidOptionError, InvalidTableError
from pointsman_drift.tables.families import Family
from pointsman_drift.tables.sources import Source

UNITS = ("hour", "day", "week", "month", "quarter", "year")
MOST_WINDOWS = 366
MOST_SLICES = 1000
"""So many slices by one column may be told one by one."""


@dataclass(frozen=True)
class Windows:
    """How rows are divided by time.

    Args:
        column: Times, or with no unit values that are windows themselves.
        every: One of ``UNITS``, in UTC; None where each value is a window.
    """

    column: str
    every: str | None = None

    def __post_init__(self) -> None:
        """Refuses other units."""
        if self.every is not None and self.every not in UNITS:
            raise InvalidOptionError(f"windows: {self.every!r} is no unit; give one of {', '.join(UNITS)}")


def slices_by(connection: duckdb.DuckDBPyConnection, source: Source, column: str, limit: int) -> Division:
    """Answers slices by a column's most frequent values; other ones are the rest.

    Args:
        connection: Where the source is open.
        source: The rows.
        column: One of its columns.
        limit: How many are told one by one.
    """
    text = text_of(source, column, "")
    rows = _values(connection, source, text, f"ORDER BY count(*) DESC, x LIMIT {limit}")
    return Division(column, text_of(source, column, "s."), tuple(rows))


def windows_by(connection: duckdb.DuckDBPyConnection, source: Source, windows: Windows) -> Division:
    """Answers windows in their order; rows without a time are the rest.

    Args:
        connection: Where the source is open.
        source: The rows.
        windows: What divides them.

    Raises:
        InvalidTableError: The column has no times.
        InvalidOptionError: There are too many windows.
    """
    text = _window(source, windows, "")
    rows = _values(connection, source, text, f"HAVING x IS NOT NULL ORDER BY x LIMIT {MOST_WINDOWS + 1}")
    if len(rows) > MOST_WINDOWS:
        raise InvalidOptionError(
            f"windows: column {windows.column!r} makes more than {MOST_WINDOWS} windows; take longer ones"
        )
    return Division(windows.column, _window(source, windows, "s."), tuple(rows))


def text_of(source: Source, column: str, prefix: str) -> str:
    """Answers the expression of a column's values as texts, which read the same whatever type holds them.

    Args:
        source: The rows.
        column: One of its columns.
        prefix: What the relation is called, with a dot.
    """
    return as_text(f"{prefix}{source.places[column]}", source.beside[column])


def _window(source: Source, windows: Windows, prefix: str) -> str:
    if windows.every is None:
        return text_of(source, windows.column, prefix)
    type_, place = source.beside[windows.column], f"{prefix}{source.places[windows.column]}"
    if type_.family is Family.INSTANT:
        place = f"timezone('UTC', {place})"
    elif type_.family is not Family.CIVIL:
        raise InvalidTableError(
            f"column {windows.column!r}: the {source.side} has {type_.sql}, which is no date or timestamp; "
            "convert it, or give its values as windows, without a unit"
        )
    style = "%Y-%m-%dT%H:00" if windows.every == "hour" else "%Y-%m-%d"
    return f"strftime(date_trunc('{windows.every}', CAST({place} AS TIMESTAMP)), '{style}')"


def _values(connection: duckdb.DuckDBPyConnection, source: Source, text: str, tail: str) -> list[str | None]:
    query = f"SELECT {text} AS x FROM {source.relation} GROUP BY x {tail}"
    try:
        return [row[0] for row in connection.execute(query).fetchall()]
    except duckdb.Error as error:
        raise InvalidTableError(f"the {source.side} cannot be read: {error}") from error
