"""One column on both sides, as algorithms see it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pointsman_drift.algorithms.kinds import AlgorithmKind
from pointsman_drift.algorithms.naming import category_cells
from pointsman_drift.baselines.edges import Floats
from pointsman_drift.baselines.plan import OrderedPlan, Plan
from pointsman_drift.counting.counts import ColumnCounts
from pointsman_drift.counting.groups import WHOLE, Group
from pointsman_drift.tables.families import Kind

Counts = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ColumnPair:
    """Counts of both sides over the same bins and, of small tables, the values."""

    plan: Plan
    reference: ColumnCounts
    current: ColumnCounts
    values: tuple[Floats, Floats] | None = None
    """Sorted finite values of both sides, less the plan's offset; None where they are compared by bins."""
    group: Group = WHOLE
    """Which rows of the current table these are."""

    _found: dict[str, Any] = field(default_factory=dict, init=False, repr=False)

    def once(self, name: str, compute: Callable[[], Any]) -> Any:
        """Answers what several algorithms share, computed by the first that asks."""
        if name not in self._found:
            self._found[name] = compute()
        return self._found[name]

    @property
    def column(self) -> str:
        """Its name."""
        return self.plan.column

    @property
    def seen_by(self) -> frozenset[AlgorithmKind]:
        """Algorithms of single columns."""
        return frozenset({AlgorithmKind.UNIVARIATE})

    @property
    def rows(self) -> tuple[int, int]:
        """Rows of the reference and of the current table."""
        return self.reference.rows, self.current.rows

    @property
    def kind(self) -> Kind:
        """Whether its values have an order."""
        return self.plan.kind

    @cached_property
    def table(self) -> tuple[Counts, Counts]:
        """Rows of both sides in coarse bins, then those without a value, then infinite ones.

        Bins that are empty on both sides are left out; shape (bins,) each.
        """
        sides = [self._coarse(side) for side in (self.reference, self.current)]
        used = (sides[0] + sides[1]) > 0
        return sides[0][used], sides[1][used]

    def _coarse(self, side: ColumnCounts) -> Counts:
        coarse = self.plan.coarse_of_fine
        bins = np.zeros(int(coarse[-1]) + 1, np.int64)
        np.add.at(bins, coarse, side.bins)
        found: Counts = np.r_[bins, side.missing, side.infinite]
        return found

    @cached_property
    def tested(self) -> tuple[Counts, Counts]:
        """The table that tests see: as ``table``, but of categories each by itself, the unseen ones, too.

        Bins that the reference alone chooses (frequent, other, unseen) differ from the current table even
        without
        drift: what is frequent by chance is less so the next time, and what is unseen has no rows in the
        reference. Where each category is a cell, and cells are pooled by the rows of both sides, the sides
        are alike.
        """
        if isinstance(self.plan, OrderedPlan):
            return self.table
        sides = (self.reference, self.current)
        cells = [
            np.r_[categories, side.missing, side.infinite]
            for categories, side in zip(category_cells(*sides), sides, strict=True)
        ]
        used = (cells[0] + cells[1]) > 0
        return cells[0][used], cells[1][used]
