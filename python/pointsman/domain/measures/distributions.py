"""How far the distributions of two samples are apart, told from their values in order."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    _Array = np.ndarray[Any, np.dtype[Any]]

BINS = 10
_ADDED_ROWS = 0.5


@dataclass(frozen=True)
class Bin:
    """How many values of two samples lie above the bin before, and at most at ``upper``.

    Attributes:
        upper: None for the last one, which has no upper end.
    """

    upper: float | None
    first_count: int
    second_count: int


class OrderedSamples:
    """Compares two samples of the same size, value by value; holds a bin's worth of them and no more.

    Args:
        size: How many values each of the two has.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._first_below = 0
        self._second_below = 0
        self._ends: list[tuple[float, int, int]] = []
        self._last: tuple[float, int, int] | None = None
        self._decile = 1
        self._distance = 0

    def add(self, values: _Array, first_counts: _Array, second_counts: _Array) -> None:
        """Takes the next values.

        Args:
            values: In ascending order, each once, all above those that were added before; finite.
            first_counts: How often each is in the first sample.
            second_counts: How often each is in the second.
        """
        import numpy as np

        first = self._first_below + np.cumsum(first_counts, dtype=np.int64)
        second = self._second_below + np.cumsum(second_counts, dtype=np.int64)
        if not len(values):
            return
        self._distance = max(self._distance, int(np.abs(first - second).max()))
        self._first_below, self._second_below = int(first[-1]), int(second[-1])

        def end_at(place: int) -> tuple[float, int, int] | None:
            if place < 0:
                return self._last
            return float(values[place]), int(first[place]), int(second[place])

        while self._decile < BINS:
            # Ten times as many, so that whole numbers are compared.
            place = int(np.searchsorted(BINS * first, self._decile * self._size))
            if place == len(values):
                break
            # What lies below a value that is several deciles would be lost among it.
            is_several = BINS * int(first[place]) >= (self._decile + 1) * self._size
            if is_several and int(first_counts[place]) > 1:
                self._end_bin(end_at(place - 1))
            self._end_bin(end_at(place))
            self._decile += 1
        self._last = end_at(len(values) - 1)

    def _end_bin(self, end: tuple[float, int, int] | None) -> None:
        """Ends a bin, unless one ends there or further up, or there is nothing below."""
        if end is not None and (not self._ends or self._ends[-1][0] < end[0]):
            self._ends.append(end)

    @property
    def ks_statistic(self) -> float:
        """The Kolmogorov-Smirnov statistic: the greatest distance of the two distribution functions."""
        return self._distance / self._size

    @property
    def bins(self) -> tuple[Bin, ...]:
        """How many values of each lie between the first one's deciles; equal deciles make one bin.

        A decile is the least value that so large a part of the first sample is not above. Where one value is
        several deciles, the largest one counted as the tenth, a bin ends just below it, too.
        """
        found: list[Bin] = []
        first_before = second_before = 0
        for upper, first, second in self._ends:
            found.append(Bin(upper, first - first_before, second - second_before))
            first_before, second_before = first, second
        last = Bin(None, self._size - first_before, self._size - second_before)
        return (*found, last) if last.first_count or last.second_count else tuple(found)


def ks_p_value(statistic: float, first_size: int, second_size: int) -> float:
    """Answers the p-value of a two-sample Kolmogorov-Smirnov statistic.

    By the limiting distribution, which is near from some 50 values each on and says too much below. Samples
    are taken as independent, of continuous values; where values are paired or repeat, it says too much.

    Args:
        statistic: The statistic, 0 to 1.
        first_size: How many values the first sample has, from 1.
        second_size: How many the second has, from 1.

    Returns:
        The probability of a statistic at least as large, if both samples come from one distribution.

    References:
        Smirnov (1948), "Table for estimating the goodness of fit of empirical distributions", Annals of
        Mathematical Statistics 19(2).

    Example:
        >>> round(ks_p_value(0.12, 400, 400), 6)
        0.006302
    """
    from scipy.special import kolmogorov

    return float(kolmogorov(statistic * math.sqrt(first_size * second_size / (first_size + second_size))))


def population_stability_index(bins: Sequence[Bin]) -> float:
    """Answers the population stability index: the symmetric divergence of two binned distributions.

    Half a row is added to each bin of either sample, so that a bin that is empty in one of them leaves the
    index finite. By custom, below 0.1 is little and above 0.25 much.

    Args:
        bins: The bins; at least one.

    Returns:
        The sum over bins of the difference of shares times the logarithm of their ratio; from 0.

    References:
        Jeffreys (1946), "An invariant form for the prior probability in estimation problems", Proceedings of
        the Royal Society A 186. Lewis (1994), An Introduction to Credit Scoring.

    Example:
        >>> round(population_stability_index([Bin(0.5, 50, 40), Bin(None, 50, 60)]), 6)
        0.039737
    """
    first_total = sum(one.first_count + _ADDED_ROWS for one in bins)
    second_total = sum(one.second_count + _ADDED_ROWS for one in bins)
    index = 0.0
    for one in bins:
        first = (one.first_count + _ADDED_ROWS) / first_total
        second = (one.second_count + _ADDED_ROWS) / second_total
        index += (second - first) * math.log(second / first)
    return index
