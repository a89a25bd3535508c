"""The counting scan by DuckDB: every column of a relation, by window and slice, in one pass."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from pointsman_drift.baselines.plan import OrderedPlan, Plan, UnorderedPlan
from pointsman_drift.counting.counts import ColumnCounts
from pointsman_drift.counting.projection import as_double, as_text
from pointsman_drift.counting.rows import EXACT_ROWS
from pointsman_drift.errors import InvalidTableError
from pointsman_drift.tables.families import Family
from pointsman_drift.tables.sources import Source

NEW_CATEGORIES = 10_000
"""Of so many unseen categories the rows are told one by one."""
Group = tuple[str, ...]
"""The window and slice of a row, as texts; empty when nothing divides the rows."""


_Answer = dict[Group, dict[str, ColumnCounts]]


def scan(
    connection: duckdb.DuckDBPyConnection, source: Source, plans: Mapping[str, Plan], by: Sequence[str] = ()
) -> _Answer:
    """Counts every planned column.

    Args:
        connection: Where the source is open.
        source: The rows.
        plans: How each column is counted.
        by: SQL expressions over the source's columns whose values divide the rows: windows, slices.

    Returns:
        For each group that has rows its columns' counts; merged over groups they are those of the whole.
    """
    parts = [_Part(connection, source, place, plan) for place, plan in enumerate(plans.values())]
    groups = [f"CAST({expression} AS VARCHAR) AS g{place}" for place, expression in enumerate(by)]
    inner = ", ".join([*groups, *(item for part in parts for item in part.inner)]) or "1"
    joins = " ".join(join for part in parts for join in part.joins)
    names = [f"g{place}" for place in range(len(by))]
    outer = ", ".join([*names, *(item for part in parts for item in part.outer)])
    query = f"SELECT {outer} FROM (SELECT {inner} FROM {source.relation} AS s {joins})"
    query += f" GROUP BY {', '.join(names)}" if names else ""
    parameters = [parameter for part in parts for parameter in part.parameters]
    is_small = source.rows <= EXACT_ROWS
    try:
        if is_small:
            # More threads would only wait for each other.
            connection.execute("SET threads = 1")
        rows = connection.execute(query, parameters).fetchall()
    except duckdb.Error as error:
        raise InvalidTableError(f"the {source.side} cannot be counted: {error}") from error
    finally:
        if is_small:
            connection.execute("RESET threads")
    answer: _Answer = {}
    for row in rows:
        rest = list(row[len(by) :])
        counts = {}
        for part in parts:
            counts[part.plan.column] = part.read(rest[: len(part.outer)])
            rest = rest[len(part.outer) :]
        answer[tuple(str(value) for value in row[: len(by)])] = counts
    for part in parts:
        _with_new(connection, source, part, by, answer)
    return answer


class _Part:
    """One column's share of the query."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, source: Source, place: int, plan: Plan) -> None:
        self.plan, self.place = plan, place
        self.joins: list[str] = []
        self.parameters: list[Any] = []
        column, kind = f"s.{source.places[plan.column]}", source.types[plan.column]
        value, name = f"v{place}", f"x{place}"
        self.bounds: list[float] = []
        if kind.family is Family.EMPTY:
            self.inner, self.outer = [], ["count(*)"]
        elif isinstance(plan, OrderedPlan):
            self.inner = [f"{as_double(column, kind, plan.offset)} AS {name}"]
            if kind.is_float:
                self.inner.append(f"CASE WHEN isfinite({name}) THEN {name} END AS {value}")
            else:
                value = name
            self.bounds = [float(bound) for bound in np.nextafter(plan.fine, -np.inf)]
            steps = f"round(({value} - ({plan.centre:.17e})) / {plan.quantum:.17e})"
            quanta = f"q{place}"
            self.inner.append(f"CAST(greatest(least({steps}, 2^48), -(2^48)) AS BIGINT) AS {quanta}")
            low, high = self.bounds[:1] or [np.inf], self.bounds[-1:] or [-np.inf]
            self.outer = [
                "count(*)",
                f"count({name})",
                f"count({value})",
                f"count(*) FILTER (isnan({name}))",
                f"count(*) FILTER ({name} = 'inf'::DOUBLE)",
                f"min({value})",
                f"max({value})",
                f"histogram({value}, ?::DOUBLE[])",
                f"sum({quanta})",
                f"sum({quanta}) FILTER ({value} <= ?)",
                f"sum({quanta}) FILTER ({value} > ?)",
            ]
            self.parameters = [self.bounds, low[0], high[0]]
        else:
            table = f"pm_{source.side}_categories_{place}"
            connection.register(table, _category_table(plan))
            self.joins = [f"LEFT JOIN {table} AS k{place} ON k{place}.name = {as_text(column, kind)}"]
            unknown = plan.size - 2 if plan.is_open else plan.size - 1
            self.inner = [
                f"CASE WHEN {as_text(column, kind)} IS NOT NULL "
                f"THEN coalesce(k{place}.bin, {unknown}) END AS {name}"
            ]
            self.bounds = [float(number) for number in range(plan.size)]
            self.outer = ["count(*)", f"count({name})", f"histogram(CAST({name} AS DOUBLE), ?::DOUBLE[])"]
            self.parameters = [self.bounds]

    def read(self, row: Sequence[Any]) -> ColumnCounts:
        """Answers the counts that one row of the answer holds."""
        bins = np.zeros(self.plan.size, np.int64)
        if len(row) == 1:
            return ColumnCounts(bins, nulls=row[0])
        histogram = row[2] if len(row) == 3 else row[7]
        if histogram:
            found = np.fromiter(histogram.values(), np.int64, len(histogram))
            bins[: len(found)] = found
        nulls = row[0] - row[1]
        if len(row) == 3:
            return ColumnCounts(bins, nulls=nulls)
        infinite = row[1] - row[2] - row[3]
        if row[2] == 0:
            return ColumnCounts(bins, nulls, row[3], infinite - row[4], row[4])
        least, most, moment = row[5], row[6], int(row[8])
        moments = moment, int(row[9] or 0), int(row[10] or 0)
        return ColumnCounts(bins, nulls, row[3], infinite - row[4], row[4], least, most, *moments)


def _category_table(plan: UnorderedPlan) -> pa.Table:
    places = pa.array(range(len(plan.categories)), pa.int64())
    return pa.table({"name": pa.array(plan.categories, pa.string()), "bin": places})


def _with_new(
    connection: duckdb.DuckDBPyConnection, source: Source, part: "_Part", by: Sequence[str], answer: _Answer
) -> None:
    """Adds the names of unseen categories, which the scan only counts."""
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
        mine = {str(row[-2]): int(row[-1]) for row in rows if tuple(str(one) for one in row[:-2]) == group}
        counts[column] = replace(counts[column], new=mine)
