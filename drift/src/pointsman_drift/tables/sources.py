"""A table of any accepted form as a relation whose columns are ``c0``, ``c1``, … by place.

Places instead of names, for DuckDB does not tell ``a`` from ``A``.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from pointsman_drift.errors import InvalidTableError
from pointsman_drift.tables.arrow import arrow_table
from pointsman_drift.tables.families import ColumnType, column_type
from pointsman_drift.tables.parquet import is_parquet, parquet_files, parquet_names


@dataclass(frozen=True)
class Source:
    """One side of a comparison, open in a connection."""

    side: str
    """``reference`` or ``current``, for what is said about it."""
    relation: str
    """What stands after FROM."""
    places: Mapping[str, str]
    """Name to the column's name in the relation."""
    types: Mapping[str, ColumnType]
    rows: int


def open_source(
    connection: duckdb.DuckDBPyConnection, data: Any, side: str, features: Sequence[str] | None = None
) -> Source:
    """Opens a table for counting; Parquet files are not read yet.

    Args:
        connection: Where the relation is made.
        data: A pandas or Polars DataFrame, an Arrow table, record batch or dataset, a mapping of names to
            lists, or one or several paths of Parquet files.
        side: ``reference`` or ``current``.
        features: The columns to take; None for all.

    Raises:
        InvalidTableError: It is none of these, is empty, has a name twice, or a type that is not compared.
    """
    view, table = f"pm_{side}", None
    if is_parquet(data):
        files = parquet_files(data, side)
        names = parquet_names(files)
        quoted = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
        read = f"read_parquet([{quoted}])"
    else:
        table, names = arrow_table(data, side, features)
        read = f"{view}_table"
    for name in features or ():
        if name not in names:
            raise InvalidTableError(
                f"column {name!r}: the {side} lacks it; add it, or leave it out of features"
            )
    _refuse_repeated(names, side)
    if not names:
        raise InvalidTableError(f"the {side} has no columns; there is nothing to compare")
    places = {name: f"c{place}" for place, name in enumerate(names)}
    aliases = ", ".join(places.values())
    relation = f"(SELECT * FROM {read} AS t({aliases}))"
    try:
        if table is not None:
            connection.register(f"{view}_table", table)
        described = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
        ((rows,),) = connection.execute(f"SELECT count(*) FROM {relation}").fetchall()
    except duckdb.Error as error:
        raise InvalidTableError(f"the {side} cannot be read: {error}") from error
    if not rows:
        raise InvalidTableError(f"the {side} has no rows; there is nothing to compare")
    wanted = set(names) if features is None else set(features)
    types = {
        name: column_type(name, row[1]) for name, row in zip(names, described, strict=True) if name in wanted
    }
    return Source(side, relation, places, types, rows)


def _refuse_repeated(names: Sequence[str], side: str) -> None:
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise InvalidTableError(
            f"column {twice[0]!r}: the {side} has it {names.count(twice[0])} times; rename all but one"
        )
