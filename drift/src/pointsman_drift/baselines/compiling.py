"""From a reference's rows to its baseline."""

from collections.abc import Mapping

import duckdb
import numpy as np

from pointsman_drift.baselines.baseline import Baseline
from pointsman_drift.baselines.edges import Floats, edges_of, fine_bin_count, sorted_quantiles, spread_of
from pointsman_drift.baselines.plan import OrderedPlan, Plan, UnorderedPlan
from pointsman_drift.counting.projection import LARGEST_WHOLE, as_double, as_exact, as_text, has_offset
from pointsman_drift.counting.scan import scan
from pointsman_drift.errors import InvalidTableError
from pointsman_drift.tables.families import ColumnType, Family, Kind
from pointsman_drift.tables.sources import Source

EXACT_ROWS = 100_000
"""A side with at most so many rows is compared row by row."""
SAMPLE_ROWS = 1_000_000
"""Edges of larger references come from a sample of so many rows."""
OWN_CATEGORIES = 100
"""So many frequent categories have a bin each."""
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
    keeps_rows = source.rows <= EXACT_ROWS
    plans: dict[str, Plan] = {}
    kept: dict[str, Floats] = {}
    for name, type_ in source.types.items():
        kind = kinds.get(name, type_.kind)
        if kind is Kind.CATEGORICAL or type_.family is Family.EMPTY:
            plans[name] = _unordered(connection, source, name)
            continue
        if type_.family not in (Family.NUMBER, *_TIMES):
            raise InvalidTableError(
                f"column {name!r}: the reference has {type_.sql}, which is not {kind.value}; "
                "convert it, or tell columns={...: 'categorical'}"
            )
        plans[name], values = _ordered(connection, source, name, bins, seed)
        if keeps_rows:
            kept[name] = values
    ((_, counts),) = scan(connection, source, plans).items()
    return Baseline(source.rows, bins, seed, plans, counts, kept)


_TIMES = (Family.INSTANT, Family.CIVIL, Family.CLOCK, Family.DURATION)


def sorted_values(
    connection: duckdb.DuckDBPyConnection, source: Source, name: str, offset: int | None, seed: int = 0
) -> Floats:
    """Answers the finite values of an ordered column, sorted; of more than ``SAMPLE_ROWS`` rows a sample.

    Args:
        connection: Where the source is open.
        source: The rows.
        name: The column.
        offset: What to subtract while values are exact.
        seed: Of the sample.
    """
    value = as_double(source.places[name], source.types[name], offset)
    query = f"SELECT x FROM (SELECT {value} AS x FROM {source.relation}) WHERE isfinite(x)"
    if source.rows > SAMPLE_ROWS:
        # One thread, for the sample depends on the order in which rows arrive.
        query += f" USING SAMPLE reservoir({SAMPLE_ROWS} ROWS) REPEATABLE ({seed})"
        connection.execute("SET threads = 1")
    try:
        values = connection.execute(query).fetchnumpy()["x"]
    except duckdb.Error as error:
        raise InvalidTableError(f"column {name!r}: the {source.side} cannot be read: {error}") from error
    finally:
        connection.execute("RESET threads")
    # Minus zero is zero: a bin of its own would part the two.
    result: Floats = np.sort(np.asarray(values, np.float64) + 0.0)
    return result


def _ordered(
    connection: duckdb.DuckDBPyConnection, source: Source, name: str, bins: int, seed: int
) -> tuple[OrderedPlan, Floats]:
    type_ = source.types[name]
    offset = _offset(connection, source, name, type_)
    values = sorted_values(connection, source, name, offset, seed)
    edges = edges_of(values, bins)
    fine = np.union1d(edges, edges_of(values, fine_bin_count(len(values))))
    centre = float(sorted_quantiles(values, np.array([0.5]))[0]) if len(values) else 0.0
    sampled = source.rows > SAMPLE_ROWS
    return OrderedPlan(name, type_, edges, fine, offset, centre, spread_of(values), sampled), values


def _offset(
    connection: duckdb.DuckDBPyConnection, source: Source, name: str, type_: ColumnType
) -> int | None:
    """The least value, where doubles would lose what tells values apart."""
    if not has_offset(type_):
        return None
    exact = as_exact(source.places[name], type_)
    ((least, most),) = connection.execute(f"SELECT min({exact}), max({exact}) FROM {source.relation}").fetchall()
    if least is None:
        return None
    largest = LARGEST_WHOLE
    if type_.is_decimal:
        digits = int(type_.sql.partition(",")[2].rstrip(")"))
        largest = largest // 10**digits
    return int(least) if max(abs(least), abs(most)) > largest else None


def _unordered(connection: duckdb.DuckDBPyConnection, source: Source, name: str) -> UnorderedPlan:
    type_ = source.types[name]
    text = as_text(source.places[name], type_)
    grouped = (
        f"SELECT x, count(*) AS n FROM (SELECT {text} AS x FROM {source.relation}) WHERE x IS NOT NULL GROUP BY x"
    )
    found = connection.execute(
        f"WITH g AS MATERIALIZED ({grouped}) SELECT x, (SELECT count(*) FROM g), "
        f"(SELECT count(*) FROM g WHERE n = 1) FROM g ORDER BY n DESC, x LIMIT {KNOWN_CATEGORIES}"
    ).fetchall()
    names = tuple(str(row[0]) for row in found)
    distinct, once = (int(found[0][1]), int(found[0][2])) if found else (0, 0)
    is_open = distinct > KNOWN_CATEGORIES
    return UnorderedPlan(
        name, type_, names[:OWN_CATEGORIES], names[OWN_CATEGORIES:], once, is_open
    )
