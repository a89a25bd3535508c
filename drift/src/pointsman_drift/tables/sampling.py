"""A sample of rows for algorithms that cannot do with counts."""

from collections.abc import Sequence
from dataclasses import replace

import duckdb
import pyarrow as pa

from pointsman_drift.errors import InvalidOptionError, InvalidTableError
from pointsman_drift.tables.families import Family
from pointsman_drift.tables.sources import Source

MOST_SAMPLED = 1_000_000
"""A larger sample would not be one."""


def sample_rows(
    connection: duckdb.DuckDBPyConnection, source: Source, columns: Sequence[str], size: int, seed: int
) -> pa.Table:
    """Draws rows without replacement, each with the same chance.

    The draw goes by what a row holds and by how many equal ones there are, never by its place: the same rows
    in another order, or in other files, give the same sample, as does the same seed. (DuckDB's hash decides;
    another version of it may draw others.)

    Args:
        connection: Where the source is open.
        source: The rows.
        columns: Names of the columns to take, at least one.
        size: How many rows at most, up to ``MOST_SAMPLED``.
        seed: Of the draw.

    Returns:
        The columns by name, as DuckDB has them, in an order that the draw decides, too; all rows where the
        source has no more than ``size``.

    Raises:
        InvalidOptionError: There are no columns, or the size is out of range.
        InvalidTableError: The rows cannot be read.
    """
    names = list(dict.fromkeys(columns))
    drawn = sampled(source, names, size, seed)
    try:
        found = connection.sql(
            f"SELECT {', '.join(drawn.places.values())} FROM {drawn.relation}"
        ).to_arrow_table()
    except duckdb.Error as error:
        raise InvalidTableError(f"the {source.side} cannot be read: {error}") from error
    return found.rename_columns(names)


def sampled(source: Source, columns: Sequence[str], size: int, seed: int) -> Source:
    """Answers a source whose rows are such a sample, for queries that take more than its columns.

    Args:
        source: The rows.
        columns: Names of the columns that it has; the draw goes by them.
        size: How many rows at most.
        seed: Of the draw.

    Raises:
        InvalidOptionError: There are no columns, or the size is out of range.
        InvalidTableError: The source lacks a column.
    """
    if not columns:
        raise InvalidOptionError("columns: the list is empty; a sample needs at least one")
    if size not in range(1, MOST_SAMPLED + 1):
        raise InvalidOptionError(f"size: {size} is not a whole number between 1 and {MOST_SAMPLED}")
    for name in columns:
        if name not in source.places:
            raise InvalidTableError(f"column {name!r}: the {source.side} lacks it; add it, or take others")
    return replace(
        source,
        relation=f"({_query(source, columns, size, seed)})",
        places={name: source.places[name] for name in columns},
        types={name: type_ for name, type_ in source.types.items() if name in columns},
        rows=min(size, source.rows),
    )


def _query(source: Source, columns: Sequence[str], size: int, seed: int) -> str:
    places = [source.places[name] for name in columns]
    content = f"hash({', '.join(_hashed(source, name) for name in columns)})"
    firsts = ", ".join(f"first({place}) AS {place}" for place in places)
    # Of equal rows each copy has a key of its own: else all or none of them would be drawn.
    return (
        f"WITH counted AS (SELECT {content} AS h, count(*) AS n FROM {source.relation} GROUP BY h), "
        "copies AS (SELECT h, unnest(range(n)) AS i FROM counted), "
        # Hashed twice, for arguments are joined by XOR: draws of two seeds would avoid each other.
        f"drawn AS MATERIALIZED (SELECT h, i, hash(hash(h, i, {int(seed)})) AS k FROM copies "
        f"ORDER BY k, h, i LIMIT {size}), "
        f"held AS (SELECT {content} AS h, {firsts} FROM {source.relation} "
        f"WHERE {content} IN (SELECT h FROM drawn) GROUP BY h) "
        f"SELECT {', '.join(places)} FROM drawn JOIN held USING (h) ORDER BY k, h, i"
    )


def _hashed(source: Source, name: str) -> str:
    place, type_ = source.places[name], source.types.get(name)
    # Of categories in a dictionary the hash would be that of their place in it.
    return f"CAST({place} AS VARCHAR)" if type_ is not None and type_.family is Family.TEXT else place
