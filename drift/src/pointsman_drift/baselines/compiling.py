"""From a reference's rows to its baseline."""

from collections.abc import Mapping, Sequence

import duckdb
import numpy as np

from pointsman_drift.baselines.baseline import Baseline
from pointsman_drift.baselines.categories import categories_of
from pointsman_drift.baselines.edges import Floats, edges_of, fine_bin_count, sorted_quantiles, spread_of
from pointsman_drift.baselines.plan import OrderedPlan, Plan
from pointsman_drift.counting.counts import ColumnCounts, Counted
from pointsman_drift.counting.dividing import slices_by
from pointsman_drift.counting.groups import WHOLE, Divisions, Slice
from pointsman_drift.counting.projection import LARGEST_WHOLE, as_exact, has_offset
from pointsman_drift.counting.rows import EXACT_ROWS, SAMPLE_ROWS, sorted_columns
from pointsman_drift.counting.scan import scan
from pointsman_drift.counting.sums import OrderedSums
from pointsman_drift.errors import InvalidTableError
from pointsman_drift.tables.families import Family, Kind
from pointsman_drift.tables.sources import Source


def compile_source(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    kinds: Mapping[str, Kind],
    bins: int,
    seed: int,
    slice_limit: int = 0,
) -> Baseline:
    """Compiles an open reference.

    Args:
        connection: Where it is open.
        source: The reference.
        kinds: What users tell of columns; others are inferred.
        bins: Coarse bins of ordered columns.
        seed: Of the sample that edges of large references come from.
        slice_limit: How many slices by each column beside are told one by one.
    """
    ordered = [name for name in source.types if _is_ordered(source, name, kinds)]
    plans: dict[str, Plan] = {}
    counts: dict[str, ColumnCounts] = {}
    kept: dict[str, Floats] = {}
    is_sample = source.rows > SAMPLE_ROWS
    offsets = _offsets(connection, source, ordered)
    for column in sorted_columns(connection, source, offsets, seed):
        name = column.name
        plans[name] = plan = _ordered(source, name, offsets[name], column.finite, bins, is_sample)
        if not is_sample:
            sums = OrderedSums(plan)
            sums.add(column.values)
            sums.add_nulls(column.nulls)
            counts[name] = sums.counts()
        if source.rows <= EXACT_ROWS:
            kept[name] = column.finite
    for name in source.types:
        if name not in plans:
            plans[name], counts[name] = categories_of(connection, source, name)
    plans = {name: plans[name] for name in source.types}
    lacking = {name: plan for name, plan in plans.items() if name not in counts}
    if lacking:
        counts |= scan(connection, source, lacking)[WHOLE].counts
    slices = _slices(connection, source, plans, list(kept), slice_limit) if source.beside else {}
    return Baseline(source.rows, bins, seed, plans, {name: counts[name] for name in plans}, kept, slices)


def _slices(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    plans: Mapping[str, Plan],
    kept: Sequence[str],
    limit: int,
) -> dict[Slice, Counted]:
    """Counts each slice by the bins of the whole."""
    divisions = Divisions(slices=tuple(slices_by(connection, source, one, limit) for one in source.beside))
    found = scan(connection, source, plans, divisions, kept=kept)
    return {group.slice: counted for group, counted in found.items() if group.slice is not None}


def _is_ordered(source: Source, name: str, kinds: Mapping[str, Kind]) -> bool:
    type_ = source.types[name]
    if kinds.get(name, type_.kind) is Kind.CATEGORICAL or type_.family is Family.EMPTY:
        return False
    if type_.family in (Family.TEXT, Family.BOOLEAN):
        raise InvalidTableError(
            f"column {name!r}: the reference has {type_.sql}, which has no order; convert it to numbers, "
            "or tell columns={...: 'categorical'}"
        )
    return True


def _ordered(
    source: Source, name: str, offset: int | None, values: Floats, bins: int, is_sample: bool
) -> OrderedPlan:
    edges = edges_of(values, bins)
    fine = np.union1d(edges, edges_of(values, fine_bin_count(len(values))))
    centre = float(sorted_quantiles(values, np.array([0.5]))[0]) if len(values) else 0.0
    return OrderedPlan(name, source.types[name], edges, fine, offset, centre, spread_of(values), is_sample)


def _offsets(
    connection: duckdb.DuckDBPyConnection, source: Source, names: list[str]
) -> dict[str, int | None]:
    """Answers the least value of each column where doubles would lose what tells its values apart."""
    found: dict[str, int | None] = dict.fromkeys(names)
    exact = {
        name: as_exact(source.places[name], source.types[name])
        for name in names
        if has_offset(source.types[name])
    }
    if not exact:
        return found
    items = ", ".join(f"min({one}), max({one})" for one in exact.values())
    try:
        ((*ends,),) = connection.execute(f"SELECT {items} FROM {source.relation}").fetchall()
    except duckdb.Error as error:
        raise InvalidTableError(f"the {source.side} cannot be read: {error}") from error
    for name, least, most in zip(exact, ends[::2], ends[1::2], strict=True):
        type_ = source.types[name]
        digits = type_.digits[1]
        if least is not None and max(abs(least), abs(most)) * 10**digits > LARGEST_WHOLE:
            found[name] = int(least)
    return found
