"""What is looked at beside single columns: rows of all columns, both tables as they are, predictions."""

from collections.abc import Sequence
from typing import Any

import duckdb

from pointsman_drift.algorithms.kinds import AlgorithmKind, Measurable
from pointsman_drift.baselines.baseline import Baseline
from pointsman_drift.counting.groups import Divisions
from pointsman_drift.custom.pair import WholePair
from pointsman_drift.errors import InvalidOptionError, InvalidTableError
from pointsman_drift.multivariate.sample import TablePair, draw_sample
from pointsman_drift.opening import compile_opened, connect
from pointsman_drift.options import Options
from pointsman_drift.pairing import pair_up
from pointsman_drift.performance.columns import prediction_columns
from pointsman_drift.performance.pair import PredictionPair
from pointsman_drift.performance.predictions import Predictions
from pointsman_drift.tables.sources import Source, open_source


def sample_tables(
    connection: duckdb.DuckDBPyConnection,
    sides: tuple[Source | None, Source],
    baseline: Baseline,
    names: Sequence[str],
    options: Options,
) -> list[Measurable]:
    """Answers rows of both tables, where an algorithm looks at such.

    Args:
        connection: Where the tables are open.
        sides: The reference, None of a compiled one, of which no rows are left; and the current table.
        baseline: The reference, compiled.
        names: The columns to compare.
        options: With the algorithms.

    Raises:
        InvalidOptionError: An algorithm that looks at rows was named, and there are none.
    """
    before, after = sides
    if not _has_rows(AlgorithmKind.MULTIVARIATE, options, before is not None) or before is None:
        return []
    plans = {name: baseline.plans[name] for name in names}
    # Each side by a seed of its own: rows that both have would else be drawn together.
    reference = draw_sample(connection, before, plans, baseline.seed)
    current = draw_sample(connection, after, plans, baseline.seed + 1)
    return [TablePair(reference, current, (baseline.rows, after.rows), baseline.seed)]


def whole_tables(
    reference: Any,
    current: Any,
    rows: tuple[int, int],
    features: Sequence[str] | None,
    options: Options,
    memory_limit: str,
) -> list[Measurable]:
    """Answers both tables as they were given, where an algorithm of users looks at such.

    Args:
        reference: The reference, or its baseline.
        current: The current table.
        rows: Rows of both.
        features: The columns that are read; None for all.
        options: With the algorithms.
        memory_limit: How much reading may use.

    Raises:
        InvalidOptionError: An algorithm that looks at rows was named, and there are none.
    """
    if not _has_rows(AlgorithmKind.CUSTOM, options, not isinstance(reference, Baseline)):
        return []
    return [WholePair(reference, current, rows, features, memory_limit)]


def pair_predictions(
    predictions: tuple[Predictions, Predictions], bins: int, seed: int, least_rows: int, memory_limit: str
) -> list[Measurable]:
    """Answers predictions of both sides, and the columns that are made of them.

    Args:
        predictions: Those of the reference, and the current ones.
        bins: Bins of ordered columns.
        seed: Of whatever is drawn.
        least_rows: Rows a side below which nothing is judged.
        memory_limit: How much counting may use.

    Raises:
        InvalidTableError: The two are not of one task and the same classes.
    """
    pair = PredictionPair(*predictions)
    before, after = (prediction_columns(side) for side in predictions)
    with connect(memory_limit) as connection:
        opened = open_source(connection, before, "reference")
        compiled = compile_opened(connection, opened, None, None, bins, seed, 0)
        source = open_source(connection, after, "current")
        pairs, _ = pair_up(connection, source, compiled, compiled.columns, Divisions(), least_rows)
    return [*pairs, pair]


def refuse_kept_names(names: Sequence[str], items: Sequence[Measurable]) -> None:
    """Refuses columns that are called as what is looked at beside them.

    Args:
        names: The columns to compare.
        items: What is looked at beside them.

    Raises:
        InvalidTableError: A name is taken.
    """
    for item in items:
        if item.column in names:
            raise InvalidTableError(
                f"column {item.column!r}: figures of the whole go by this name; rename the column"
            )


def refuse_unseen(options: Options, items: Sequence[Measurable], divides: bool) -> None:
    """Refuses an algorithm that was named and has nothing to look at, and groups that none looks at.

    Args:
        options: With the algorithms.
        items: What is looked at.
        divides: Whether windows or slices are wanted.

    Raises:
        InvalidOptionError: There is such a one.
    """
    if divides and not _is_wanted(AlgorithmKind.UNIVARIATE, options):
        names = [algorithm.name for algorithm in options.algorithms]
        raise InvalidOptionError(
            f"algorithms: {names} look at the whole alone, and windows and slices are of single columns; "
            "name an algorithm of single columns, too, or leave out windows and slices"
        )
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


def _is_wanted(kind: AlgorithmKind, options: Options) -> bool:
    return any(algorithm.kind is kind for algorithm in options.algorithms)


def _has_rows(kind: AlgorithmKind, options: Options, are_left: bool) -> bool:
    """Whether an algorithm of the kind is wanted and finds rows; that it lacks them is told of named ones."""
    wanted = [algorithm.name for algorithm in options.algorithms if algorithm.kind is kind]
    if wanted and options.is_chosen and not are_left:
        raise InvalidOptionError(
            f"algorithms: {wanted[0]!r} looks at rows, and a compiled baseline keeps none; "
            "give the reference itself"
        )
    return bool(wanted) and are_left
