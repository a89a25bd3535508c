"""Comparing two tables, or a table with a baseline."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import duckdb

from pointsman_drift.analysing import analyse
from pointsman_drift.baselines.baseline import Baseline
from pointsman_drift.baselines.compiling import compile_source
from pointsman_drift.counting.dividing import Windows, slices_by, text_of, windows_by
from pointsman_drift.counting.groups import Division, Divisions
from pointsman_drift.errors import InvalidOptionError
from pointsman_drift.matching import matched, refuse_absent, refuse_unsliced
from pointsman_drift.options import LEAST_ROWS, read_kinds, read_options, read_slices, read_windows
from pointsman_drift.pairing import pair_up
from pointsman_drift.results.result import Result
from pointsman_drift.tables.sources import Source, open_source


def compile_baseline(
    reference: Any,
    *,
    columns: Mapping[str, str] | None = None,
    features: Sequence[str] | None = None,
    bins: int = 10,
    seed: int = 0,
    slices: str | Sequence[str] = (),
    slice_limit: int = 20,
    memory_limit: str = "2GB",
) -> Baseline:
    """Compiles a reference once, so that many tables can be compared with it.

    Args:
        reference: A pandas or Polars DataFrame, an Arrow table or dataset, a mapping of names to lists, one
            or several paths of Parquet files, or a ``ParquetQuery``.
        columns: What columns are, where it is not what their types say: ``numeric`` or ``categorical``.
        features: Names of the columns to take; None for all.
        bins: Bins of ordered columns, by quantiles of the reference.
        seed: Of the sample from which edges of more than a million rows come.
        slices: Columns by whose values the reference is counted apart, so that the slices of other tables are
            compared with the same slice of this one.
        slice_limit: Of so many values of each, the most frequent ones; all others are one slice.
        memory_limit: How much reading may use, as DuckDB writes it; beyond, it uses the disk.

    Raises:
        InvalidTableError: The reference cannot be read, or has a column that is not compared.
        InvalidOptionError: An option means nothing.

    >>> compile_baseline({"age": [30, 40, 50] * 20, "plan": ["free", "paid", "free"] * 20}).columns
    ('age', 'plan')
    """
    by = read_slices(slices, slice_limit)
    with _connect(memory_limit) as connection:
        source = _open_reference(connection, reference, features, bins, by)
        refuse_absent(source, by, source.beside)
        return _compile(connection, source, columns, features, bins, seed, slice_limit)


def compare(
    reference: Any,
    current: Any,
    *,
    columns: Mapping[str, str] | None = None,
    features: Sequence[str] | None = None,
    algorithms: Sequence[str] | None = None,
    thresholds: Mapping[str, Any] | None = None,
    parameters: Mapping[str, Mapping[str, float]] | None = None,
    calibration: bool | str = "on",
    bins: int = 10,
    seed: int = 0,
    least_rows: int = LEAST_ROWS,
    slices: str | Sequence[str] = (),
    slice_limit: int = 20,
    windows: Windows | str | tuple[str, str] | None = None,
    memory_limit: str = "2GB",
) -> Result:
    """Says of each column whether and by how much the current table differs from the reference.

    Args:
        reference: What is normal: a table of any form that ``compile_baseline`` takes, or a compiled
            baseline.
        current: What is judged, a table of any such form.
        columns: What columns are, where it is not what their types say: ``numeric`` or ``categorical``.
        features: Names of the columns to compare; None for all, which both tables must then have.
        algorithms: Names of algorithms; None for all that apply.
        thresholds: By algorithm ``(warning, alert)`` of its score.
        parameters: By algorithm, values that replace its defaults.
        calibration: ``on``: a figure is a warning when its effect reaches the threshold and it is significant
            after control of false discoveries over the whole analysis. ``off``: the plain table of levels.
        bins: Bins of ordered columns, by quantiles of the reference; a baseline has its own.
        seed: Of whatever is drawn; a baseline has its own.
        least_rows: Rows a side below which a feature, window or slice is listed as having insufficient data.
        slices: Columns by whose values the current table is judged beside the whole, in the same family of
            tests: each slice against the same slice of the reference, or, where the reference lacks the
            column (a variant, a version of a model), against all of it.
        slice_limit: Of so many values of each column; all others are one slice. A baseline has its own.
        windows: What divides the current table by time, each window being judged against all of the
            reference: a column and a unit as in ``("at", "day")``, or a column whose values are windows.
            Neither it nor a slice's column that the reference lacks is itself compared, unless ``features``
            names it.
        memory_limit: How much reading may use, as DuckDB writes it; beyond, it uses the disk.

    Raises:
        InvalidTableError: A table cannot be read, or the two cannot be compared.
        InvalidOptionError: An option means nothing.
        AlgorithmError: There is no algorithm of such a name, or one failed.

    >>> before = {"age": [20 + i % 40 for i in range(1000)]}
    >>> after = {"age": [30 + i % 40 for i in range(1000)]}
    >>> compare(before, before).status.value, compare(before, after).status.value
    ('ok', 'alert')
    """
    options = read_options(algorithms, thresholds or {}, parameters or {}, calibration, least_rows)
    by, during = read_slices(slices, slice_limit), read_windows(windows)
    beside = [*by, *(() if during is None else (during.column,))]
    with _connect(memory_limit) as connection:
        if isinstance(reference, Baseline):
            if columns:
                raise InvalidOptionError("columns: a baseline has its types; give them to compile_baseline")
            baseline = reference
        else:
            opened = _open_reference(connection, reference, features, bins, by)
            if features is None and during is not None:
                opened = _without(opened, (during.column,))
            baseline = _compile(connection, opened, columns, features, bins, seed, slice_limit)
        refuse_unsliced(baseline, by)
        source = open_source(connection, current, "current", features, beside)
        refuse_absent(source, beside, source.beside)
        names = matched(source, baseline, features, by)
        divisions = _divisions(connection, source, baseline, by, slice_limit, during)
        pairs, groups = pair_up(connection, source, baseline, names, divisions, least_rows)
    return analyse(pairs, options, (baseline.rows, source.rows), baseline.seed, groups)


def _connect(memory_limit: str) -> duckdb.DuckDBPyConnection:
    try:
        return duckdb.connect(config={"memory_limit": memory_limit})
    except duckdb.Error as error:
        raise InvalidOptionError(f"memory_limit: {memory_limit!r} is not understood ({error})") from error


def _open_reference(
    connection: duckdb.DuckDBPyConnection,
    reference: Any,
    features: Sequence[str] | None,
    bins: int,
    by: Sequence[str],
) -> Source:
    if bins not in range(2, 1001):
        raise InvalidOptionError(f"bins: {bins} is not a whole number between 2 and 1000")
    return open_source(connection, reference, "reference", features, by)


def _compile(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    columns: Mapping[str, str] | None,
    features: Sequence[str] | None,
    bins: int,
    seed: int,
    slice_limit: int,
) -> Baseline:
    kinds = read_kinds(columns or {})
    refuse_absent(source, [*(features or ()), *kinds], source.types)
    return compile_source(connection, source, kinds, bins, seed, slice_limit)


def _without(source: Source, names: Sequence[str]) -> Source:
    return replace(source, types={name: one for name, one in source.types.items() if name not in names})


def _divisions(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    baseline: Baseline,
    by: Sequence[str],
    limit: int,
    during: Windows | None,
) -> Divisions:
    """Answers what divides the current table; slices that the baseline has are the same here."""
    known = {
        column: tuple(one.value for one in baseline.slices if one.column == column and not one.is_rest)
        for column in baseline.slice_columns
    }
    return Divisions(
        None if during is None else windows_by(connection, source, during),
        tuple(
            Division(column, text_of(source, column, "s."), known[column])
            if column in known
            else slices_by(connection, source, column, limit)
            for column in by
        ),
    )
