"""Rows of a query, batch by batch: what is in memory does not grow with the table."""

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import pyarrow as pa

from pointsman_drift.errors import InvalidTableError

_CELLS = 2**21
_MOST_ROWS, _LEAST_ROWS = 32_768, 2_048


def batch_rows(columns: int) -> int:
    """Answers how many rows a batch of so many columns has: 16 MiB of doubles, and few caches' worth."""
    return max(_LEAST_ROWS, min(_MOST_ROWS, _CELLS // max(columns, 1)))


def read_batches(
    connection: duckdb.DuckDBPyConnection, query: str, rows: int, side: str
) -> Iterator[pa.RecordBatch]:
    """Answers a query's rows in their order.

    Args:
        connection: Where its relations are.
        query: A SELECT.
        rows: How many of them come at once, at most.
        side: What is read, for what is said when that fails.

    Raises:
        InvalidTableError: Something cannot be read.
    """
    try:
        yield from connection.sql(query).to_arrow_reader(rows)
    except (duckdb.Error, pa.ArrowException) as error:
        raise InvalidTableError(f"the {side} cannot be read: {error}") from error


@contextmanager
def few_threads(connection: duckdb.DuckDBPyConnection, is_small: bool) -> Iterator[None]:
    """Has small tables read by one thread, for more would only wait for each other."""
    if not is_small:
        yield
        return
    connection.execute("SET threads = 1")
    try:
        yield
    finally:
        connection.execute("RESET threads")
