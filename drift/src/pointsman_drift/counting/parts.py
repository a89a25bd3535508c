"""One column's share of the scan: what is selected for it, and how the answer is read."""

from collections.abc import Sequence
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from pointsman_drift.baselines.plan import OrderedPlan, Plan, UnorderedPlan
from pointsman_drift.counting.counts import ColumnCounts
from pointsman_drift.counting.projection import as_double, as_text
from pointsman_drift.tables.families import Family
from pointsman_drift.tables.sources import Source

Group = tuple[str | None, ...]
"""The window and slice of a row, as texts; empty when nothing divides the rows."""


class Part:
    """One column's share of the query."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, source: Source, place: int, plan: Plan) -> None:
        self.plan, self.place = plan, place
        self.joins: list[str] = []
        self.parameters: list[Any] = []
        self.rows: dict[Group, int] = {}
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
            quanta = f"CAST(greatest(least({steps}, 2^48), -(2^48)) AS BIGINT)"
            low, high = self.bounds[:1] or [np.inf], self.bounds[-1:] or [-np.inf]
            self.outer = [
                "count(*)",
                f"count({name})",
                f"count({value})",
                f"min({value})",
                f"max({value})",
                f"histogram({value}, ?::DOUBLE[])",
                # By CASE, for then only the tails' few rows are computed.
                f"sum(CASE WHEN {value} <= ? THEN {quanta} END)",
                f"sum(CASE WHEN {value} > ? THEN {quanta} END)",
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
        histogram = row[2] if len(row) == 3 else row[5]
        if histogram:
            found = np.fromiter(histogram.values(), np.int64, len(histogram))
            bins[: len(found)] = found
        nulls = row[0] - row[1]
        if len(row) == 3 or row[2] == 0:
            return ColumnCounts(bins, nulls=nulls)
        return ColumnCounts(
            bins, nulls, least=row[3], most=row[4], low_moment=int(row[6] or 0), high_moment=int(row[7] or 0)
        )


def _category_table(plan: UnorderedPlan) -> pa.Table:
    places = pa.array(range(len(plan.categories)), pa.int64())
    return pa.table({"name": pa.array(plan.categories, pa.string()), "bin": places})
