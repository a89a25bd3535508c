"""What is normal for the demo's model: its training rows, and answers that it did not learn by heart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sklearn.model_selection import StratifiedKFold, cross_val_predict

from pointsman.client import DriftTask, LabeledPredictions, TargetData
from pointsman.demo.training import logistic_regression, split_data

FOLDS = 5


@dataclass(frozen=True)
class Reference:
    """What the baseline is made of.

    Attributes:
        features: By feature the values of the training rows.
        targets: What was true of each.
        labeled: What the model answers to each, with what was true.
        rows: How many there are.
        accuracy: Share of right answers.
    """

    features: dict[str, list[float]]
    targets: TargetData
    labeled: LabeledPredictions
    rows: int
    accuracy: float


def make_reference(seed: int) -> Reference:
    """Answers the training rows with what logistic regression says of rows that it has not seen.

    Each row is answered by a model that was trained on four of five parts of the others: a model is too
    right about what it has learnt, and a baseline of such answers would call all later ones worse.

    Args:
        seed: That of the training.
    """
    data = split_data(seed)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    probabilities: Any = cross_val_predict(
        logistic_regression(), data.train_x, data.train_y, cv=folds, method="predict_proba"
    )
    said = probabilities.argmax(axis=1)
    actual = [data.labels[place] for place in data.train_y]
    return Reference(
        features={
            name: data.train_x[:, place].astype(float).tolist()
            for place, name in enumerate(data.feature_names)
        },
        targets=TargetData(DriftTask.CLASSIFICATION, actual),
        labeled=LabeledPredictions(probabilities.tolist(), [data.labels[place] for place in said], actual),
        rows=len(actual),
        accuracy=float((said == data.train_y).mean()),
    )
