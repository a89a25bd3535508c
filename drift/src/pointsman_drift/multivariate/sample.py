"""Rows of a table for algorithms of whole rows: all of small tables, a seeded sample of large ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pointsman_drift.algorithms.kinds import AlgorithmKind
from pointsman_drift.baselines.edges import Floats
from pointsman_drift.baselines.plan import OrderedPlan, Plan
from pointsman_drift.counting.groups import WHOLE, Group
from pointsman_drift.counting.projection import as_double, as_text
from pointsman_drift.errors import InvalidTableError
from pointsman_drift.tables.families import Family, Kind
from pointsman_drift.tables.sampling import sampled
from pointsman_drift.tables.sources import Source

SAMPLE_ROWS = 20_000
"""Of a side with more rows so many are drawn."""


@dataclass(frozen=True, eq=False)
class Sample:
    """Rows of one side, column by column; the same place is the same row."""

    numbers: Mapping[str, Floats]
    """Of ordered columns, NaN where there is no value; shape (rows,)."""
    categories: Mapping[str, pa.Array]
    """Texts of unordered columns, null where there is no value; shape (rows,)."""
    rows: int

    def take(self, places: NDArray[np.int64]) -> "Sample":
        """Answers the rows at these places."""
        numbers = {name: values[places] for name, values in self.numbers.items()}
        taken = pa.array(places)
        categories = {name: values.take(taken) for name, values in self.categories.items()}
        return Sample(numbers, categories, len(places))


@dataclass(frozen=True, eq=False)
class TablePair:
    """Rows of both sides, as algorithms of whole rows see them."""

    reference: Sample
    current: Sample
    rows: tuple[int, int]
    """Rows of both tables, of which the samples may have fewer."""
    seed: int = 0
    kind: Kind | None = None
    group: Group = WHOLE

    @property
    def column(self) -> str:
        """How its figures go."""
        return "(all)"

    @property
    def seen_by(self) -> frozenset[AlgorithmKind]:
        """Algorithms of whole rows."""
        return frozenset({AlgorithmKind.MULTIVARIATE})

    @property
    def method(self) -> str:
        """``rows`` where all of both tables are here, else ``sample``."""
        return "rows" if (self.reference.rows, self.current.rows) == self.rows else "sample"


def draw_sample(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    plans: Mapping[str, Plan],
    seed: int,
    rows: int = SAMPLE_ROWS,
) -> Sample:
    """Reads rows of an open table.

    Args:
        connection: Where it is open.
        source: The table.
        plans: The columns, by which both sides are read alike.
        seed: Of the sample; rows that are on both sides are drawn independently where it differs.
        rows: How many there are at most.
    """
    items = []
    for place, (name, plan) in enumerate(plans.items()):
        column, type_ = source.places[name], source.types[name]
        if not isinstance(plan, OrderedPlan):
            value = as_text(column, type_)
        elif type_.family is Family.EMPTY:
            value = "CAST(NULL AS DOUBLE)"
        else:
            value = as_double(column, type_, plan.offset, plan.type)
        items.append(f"{value} AS v{place}")
    drawn = sampled(source, list(plans), rows, seed)
    try:
        found: pa.Table = connection.sql(f"SELECT {', '.join(items)} FROM {drawn.relation}").to_arrow_table()
    except duckdb.Error as error:
        raise InvalidTableError(f"the {source.side} cannot be read: {error}") from error
    numbers: dict[str, Floats] = {}
    categories: dict[str, Any] = {}
    for place, (name, plan) in enumerate(plans.items()):
        column = found.column(place).combine_chunks()
        if isinstance(plan, OrderedPlan):
            numbers[name] = np.asarray(column.fill_null(np.nan), np.float64)
        else:
            categories[name] = column
    return Sample(numbers, categories, found.num_rows)
