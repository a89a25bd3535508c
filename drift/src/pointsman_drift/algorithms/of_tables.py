"""Algorithms that look at all columns together."""

from collections.abc import Mapping

import numpy as np

from pointsman_drift.algorithms.algorithm import Measurement, NotMeasured
from pointsman_drift.multivariate.components import reconstruction_errors
from pointsman_drift.multivariate.domain import domain_auc
from pointsman_drift.multivariate.encoding import (
    MOST_COLUMNS,
    encode_for_components,
    encode_for_trees,
)
from pointsman_drift.multivariate.sample import TablePair
from pointsman_drift.statistics.of_rows import ks_distance, ks_p_value

_LEAST_IN_FOLD = 10


def measure_domain_classifier(pair: TablePair, parameters: Mapping[str, float]) -> Measurement | NotMeasured:
    """Measures how well boosted trees tell the two tables apart; the score is the area under the curve."""
    folds = int(parameters["folds"])
    n, m = pair.reference.rows, pair.current.rows
    if min(n, m) < folds * _LEAST_IN_FOLD:
        return NotMeasured(f"{min(n, m)} rows on a side; {folds * _LEAST_IN_FOLD} are needed")
    if _width(pair) > MOST_COLUMNS:
        return _too_wide(pair)
    encoded = encode_for_trees(pair.reference, pair.current)
    area, p_value = domain_auc(*encoded, folds, pair.seed)
    return Measurement(
        area,
        area,
        n,
        m,
        p_value,
        "Mann-Whitney over rows that the classifier has not seen, one-sided",
        0.5,
        method=pair.method,
        details={"folds": folds, "columns": encoded[0].shape[1]},
    )


def measure_pca_reconstruction(pair: TablePair, parameters: Mapping[str, float]) -> Measurement | NotMeasured:
    """Measures how far rows lie from the reference's components; the effect is Kolmogorov's D of errors.

    Components are of one half of the reference, drawn by lot. Errors of the other half, which they have not
    seen either, are what those of the current side are without drift.
    """
    variance = parameters["variance"]
    if _width(pair) > MOST_COLUMNS:
        return _too_wide(pair)
    order = np.random.default_rng(pair.seed).permutation(pair.reference.rows)
    half = len(order) // 2
    halves = pair.reference.take(order[:half]), pair.reference.take(order[half:])
    learnt, *others = encode_for_components(*halves, pair.current)
    if learnt.shape[1] < 2:
        return NotMeasured("there is one column; what it is cannot be told from others")
    errors, kept = reconstruction_errors(learnt, *others, variance=variance)
    held, current = (np.sort(side) for side in errors)
    distance = ks_distance(held, current)
    p_value, how = ks_p_value(distance, len(held), len(current), (held, current))
    return Measurement(
        float(np.mean(current)),
        distance,
        len(held),
        len(current),
        p_value,
        f"Kolmogorov-Smirnov of errors, {how}",
        float(np.mean(held)),
        method=pair.method,
        details={"components": kept, "columns": learnt.shape[1]},
    )


def _width(pair: TablePair) -> int:
    return len(pair.reference.numbers) + len(pair.reference.categories)


def _too_wide(pair: TablePair) -> NotMeasured:
    return NotMeasured(
        f"there are {_width(pair)} columns; {MOST_COLUMNS} are the most: name fewer in features"
    )
