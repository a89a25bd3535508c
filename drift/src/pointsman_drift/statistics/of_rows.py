"""Statistics of sorted values: exact."""

import math
import warnings

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

Floats = NDArray[np.float64]

EXACT_EQUAL = 10_000
"""Up to so many values a side, when both have as many, the exact distribution is quick."""
EXACT_PRODUCT = 1_000_000
"""Otherwise while n · m is at most this."""


def ks_distance(reference: Floats, current: Floats) -> float:
    """Largest distance between the two empirical distribution functions.

    Args:
        reference: Sorted values; shape (n,).
        current: Sorted values; shape (m,).

    >>> ks_distance(np.array([1.0, 2.0]), np.array([2.0, 3.0]))
    0.5
    """
    both = np.concatenate([reference, current])
    below = np.searchsorted(reference, both, side="right") / len(reference)
    under = np.searchsorted(current, both, side="right") / len(current)
    return float(np.max(np.abs(below - under)))


def ks_p_value(
    distance: float, n: int, m: int, values: tuple[Floats, Floats] | None = None
) -> tuple[float, str]:
    """Probability of such a distance or a larger one without drift; too large where values are tied.

    Args:
        distance: Kolmogorov's D.
        n: Values of the reference.
        m: Values of the current table.
        values: Both sides' values, with which small samples get the exact distribution.

    Returns:
        The probability, and ``exact`` or ``asymptotic`` (Kolmogorov's limit).
    """
    quick = n * m <= EXACT_PRODUCT or (n == m and n <= EXACT_EQUAL)
    if values is not None and quick:
        with warnings.catch_warnings():
            # Where scipy's exact sum fails, it warns and takes the limit: that is what is told then.
            warnings.simplefilter("error", RuntimeWarning)
            try:
                return float(stats.ks_2samp(*values, method="exact").pvalue), "exact"
            except RuntimeWarning:
                pass
    size = n * m / (n + m)
    return float(special.kolmogorov(math.sqrt(size) * distance)), "asymptotic"


def wasserstein(reference: Floats, current: Floats) -> tuple[float, float]:
    """First Wasserstein distance, ∫ |F − G| dx, and what it is on average without drift.

    Args:
        reference: Sorted values; shape (n,).
        current: Sorted values; shape (m,).

    Returns:
        The distance in the unit of values, and √(2/π) √(1/n + 1/m) ∫ √(H (1 − H)) dx with H of both together.

    >>> wasserstein(np.array([0.0, 1.0]), np.array([2.0, 3.0]))[0]
    2.0
    """
    n, m = len(reference), len(current)
    both = np.sort(np.concatenate([reference, current]))
    # Scaled first, so that no difference of two doubles overflows.
    widths = both[1:] / 2 - both[:-1] / 2
    below = np.searchsorted(reference, both[:-1], side="right")
    under = np.searchsorted(current, both[:-1], side="right")
    distance = 2 * math.fsum(np.abs(below / n - under / m) * widths)
    pooled = (below + under) / (n + m)
    rate = math.sqrt(2 / math.pi * (1 / n + 1 / m))
    return distance, 2 * rate * math.fsum(np.sqrt(pooled * (1 - pooled)) * widths)
