"""What few columns have: unseen categories, NaN, infinities; a query for each column that has them."""

from collections.abc import Sequence
from dataclasses import replace

import duckdb

from pointsman_drift.baselines.plan import OrderedPlan
from pointsman_drift.counting.counts import ColumnCounts
from pointsman_drift.counting.parts import Group, Part
from pointsman_drift.counting.projection import as_double, as_text
from pointsman_drift.tables.sources import Source

NEW_CATEGORIES = 10_000
"""Of so many unseen categories the rows are told one by one."""
Answer = dict[Group, dict[str, ColumnCounts]]


def add_new(
    connection: duckdb.DuckDBPyConnection, source: Source, part: Part, by: Sequence[str], answer: Answer
) -> None:
    """Adds the names of unseen categories, which the scan only counts.

    Args:
        connection: Where the source is open.
        source: The rows.
        part: The column.
        by: What divides the rows.
        answer: Counts of all groups, whose entries of the column are replaced.
    """
    column = part.plan.column
    if isinstance(part.plan, OrderedPlan) or not any(
        counts[column].bins[-2:].any() for counts in answer.values()
    ):
        return
    text = as_text(f"s.{source.places[column]}", source.types[column])
    groups = "".join(f"CAST({expression} AS VARCHAR), " for expression in by)
    rows = connection.execute(
        f"SELECT {groups}{text} AS x, count(*) AS n FROM {source.relation} AS s {part.joins[0]} "
        f"WHERE {text} IS NOT NULL AND k{part.place}.bin IS NULL "
        f"GROUP BY ALL ORDER BY n DESC, x LIMIT {NEW_CATEGORIES}"
    ).fetchall()
    for group, counts in answer.items():
        mine = {str(row[-2]): int(row[-1]) for row in rows if tuple(row[:-2]) == group}
        counts[column] = replace(counts[column], new=mine)


def add_special(
    connection: duckdb.DuckDBPyConnection, source: Source, part: Part, by: Sequence[str], answer: Answer
) -> None:
    """Adds what is neither null nor finite, which few columns have.

    Args:
        connection: Where the source is open.
        source: The rows.
        part: The column.
        by: What divides the rows.
        answer: Counts of all groups, whose entries of the column are replaced.
    """
    plan = part.plan
    if not isinstance(plan, OrderedPlan) or not source.types[plan.column].is_float:
        return
    if all(counts[plan.column].rows == part.rows[group] for group, counts in answer.items()):
        return
    value = as_double(f"s.{source.places[plan.column]}", source.types[plan.column], plan.offset)
    groups = "".join(f"CAST({expression} AS VARCHAR), " for expression in by)
    rows = connection.execute(
        f"SELECT {groups}count(*) FILTER (isnan({value})), count(*) FILTER ({value} = '-inf'::DOUBLE), "
        f"count(*) FILTER ({value} = 'inf'::DOUBLE) FROM {source.relation} AS s"
        + (f" GROUP BY {', '.join(str(place + 1) for place in range(len(by)))}" if by else "")
    ).fetchall()
    for row in rows:
        counts = answer[tuple(row[:-3])]
        counts[plan.column] = replace(
            counts[plan.column], nans=int(row[-3]), below=int(row[-2]), above=int(row[-1])
        )
