"""Confidence-based performance estimation: figures of predictions whose labels are not known yet.

Where scores are calibrated probabilities, what is expected of a figure follows from them alone. That holds
while labels follow from scores as they did in the reference: inputs may move, the rule may not. Estimates
stay where they were when the rule changes, which ``divergence`` tells once labels arrive.
"""

from dataclasses import dataclass

import numpy as np

from pointsman_drift.errors import InvalidTableError
from pointsman_drift.performance.confusion import confusion_metrics, expected_confusion
from pointsman_drift.performance.curves import Curve, fit_where_better
from pointsman_drift.performance.metrics import Estimate, Metric
from pointsman_drift.performance.predictions import ClassPredictions, Floats, Label
from pointsman_drift.performance.ranking import mean_roc_auc

LEAST_LABELLED = 30
"""With fewer labelled rows in the reference nothing is calibrated."""
LEAST_OF_A_CLASS = 5
"""With fewer labelled rows of a class, or of all others, its scores say nothing of how likely it is."""
BAND = 3.0
"""Sampling errors from the estimate to an end of its band."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """What is kept of a labelled reference: for each class how a score becomes a probability."""

    classes: tuple[Label, ...]
    curves: tuple[Curve | None, ...]
    """None for a class whose recorded scores are taken as they are: they are better so, or it has too few
    labelled rows to say. Of two classes the first has none of its
    own: it is what the second leaves."""
    rows: int
    """Labelled rows of the reference."""

    def probabilities(self, predictions: ClassPredictions) -> Floats:
        """Answers calibrated probabilities, each row adding up to 1; shape (rows, classes).

        Raises:
            InvalidTableError: The predictions have other classes than the reference.
        """
        if predictions.classes != self.classes:
            raise InvalidTableError(
                f"classes: the reference has {list(self.classes)}, the predictions "
                f"{list(predictions.classes)}; give both the same, in the same order"
            )
        recorded = predictions.probabilities
        if predictions.is_binary:
            curve = self.curves[1]
            positive = recorded[:, 1] if curve is None else curve.at(recorded[:, 1])
            return np.column_stack([1 - positive, positive])
        columns = [
            recorded[:, place] if curve is None else curve.at(recorded[:, place])
            for place, curve in enumerate(self.curves)
        ]
        found = np.column_stack(columns)
        sums = found.sum(axis=1, keepdims=True)
        # Curves of single classes may all say 0 of a row; then nothing is known of it.
        equal = np.full_like(found, 1 / len(self.classes))
        whole: Floats = np.divide(found, sums, out=equal, where=sums > 0)
        return whole


def find_lacking_labels(reference: ClassPredictions) -> str:
    """Answers why nothing can be calibrated with a reference; empty where it can.

    Where one class alone came true, the best curve is level: it would say of any row that this class comes
    true for sure, and every other label would then look like another rule.

    Args:
        reference: Predictions of which some are labelled.
    """
    labelled = reference.labelled
    if labelled.rows < LEAST_LABELLED:
        return f"{labelled.rows} predictions of the reference have a label; {LEAST_LABELLED} are needed"
    counts = np.bincount(labelled.actual, minlength=len(reference.classes))
    common = int(counts.argmax())
    others = labelled.rows - int(counts[common])
    if others < LEAST_OF_A_CLASS:
        return (
            f"{others} labelled predictions of the reference are of another class than "
            f"{reference.classes[common]!r}; {LEAST_OF_A_CLASS} are needed"
        )
    return ""


def calibrate(reference: ClassPredictions) -> Calibration:
    """Learns from labelled predictions how scores become probabilities, where they are none yet.

    Args:
        reference: Predictions of which at least 30 are labelled, at least 5 with another class than the one
            that most have. Of several classes the scores of one with fewer than 5 are taken as they are.

    Raises:
        InvalidTableError: Fewer are.
    """
    if lacking := find_lacking_labels(reference):
        raise InvalidTableError(f"actual: {lacking}")
    labelled = reference.labelled
    counts = np.bincount(labelled.actual, minlength=len(reference.classes))
    curves: list[Curve | None] = []
    for place, count in enumerate(counts):
        if (reference.is_binary and place == 0) or count < LEAST_OF_A_CLASS:
            curves.append(None)
            continue
        positive = (labelled.actual == place).astype(np.float64)
        curves.append(fit_where_better(labelled.probabilities[:, place], positive))
    return Calibration(reference.classes, tuple(curves), labelled.rows)


def expected_metrics(calibration: Calibration, predictions: ClassPredictions) -> dict[str, Metric]:
    """Answers ``metrics.METRICS`` as they are expected, by the recorded label; labels are not looked at.

    Args:
        calibration: Of the reference.
        predictions: Of the same classes.
    """
    likely = calibration.probabilities(predictions)
    doubt = 1 / (calibration.rows + 1)
    expected = expected_confusion(predictions.predicted, likely)
    found = confusion_metrics(expected, predictions.classes, doubt)
    found["roc_auc"] = mean_roc_auc(
        predictions.probabilities, lambda place: likely[:, place], predictions.classes, doubt
    )
    return found


def estimate(calibration: Calibration, predictions: ClassPredictions) -> dict[str, Estimate]:
    """Estimates how well unlabelled predictions did, with the bands in which realised figures are expected.

    The band is three sampling errors wide to each side, clipped to 0 and 1. It counts both the rows of the
    span and those of the reference, whose labels the estimate rests on: beside a small reference the band of
    a large span would else be so narrow that realised figures leave it without any change. Errors are those
    of a reference with one row more, of any outcome: where it has no errors at all, the band is not empty.

    Args:
        calibration: Of the reference.
        predictions: Of the same classes; labels are not looked at.

    >>> from pointsman_drift.performance.reading import read_classes
    >>> scores = (np.arange(1000) + 0.5) / 1000
    >>> model = Calibration((0, 1), (None, None), 1000)
    >>> round(estimate(model, read_classes([0, 1], scores, (scores > 0.5).astype(int)))["accuracy"].value, 6)
    0.75
    """
    metrics = expected_metrics(calibration, predictions)
    return {name: _banded(metric, calibration.rows) for name, metric in metrics.items()}


def _banded(metric: Metric, reference_rows: int) -> Estimate:
    error = metric.deviation * (1 / metric.rows + 1 / reference_rows) ** 0.5
    if metric.value is None:
        return Estimate(metric.name, None, 0.0, 1.0, error, metric.left_out)
    lower, upper = max(metric.value - BAND * error, 0.0), min(metric.value + BAND * error, 1.0)
    return Estimate(metric.name, metric.value, lower, upper, error, metric.left_out)
