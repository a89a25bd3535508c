"""The same counts in plain SQL, for engines without DuckDB's ``histogram``: SQLite, PostgreSQL, Spark, Trino.

One row for each column, window, slice and bin. A bin is found by a tree of CASE, so that a value is compared
with the logarithm of the number of edges. The scan by DuckDB gives the same numbers, as tests prove.
"""

from collections.abc import Sequence

from pointsman_drift.baselines.plan import Plan, UnorderedPlan

NULL, INFINITE_BELOW, INFINITE_ABOVE = -1, -2, -3
"""Bins of rows without a value and of infinite ones."""


def counting_sql(relation: str, plans: Sequence[Plan], window: str = "''", slice_by: str = "''") -> str:
    """Answers a query of columns ``column_name, window_name, slice_name, bin, n``.

    Values must be numbers that the engine compares as doubles, and texts; NaN must have become NULL, and a
    plan's offset must have been subtracted.

    Args:
        relation: What stands after FROM; it has each plan's column under its name.
        plans: How columns are counted.
        window: An SQL expression whose values are the windows.
        slice_by: The same of slices.
    """
    parts = [
        f"SELECT {_text(plan.column)} AS column_name, {window} AS window_name, {slice_by} AS slice_name, "
        f"{bin_sql(_name(plan.column), plan)} AS bin, count(*) AS n FROM {relation} GROUP BY 1, 2, 3, 4"
        for plan in plans
    ]
    return " UNION ALL ".join(parts)


def bin_sql(value: str, plan: Plan) -> str:
    """Answers the expression of the fine bin that a value lies in."""
    if isinstance(plan, UnorderedPlan):
        unknown = plan.size - 2 if plan.is_open else plan.size - 1
        known = " ".join(f"WHEN {_text(name)} THEN {place}" for place, name in enumerate(plan.categories))
        found = f"CASE {value} {known} ELSE {unknown} END" if known else str(unknown)
        return f"CASE WHEN {value} IS NULL THEN {NULL} ELSE {found} END"
    edges = [f"{edge:.17e}" for edge in plan.fine]
    return (
        f"CASE WHEN {value} IS NULL THEN {NULL} "
        f"WHEN {value} < -1.7976931348623157e308 THEN {INFINITE_BELOW} "
        f"WHEN {value} > 1.7976931348623157e308 THEN {INFINITE_ABOVE} "
        f"ELSE {_tree(value, edges, 0, len(edges))} END"
    )


def _tree(value: str, edges: Sequence[str], first: int, last: int) -> str:
    """The number of edges at most as large as the value, which lies between the edges of these places."""
    if first == last:
        return str(first)
    middle = (first + last) // 2
    below, above = _tree(value, edges, first, middle), _tree(value, edges, middle + 1, last)
    return f"CASE WHEN {value} < {edges[middle]} THEN {below} ELSE {above} END"


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
