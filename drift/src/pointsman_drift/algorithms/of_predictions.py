"""Algorithms that need predictions: of the baseline with labels, of the current side with or without."""

from collections.abc import Mapping

import numpy as np

from pointsman_drift.algorithms.algorithm import Detail, Measurement, NotMeasured
from pointsman_drift.performance.cbpe import LEAST_LABELLED, estimate, find_lacking_labels
from pointsman_drift.performance.metrics import METRICS
from pointsman_drift.performance.pair import PredictionPair
from pointsman_drift.performance.predictions import ClassPredictions, Floats
from pointsman_drift.performance.realised import realised_metrics
from pointsman_drift.performance.testing import calibration_change, mean_drop, share_drop


def measure_accuracy_drop(pair: PredictionPair, parameters: Mapping[str, float]) -> Measurement | NotMeasured:
    """Measures the baseline's accuracy less the realised one; below 0 where the model became better."""
    sides = _labelled(pair)
    if isinstance(sides, NotMeasured):
        return sides
    hits = [int(np.sum(side.predicted == side.actual)) for side in sides]
    n, m = (side.rows for side in sides)
    p_value, test = share_drop(hits[0], n, hits[1], m)
    drop = hits[0] / n - hits[1] / m
    details: dict[str, Detail] = {"referenceAccuracy": hits[0] / n, "labelCoverage": m / pair.current.rows}
    details |= {name: metric.value for name, metric in realised_metrics(sides[1]).items()}
    return Measurement(drop, drop, n, m, p_value, test, 0.0, method="rows", details=details)


def measure_cbpe(pair: PredictionPair, parameters: Mapping[str, float]) -> Measurement | NotMeasured:
    """Estimates accuracy without labels; the effect is what it lies below the same estimate of the baseline.

    Both are means of the calibrated probability of the recorded label, and so the test is of two means.
    """
    reference, current = pair.reference, pair.current
    if not isinstance(reference, ClassPredictions) or not isinstance(current, ClassPredictions):
        return NotMeasured("predictions of a regression have no probabilities")
    if lacking := find_lacking_labels(reference):
        return NotMeasured(lacking)
    calibration = pair.calibration
    before, after = (_confidence(side, calibration.probabilities(side)) for side in (reference, current))
    value, expected = float(np.mean(after)), float(np.mean(before))
    details: dict[str, Detail] = {
        "calibrated": "yes" if any(curve is not None for curve in calibration.curves) else "no"
    }
    found = estimate(calibration, current)
    for name in METRICS:
        details |= {
            name: found[name].value,
            f"{name}Lower": found[name].lower,
            f"{name}Upper": found[name].upper,
        }
    return Measurement(
        value,
        expected - value,
        reference.rows,
        current.rows,
        mean_drop(before, after),
        "means of the recorded label's calibrated probability, one-sided",
        expected,
        method="rows",
        details=details,
    )


def measure_calibration_error(
    pair: PredictionPair, parameters: Mapping[str, float]
) -> Measurement | NotMeasured:
    """Measures the expected calibration error; the effect is what lies above its mean without a change.

    Scores are those of the positive class, of more than two classes those of the recorded label.
    """
    sides = _labelled(pair)
    if isinstance(sides, NotMeasured):
        return sides
    change = calibration_change(_scored(sides[0]), _scored(sides[1]))
    if change is None:
        return NotMeasured("one side expects fewer than 5 positives, or fewer than 5 negatives")
    return Measurement(
        change.current,
        max(change.current - change.expected, 0.0),
        sides[0].rows,
        sides[1].rows,
        change.p_value,
        "F test of mean errors by bins of the score",
        change.expected,
        plain_effect=change.current,
        method="rows",
        details={"referenceError": change.reference, "bins": change.bins},
    )


def _labelled(pair: PredictionPair) -> tuple[ClassPredictions, ClassPredictions] | NotMeasured:
    reference, current = pair.reference.labelled, pair.current.labelled
    if not isinstance(reference, ClassPredictions) or not isinstance(current, ClassPredictions):
        return NotMeasured("predictions of a regression have no classes")
    for name, side in (("reference", reference), ("current side", current)):
        if side.rows < LEAST_LABELLED:
            return _too_few(side.rows, name)
    return reference, current


def _too_few(rows: int, side: str) -> NotMeasured:
    return NotMeasured(f"{rows} predictions of the {side} have a label; {LEAST_LABELLED} are needed")


def _confidence(side: ClassPredictions, likely: Floats) -> Floats:
    """The probability of each row's recorded label."""
    found: Floats = np.take_along_axis(likely, side.predicted[:, None], axis=1)[:, 0]
    return found


def _scored(side: ClassPredictions) -> tuple[Floats, Floats]:
    if side.is_binary:
        return side.probabilities[:, 1], (side.actual == 1).astype(np.float64)
    return _confidence(side, side.probabilities), (side.predicted == side.actual).astype(np.float64)
