"""Comparing two tables, or a table with a baseline."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pointsman_drift.algorithms.kinds import Measurable
from pointsman_drift.analysing import analyse
from pointsman_drift.baselines.baseline import Baseline
from pointsman_drift.counting.dividing import Windows
from pointsman_drift.errors import InvalidOptionError
from pointsman_drift.gathering import (
    pair_predictions,
    refuse_kept_names,
    refuse_unseen,
    sample_tables,
    whole_tables,
)
from pointsman_drift.matching import matched, refuse_absent, refuse_unsliced
from pointsman_drift.opening import compile_opened, connect, open_reference
from pointsman_drift.options import LEAST_ROWS, read_options, read_slices, read_windows
from pointsman_drift.pairing import divisions_of, pair_up
from pointsman_drift.performance.predictions import Predictions
from pointsman_drift.results.result import Result
from pointsman_drift.streaming.stream import Stream, WatchedStream
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
    with connect(memory_limit) as connection:
        source = open_reference(connection, reference, features, bins, by)
        refuse_absent(source, by, source.beside)
        return compile_opened(connection, source, columns, features, bins, seed, slice_limit)


def compare(
    reference: Any,
    current: Any,
    *,
    columns: Mapping[str, str] | None = None,
    features: Sequence[str] | None = None,
    algorithms: Sequence[Any] | None = None,
    predictions: tuple[Predictions, Predictions] | None = None,
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
        algorithms: Names of algorithms, or users' own (``sql_algorithm``, classes); None for those that run
            unless others are named.
        predictions: The reference's labelled predictions and the current ones (``read_classes``,
            ``read_numbers``): drift of labels, scores and confidence, and algorithms of performance.
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
            names it. Whole rows and predictions are judged as a whole alone.
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
    with connect(memory_limit) as connection:
        opened = None
        if isinstance(reference, Baseline):
            if columns:
                raise InvalidOptionError("columns: a baseline has its types; give them to compile_baseline")
            baseline = reference
        else:
            opened = open_reference(connection, reference, features, bins, by)
            if features is None and during is not None:
                opened = _without(opened, (during.column,))
            baseline = compile_opened(connection, opened, columns, features, bins, seed, slice_limit)
        refuse_unsliced(baseline, by)
        source = open_source(connection, current, "current", features, beside)
        refuse_absent(source, beside, source.beside)
        names = matched(source, baseline, features, by)
        rows = baseline.rows, source.rows
        wholes = sample_tables(connection, (opened, source), baseline, names, options)
        wholes += whole_tables(reference, current, rows, features, options, memory_limit)
        if predictions is not None:
            wholes += pair_predictions(predictions, baseline.bins, baseline.seed, least_rows, memory_limit)
        refuse_kept_names(names, wholes)
        divisions = divisions_of(connection, source, baseline, by, slice_limit, during)
        pairs, groups = pair_up(connection, source, baseline, names, divisions, least_rows)
    items: list[Measurable] = [*pairs, *wholes]
    refuse_unseen(options, items, divides=bool(beside))
    return analyse(items, options, rows, baseline.seed, groups)


def compare_predictions(
    reference: Predictions,
    current: Predictions,
    *,
    algorithms: Sequence[Any] | None = None,
    thresholds: Mapping[str, Any] | None = None,
    parameters: Mapping[str, Mapping[str, float]] | None = None,
    calibration: bool | str = "on",
    bins: int = 10,
    seed: int = 0,
    least_rows: int = LEAST_ROWS,
    memory_limit: str = "2GB",
) -> Result:
    """Compares predictions where nothing is known of what the model was given: a ``compare`` without tables.

    Args:
        reference: Labelled predictions of the baseline (``read_classes``, ``read_numbers``).
        current: Current ones of the same task and classes, with or without labels.
        algorithms: As ``compare`` takes them; of kinds that look at single columns or at predictions.
        thresholds: By algorithm ``(warning, alert)`` of its score.
        parameters: By algorithm, values that replace its defaults.
        calibration: ``on`` or ``off``, as of ``compare``.
        bins: Bins of ordered columns, by quantiles of the reference.
        seed: Of whatever is drawn.
        least_rows: Rows a side below which nothing is judged.
        memory_limit: How much counting may use, as DuckDB writes it.

    Raises:
        InvalidTableError: The two are not of one task and the same classes.
        InvalidOptionError: An option means nothing, or an algorithm has nothing to look at.
        AlgorithmError: There is no algorithm of such a name, or one failed.

    >>> from pointsman_drift import read_numbers
    >>> before, after = read_numbers(list(range(100))), read_numbers(list(range(50, 150)))
    >>> compare_predictions(before, after).features["(prediction)"].value
    'alert'
    """
    options = read_options(algorithms, thresholds or {}, parameters or {}, calibration, least_rows)
    items = pair_predictions((reference, current), bins, seed, least_rows, memory_limit)
    refuse_unseen(options, items, divides=False)
    return analyse(items, options, (reference.rows, current.rows), seed)


def judge_streams(
    streams: Sequence[Stream | WatchedStream],
    *,
    algorithms: Sequence[Any] | None = None,
    thresholds: Mapping[str, Any] | None = None,
    parameters: Mapping[str, Mapping[str, float]] | None = None,
    calibration: bool | str = "on",
) -> Result:
    """Judges runs of streams: their figures have no p-value, and may stand beside those of a ``compare``.

    Args:
        streams: Runs as they came, or such that detectors have seen already.
        algorithms: As ``compare`` takes them; those of other kinds are passed over.
        thresholds: By algorithm ``(warning, alert)`` of its score, changes in the run.
        parameters: By algorithm, values that replace its defaults.
        calibration: ``on`` or ``off``, as of ``compare``.

    Raises:
        InvalidOptionError: An option means nothing.
        AlgorithmError: There is no algorithm of such a name, or one failed.

    >>> import numpy as np
    >>> quiet = np.random.default_rng(0).normal(0.5, 0.1, 1000)
    >>> found = judge_streams([Stream("age", np.r_[quiet, quiet + 0.3])], algorithms=["adwin"])
    >>> found.figure("age", "adwin").status.value, found.figure("age", "adwin").n
    ('warning', 2000)
    """
    options = read_options(algorithms, thresholds or {}, parameters or {}, calibration, LEAST_ROWS)
    return analyse(streams, options, (0, 0), 0)


def _without(source: Source, names: Sequence[str]) -> Source:
    return replace(source, types={name: one for name, one in source.types.items() if name not in names})
