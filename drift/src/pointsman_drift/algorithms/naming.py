"""Cells of categories, of which each side tells the most frequent by name.

Which ones a side tells depends on its own rows: were every one a cell, those that one side tells and the
other leaves out would differ without drift.
"""

import math

import numpy as np
from numpy.typing import NDArray

from pointsman_drift.counting.counts import ColumnCounts

Counts = NDArray[np.int64]

_DEVIATIONS = 4.0
"""By so many a category's expected rows lie above those of any that a side does not tell."""


def category_cells(reference: ColumnCounts, current: ColumnCounts) -> tuple[Counts, Counts]:
    """Answers rows of both sides by category; all that are no cell by themselves are the last one.

    Where both sides tell all, every category is a cell. Else those are that both together have so often that
    without drift each side is all but sure to tell them: what is a cell depends on both sides alike. Where
    one does not, as many rows of it are taken as bring the shares together.

    Args:
        reference: Counts of the reference.
        current: Those of the current table.

    >>> one = ColumnCounts(np.array([80, 3, 0]), new={"a": 2}, most_unnamed=1)
    >>> [side.tolist() for side in category_cells(one, ColumnCounts(np.array([70, 0, 9]), new={"b": 9}))]
    [[80, 3], [70, 9]]
    """
    n, m = reference.values, current.values
    names = sorted({*reference.new, *current.new})
    before, after = (_rows(side, names) for side in (reference, current))
    least = max(_least(side, side.values / (n + m)) for side in (reference, current)) if n and m else 0.0
    is_cell = before + after >= least
    is_new = np.arange(len(before))[is_cell] >= len(reference.bins) - 2
    before, after = before[is_cell], after[is_cell]
    return (
        _with_rest(reference, before + is_new * _untold(reference, before, after * n / max(m, 1))),
        _with_rest(current, after + is_new * _untold(current, after, before * m / max(n, 1))),
    )


def _rows(side: ColumnCounts, names: list[str]) -> Counts:
    found: Counts = np.r_[side.bins[:-2], np.array([side.new.get(name, 0) for name in names], np.int64)]
    return found


def _untold(side: ColumnCounts, rows: Counts, alike: NDArray[np.float64]) -> Counts:
    """Answers rows that a side may have beside those it tells, as far as that brings the shares together."""
    found: Counts = np.clip(alike.astype(np.int64) - rows, 0, side.most_unnamed)
    return found


def _with_rest(side: ColumnCounts, rows: Counts) -> Counts:
    found: Counts = np.r_[rows, max(side.values - int(rows.sum()), 0)]
    return found


def _least(side: ColumnCounts, share: float) -> float:
    """How many rows of both sides a category has at least, for this one to tell it."""
    if not side.most_unnamed:
        return 0.0
    # Expected rows u with u - 4 sqrt(u) above what is not told.
    half = _DEVIATIONS / 2
    return (half + math.sqrt(half**2 + side.most_unnamed)) ** 2 / share
