"""Values of a reference's ordered columns, sorted: all of them, or of large references a sample."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import duckdb
import numpy as np

from pointsman_drift.baselines.edges import Floats
from pointsman_drift.counting.projection import as_double
from pointsman_drift.counting.workers import processors
from pointsman_drift.tables.batches import batch_rows, few_threads, read_batches
from pointsman_drift.tables.sources import Source

EXACT_ROWS = 100_000
"""A side with at most so many rows is compared row by row."""
SAMPLE_ROWS = 1_000_000
"""Edges of larger references come from a sample of about so many rows."""
_CELLS = 2**23
"""So many values are in memory at once, unless one column alone has more: 64 MiB."""


@dataclass(frozen=True, eq=False)
class SortedColumn:
    """One column's values."""

    name: str
    values: Floats
    """Those that are not null, sorted, less the offset: infinities at the ends, NaN behind all."""
    nulls: int

    @property
    def finite(self) -> Floats:
        """The finite ones, which share the memory of all."""
        start, end = (
            np.searchsorted(self.values, -np.inf, "right"),
            np.searchsorted(self.values, np.inf, "left"),
        )
        return self.values[start:end]


def sorted_columns(
    connection: duckdb.DuckDBPyConnection, source: Source, offsets: Mapping[str, int | None], seed: int
) -> Iterator[SortedColumn]:
    """Answers ordered columns one after the other; of more than ``SAMPLE_ROWS`` rows a sample.

    Args:
        connection: Where the source is open.
        source: The rows.
        offsets: The columns, and what to subtract from each while values are exact.
        seed: Of the sample, which has the same rows of every column.

    Raises:
        InvalidTableError: The rows cannot be read.
    """
    share = min(1.0, SAMPLE_ROWS / source.rows)
    names = list(offsets)
    width = max(1, int(_CELLS // (source.rows * share)))
    with ThreadPoolExecutor(processors()) as pool:
        for start in range(0, len(names), width):
            some = names[start : start + width]
            pieces = _read(connection, source, {name: offsets[name] for name in some}, share, seed)
            yield from pool.map(_sorted, some, *zip(*pieces, strict=True))


def _read(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    offsets: Mapping[str, int | None],
    share: float,
    seed: int,
) -> list[tuple[list[Floats], int]]:
    """Answers each column's values in pieces, and its nulls."""
    items = [
        f"{as_double(source.places[name], source.types[name], offset)} AS x{place}"
        for place, (name, offset) in enumerate(offsets.items())
    ]
    query = f"SELECT {', '.join(items)} FROM {source.relation}"
    random = np.random.default_rng(seed)
    pieces: list[list[Floats]] = [[] for _ in items]
    nulls = [0] * len(items)
    with few_threads(connection, source.rows <= EXACT_ROWS):
        for batch in read_batches(connection, query, batch_rows(len(items)), source.side):
            taken = np.flatnonzero(random.random(batch.num_rows) < share) if share < 1 else None
            for place, column in enumerate(batch.columns):
                mine = column if taken is None else column.take(taken)
                nulls[place] += mine.null_count
                pieces[place].append(mine.drop_null().to_numpy())
    return list(zip(pieces, nulls, strict=True))


def _sorted(name: str, pieces: list[Floats], nulls: int) -> SortedColumn:
    values = np.concatenate([np.empty(0), *pieces])
    pieces.clear()
    # Minus zero is zero: which of the two becomes an edge must not depend on the order of rows.
    values += 0.0
    values.sort()
    return SortedColumn(name, values, nulls)
