"""Predictions of classifiers and regressions, whose scores move while their features stand still."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pointsman.domain.drift.baselines import BaselineData
from pointsman_drift import prediction_numbers, read_classes, read_numbers, scale_of, watch
from pointsman_drift.performance.predictions import Predictions
from stage.drift_streams import changing

AGES = changing(2, [0.5], 200)
"""A baseline's feature, around the mean that it has in all windows."""


@dataclass(frozen=True)
class Answers:
    """What a model answered, row by row.

    Attributes:
        classes: In the order of the probabilities; none of a regression.
        values: The answers.
        probabilities: Of each class; none of a regression.
    """

    classes: tuple[str, ...]
    values: tuple[Any, ...]
    probabilities: tuple[tuple[float, ...], ...] = ()

    def baseline(self, **features: Sequence[Any]) -> BaselineData:
        """Makes the baseline that has them as labeled predictions, all of them right."""
        return BaselineData(features or {"age": AGES}, (), self.values, self.values, self.probabilities)

    def cut(self, start: int, end: int) -> "Answers":
        """Answers those of some rows."""
        return Answers(self.classes, self.values[start:end], self.probabilities[start:end])

    def predictions(self) -> Predictions:
        """Answers them as the library takes them."""
        if self.classes:
            return read_classes(self.classes, self.probabilities, self.values)
        return read_numbers(self.values)

    def detections(self, reference: "Answers", name: str, algorithm: str, **parameters: float) -> list[int]:
        """Answers at which rows the library sees changes in all rows at once, on the reference's scale."""
        scale = scale_of(prediction_numbers(reference.predictions())[name])
        assert scale is not None
        values = scale.of(prediction_numbers(self.predictions())[name])
        return list(watch(algorithm, values, parameters=parameters).detections)


def answered(seed: int, classes: Sequence[str], levels: Sequence[float], rows_each: int) -> Answers:
    """Draws answers of which the last class, or the number, is likelier or greater from level to level.

    Args:
        seed: Of what is drawn.
        classes: Of a classifier; none of a regression.
        levels: One after the other: logits that the last class has beyond the others, or means.
        rows_each: Rows of each.
    """
    random = np.random.default_rng(seed)
    level = np.repeat(levels, rows_each)
    if not classes:
        return Answers((), tuple((random.normal(0, 1, len(level)) + level).tolist()))
    logits = random.normal(0, 1, (len(level), len(classes)))
    logits[:, -1] += level
    shares = np.exp(logits)
    shares /= shares.sum(axis=1, keepdims=True)
    values = tuple(classes[place] for place in shares.argmax(axis=1))
    return Answers(tuple(classes), values, tuple(map(tuple, shares.tolist())))
