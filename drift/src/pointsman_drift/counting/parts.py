"""One column's share of the scan: what is selected for it, and what is added up of each batch."""

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Protocol

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pointsman_drift.baselines.edges import Floats
from pointsman_drift.baselines.plan import OrderedPlan, Plan, UnorderedPlan
from pointsman_drift.counting.counts import ColumnCounts, most_unnamed
from pointsman_drift.counting.projection import as_double, as_text
from pointsman_drift.counting.sums import Numbers, OrderedSums
from pointsman_drift.tables.sources import Source


class Part(Protocol):
    """One column in the scan; only one thread at a time adds to it.

    Groups are told by a numbering and numbers in it, see ``Divisions.groups``.
    """

    plan: Plan
    item: str
    """What is selected."""
    join: str
    """What that needs after FROM."""

    def add(self, column: pa.Array, numberings: Numbers) -> None:
        """Adds a batch.

        Args:
            column: The answer to ``item``.
            numberings: The number of each row in each numbering; None where all are 0.
        """

    def counts(self, numbering: int, numbers: Sequence[int]) -> ColumnCounts:
        """Answers the counts of all rows of these groups."""

    def values(self, numbering: int, numbers: Sequence[int]) -> Floats | None:
        """Answers their finite values, sorted; None where they are not kept."""


_Kept = tuple[Floats, Numbers]
"""Values of a batch, and the number of each in each numbering."""


class OrderedPart:
    """Numbers and times."""

    def __init__(self, source: Source, plan: OrderedPlan, groups: Sequence[int], is_kept: bool) -> None:
        self.plan: Plan = plan
        self.item = as_double(
            f"s.{source.places[plan.column]}", source.types[plan.column], plan.offset, plan.type
        )
        self.join = ""
        self._sums = OrderedSums(plan, groups)
        self._sizes = groups
        self._kept: list[_Kept] | None = [] if is_kept else None
        self._pieces: dict[int, list[Floats]] = {}

    def add(self, column: pa.Array, numberings: Numbers) -> None:
        """Adds a batch of doubles."""
        # Nulls become NaN; which they are is told by the mask.
        values = column.to_numpy(zero_copy_only=False)
        is_null = column.is_null().to_numpy(zero_copy_only=False) if column.null_count else None
        self._sums.add(values, is_null, numberings)
        if self._kept is not None:
            self._kept.append((values, numberings))

    def counts(self, numbering: int, numbers: Sequence[int]) -> ColumnCounts:
        """Answers the counts of all rows of these groups."""
        return reduce(ColumnCounts.merged, [self._sums.counts(numbering, number) for number in numbers])

    def values(self, numbering: int, numbers: Sequence[int]) -> Floats | None:
        """Answers their finite values, sorted; None where they are not kept."""
        if self._kept is None:
            return None
        if numbering not in self._pieces:
            self._pieces[numbering] = self._by_number(self._kept, numbering)
        pieces = self._pieces[numbering]
        # Minus zero is zero.
        return np.sort(np.concatenate([pieces[number] for number in numbers])) + 0.0

    def _by_number(self, kept: Sequence[_Kept], numbering: int) -> list[Floats]:
        """Answers the finite values of each group."""
        values = np.concatenate([np.empty(0), *(one for one, _ in kept)])
        places = [
            np.zeros(len(one), np.int64) if all_[numbering] is None else all_[numbering] for one, all_ in kept
        ]
        numbers = np.concatenate([np.empty(0, np.int64), *places])[np.isfinite(values)]
        order = np.argsort(numbers, kind="stable")
        ends = np.cumsum(np.bincount(numbers, minlength=self._sizes[numbering]))
        return np.split(values[np.isfinite(values)][order], ends[:-1])


class UnorderedPart:
    """Categories: DuckDB finds each one's bin by a join."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        source: Source,
        place: int,
        plan: UnorderedPlan,
        groups: Sequence[int],
    ) -> None:
        self.plan: Plan = plan
        table, self.key = f"pm_{source.side}_categories_{place}", f"k{place}"
        places = pa.array(range(len(plan.categories)), pa.int64())
        connection.register(table, pa.table({"name": pa.array(plan.categories, pa.string()), "bin": places}))
        self.text = as_text(f"s.{source.places[plan.column]}", source.types[plan.column])
        self.join = f"LEFT JOIN {table} AS {self.key} ON {self.key}.name = {self.text}"
        unknown = plan.size - 2 if plan.is_open else plan.size - 1
        # Rows without a value have the place behind all bins.
        found = f"coalesce({self.key}.bin, {unknown})"
        self.item = f"CASE WHEN {self.text} IS NULL THEN {plan.size} ELSE {found} END"

        self._bins = [np.zeros((size, plan.size + 1), np.int64) for size in groups]
        self._new: dict[tuple[int, int], Mapping[str, int]] = {}

    def add(self, column: pa.Array, numberings: Numbers) -> None:
        """Adds a batch of bins."""
        places = column.to_numpy(zero_copy_only=False)
        for bins, numbers in zip(self._bins, numberings, strict=True):
            cells = places if numbers is None else numbers * bins.shape[1] + places
            np.add.at(bins.reshape(-1), cells, 1)

    def counts(self, numbering: int, numbers: Sequence[int]) -> ColumnCounts:
        """Answers the counts of all rows of these groups."""
        return reduce(
            ColumnCounts.merged,
            [
                self._counts(self._bins[numbering][number], self._new.get((numbering, number), {}))
                for number in numbers
            ],
        )

    @staticmethod
    def _counts(bins: NDArray[np.int64], new: Mapping[str, int]) -> ColumnCounts:
        known = bins[:-1].copy()
        return ColumnCounts(known, nulls=int(bins[-1]), new=new, most_unnamed=most_unnamed(known, new))

    def values(self, numbering: int, numbers: Sequence[int]) -> Floats | None:
        """Answers None: there is no order of values."""
        return None

    @property
    def has_unseen(self) -> bool:
        """Whether there are rows of categories that are not known by name."""
        return bool(self._bins[0][:, -3:-1].any())

    def name_unseen(self, numbering: int, number: int, names: Mapping[str, int]) -> None:
        """Adds rows of each such category in a group, the most frequent first.

        Args:
            numbering: The place of the numbering that the group is of.
            number: The group's number in it.
            names: How many of its rows are of each category.
        """
        self._new[numbering, number] = names
