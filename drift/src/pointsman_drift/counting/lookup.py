"""The bin of each value without a search: a table of equal cells tells how many edges lie before each."""

import numpy as np
from numpy.typing import NDArray

from pointsman_drift.baselines.edges import Floats
from pointsman_drift.baselines.plan import CLAMP, OrderedPlan

Places = NDArray[np.int64]

_HALF = 2**13
"""Cells on each side of the centre."""
_SHIFT = 11
"""Bits of quanta in a cell: it is a thousandth of the spread wide or two; cells reach 8 spreads out."""
CLOSE = _HALF << _SHIFT
"""Nearer than so many quanta to the centre a value lies inside the cells."""
_STEPS = 2
"""Of so many edges in one cell each is compared with; a value of its own bin has two."""


class Lookup:
    """Bins and moments of one plan's values.

    A larger value never has an earlier cell, whatever is rounded on the way. So edges in earlier cells are
    below a value, those in later ones above it, and only those in its own cell are compared with.

    Args:
        plan: How a column is counted.
    """

    def __init__(self, plan: OrderedPlan) -> None:
        self._plan = plan
        self._edges = np.r_[plan.fine, np.inf]
        cells = _cells(self.quanta(plan.fine, is_far=True), is_far=True)
        inside = np.bincount(cells, minlength=2 * _HALF)
        self._before = np.cumsum(inside) - inside
        self._steps = int(min(inside.max(), _STEPS))
        self._is_crowded = inside > _STEPS
        self._crowds = bool(self._is_crowded.any())

    def quanta(self, values: Floats, is_far: bool) -> Places:
        """Answers values as whole multiples of the plan's quantum from its centre.

        Args:
            values: Finite; shape (n,).
            is_far: Whether some may lie beyond the plan's reach; they are taken as lying there.
        """
        with np.errstate(over="ignore"):
            steps = values - self._plan.centre
            steps *= 1 / self._plan.quantum
        np.rint(steps, out=steps)
        if is_far:
            np.clip(steps, -CLAMP, CLAMP, out=steps)
        return steps.astype(np.int64)

    def bins(self, values: Floats, quanta: Places, is_far: bool) -> Places:
        """Answers the fine bin of each value.

        Args:
            values: Finite; shape (n,).
            quanta: Theirs.
            is_far: Whether some may lie outside the cells.
        """
        cells = _cells(quanta, is_far)
        found: Places = self._before.take(cells)
        for _ in range(self._steps):
            found += values >= self._edges.take(found)
        if self._crowds:
            crowded = np.flatnonzero(self._is_crowded.take(cells))
            found[crowded] = np.searchsorted(self._plan.fine, values[crowded], "right")
        return found


def _cells(quanta: Places, is_far: bool) -> Places:
    cells = quanta >> _SHIFT
    cells += _HALF
    if is_far:
        np.clip(cells, 0, 2 * _HALF - 1, out=cells)
    return cells
