"""How well a classifier tells the two tables apart: 0.5 when they are alike."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import special

from pointsman_drift.baselines.edges import Floats
from pointsman_drift.packages import load
from pointsman_drift.performance.ranking import roc_auc


def domain_auc(
    reference: Floats, current: Floats, are_categories: Sequence[bool], folds: int, seed: int
) -> tuple[float, float]:
    """Trains boosted trees to tell the two tables apart, and asks them of rows that they have not seen.

    Args:
        reference: Shape (n, columns), NaN where a value is missing.
        current: Shape (m, columns).
        are_categories: Which columns are codes of categories.
        folds: Parts of each table; each is told by trees of the others.
        seed: Of the parts and of the trees.

    Returns:
        The mean over folds of the area under the ROC curve, and how likely so large a mean is without drift.
        Whatever the trees are, rows of a fold that they have not seen are then in any order alike: the fold's
        area is Mann and Whitney's, with variance (n + m + 1) / (12 n m). Folds are not independent, for each
        is seen by the trees of the others: the variance of their mean is taken as 1 / K + 1 / (K - 1) of
        one's, as Nadeau and Bengio 2003 have it, instead of 1 / K, which is too small by half.

    Raises:
        MissingPackageError: scikit-learn is not installed.
    """
    ensemble, pools = load("sklearn.ensemble", "multivariate"), load("threadpoolctl", "multivariate")
    random = np.random.default_rng(seed)
    rows = np.concatenate([reference, current])
    labels = np.r_[np.zeros(len(reference)), np.ones(len(current))]
    parts = np.r_[_dealt(random, len(reference), folds), _dealt(random, len(current), folds)]
    areas, variances = [], []
    for fold in range(folds):
        unseen = parts == fold
        trees = ensemble.HistGradientBoostingClassifier(
            max_iter=50,
            max_leaf_nodes=15,
            early_stopping=False,
            categorical_features=list(are_categories) if any(are_categories) else None,
            random_state=seed,
        )
        # So few rows are learnt by one thread sooner than threads find each other.
        with pools.threadpool_limits(1):
            trees.fit(rows[~unseen], labels[~unseen])
            scores = trees.decision_function(rows[unseen])
        area, _ = roc_auc(scores, labels[unseen])
        m = float(labels[unseen].sum())
        n = float(unseen.sum()) - m
        areas.append(0.5 if area is None else area)
        variances.append((n + m + 1) / (12 * n * m))
    mean = float(np.mean(areas))
    error = math.sqrt(float(np.mean(variances)) * min(1.0, 1 / folds + 1 / (folds - 1)))
    return mean, float(special.ndtr(-(mean - 0.5) / error))


def _dealt(random: np.random.Generator, rows: int, folds: int) -> NDArray[np.int64]:
    """The fold of each row, as many in each as can be."""
    found: NDArray[np.int64] = random.permutation(rows) % folds
    return found
