"""How often each class is answered, beside the baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pointsman.domain.drift.performance import LEAST_PREDICTIONS

if TYPE_CHECKING:
    from pointsman_drift import ClassPredictions, NumberPredictions


def class_rates(
    reference: ClassPredictions | NumberPredictions, current: ClassPredictions | NumberPredictions
) -> dict[str, dict[str, float]]:
    """Answers by class its share among the recorded labels of both sides.

    Args:
        reference: The baseline's labeled predictions.
        current: The window's predictions, with or without outcomes.

    Returns:
        ``{class: {"reference": share, "current": share}}``, for ``classRates`` of a result; empty of a
        regression, and where :func:`find_lacking_rows` says why.
    """
    import numpy as np

    from pointsman_drift import ClassPredictions

    if not isinstance(reference, ClassPredictions) or not isinstance(current, ClassPredictions):
        return {}
    if find_lacking_rows(reference, current):
        return {}
    counts = [np.bincount(side.predicted, minlength=len(side.classes)) for side in (reference, current)]
    before, after = (
        {str(label): int(count) / side.rows for label, count in zip(side.classes, counted, strict=True)}
        for side, counted in zip((reference, current), counts, strict=True)
    )
    return {
        name: {"reference": before.get(name, 0.0), "current": after.get(name, 0.0)}
        for name in dict.fromkeys((*before, *after))
    }


def find_lacking_rows(
    reference: ClassPredictions | NumberPredictions, current: ClassPredictions | NumberPredictions
) -> str:
    """Answers why shares of classes say nothing, for people; empty where they do, and of a regression.

    Args:
        reference: The baseline's labeled predictions.
        current: The window's predictions.
    """
    from pointsman_drift import ClassPredictions

    if not isinstance(reference, ClassPredictions):
        return ""
    for name, side in (("baseline", reference), ("window", current)):
        if side.rows < LEAST_PREDICTIONS:
            return (
                f"rates of classes are not compared: the {name} has {side.rows} answers, and "
                f"{LEAST_PREDICTIONS} are needed"
            )
    return ""
