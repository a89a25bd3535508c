"""A table of any accepted form as a relation whose columns are ``c0``, ``c1``, … by place.

Places instead of names, for DuckDB does not tell ``a`` from ``A``.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb

from pointsman_drift.errors import InvalidTableError
from pointsman_drift.tables.arrow import arrow_table
from pointsman_drift.tables.families import ColumnType, column_type
from pointsman_drift.tables.parquet import (
    ParquetQuery,
    is_parquet,
    parquet_files,
    read_parquet,
)
from pointsman_drift.tables.schemas import parquet_names


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
    """Of the columns to compare."""
    rows: int
    beside: Mapping[str, ColumnType] = field(default_factory=dict)
    """Types of the columns that divide the rows."""


def open_source(
    connection: duckdb.DuckDBPyConnection,
    data: Any,
    side: str,
    features: Sequence[str] | None = None,
    beside: Sequence[str] = (),
) -> Source:
    """Opens a table for counting; Parquet files are not read yet.

    Args:
        connection: Where the relation is made.
        data: A pandas or Polars DataFrame, an Arrow table, record batch or dataset, a mapping of names to
            lists, one or several paths of Parquet files, or a query over such files.
        side: ``reference`` or ``current``.
        features: The columns to compare; None for all.
        beside: Columns that divide the rows, as far as the table has them.

    Raises:
        InvalidTableError: It is none of these, is empty, has a name twice, or a type that is not compared.
    """
    view, table = f"pm_{side}", None
    wanted = None if features is None else [*features, *beside]
    if isinstance(data, ParquetQuery):
        read, names = data.sql(side), list(data.columns)
    elif is_parquet(data):
        files = parquet_files(data, side)
        read, names = read_parquet(files), parquet_names(files, side, wanted)
    else:
        table, names = arrow_table(data, side, wanted)
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
    compared = set(names) if features is None else set(features)
    described_as = {name: row[1] for name, row in zip(names, described, strict=True)}
    return Source(
        side,
        relation,
        places,
        {name: column_type(name, sql) for name, sql in described_as.items() if name in compared},
        rows,
        {name: column_type(name, described_as[name]) for name in beside if name in described_as},
    )


def _refuse_repeated(names: Sequence[str], side: str) -> None:
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise InvalidTableError(
            f"column {twice[0]!r}: the {side} has it {names.count(twice[0])} times; rename all but one"
        )
