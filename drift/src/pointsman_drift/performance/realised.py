"""Figures of predictions whose labels are known."""

import numpy as np

from pointsman_drift.performance.confusion import confusion_metrics, observed_confusion
from pointsman_drift.performance.metrics import Metric
from pointsman_drift.performance.predictions import ClassPredictions, NumberPredictions, Predictions
from pointsman_drift.performance.ranking import mean_roc_auc


def realised_metrics(predictions: Predictions) -> dict[str, Metric]:
    """Answers how well the labelled predictions did.

    Args:
        predictions: Rows without a label are left out; each metric's ``rows`` says how many remained.

    Returns:
        Of a classifier ``metrics.METRICS``, by the recorded label and, for ``roc_auc``, the recorded
        probabilities; of a regression ``mae`` and ``rmse`` in the target's unit, None where an error is
        beyond what a double holds. Empty when nothing is labelled.

    >>> from pointsman_drift.performance.reading import read_numbers
    >>> found = realised_metrics(read_numbers([1.0, 2.0, 4.0], [1.0, 4.0, None]))
    >>> found["mae"].value, found["mae"].rows
    (1.0, 2)
    """
    if isinstance(predictions, NumberPredictions):
        return _of_numbers(predictions.labelled)
    return _of_classes(predictions.labelled)


def _of_classes(labelled: ClassPredictions) -> dict[str, Metric]:
    if not labelled.rows:
        return {}
    confusion = observed_confusion(labelled.predicted, labelled.actual, len(labelled.classes))
    found = confusion_metrics(confusion, labelled.classes)
    found["roc_auc"] = mean_roc_auc(
        labelled.probabilities,
        lambda place: (labelled.actual == place).astype(np.float64),
        labelled.classes,
    )
    return found


def _of_numbers(labelled: NumberPredictions) -> dict[str, Metric]:
    if not labelled.rows:
        return {}
    with np.errstate(over="ignore"):
        errors = np.abs(labelled.predicted - labelled.actual)
    # In units of the largest, whose square might overflow.
    unit = float(errors.max()) or 1.0
    if not np.isfinite(unit):
        return {name: Metric(name, None, np.inf, labelled.rows) for name in ("mae", "rmse")}
    scaled = errors / unit
    square = float(np.mean(scaled**2))
    root = square**0.5
    deviation = float(np.std(scaled**2)) / (2 * root) if root else 0.0
    return {
        "mae": Metric("mae", float(np.mean(scaled)) * unit, float(np.std(scaled)) * unit, labelled.rows),
        "rmse": Metric("rmse", root * unit, deviation * unit, labelled.rows),
    }
