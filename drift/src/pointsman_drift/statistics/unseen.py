"""Whether new categories are more than what another sample of the same source would bring."""

import math
from collections.abc import Sequence

import numpy as np
from scipy import special

_CONVOLVED = 2000
"""Up to so many categories the distribution is computed, beyond it is taken as normal."""


def unseen_p_value(new: Sequence[int], gone: Sequence[int], known: int, n: int, m: int) -> float:
    """Tests whether the current table has more categories of its own than chance gives it.

    Both tests hold whatever the categories' shares are, for without drift a row is as likely of one table as
    its share of all rows says. One asks how likely all rows of the largest new category are in the current
    table, times the number of categories (Bonferroni). The other asks how likely so many of the categories
    that only one table has are the current one's. The smaller probability counts twice.

    Args:
        new: Rows of each category that only the current table has.
        gone: Rows of each category that only the reference has.
        known: How many categories both tables have together.
        n: Values of the reference.
        m: Values of the current table.

    >>> unseen_p_value([], [], 5, 100, 100)
    1.0
    >>> unseen_p_value([40], [], 5, 100, 100) < 1e-9
    True
    >>> unseen_p_value([1] * 10, [1] * 10, 30, 100, 100)
    1.0
    """
    if not new:
        return 1.0
    rows = max(new)
    log_chance = (
        special.gammaln(m + 1)
        - special.gammaln(m - rows + 1)
        - special.gammaln(n + m + 1)
        + special.gammaln(n + m - rows + 1)
    )
    largest = math.exp(min(0.0, float(log_chance) + math.log(max(known, 1))))
    # Of a category that one table has alone, the odds that it is the current one.
    sizes = np.array([*new, *gone], np.float64)
    chances = special.expit(sizes * (math.log(m) - math.log(n)))
    return float(min(1.0, 2 * min(largest, _at_least(len(new), chances))))


def _at_least(count: int, chances: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    """The probability that at least ``count`` of independent events happen."""
    if len(chances) > _CONVOLVED:
        deviation = math.sqrt(float(np.sum(chances * (1 - chances))))
        distance = count - 0.5 - float(np.sum(chances))
        return float(special.ndtr(-distance / deviation)) if deviation else float(distance <= 0)
    distribution = np.ones(1)
    for chance in chances:
        distribution = np.convolve(distribution, [1 - chance, chance])
    return float(min(1.0, distribution[count:].sum()))
