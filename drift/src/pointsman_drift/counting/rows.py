"""Values of ordered columns, sorted: all of small tables, a sample of large ones."""

from collections.abc import Mapping
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from pointsman_drift.counting.projection import as_double
from pointsman_drift.errors import InvalidTableError
from pointsman_drift.tables.families import Family
from pointsman_drift.tables.sources import Source

Floats = NDArray[np.float64]

EXACT_ROWS = 100_000
"""A side with at most so many rows is compared row by row."""
SAMPLE_ROWS = 1_000_000
"""Edges of larger references come from a sample of so many values."""


def all_values(
    connection: duckdb.DuckDBPyConnection, source: Source, offsets: Mapping[str, int | None]
) -> dict[str, Floats]:
    """Answers the finite values of several ordered columns of a small table, each sorted.

    Args:
        connection: Where the source is open.
        source: The rows.
        offsets: The columns, and what to subtract from each while values are exact.
    """
    if not offsets:
        return {}
    full = {name: offset for name, offset in offsets.items() if source.types[name].family is not Family.EMPTY}
    items = [
        f"{as_double(source.places[name], source.types[name], offset)} AS v{place}"
        for place, (name, offset) in enumerate(full.items())
    ]
    query = f"SELECT {', '.join(items)} FROM {source.relation}"
    found = {name: np.empty(0) for name in offsets}
    try:
        columns: Any = connection.execute(query).fetchnumpy() if items else {}
    except duckdb.Error as error:
        raise InvalidTableError(f"the {source.side} cannot be read: {error}") from error
    for place, name in enumerate(full):
        found[name] = _sorted(columns[f"v{place}"])
    return found


def sampled_values(
    connection: duckdb.DuckDBPyConnection, source: Source, name: str, offset: int | None, seed: int
) -> Floats:
    """Answers the finite values of one ordered column, sorted; of more than ``SAMPLE_ROWS`` a sample.

    Args:
        connection: Where the source is open.
        source: The rows.
        name: The column.
        offset: What to subtract while values are exact.
        seed: Of the sample.
    """
    value = as_double(source.places[name], source.types[name], offset)
    query = f"SELECT x FROM (SELECT {value} AS x FROM {source.relation}) WHERE isfinite(x)"
    is_sample = source.rows > SAMPLE_ROWS
    try:
        if is_sample:
            # One thread, for the sample depends on the order in which rows arrive.
            connection.execute("SET threads = 1")
            query += f" USING SAMPLE reservoir({SAMPLE_ROWS} ROWS) REPEATABLE ({seed})"
        values = connection.execute(query).fetchnumpy()["x"]
    except duckdb.Error as error:
        raise InvalidTableError(f"column {name!r}: the {source.side} cannot be read: {error}") from error
    finally:
        if is_sample:
            connection.execute("RESET threads")
    return _sorted(values)


def _sorted(values: Any) -> Floats:
    present = values.compressed() if isinstance(values, np.ma.MaskedArray) else np.asarray(values, np.float64)
    # Minus zero is zero: a bin of its own would part the two.
    result: Floats = np.sort(present[np.isfinite(present)] + 0.0)
    return result
