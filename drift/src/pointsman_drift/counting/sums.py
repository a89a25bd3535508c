"""Sums of one ordered column by group: whole numbers that come out the same in any order."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pointsman_drift.baselines.edges import Floats
from pointsman_drift.baselines.plan import CLAMP, OrderedPlan
from pointsman_drift.counting.counts import ColumnCounts
from pointsman_drift.counting.lookup import CLOSE, Lookup, Places

_PIECE = 2**14
"""So many values are counted at once: they stay in a cache, and products of 48 bits add up within 64."""
_LIMB = 24
_WHOLE = 2**62
Flags = NDArray[np.bool_]
Numbers = Sequence[Places | None]
"""The number of each value in each numbering; None where all are 0."""


class OrderedSums:
    """What is known of a column's values so far.

    Args:
        plan: How they are counted.
        sizes: How many groups each numbering has.
    """

    def __init__(self, plan: OrderedPlan, sizes: Sequence[int] = (1,)) -> None:
        self._lookup = Lookup(plan)
        self._groups = [_Groups(size, plan.size) for size in sizes]

    def add(self, values: Floats, is_null: Flags | None = None, numberings: Numbers = (None,)) -> None:
        """Adds values.

        Args:
            values: Less the plan's offset, NaN in place of nulls; shape (n,).
            is_null: Which of them are nulls; None for none of them.
            numberings: Their groups.
        """
        for start in range(0, len(values), _PIECE):
            piece = slice(start, start + _PIECE)
            self._add(
                values[piece],
                None if is_null is None else is_null[piece],
                [None if numbers is None else numbers[piece] for numbers in numberings],
            )

    def add_nulls(self, rows: int) -> None:
        """Adds rows without a value to the first group of every numbering."""
        for groups in self._groups:
            groups.nulls[0] += rows

    def counts(self, numbering: int = 0, number: int = 0) -> ColumnCounts:
        """Answers what is known of one group."""
        return self._groups[numbering].counts(number)

    def _add(self, values: Floats, is_null: Flags | None, numberings: Numbers) -> None:
        # Both are NaN where one value is.
        if not np.isfinite([values.min(), values.max()]).all():
            is_finite = np.isfinite(values)
            rest = ~is_finite
            null = None if is_null is None else is_null[rest]
            for groups, numbers in zip(self._groups, numberings, strict=True):
                groups.add_rest(values[rest], null, None if numbers is None else numbers[rest])
            values = values[is_finite]
            numberings = [None if numbers is None else numbers[is_finite] for numbers in numberings]
            if not len(values):
                return
        ends = np.abs(self._lookup.quanta(np.array([values.min(), values.max()]), is_far=True))
        quanta = self._lookup.quanta(values, is_far=bool(ends.max() >= CLAMP))
        bins = self._lookup.bins(values, quanta, is_far=bool(ends.max() >= CLOSE))
        for groups, numbers in zip(self._groups, numberings, strict=True):
            groups.add_finite(values, quanta, bins, numbers)


class _Groups:
    """Sums of each group of one numbering."""

    def __init__(self, groups: int, size: int) -> None:
        self.nulls, self._nans, self._below, self._above = np.zeros((4, groups), np.int64)
        self._bins = np.zeros((groups, size), np.int64)
        self._least, self._most = np.full(groups, np.inf), np.full(groups, -np.inf)
        self._moments = np.zeros((4, groups), object)

    def counts(self, number: int) -> ColumnCounts:
        low, high, total, squares = (int(one) for one in self._moments[:, number])
        return ColumnCounts(
            self._bins[number].copy(),
            nulls=int(self.nulls[number]),
            nans=int(self._nans[number]),
            below=int(self._below[number]),
            above=int(self._above[number]),
            # Minus zero is zero.
            least=float(self._least[number]) + 0.0,
            most=float(self._most[number]) + 0.0,
            low_moment=low,
            high_moment=high,
            moment=total,
            square_moment=squares,
        )

    def add_rest(self, values: Floats, is_null: Flags | None, numbers: Places | None) -> None:
        """Adds what is not finite."""
        null = np.zeros(len(values), bool) if is_null is None else is_null
        places = np.zeros(len(values), np.int64) if numbers is None else numbers
        for which, sums in (
            (null, self.nulls),
            (np.isnan(values) & ~null, self._nans),
            (values == -np.inf, self._below),
            (values == np.inf, self._above),
        ):
            np.add.at(sums, places[which], 1)

    def add_finite(self, values: Floats, quanta: Places, bins: Places, numbers: Places | None) -> None:
        """Adds finite values, at most ``_PIECE``, with their quanta and bins."""
        size = self._bins.shape[1]
        np.add.at(self._bins.reshape(-1), bins if numbers is None else numbers * size + bins, 1)
        groups, starts = np.zeros(1, np.int64), np.zeros(1, np.int64)
        if numbers is not None:
            order = np.argsort(numbers, kind="stable")
            values, quanta, bins, numbers = values[order], quanta[order], bins[order], numbers[order]
            starts = np.flatnonzero(np.r_[True, numbers[1:] != numbers[:-1]])
            groups = numbers[starts]
        self._least[groups] = np.minimum(self._least[groups], np.minimum.reduceat(values, starts))
        self._most[groups] = np.maximum(self._most[groups], np.maximum.reduceat(values, starts))
        low, _ = power_sums(np.where(bins == 0, quanta, 0), starts)
        high, _ = power_sums(np.where(bins == size - 1, quanta, 0), starts)
        self._moments[:, groups] += np.array([low, high, *power_sums(quanta, starts)], object)


def power_sums(quanta: Places, starts: Places) -> tuple[list[int], list[int]]:
    """Answers Σ q and Σ q² of runs exactly, in whatever order the numbers come.

    Args:
        quanta: At most 16,384 whole numbers of at most 48 bits and a sign; shape (n,).
        starts: Where runs begin, the first at 0; shape (runs,).

    >>> power_sums(np.array([3, -(2**48)]), np.array([0])) == ([3 - 2**48], [9 + 2**96])
    True
    """
    largest = max(abs(int(quanta.min())), abs(int(quanta.max())))
    if largest * largest * len(quanta) < _WHOLE:
        return np.add.reduceat(quanta, starts).tolist(), np.add.reduceat(quanta * quanta, starts).tolist()
    high, low = quanta >> _LIMB, quanta & (2**_LIMB - 1)
    sums = [
        np.add.reduceat(part, starts).tolist() for part in (high, low, high * high, high * low, low * low)
    ]
    totals = [(one << _LIMB) + other for one, other in zip(*sums[:2], strict=True)]
    squares = [
        (one << 2 * _LIMB) + (both << _LIMB + 1) + other for one, both, other in zip(*sums[2:], strict=True)
    ]
    return totals, squares
