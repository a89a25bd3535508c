"""From a reference's rows to what is known of a column's categories."""

import duckdb
import numpy as np

from pointsman_drift.baselines.plan import UnorderedPlan
from pointsman_drift.counting.counts import ColumnCounts, most_unnamed
from pointsman_drift.counting.projection import as_text
from pointsman_drift.counting.unseen import NEW_CATEGORIES
from pointsman_drift.errors import InvalidTableError
from pointsman_drift.tables.sources import Source

KNOWN_CATEGORIES = 10_000
"""So many categories are kept by name."""


def categories_of(
    connection: duckdb.DuckDBPyConnection, source: Source, name: str
) -> tuple[UnorderedPlan, ColumnCounts]:
    """Answers how a column of categories is counted, and the reference's own counts.

    Args:
        connection: Where the source is open.
        source: The reference.
        name: The column.

    Raises:
        InvalidTableError: The rows cannot be read.
    """
    type_ = source.types[name]
    text = as_text(source.places[name], type_)
    grouped = (
        f"SELECT x, count(*) AS n FROM (SELECT {text} AS x FROM {source.relation}) "
        "WHERE x IS NOT NULL GROUP BY x"
    )
    try:
        rows = connection.execute(
            f"WITH g AS MATERIALIZED ({grouped}) SELECT x, n, (SELECT count(*) FROM g), "
            "(SELECT count(*) FROM g WHERE n = 1), (SELECT sum(n) FROM g) "
            f"FROM g ORDER BY n DESC, x LIMIT {KNOWN_CATEGORIES + NEW_CATEGORIES}"
        ).fetchall()
    except duckdb.Error as error:
        raise InvalidTableError(f"column {name!r}: the {source.side} cannot be read: {error}") from error
    distinct, once, values = (int(one) for one in rows[0][2:]) if rows else (0, 0, 0)
    known = {str(row[0]): int(row[1]) for row in rows[:KNOWN_CATEGORIES]}
    plan = UnorderedPlan(name, type_, tuple(known), once, distinct > KNOWN_CATEGORIES)
    bins = np.array([*known.values(), values - sum(known.values()), 0], np.int64)
    new = {str(row[0]): int(row[1]) for row in rows[KNOWN_CATEGORIES:]}
    nulls = source.rows - values
    return plan, ColumnCounts(bins, nulls=nulls, new=new, most_unnamed=most_unnamed(bins, new))
