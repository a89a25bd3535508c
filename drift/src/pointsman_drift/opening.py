"""References and connections, opened and compiled as both ways into the library need it."""

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from pointsman_drift.baselines.baseline import Baseline
from pointsman_drift.baselines.compiling import compile_source
from pointsman_drift.errors import InvalidOptionError
from pointsman_drift.matching import refuse_absent
from pointsman_drift.options import read_kinds
from pointsman_drift.tables.sources import Source, open_source


def connect(memory_limit: str) -> duckdb.DuckDBPyConnection:
    """Answers a connection of its own, whose times are UTC wherever it runs.

    Args:
        memory_limit: How much it may use, as DuckDB writes it.

    Raises:
        InvalidOptionError: The limit means nothing.
    """
    try:
        connection = duckdb.connect(config={"memory_limit": memory_limit})
    except duckdb.Error as error:
        raise InvalidOptionError(f"memory_limit: {memory_limit!r} is not understood ({error})") from error
    return connection.execute("SET TimeZone = 'UTC'")


def open_reference(
    connection: duckdb.DuckDBPyConnection,
    reference: Any,
    features: Sequence[str] | None,
    bins: int,
    by: Sequence[str],
) -> Source:
    """Opens a reference, whose bins are checked before anything is read.

    Args:
        connection: Where it is opened.
        reference: A table of any form.
        features: Names of the columns to take; None for all.
        bins: Bins of ordered columns.
        by: Columns that slice it, as far as it has them.

    Raises:
        InvalidOptionError: There are too few bins, or too many.
        InvalidTableError: It cannot be read.
    """
    if bins not in range(2, 1001):
        raise InvalidOptionError(f"bins: {bins} is not a whole number between 2 and 1000")
    return open_source(connection, reference, "reference", features, by)


def compile_opened(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    columns: Mapping[str, str] | None,
    features: Sequence[str] | None,
    bins: int,
    seed: int,
    slice_limit: int,
) -> Baseline:
    """Compiles an open reference.

    Args:
        connection: Where it is open.
        source: The reference.
        columns: Kinds of columns by name, as users tell them; None where they tell none.
        features: Names of the columns that it must have; None for none but those of ``columns``.
        bins: Bins of ordered columns.
        seed: The root seed; a whole number in [0, 2**64).
        slice_limit: How many slices by each column are told one by one.

    Raises:
        InvalidOptionError: What users tell of columns means nothing.
        InvalidTableError: It lacks a column, or has one that is not compared.
    """
    kinds = read_kinds(columns or {})
    refuse_absent(source, [*(features or ()), *kinds], source.types)
    return compile_source(connection, source, kinds, bins, seed, slice_limit)
