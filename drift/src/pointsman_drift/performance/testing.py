"""How likely a change of performance is without any."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from pointsman_drift.performance.curves import BINS, score_bins
from pointsman_drift.performance.predictions import Floats

_SPARSE = 50.0
"""Rows of the rarer outcome that the smaller side expects, below which a test of shares is exact: far out,
where verdicts are made, the normal distribution is of no use to counts of fewer."""
_LEAST_EXPECTED = 5.0
"""Positives, and negatives, that a group expects of the smaller side."""
_ROUNDING = 1e-12
"""Means of probabilities that lie nearer are equal: they were added in another order."""
_LEAST_IN_BIN = 20


def share_drop(before: int, n: int, after: int, m: int) -> tuple[float, str]:
    """Tests whether a share fell, one-sided.

    Args:
        before: Rows of the reference that have it.
        n: Rows of the reference.
        after: Current rows that have it.
        m: Current rows.

    Returns:
        How likely a fall as large or larger is without a change, and the test's name.

    >>> round(share_drop(900, 1000, 870, 1000)[0], 4)
    0.0177
    """
    pooled = (before + after) / (n + m)
    if min(pooled, 1 - pooled) * min(n, m) < _SPARSE:
        exact = stats.fisher_exact([[before, n - before], [after, m - after]], alternative="greater")
        return float(exact.pvalue), "Fisher's exact test, one-sided"
    error = math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    return float(special.ndtr(-(before / n - after / m) / error)), "difference of two shares, one-sided"


def mean_drop(before: Floats, after: Floats) -> float:
    """Tests whether a mean fell, one-sided, for many rows a side.

    The statistic is normal. Without a change both sides are of one distribution, and so the variance is that
    of their rows together: that of a few rows which happen to be equal would be far too small. Where a few
    rows happen to have more than that, the sum of both sides' own (Welch's) is the larger one, and is taken.

    Args:
        before: Values of the reference; shape (n,).
        after: Current values; shape (m,).

    Returns:
        How likely a fall as large or larger is without a change; 1 where the means are equal but for
        rounding.

    >>> mean_drop(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 3.0]))
    1.0
    >>> round(mean_drop(np.array([1.0, 2.0, 3.0] * 50), np.array([0.9, 1.9, 2.9] * 50)), 4)
    0.1449
    """
    difference = float(np.mean(before) - np.mean(after))
    if abs(difference) <= _ROUNDING:
        return 1.0
    n, m = len(before), len(after)
    together = float(np.var(np.concatenate([before, after]))) * (1 / n + 1 / m)
    own = float(np.var(before)) / n + float(np.var(after)) / m
    return float(special.ndtr(-difference / math.sqrt(max(together, own))))


@dataclass(frozen=True)
class CalibrationChange:
    """How current scores miss the shares of positives, beside how the reference's did."""

    reference: float
    """Expected calibration error of the reference."""
    current: float
    expected: float
    """What the current one is on average where nothing changed."""
    p_value: float
    bins: int


def calibration_change(
    before: tuple[Floats, Floats], after: tuple[Floats, Floats], bins: int = BINS
) -> CalibrationChange | None:
    """Tests whether scores miss the shares of positives otherwise than in the reference.

    Both sides are binned at the reference's quantiles of scores, neighbours put together until each has 20
    rows of either side, and expects 5 positives and 5 negatives of the smaller one: the spread of fewer is
    not known. In each the mean of score less label is compared; the mean of squares of the standardised
    differences is held against Fisher's F, whatever the reference's own error is.

    Args:
        before: Scores and labels (1 or 0) of the reference; shape (n,) each.
        after: The same of the current side; shape (m,) each.
        bins: How many bins there are at most.

    Returns:
        The change; None where all rows together expect fewer positives or negatives.
    """
    scores = np.sort(before[0])
    edges = scores[score_bins(scores, min(bins, max(len(scores) // 30, 1)))][1:]
    places = [np.searchsorted(edges, side[0], side="right") for side in (before, after)]
    tables = [
        np.stack([np.bincount(place, weights, len(edges) + 1) for weights in (1 - side[1], side[1])], axis=1)
        for place, side in zip(places, (before, after), strict=True)
    ]
    group = _together(np.stack(tables, axis=1))
    if group is None:
        return None
    size = int(group[-1]) + 1
    n, m = (np.bincount(group[place], minlength=size) for place in places)
    misses = [side[0] - side[1] for side in (before, after)]
    first, second = (
        np.bincount(group[place], miss, size) / rows
        for place, miss, rows in zip(places, misses, (n, m), strict=True)
    )
    squares = sum(
        np.bincount(group[place], (miss - mean[group[place]]) ** 2, size)
        for place, miss, mean in zip(places, misses, (first, second), strict=True)
    )
    spread = np.maximum(squares / np.maximum(n + m - 2, 1), 1e-12)
    statistic = float(np.sum((first - second) ** 2 / (spread * (1 / n + 1 / m))))
    weights = m / m.sum()
    return CalibrationChange(
        float(np.sum(n / n.sum() * np.abs(first))),
        float(np.sum(weights * np.abs(second))),
        float(np.sum(weights * _mean_size(first, np.sqrt(spread / m)))),
        float(special.fdtrc(size, max(int((n + m).sum()) - 2 * size, 1), statistic / size)),
        size,
    )


def _together(cells: Floats) -> NDArray[np.int64] | None:
    """Which group each bin belongs to: neighbours, until there is enough; None where there never is.

    Args:
        cells: Rows by bin, side, and label (0, 1); shape (bins, 2, 2).
    """
    starts, sums = [0], [np.zeros((2, 2))]
    for place, cell in enumerate(cells):
        if _is_enough(sums[-1]):
            starts.append(place)
            sums.append(np.zeros((2, 2)))
        sums[-1] = sums[-1] + cell
    # What is left over at the end goes with the group before.
    while len(sums) > 1 and not _is_enough(sums[-1]):
        starts.pop()
        sums[-2:] = [sums[-2] + sums[-1]]
    if not _is_enough(sums[-1]):
        return None
    return np.searchsorted(starts, np.arange(len(cells)), side="right") - 1


def _is_enough(cells: Floats) -> bool:
    """Whether a group has enough rows of each side, and expects enough of each label of the smaller one."""
    rows = float(cells.sum(axis=1).min())
    return rows >= _LEAST_IN_BIN and cells.sum(axis=0).min() / cells.sum() * rows >= _LEAST_EXPECTED


def _mean_size(middle: Floats, error: Floats) -> Floats:
    """The mean of |x| of a normal x."""
    part = middle / error
    mean: Floats = error * math.sqrt(2 / math.pi) * np.exp(-(part**2) / 2) + middle * (
        1 - 2 * special.ndtr(-part)
    )
    return mean
