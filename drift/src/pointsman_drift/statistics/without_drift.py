"""What statistics are on average when both sides are of one distribution, to first order in 1/n and 1/m."""

import math


def _rate(n: int, m: int) -> float:
    return 1 / n + 1 / m


def expected_psi(bins: int, n: int, m: int) -> float:
    """Answers (B − 1)(1/n + 1/m): the index is about a chi-square over nm / (n + m).

    Args:
        bins: Bins that are not empty on both sides.
        n: Rows of the reference.
        m: Rows of the current table.

    >>> round(expected_psi(10, 100, 100), 9)
    0.18
    """
    return max(bins - 1, 0) * _rate(n, m)


def expected_js(bins: int, n: int, m: int) -> float:
    """Answers what the divergence to base 2 is: to second order an eighth of the index, in bits.

    Args:
        bins: Bins that are not empty on both sides.
        n: Rows of the reference.
        m: Rows of the current table.
    """
    return expected_psi(bins, n, m) / (8 * math.log(2))


def expected_cramer(bins: int, n: int, m: int) -> float:
    """Answers Cramér's V at the chi-square's mean, its degrees of freedom.

    Args:
        bins: Bins that are not empty on both sides.
        n: Rows of the reference.
        m: Rows of the current table.
    """
    return math.sqrt(max(bins - 1, 0) / (n + m))


def expected_ks(n: int, m: int) -> float:
    """Answers √(π/2) ln 2 · √(1/n + 1/m): the mean of Kolmogorov's distribution, for values without ties."""
    return math.sqrt(math.pi / 2) * math.log(2) * math.sqrt(_rate(n, m))


def expected_difference(share: float, n: int, m: int) -> float:
    """Answers how far two observed shares lie apart.

    Args:
        share: The share of both sides together.
        n: Rows of the reference.
        m: Rows of the current table.
    """
    return math.sqrt(2 / math.pi * share * (1 - share) * _rate(n, m))
