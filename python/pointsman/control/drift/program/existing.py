"""What results can have of a baseline, as the settings of its model are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pointsman.domain.drift.alerting.existence import Comparable
from pointsman.domain.drift.alerts import AlertSettings

if TYPE_CHECKING:
    from pointsman.control.drift.answers import Predictions


def comparable_of(
    features: Iterable[str], answers: Predictions | None, settings: AlertSettings
) -> Comparable:
    """Answers it, whatever a window has.

    Args:
        features: The baseline's features.
        answers: Its labeled predictions; None where it has none.
        settings: How the model's drift is judged.
    """
    import numpy as np

    from pointsman_drift import ClassPredictions, algorithms
    from pointsman_drift.performance.columns import prediction_columns

    names = settings.algorithms
    chosen = names if names is not None else [name for name, one in algorithms().items() if one.is_default]
    classes: frozenset[str] = frozenset()
    if isinstance(answers, ClassPredictions):
        predicted = np.unique(answers.predicted)
        classes = frozenset(str(answers.classes[place]) for place in predicted)
    columns = () if answers is None else prediction_columns(answers).column_names
    return Comparable(frozenset(features), frozenset(columns), classes, frozenset(chosen))
