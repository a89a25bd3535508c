"""The current table's counts beside those of the reference: of the whole, and of each window and slice."""

from collections.abc import Mapping, Sequence

import duckdb

from pointsman_drift.algorithms.pair import ColumnPair
from pointsman_drift.baselines.baseline import Baseline
from pointsman_drift.counting.counts import Counted
from pointsman_drift.counting.dividing import Windows, slices_by, text_of, windows_by
from pointsman_drift.counting.groups import WHOLE, Division, Divisions, Group
from pointsman_drift.counting.rows import EXACT_ROWS
from pointsman_drift.counting.scan import scan
from pointsman_drift.results.figure import ComparedGroup
from pointsman_drift.tables.sources import Source


def divisions_of(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    baseline: Baseline,
    by: Sequence[str],
    limit: int,
    during: Windows | None,
) -> Divisions:
    """Answers what divides the current table; slices that the baseline has are the same here.

    Args:
        connection: Where the source is open.
        source: The current table.
        baseline: The reference.
        by: Columns that slice the rows.
        limit: How many slices by each are told one by one, where the baseline has none.
        during: What divides the rows by time.

    Raises:
        InvalidOptionError: There are too many windows.
        InvalidTableError: The rows cannot be read, or have no times.
    """
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


def pair_up(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    baseline: Baseline,
    names: Sequence[str],
    divisions: Divisions,
    least_rows: int,
) -> tuple[list[ColumnPair], list[ComparedGroup]]:
    """Counts the current table once, and pairs every group's columns with the reference's.

    Args:
        connection: Where the source is open.
        source: The current table.
        baseline: The reference.
        names: The columns to compare.
        divisions: Windows and slices.
        least_rows: Rows a side below which a window or slice is not compared.

    Returns:
        Pairs of the whole first, and the windows and slices that have rows on a side.
    """
    plans = {name: baseline.plans[name] for name in names}
    kept = [name for name in names if name in baseline.values] if source.rows <= EXACT_ROWS else []
    whole = Counted(baseline.rows, baseline.counts, baseline.values)
    pairs: list[ColumnPair] = []
    groups: list[ComparedGroup] = []
    for group, found in scan(connection, source, plans, divisions, kept=kept).items():
        is_like = group.slice is not None and group.slice.column in baseline.slice_columns
        before = baseline.slices.get(group.slice) if is_like and group.slice else whole
        n = 0 if before is None else before.rows
        if group != WHOLE:
            if not n and not found.rows:
                continue
            is_large = min(n, found.rows) >= least_rows
            reason = None if is_large else f"{min(n, found.rows)} rows on a side; {least_rows} are needed"
            groups.append(ComparedGroup(group, n, found.rows, is_like, reason))
            if not is_large:
                continue
        if before is not None:
            pairs += _pairs(baseline, before, found, group, names)
    return pairs, groups


def _pairs(
    baseline: Baseline, before: Counted, found: Counted, group: Group, names: Sequence[str]
) -> list[ColumnPair]:
    own = None if group.slice is None else group.slice.column
    return [
        ColumnPair(
            baseline.plans[name],
            before.counts[name],
            found.counts[name],
            (before.values[name], found.values[name]) if _has(before.values, found.values, name) else None,
            group,
        )
        for name in names
        if name != own
    ]


def _has(before: Mapping[str, object], found: Mapping[str, object], name: str) -> bool:
    return name in before and name in found
