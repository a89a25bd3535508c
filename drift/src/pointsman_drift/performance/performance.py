"""Estimated and realised figures of one span side by side."""

from dataclasses import dataclass

from pointsman_drift.performance.cbpe import Calibration, calibrate, estimate
from pointsman_drift.performance.metrics import Estimate, Metric
from pointsman_drift.performance.predictions import ClassPredictions
from pointsman_drift.performance.realised import realised_metrics


@dataclass(frozen=True)
class Performance:
    """One metric of one span."""

    estimate: Estimate
    """Of all rows."""
    realised: Metric | None
    """Of the labelled rows; None when there are none."""
    compared: Estimate | None
    """The estimate of the labelled rows, which is what the realised value is held against."""

    @property
    def is_inside(self) -> bool | None:
        """Whether the realised value lies in the band of the same rows; None where one of both is missing."""
        if self.realised is None or self.realised.value is None:
            return None
        if self.compared is None or self.compared.value is None:
            return None
        return self.compared.holds(self.realised.value)


def estimate_performance(
    reference: ClassPredictions | Calibration, current: ClassPredictions
) -> dict[str, Performance]:
    """Estimates how well a classifier does without labels, and holds what labels there are against it.

    Args:
        reference: Labelled predictions of the baseline, or their ``calibrate``, which is learnt once.
        current: Predictions of the same classes, with or without labels.

    Returns:
        By metric: accuracy, precision, recall, specificity, f1, roc_auc. Of two classes all but accuracy are
        of the second, of more the mean of each class against the rest.

    Raises:
        InvalidTableError: Classes differ, or the reference has fewer than 30 labels, or fewer than 5 of
            another class than the one that most have.

    >>> import numpy as np
    >>> from pointsman_drift import read_classes
    >>> random = np.random.default_rng(0)
    >>> def drawn(rows, is_labelled=True):
    ...     scores = random.beta(2, 5, rows)
    ...     labels = (random.random(rows) < scores).astype(int) if is_labelled else None
    ...     return read_classes([0, 1], scores, (scores >= 0.5).astype(int), labels)
    >>> found = estimate_performance(drawn(5000), drawn(5000, is_labelled=False))["accuracy"]
    >>> found.estimate.lower < 0.734375 < found.estimate.upper, found.is_inside
    (True, None)
    """
    calibration = reference if isinstance(reference, Calibration) else calibrate(reference)
    estimates = estimate(calibration, current)
    labelled = current.labelled
    realised = realised_metrics(labelled)
    if not labelled.rows:
        compared = {}
    else:
        compared = estimates if labelled is current else estimate(calibration, labelled)
    return {name: Performance(one, realised.get(name), compared.get(name)) for name, one in estimates.items()}
