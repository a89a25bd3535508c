"""The same statistics of fine bins, with a bound of what binning may have changed."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Bounded:
    """A figure and how far it may lie from that of the rows."""

    value: float
    error: float


def binned_ks(reference: Counts, current: Counts, is_single: NDArray[np.bool_]) -> Bounded:
    """Kolmogorov's D at the edges of bins, never larger than that of the rows.

    Args:
        reference: Values in each bin, in order; shape (bins,).
        current: The same of the other side.
        is_single: Which bins hold one value, so that nothing happens inside them.

    Returns:
        The largest distance at an edge. Inside a bin F is at most its value at the right end and G at least
        its value at the left one; the error is how much larger D can be by that.

    >>> binned_ks(np.array([5, 5]), np.array([0, 10]), np.array([True, True]))
    Bounded(value=0.5, error=0.0)
    """
    f = np.r_[0.0, np.cumsum(reference) / reference.sum()]
    g = np.r_[0.0, np.cumsum(current) / current.sum()]
    at_edges = float(np.max(np.abs(f - g)))
    inside = np.maximum(f[1:] - g[:-1], g[1:] - f[:-1])[~is_single]
    most = float(np.max(inside, initial=0.0))
    return Bounded(at_edges, max(most - at_edges, 0.0))


@dataclass(frozen=True)
class Side:
    """What is known of one side's values, in units of the spread from the centre."""

    counts: Counts
    least: float
    most: float
    low: float
    """Sum of the values of the first bin."""
    high: float
    """Sum of the values of the last bin."""


def binned_wasserstein(edges: Floats, reference: Side, current: Side) -> tuple[Bounded, float]:
    """First Wasserstein distance of bins, and what it is on average without drift.

    Args:
        edges: Edges of bins; shape (bins - 1,), at least one.
        reference: Counts and tails of the reference.
        current: The same of the other side.

    Returns:
        Inside inner bins F and G are taken as straight. In the two outer ones, which are as wide as their
        farthest value, ∫ (F − G) follows from sums of values. The error bounds both: in a bin ∫ |F − G| lies
        between what is sure by the ends, |∫ (F − G)| where it is known, and the width times the largest
        distance.
    """
    f, g = (np.r_[0.0, np.cumsum(side.counts) / side.counts.sum()] for side in (reference, current))
    left, right = min(reference.least, current.least, edges[0]), max(reference.most, current.most, edges[-1])
    widths = np.diff(np.r_[left, edges, right])
    start, end = f[:-1] - g[:-1], f[1:] - g[1:]
    value = widths * _mean_of_straight(start, end)
    most = widths * np.maximum(np.maximum(f[1:] - g[:-1], g[1:] - f[:-1]), 0.0)
    least = widths * np.maximum(np.maximum(f[:-1] - g[1:], g[:-1] - f[1:]), 0.0)
    for place, low, high in ((0, reference.low, current.low), (-1, reference.high, current.high)):
        # By parts: ∫ F over a bin from a to b is b F(b) − a F(a) − Σ x / n.
        a, b = (left, edges[0]) if place == 0 else (edges[-1], right)
        known = abs(
            b * end[place] - a * start[place] - (low / reference.counts.sum() - high / current.counts.sum())
        )
        value[place], least[place] = known, max(least[place], known)
    total = math.fsum(value)
    error = max(math.fsum(np.maximum(most, value)) - total, total - math.fsum(np.minimum(least, value)))
    h = np.cumsum(reference.counts + current.counts) / (reference.counts.sum() + current.counts.sum())
    roots = np.r_[0.0, np.sqrt(h * np.maximum(1 - h, 0.0))]
    rate = math.sqrt(2 / math.pi * (1 / reference.counts.sum() + 1 / current.counts.sum()))
    return Bounded(total, error), rate * math.fsum(widths * (roots[1:] + roots[:-1]) / 2)


def _mean_of_straight(start: Floats, end: Floats) -> Floats:
    """The mean of |d| where d runs straight from start to end: of two triangles where it changes its sign."""
    size = np.abs(start) + np.abs(end)
    crossing = start * end < 0
    safe = np.where(size > 0, size, 1.0)
    mean: Floats = np.where(crossing, (start**2 + end**2) / (2 * safe), size / 2)
    return mean
