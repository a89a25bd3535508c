"""Figures that follow from how many rows of each predicted label have each true label."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pointsman_drift.performance.metrics import Metric
from pointsman_drift.performance.predictions import Codes, Floats, Label


def observed_confusion(predicted: Codes, actual: Codes, classes: int) -> Floats:
    """Counts rows by predicted and true label; shape (classes, classes), predicted first.

    Args:
        predicted: Recorded labels; shape (rows,).
        actual: True ones; shape (rows,).
        classes: How many labels there are.

    >>> observed_confusion(np.array([0, 1, 1]), np.array([0, 0, 1]), 2).tolist()
    [[1.0, 0.0], [1.0, 1.0]]
    """
    cells = np.bincount(predicted * classes + actual, minlength=classes**2)
    return cells.reshape(classes, classes).astype(np.float64)


def expected_confusion(predicted: Codes, probabilities: Floats) -> Floats:
    """Adds up by predicted label how likely each true label is; shape (classes, classes).

    Args:
        predicted: Recorded labels; shape (rows,).
        probabilities: Calibrated ones; shape (rows, classes).
    """
    classes = probabilities.shape[1]
    columns = [np.bincount(predicted, probabilities[:, place], classes) for place in range(classes)]
    return np.column_stack(columns)


def confusion_metrics(confusion: Floats, classes: Sequence[Label], doubt: float = 0.0) -> dict[str, Metric]:
    """Answers accuracy, precision, recall, specificity and F1.

    Each is a quotient of sums over cells, and so is known what one row in a cell adds to it (its influence):
    the deviation is the root of the mean square of that (Hampel 1974; for accuracy it is √(a (1 − a))).

    Args:
        confusion: Rows, or expected rows, by predicted and true label; shape (classes, classes).
        classes: Their labels. Of two the figures are of the second, of more the mean of each against the
            rest.
        doubt: Share of rows of which the deviation takes every cell as equally likely.
    """
    rows = float(confusion.sum())
    shares = confusion / rows
    hits, said, true = np.diag(shares), shares.sum(axis=1), shares.sum(axis=0)
    same = np.eye(len(classes))
    # Added up, not subtracted from 1, which would leave a trace of rounding where there is none.
    false = true @ (1 - same)
    accuracy = float(np.trace(confusion)) / rows
    likely = (1 - doubt) * shares + doubt / shares.size
    found = {"accuracy": _metric("accuracy", likely, rows, accuracy, same - accuracy, ())}

    precision, weight, left = _shares(hits, said, classes)
    per_row = _over(weight, said)
    influence = per_row[:, None] * (same - precision[:, None])
    found["precision"] = _metric("precision", likely, rows, float(weight @ precision), influence, left)

    recall, weight, left = _shares(hits, true, classes)
    per_row = _over(weight, true)
    influence = per_row[None, :] * (same - recall[None, :])
    found["recall"] = _metric("recall", likely, rows, float(weight @ recall), influence, left)

    specificity, weight, left = _shares(false - said + hits, false, classes)
    per_row = _over(weight, false)
    spared = per_row * (1 - specificity)
    influence = spared.sum() - spared[None, :] - per_row[:, None] * (1 - same)
    found["specificity"] = _metric("specificity", likely, rows, float(weight @ specificity), influence, left)

    f1, weight, left = _shares(2 * hits, said + true, classes)
    per_row = _over(weight, said + true)
    lost = per_row * f1
    influence = 2 * same * per_row - lost[:, None] - lost[None, :]
    found["f1"] = _metric("f1", likely, rows, float(weight @ f1), influence, left)
    return found


def _shares(top: Floats, bottom: Floats, classes: Sequence[Label]) -> tuple[Floats, Floats, tuple[str, ...]]:
    """Each class's quotient, its weight in the mean, and which classes have none."""
    wanted = np.array([False, True]) if len(classes) == 2 else np.ones(len(classes), bool)
    defined = wanted & (bottom > 0)
    weight = defined / max(int(defined.sum()), 1)
    left = tuple(str(classes[place]) for place in np.flatnonzero(wanted & ~defined).tolist())
    return _over(top, bottom), weight, left


def _over(top: Floats, bottom: Floats) -> Floats:
    return np.divide(top, bottom, out=np.zeros_like(bottom), where=bottom > 0)


def _metric(
    name: str,
    likely: Floats,
    rows: float,
    value: float,
    influence: NDArray[np.float64],
    left: tuple[str, ...],
) -> Metric:
    deviation = float(np.sqrt(np.sum(likely * influence**2)))
    is_defined = len(left) < (1 if len(likely) == 2 else len(likely))
    return Metric(name, float(np.clip(value, 0.0, 1.0)) if is_defined else None, deviation, round(rows), left)
