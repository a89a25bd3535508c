"""Comparing two tables, or a table with a baseline."""

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from pointsman_drift.algorithms.kinds import AlgorithmKind, Measurable
from pointsman_drift.algorithms.pair import ColumnPair
from pointsman_drift.analysing import analyse
from pointsman_drift.baselines.baseline import Baseline
from pointsman_drift.baselines.compiling import compile_source
from pointsman_drift.baselines.plan import OrderedPlan
from pointsman_drift.counting.rows import EXACT_ROWS, all_values
from pointsman_drift.counting.scan import scan
from pointsman_drift.custom.pair import WholePair
from pointsman_drift.errors import InvalidOptionError, InvalidTableError
from pointsman_drift.multivariate.sample import TablePair, draw_sample
from pointsman_drift.options import LEAST_ROWS, Options, read_kinds, read_options
from pointsman_drift.performance.columns import prediction_columns
from pointsman_drift.performance.pair import PredictionPair
from pointsman_drift.performance.predictions import Predictions
from pointsman_drift.results.result import Result
from pointsman_drift.tables.families import Family, Kind
from pointsman_drift.tables.sources import Source, open_source


def compile_baseline(
    reference: Any,
    *,
    columns: Mapping[str, str] | None = None,
    features: Sequence[str] | None = None,
    bins: int = 10,
    seed: int = 0,
    memory_limit: str = "2GB",
) -> Baseline:
    """Compiles a reference once, so that many tables can be compared with it.

    Args:
        reference: A pandas or Polars DataFrame, an Arrow table or dataset, a mapping of names to lists, or
            one or several paths of Parquet files.
        columns: What columns are, where it is not what their types say: ``numeric`` or ``categorical``.
        features: Names of the columns to take; None for all.
        bins: Bins of ordered columns, by quantiles of the reference.
        seed: Of the sample from which edges of more than a million rows come.
        memory_limit: How much the scan may use, as DuckDB writes it; beyond, it uses the disk.

    Raises:
        InvalidTableError: The reference cannot be read, or has a column that is not compared.
        InvalidOptionError: An option means nothing.

    >>> compile_baseline({"age": [30, 40, 50] * 20, "plan": ["free", "paid", "free"] * 20}).columns
    ('age', 'plan')
    """
    with _connect(memory_limit) as connection:
        return _compile(connection, reference, columns, features, bins, seed)


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
        least_rows: Rows a side below which a feature is listed as having insufficient data.
        memory_limit: How much a scan may use, as DuckDB writes it; beyond, it uses the disk.

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
    with _connect(memory_limit) as connection:
        if isinstance(reference, Baseline):
            if columns:
                raise InvalidOptionError("columns: a baseline has its types; give them to compile_baseline")
            baseline = reference
        else:
            baseline = _compile(connection, reference, columns, features, bins, seed)
        names = list(baseline.columns if features is None else dict.fromkeys(features))
        for name in names:
            if name not in baseline.plans:
                raise InvalidTableError(f"column {name!r}: the reference lacks it; leave it out of features")
        source = open_source(connection, current, "current", features)
        _refuse_absent(source, names)
        if features is None:
            _refuse_surplus(source, baseline)
        rows = baseline.rows, source.rows
        items: list[Measurable] = [*_pairs(connection, source, baseline, names)]
        # Of a compiled baseline no rows are left: what needs them must be named, and is refused then.
        has_rows = options.is_chosen or not isinstance(reference, Baseline)
        if has_rows and _is_wanted(options, AlgorithmKind.MULTIVARIATE):
            plans = {name: baseline.plans[name] for name in names}
            before = open_source(connection, _table(reference, options), "reference", features)
            samples = [draw_sample(connection, side, plans, baseline.seed) for side in (before, source)]
            items.append(TablePair(samples[0], samples[1], rows, baseline.seed))
        if has_rows and _is_wanted(options, AlgorithmKind.CUSTOM):
            items.append(WholePair(_table(reference, options), current, rows, features, memory_limit))
    if predictions is not None:
        items += _of_predictions(predictions, baseline, memory_limit)
    _refuse_kept_names(names, items[len(names) :])
    _refuse_unseen(options, items)
    return analyse(items, options, rows, baseline.seed)


def _refuse_kept_names(names: Sequence[str], items: Sequence[Measurable]) -> None:
    for item in items:
        if item.column in names:
            raise InvalidTableError(
                f"column {item.column!r}: figures of the whole go by this name; rename the column"
            )


