"""From a reference's rows to its baseline."""

from collections.abc import Mapping

import duckdb
import numpy as np

from pointsman_drift.baselines.baseline import Baseline
from pointsman_drift.baselines.edges import Floats, edges_of, fine_bin_count, sorted_quantiles, spread_of
from pointsman_drift.baselines.plan import OrderedPlan, Plan, UnorderedPlan
from pointsman_drift.counting.projection import LARGEST_WHOLE, as_exact, as_text, has_offset
from pointsman_drift.counting.rows import EXACT_ROWS, SAMPLE_ROWS, all_values, sampled_values
from pointsman_drift.counting.scan import scan
from pointsman_drift.errors import InvalidTableError
from pointsman_drift.tables.families import Family, Kind
from pointsman_drift.tables.sources import Source

KNOWN_CATEGORIES = 10_000
"""So many categories are kept by name."""


def compile_source(
    connection: duckdb.DuckDBPyConnection, source: Source, kinds: Mapping[str, Kind], bins: int, seed: int
) -> Baseline:
    """Compiles an open reference.

    Args:
        connection: Where it is open.
        source: The reference.
        kinds: What users tell of columns; others are inferred.
        bins: Coarse bins of ordered columns.
        seed: Of the sample that edges of large references come from.
    """
    ordered = [name for name in source.types if _is_ordered(source, name, kinds)]
    offsets = {name: _offset(connection, source, name) for name in ordered}
    kept = all_values(connection, source, offsets) if source.rows <= EXACT_ROWS else {}
    plans: dict[str, Plan] = {}
    for name in source.types:
        if name not in offsets:
            plans[name] = _unordered(connection, source, name)
            continue
        values = kept.get(name)
        if values is None:
            values = sampled_values(connection, source, name, offsets[name], seed)
        plans[name] = _ordered(source, name, offsets[name], values, bins)
    ((_, counts),) = scan(connection, source, plans).items()
    return Baseline(source.rows, bins, seed, plans, counts, kept)


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


def _ordered(source: Source, name: str, offset: int | None, values: Floats, bins: int) -> OrderedPlan:
    edges = edges_of(values, bins)
    fine = np.union1d(edges, edges_of(values, fine_bin_count(len(values))))
    centre = float(sorted_quantiles(values, np.array([0.5]))[0]) if len(values) else 0.0
    sampled = source.rows > SAMPLE_ROWS
    return OrderedPlan(name, source.types[name], edges, fine, offset, centre, spread_of(values), sampled)


def _offset(connection: duckdb.DuckDBPyConnection, source: Source, name: str) -> int | None:
    """The least value, where doubles would lose what tells values apart."""
    type_ = source.types[name]
    if not has_offset(type_):
        return None
    exact = as_exact(source.places[name], type_)
    ((least, most),) = connection.execute(
        f"SELECT min({exact}), max({exact}) FROM {source.relation}"
    ).fetchall()
    if least is None:
        return None
    digits = int(type_.sql.partition(",")[2].rstrip(")")) if type_.is_decimal else 0
    return int(least) if max(abs(least), abs(most)) * 10**digits > LARGEST_WHOLE else None


def _unordered(connection: duckdb.DuckDBPyConnection, source: Source, name: str) -> UnorderedPlan:
    type_ = source.types[name]
    text = as_text(source.places[name], type_)
    grouped = (
        f"SELECT x, count(*) AS n FROM (SELECT {text} AS x FROM {source.relation}) "
        "WHERE x IS NOT NULL GROUP BY x"
    )
    found = connection.execute(
        f"WITH g AS MATERIALIZED ({grouped}) SELECT x, (SELECT count(*) FROM g), "
        f"(SELECT count(*) FROM g WHERE n = 1) FROM g ORDER BY n DESC, x LIMIT {KNOWN_CATEGORIES}"
    ).fetchall()
    names = tuple(str(row[0]) for row in found)
    distinct, once = (int(found[0][1]), int(found[0][2])) if found else (0, 0)
    return UnorderedPlan(name, type_, names, once, distinct > KNOWN_CATEGORIES)
