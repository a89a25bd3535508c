"""Statistics of two rows of counts over the same bins."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

SPARSE = 5.0
"""Cells that expect fewer rows are pooled for the p-value: Cochran's rule."""


def psi(reference: Counts, current: Counts, epsilon: float) -> float:
    """Population stability index, Σ (q − p) ln(q / p), shares below epsilon raised to it and not rescaled.

    Args:
        reference: Rows in each bin; shape (bins,).
        current: The same of the other side.
        epsilon: The least share; an empty bin contributes by it, so it belongs to the result.

    Returns:
        The index, in nats; 0 for equal shares.

    >>> round(psi(np.array([500, 300, 200]), np.array([450, 280, 270]), 1e-4), 9)
    0.027655205
    """
    p = np.maximum(reference / reference.sum(), epsilon)
    q = np.maximum(current / current.sum(), epsilon)
    return float(np.sum((q - p) * np.log(q / p)))


def js_divergence(reference: Counts, current: Counts) -> float:
    """Jensen-Shannon divergence to base 2: 0 for equal shares, 1 for disjoint ones (Lin 1991).

    Its square root is the distance.

    >>> round(js_divergence(np.array([500, 300, 200]), np.array([450, 280, 270])) ** 0.5, 9)
    0.070516751
    """
    p, q = reference / reference.sum(), current / current.sum()
    middle = (p + q) / 2
    divergence = float(np.sum(special.rel_entr(p, middle) + special.rel_entr(q, middle))) / (2 * math.log(2))
    return min(max(divergence, 0.0), 1.0)


@dataclass(frozen=True)
class ChiSquare:
    """Pearson's chi-square of homogeneity."""

    statistic: float
    degrees: int
    p_value: float
    cramer: float
    """Cramér's V, the effect: 0 for equal shares, 1 for disjoint ones."""
    pooled: int
    """How many sparse cells were put together."""


def chi_square(reference: Counts, current: Counts, *, by_reference: bool = False) -> ChiSquare:
    """Tests whether two samples come of one distribution over bins, by their contingency table.

    Args:
        reference: Rows in each bin; shape (bins,).
        current: The same of the other side.
        by_reference: Whether bins end at quantiles of the reference. How much of the distribution lies
            between two of its values is itself left to chance, and where that is little, the pooled share is
            small and the quotient
            large: of a small reference beside a large table far too often. The larger of the pooled share and
            the reference's is the divisor then, which errs on the side of no drift.

    Returns:
        The statistic of the table in which sparse bins are one; p is 1 when one bin has everything.

    >>> test = chi_square(np.array([500, 300, 200]), np.array([450, 280, 270]))
    >>> round(test.statistic, 6), round(test.p_value, 8), test.degrees
    (13.746766, 0.00103497, 2)
    """
    table = np.array([reference, current], np.float64)
    table, pooled = _pool(table[:, table.sum(axis=0) > 0])
    n, m = table.sum(axis=1)
    before, after = table[0] / n, table[1] / m
    divisor = table.sum(axis=0) / (n + m)
    if by_reference:
        divisor = np.maximum(divisor, before)
    statistic = float(np.sum((before - after) ** 2 / divisor) * (n * m / (n + m)))
    degrees = table.shape[1] - 1
    p_value = float(special.chdtrc(degrees, statistic)) if degrees else 1.0
    return ChiSquare(statistic, degrees, p_value, float(np.sqrt(statistic / (n + m))), pooled)


def _pool(table: Floats) -> tuple[Floats, int]:
    """Puts sparse columns into one, and goes on with the next smallest until that is not sparse."""
    least = table.sum(axis=0) * table.sum(axis=1).min() / table.sum()
    order = np.argsort(least, kind="stable")
    sparse = int(np.sum(least < SPARSE))
    if not sparse:
        return table, 0
    while sparse < len(order) and least[order[:sparse]].sum() < SPARSE:
        sparse += 1
    if sparse == 1:
        return table, 0
    together = table[:, order[:sparse]].sum(axis=1, keepdims=True)
    return np.hstack([together, table[:, order[sparse:]]]), sparse
