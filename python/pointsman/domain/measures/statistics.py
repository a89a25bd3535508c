"""The statistics of a router's figures: intervals of means, and whether a split works."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_LEAST_EXPECTED = 5.0
# Probabilities are quantised; what is left of one is nothing.
_NO_SHARE = 1e-12


def mean_interval(
    count: int, mean: float, squares: float, confidence: float = 0.95
) -> tuple[float, float] | None:
    """Answers a confidence interval of a mean: Student's t over ``count - 1`` degrees of freedom.

    Args:
        count: How many values there are.
        mean: Their mean.
        squares: The sum of their squared distances from the mean.
        confidence: How often the interval shall hold the true mean.

    Returns:
        The lower and upper end; None for fewer than two values.

    References:
        Student (1908), "The probable error of a mean", Biometrika 6(1).

    Example:
        >>> low, high = mean_interval(4, 2.5, 5.0)  # 1, 2, 3 and 4
        >>> round(low, 4), round(high, 4)
        (0.4457, 4.5543)
    """
    if count < 2:
        return None
    from scipy.special import stdtrit

    half = float(stdtrit(count - 1, 0.5 + confidence / 2)) * math.sqrt(squares / (count - 1) / count)
    return mean - half, mean + half


@dataclass(frozen=True)
class Split:
    """How often each variant was picked while one set of probabilities was in force.

    Attributes:
        counts: Independent units by variant: entities where entities are randomised, else requests.
        shares: The probability of each variant that could be picked.
    """

    counts: Mapping[str, int]
    shares: Mapping[str, float]


def sample_ratio_p_value(splits: Iterable[Split]) -> float | None:
    """Answers how likely counts at least as far from their probabilities as these are, if the split works.

    Pearson's chi-square over all splits: the statistics and the degrees of freedom of independent splits add
    up. Within a split, variants of which fewer than five are expected are taken together, and with the next
    larger one when they are still too few. A variant that could not be picked and was makes it 0.

    Args:
        splits: The splits; no unit may be in two of them.

    Returns:
        The p-value; None when no split has two variants of which five are expected.

    References:
        Pearson (1900), Philosophical Magazine 50(302). Fabijan et al. (2019), "Diagnosing sample ratio
        mismatch in online controlled experiments", KDD.

    Example:
        >>> round(sample_ratio_p_value([Split({"a": 520, "b": 480}, {"a": 0.5, "b": 0.5})]), 4)
        0.2059
    """
    statistic = 0.0
    freedom = 0
    for split in splits:
        cells = _cells(split)
        if cells is None:
            return 0.0
        if len(cells) > 1:
            statistic += sum((seen - expected) ** 2 / expected for seen, expected in cells)
            freedom += len(cells) - 1
    if freedom == 0:
        return None
    from scipy.special import gammaincc

    # The survival function of the chi-square distribution.
    return float(gammaincc(freedom / 2, statistic / 2))


def _cells(split: Split) -> list[tuple[float, float]] | None:
    """Answers counts and expectations, each large enough; None when the impossible was seen."""
    total = sum(split.counts.values())
    whole = sum(split.shares.values())
    cells: list[tuple[float, float]] = []
    for variant in {*split.counts, *split.shares}:
        seen, share = split.counts.get(variant, 0), split.shares.get(variant, 0.0)
        if share > _NO_SHARE:
            cells.append((float(seen), total * share / whole))
        elif seen:
            return None
    cells.sort(key=lambda cell: cell[1])
    while len(cells) > 1 and cells[0][1] < _LEAST_EXPECTED:
        fewest, next_ones = cells[:2]
        cells[:2] = [(fewest[0] + next_ones[0], fewest[1] + next_ones[1])]
        cells.sort(key=lambda cell: cell[1])
    return cells
