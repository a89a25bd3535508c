"""Where bins end: quantiles of the reference with open ends, and heavy values in bins of their own.

Bins are half open: with edges ``e[0] < … < e[k-1]`` bin 0 is ``x < e[0]``, bin i is ``e[i-1] <= x < e[i]``
and bin k is ``x >= e[k-1]``. A value of its own bin ``h`` has the edges ``h`` and the next double after it.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def sorted_quantiles(values: Floats, shares: Floats) -> Floats:
    """Answers quantiles of sorted values as ``numpy.quantile`` does, without sorting again.

    >>> sorted_quantiles(np.array([1.0, 2.0, 4.0]), np.array([0.5, 0.75])).tolist()
    [2.0, 3.0]
    """
    place = shares * (len(values) - 1)
    below = np.floor(place).astype(np.int64)
    above = np.minimum(below + 1, len(values) - 1)
    part = place - below
    low, high = values[below], values[above]
    with np.errstate(over="ignore", invalid="ignore"):
        step = high - low
        between = np.where(part >= 0.5, high - step * (1 - part), low + step * part)
    # Where the step overflows, any value between the two serves as an edge.
    return np.where(np.isfinite(step), between, low)


def edges_of(values: Floats, bins: int) -> Floats:
    """Answers the edges of bins with about equal shares.

    Args:
        values: Finite values of the reference, sorted.
        bins: How many bins there are when no value is heavy. A value is heavy from a share of 1 / bins on: it
            gets a bin of its own, and the rest is divided by its own quantiles in proportion to its share.

    Returns:
        Strictly rising edges; without heavy values the ``bins - 1`` inner quantiles.

    >>> edges_of(np.arange(1.0, 101.0), 4).tolist()
    [25.75, 50.5, 75.25]
    >>> bins = edges_of(np.repeat([0.0, 1.0, 2.0, 3.0], [70, 10, 10, 10]), 10)
    >>> bool(bins[0] == 0.0 and bins[1] > 0.0 and 3.0 in bins)
    True
    """
    if not len(values):
        return np.empty(0)
    # A run of so many equal values covers a place that is a multiple of it. One occurrence is never heavy.
    run = max(2, -(-len(values) // bins))
    candidates = np.unique(values[::run])
    starts, ends = (np.searchsorted(values, candidates, side) for side in ("left", "right"))
    is_heavy = (ends - starts >= run) | (values[0] == values[-1])
    heavy = candidates[is_heavy]
    is_rest = np.ones(len(values) if len(heavy) else 0, bool)
    for start, end in zip(starts[is_heavy], ends[is_heavy], strict=True):
        is_rest[start:end] = False
    rest = values[is_rest] if len(heavy) else values
    edges = [heavy, np.nextafter(heavy, np.inf)]
    if len(rest):
        parts = max(1, round(bins * len(rest) / len(values)))
        edges.append(sorted_quantiles(rest, np.arange(1, parts) / parts))
    found = np.unique(np.concatenate(edges))
    finite: Floats = found[np.isfinite(found)]
    return finite


def fine_bin_count(rows: int, limit: int = 1024) -> int:
    """Answers how many fine bins a column of so many values gets: 20 values each, at most ``limit``."""
    return int(min(limit, max(1, rows // 20)))


def spread_of(values: Floats) -> float:
    """Answers the unit in which distances are told: what the standard deviation of a normal column would be.

    The interquartile range / 1.349, for a single far value must not stretch it; of columns whose middle half
    is one value the standard deviation; of constant ones the value's size, or 1.

    >>> round(spread_of(np.linspace(0.0, 1.349 * 2, 1001)), 3)
    1.0
    """
    if not len(values):
        return 1.0
    low, high = sorted_quantiles(values, np.array([0.25, 0.75]))
    if 0 < (robust := high / 1.349 - low / 1.349) < np.inf:
        return float(robust)
    largest = max(abs(values[0]), abs(values[-1]))
    # Divided before it is squared, which would overflow.
    deviation = float(np.std(values / largest)) * largest if largest > 0 and values[0] != values[-1] else 0.0
    for candidate in (deviation, abs(values[0])):
        if 0 < candidate < np.inf:
            return float(candidate)
    return 1.0
