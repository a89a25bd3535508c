"""The area under the ROC curve, of labels or of probabilities that a row is positive."""

from collections.abc import Callable, Sequence

import numpy as np

from pointsman_drift.performance.metrics import Metric
from pointsman_drift.performance.predictions import Floats, Label


def roc_auc(scores: Floats, positive: Floats, doubt: float = 0.0) -> tuple[float | None, float]:
    """Answers how likely a positive row has a higher score than a negative one; ties count half.

    Args:
        scores: What rows are ordered by; shape (rows,).
        positive: 1 or 0, or how likely each row is positive; shape (rows,).
        doubt: Share of rows of which the deviation takes both classes as equally likely.

    Returns:
        The area, None where one class is missing; and the standard deviation that one row brings, by the
        placements of DeLong, DeLong and Clarke-Pearson 1988.

    >>> roc_auc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([0.0, 0.0, 1.0, 1.0]))[0]
    0.75
    """
    order = np.argsort(scores)
    ordered, likely = scores[order], positive[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    rises = np.add.reduceat(likely, starts)
    rows = np.diff(np.r_[starts, len(ordered)])
    falls = np.maximum(rows - rises, 0.0)
    if rises.sum() <= 0 or falls.sum() <= 0:
        return None, 0.0
    area, spread = _area(rises, falls)
    if doubt:
        _, spread = _area((1 - doubt) * rises + doubt / 2 * rows, (1 - doubt) * falls + doubt / 2 * rows)
    return area, float(np.sqrt(spread * len(scores)))


def _area(rises: Floats, falls: Floats) -> tuple[float, float]:
    """The area, and its squared standard error, of positive and negative rows by rising score."""
    total, rest = float(rises.sum()), float(falls.sum())
    # Where a positive row stands among the negative ones, and a negative one among the positive.
    above = (np.cumsum(falls) - falls / 2) / rest
    below = 1 - (np.cumsum(rises) - rises / 2) / total
    area = min(max(float(rises @ above) / total, 0.0), 1.0)
    spread = float(rises @ (above - area) ** 2) / total**2 + float(falls @ (below - area) ** 2) / rest**2
    return area, spread


def mean_roc_auc(
    scores: Floats, positive_of: Callable[[int], Floats], classes: Sequence[Label], doubt: float = 0.0
) -> Metric:
    """Answers the area of the positive class, or of more than two classes the mean of each against the rest.

    Args:
        scores: As recorded; shape (rows, classes).
        positive_of: Answers for a class's place how likely each row is of it; shape (rows,).
        classes: Labels.
        doubt: As of ``roc_auc``.

    Returns:
        The metric; its deviation over several classes is the mean of theirs, which is no less than that of
        their mean.
    """
    places = [1] if len(classes) == 2 else range(len(classes))
    values, deviations, left = [], [], []
    for place in places:
        value, deviation = roc_auc(scores[:, place], positive_of(place), doubt)
        if value is None:
            left.append(str(classes[place]))
            continue
        values.append(value)
        deviations.append(deviation)
    if not values:
        return Metric("roc_auc", None, 0.0, len(scores), tuple(left))
    return Metric("roc_auc", float(np.mean(values)), float(np.mean(deviations)), len(scores), tuple(left))
