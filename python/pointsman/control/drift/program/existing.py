"""What results can have of a baseline, as the settings of its model are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pointsman.control.drift.alert_settings import default_algorithms
from pointsman.control.drift.performing import reference_metrics
from pointsman.domain.drift.alerting.existence import Comparable
from pointsman.domain.drift.alerts import AlertSettings
from pointsman.domain.drift.performance import LEAST_PREDICTIONS

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

    from pointsman_drift import ClassPredictions
    from pointsman_drift.performance.columns import prediction_columns

    chosen = default_algorithms() if settings.algorithms is None else settings.algorithms
    classes: frozenset[str] = frozenset()
    if isinstance(answers, ClassPredictions) and answers.rows >= LEAST_PREDICTIONS:
        predicted = np.unique(answers.predicted)
        classes = frozenset(str(answers.classes[place]) for place in predicted)
    columns = () if answers is None else prediction_columns(answers).column_names
    metrics = {} if answers is None else reference_metrics(answers)
    return Comparable(
        features=frozenset(features),
        answers=frozenset(columns),
        classes=classes,
        algorithms=frozenset(chosen),
        metrics=frozenset(name for name, one in metrics.items() if one.value is not None),
    )
