"""Proportions with their intervals, and whether two proportions of the same rows differ."""

import math
from dataclasses import dataclass

_HALF_NORMAL_95 = 1.959963984540054
"""The 97.5 % point of the standard normal distribution."""


@dataclass(frozen=True)
class Proportion:
    """A part of a number of rows.

    Attributes:
        count: The rows that are counted.
        total: All rows.
    """

    count: int
    total: int

    @property
    def share(self) -> float | None:
        """The part, 0 to 1; None without rows."""
        return self.count / self.total if self.total else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson's 95 % interval; None without rows."""
        return wilson_interval(self.count, self.total)


def wilson_interval(count: int, total: int) -> tuple[float, float] | None:
    """Answers Wilson's 95 % score interval of a proportion, without correction for continuity.

    Unlike that of the normal approximation it stays within 0 and 1, and says something of 0 and of all.

    Args:
        count: How many rows are counted, 0 to ``total``.
        total: How many rows there are; independent of one another.

    Returns:
        The lower and upper end; None without rows.

    References:
        Wilson (1927), "Probable inference, the law of succession, and statistical inference", Journal of the
        American Statistical Association 22(158).

    Example:
        >>> low, high = wilson_interval(81, 263)
        >>> round(low, 4), round(high, 4)
        (0.2553, 0.3662)
    """
    if not total:
        return None
    share, z_squared = count / total, _HALF_NORMAL_95**2
    middle = share + z_squared / (2 * total)
    half = _HALF_NORMAL_95 * math.sqrt(share * (1 - share) / total + z_squared / (4 * total**2))
    whole = 1 + z_squared / total
    # At the ends the sums are exact in theory only.
    low = 0.0 if count == 0 else (middle - half) / whole
    high = 1.0 if count == total else (middle + half) / whole
    return low, high


def mcnemar_p_value(first_only: int, second_only: int) -> float:
    """Answers the p-value of McNemar's exact test that two proportions of the same rows are equal.

    Only rows count in which the two differ: under the hypothesis each of them is as likely either one's. The
    test is two-sided.

    Args:
        first_only: Rows of which only the first is right.
        second_only: Rows of which only the second is right.

    Returns:
        The probability of numbers at least as unequal; 1 where no rows differ.

    References:
        McNemar (1947), "Note on the sampling error of the difference between correlated proportions or
        percentages", Psychometrika 12(2).

    Example:
        >>> round(mcnemar_p_value(5, 15), 6)
        0.041389
        >>> mcnemar_p_value(0, 0)
        1.0
    """
    differing = first_only + second_only
    if not differing:
        return 1.0
    from scipy.special import bdtr

    # The distribution is symmetric, so both tails are as large.
    return min(1.0, 2 * float(bdtr(min(first_only, second_only), differing, 0.5)))


def paired_difference_interval(first_only: int, second_only: int, total: int) -> tuple[float, float] | None:
    """Answers a 95 % interval of the second proportion minus the first, of the same rows.

    Wald's interval after half a row was added to each of the four cells, which holds the true difference as
    often as it says also for few rows and for proportions near 0 or 1.

    Args:
        first_only: Rows of which only the first is right.
        second_only: Rows of which only the second is right.
        total: All rows, those of which both or none are right too.

    Returns:
        The lower and upper end, within -1 and 1; None without rows.

    References:
        Agresti and Min (2005), "Simple improved confidence intervals for comparing matched proportions",
        Statistics in Medicine 24(5).

    Example:
        >>> low, high = paired_difference_interval(5, 15, 100)
        >>> round(low, 4), round(high, 4)
        (0.0121, 0.184)
    """
    if not total:
        return None
    first, second, rows = first_only + 0.5, second_only + 0.5, total + 2.0
    difference = (second - first) / rows
    variance = ((first + second) - (second - first) ** 2 / rows) / rows**2
    half = _HALF_NORMAL_95 * math.sqrt(variance)
    return max(-1.0, difference - half), min(1.0, difference + half)
