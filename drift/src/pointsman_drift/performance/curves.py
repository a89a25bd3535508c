"""Curves from scores to probabilities by isotonic regression, and how far scores are from being such."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from pointsman_drift.performance.predictions import Floats

BINS = 10
"""Bins of the calibration error, with as many rows each as ties allow."""
FOLDS = 3


@dataclass(frozen=True, eq=False)
class Curve:
    """A rising curve: straight between its knots, level beyond them, which clips scores out of range."""

    scores: Floats
    """Strictly rising; shape (knots,)."""
    probabilities: Floats

    def at(self, scores: Floats) -> Floats:
        """Answers the calibrated probability of each score; shape as given."""
        return np.interp(scores, self.scores, self.probabilities)


def fit_curve(scores: Floats, positive: Floats) -> Curve:
    """Fits the rising curve with the least squared error (pool adjacent violators).

    Args:
        scores: In ascending order; shape (rows,).
        positive: 1 where the row is positive, else 0; shape (rows,).

    >>> curve = fit_curve(np.array([0.1, 0.2, 0.6, 0.7]), np.array([0.0, 1.0, 0.0, 1.0]))
    >>> curve.at(np.array([0.0, 0.2, 0.9])).tolist()
    [0.0, 0.5, 1.0]
    """
    starts = np.flatnonzero(np.r_[True, scores[1:] != scores[:-1]])
    rows = np.diff(np.r_[starts, len(scores)])
    means = np.add.reduceat(positive, starts) / rows
    fitted = np.clip(isotonic_regression(means, weights=rows).x, 0.0, 1.0)
    # Of each level its two ends say all.
    ends = np.ones(len(fitted), bool)
    ends[1:-1] = (fitted[1:-1] != fitted[:-2]) | (fitted[1:-1] != fitted[2:])
    return Curve(scores[starts][ends], fitted[ends])


def score_bins(scores: Floats, bins: int = BINS) -> NDArray[np.int64]:
    """Answers where bins begin, with about equally many rows each; tied scores stay together.

    Args:
        scores: In ascending order; shape (rows,).
        bins: How many there are at most.
    """
    wanted = np.arange(bins) * len(scores) // bins
    starts: NDArray[np.int64] = np.unique(np.searchsorted(scores, scores[wanted], side="left"))
    return starts


def calibration_error(scores: Floats, positive: Floats, bins: int = BINS) -> float:
    """Answers the expected calibration error: how far bins' mean scores lie from their shares of positives.

    Bins hold equally many rows, as Nixon and others 2019 have it, for scores that crowd at one end would fall
    into one of equally wide bins, which sees nothing.

    Args:
        scores: Probabilities of being positive; shape (rows,).
        positive: 1 where the row is positive, else 0; shape (rows,).
        bins: How many bins there are at most.

    Returns:
        Σ rows of the bin / rows · |mean score − share of positives|, 0 to 1.

    >>> round(calibration_error(np.array([0.1, 0.1, 0.8, 0.8]), np.array([0.0, 0.0, 1.0, 1.0]), 2), 6)
    0.15
    """
    order = np.argsort(scores, kind="stable")
    return _sorted_error(scores[order], positive[order], bins)


def fit_where_better(scores: Floats, positive: Floats) -> Curve | None:
    """Answers the curve of scores, or None where they are better as they are.

    What is better is asked of rows that the curve was not fitted to: by three folds in turn, to which rows
    fall by their rank, so that the order of rows says nothing.

    Args:
        scores: Shape (rows,).
        positive: 1 where the row is positive, else 0; shape (rows,).
    """
    order = np.lexsort((positive, scores))
    ordered, labels = scores[order], positive[order]
    unseen = np.empty_like(ordered)
    for fold in range(FOLDS):
        rest = np.ones(len(ordered), bool)
        rest[fold::FOLDS] = False
        unseen[fold::FOLDS] = fit_curve(ordered[rest], labels[rest]).at(ordered[fold::FOLDS])
    if calibration_error(unseen, labels) >= _sorted_error(ordered, labels, BINS):
        return None
    return fit_curve(ordered, labels)


def _sorted_error(scores: Floats, positive: Floats, bins: int) -> float:
    starts = score_bins(scores, bins)
    return float(np.sum(np.abs(np.add.reduceat(scores - positive, starts))) / len(scores))