def _is_wanted(options: Options, kind: AlgorithmKind) -> bool:
    return any(algorithm.kind is kind for algorithm in options.algorithms)


def _table(reference: Any, options: Options) -> Any:
    if isinstance(reference, Baseline):
        kinds = AlgorithmKind.MULTIVARIATE, AlgorithmKind.CUSTOM
        name = next(one.name for one in options.algorithms if one.kind in kinds)
        raise InvalidOptionError(
            f"algorithms: {name!r} looks at rows, and a compiled baseline keeps none; "
            "give the reference itself"
        )
    return reference


def _of_predictions(
    predictions: tuple[Predictions, Predictions], baseline: Baseline, memory_limit: str
) -> list[Measurable]:
    pair = PredictionPair(*predictions)
    before, after = (prediction_columns(side) for side in predictions)
    with _connect(memory_limit) as connection:
        compiled = _compile(connection, before, None, None, baseline.bins, baseline.seed)
        source = open_source(connection, after, "current")
        return [*_pairs(connection, source, compiled, compiled.columns), pair]


def _refuse_unseen(options: Options, items: Sequence[Measurable]) -> None:
    """Refuses an algorithm that was named and has nothing to look at."""
    seen = frozenset().union(*(item.seen_by for item in items))
    for algorithm in options.algorithms:
        if algorithm.kind not in seen and options.is_chosen:
            way = (
                "give predictions=(reference, current)"
                if algorithm.kind is AlgorithmKind.PERFORMANCE
                else "streams are watched one by one: pointsman_drift.watch"
            )
            raise InvalidOptionError(
                f"algorithms: {algorithm.name!r} is an algorithm of kind {algorithm.kind}, "
                f"and there is nothing for it to look at; {way}"
            )


def _connect(memory_limit: str) -> duckdb.DuckDBPyConnection:
    try:
        return duckdb.connect(config={"memory_limit": memory_limit})
    except duckdb.Error as error:
        raise InvalidOptionError(f"memory_limit: {memory_limit!r} is not understood ({error})") from error


def _compile(
    connection: duckdb.DuckDBPyConnection,
    reference: Any,
    columns: Mapping[str, str] | None,
    features: Sequence[str] | None,
    bins: int,
    seed: int,
) -> Baseline:
    if bins not in range(2, 1001):
        raise InvalidOptionError(f"bins: {bins} is not a whole number between 2 and 1000")
    kinds = read_kinds(columns or {})
    source = open_source(connection, reference, "reference", features)
    _refuse_absent(source, [*(features or ()), *kinds])
    return compile_source(connection, source, kinds, bins, seed)


def _refuse_absent(source: Source, names: Sequence[str]) -> None:
    for name in names:
        if name not in source.types:
            raise InvalidTableError(
                f"column {name!r}: the {source.side} lacks it; add it, or compare others with features=[...]"
            )


def _refuse_surplus(source: Source, baseline: Baseline) -> None:
    for name in source.types:
        if name not in baseline.plans:
            raise InvalidTableError(
                f"column {name!r}: the reference lacks it; add it, or compare others with features=[...]"
            )


def _pairs(
    connection: duckdb.DuckDBPyConnection, source: Source, baseline: Baseline, names: Sequence[str]
) -> list[ColumnPair]:
    for name in names:
        _refuse_other_family(source, baseline, name)
    ((_, counts),) = scan(connection, source, {name: baseline.plans[name] for name in names}).items()
    offsets = {
        name: plan.offset
        for name, plan in baseline.plans.items()
        if isinstance(plan, OrderedPlan) and name in names and name in baseline.values
    }
    values = all_values(connection, source, offsets) if source.rows <= EXACT_ROWS else {}
    return [
        ColumnPair(
            baseline.plans[name],
            baseline.counts[name],
            counts[name],
            (baseline.values[name], values[name]) if name in values else None,
        )
        for name in names
    ]


def _refuse_other_family(source: Source, baseline: Baseline, name: str) -> None:
    plan, type_ = baseline.plans[name], source.types[name]
    families = {plan.type.family, type_.family} - {Family.EMPTY}
    if len(families) > 1:
        kinds = "' and '".join((plan.type.family, type_.family))
        raise InvalidTableError(
            f"column {name!r}: the reference has {plan.type.sql}, the current table {type_.sql}; "
            f"'{kinds}' are not compared: convert one of them"
        )
    if plan.kind is Kind.NUMERIC and type_.family in (Family.TEXT, Family.BOOLEAN):
        raise InvalidTableError(
            f"column {name!r}: the current table has {type_.sql}, which has no order; convert it"
        )
