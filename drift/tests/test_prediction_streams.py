"""Detectors of changes on what predictions have: score, confidence, and the number of a regression."""

import numpy as np
import pytest

from pointsman_drift import (
    ClassPredictions,
    NumberPredictions,
    Stream,
    judge_streams,
    prediction_numbers,
    read_classes,
    read_numbers,
    scale_of,
    watch,
)
from pointsman_drift.performance.columns import MOST_SCORES, prediction_columns

Predictions = ClassPredictions | NumberPredictions


def drawn(seed: int, classes: int, *levels: float) -> Predictions:
    """A thousand predictions a level: what the last class, or the number, has beyond the others."""
    random = np.random.default_rng(seed)
    level = np.repeat(levels, 1_000)
    if not classes:
        return read_numbers(random.normal(0, 1, len(level)) + level)
    logits = random.normal(0, 1, (len(level), classes))
    logits[:, -1] += level
    shares = np.exp(logits)
    shares /= shares.sum(axis=1, keepdims=True)
    return read_classes([f"c{place}" for place in range(classes)], shares, _likeliest(shares))


def _likeliest(shares: np.ndarray) -> list[str]:
    return [f"c{place}" for place in shares.argmax(axis=1)]


@pytest.mark.parametrize(("classes", "name"), [(2, "(score)"), (3, "(score of c2)"), (0, "(prediction)")])
@pytest.mark.parametrize("algorithm", ["adwin", "page_hinkley"])
def test_a_shift_is_seen_once_it_is_there_and_goes_by_the_name_of_figures(
    algorithm: str, classes: int, name: str
) -> None:
    before, after = drawn(1, classes, 0.0), drawn(2, classes, 0.0, 2.0)
    scale = scale_of(prediction_numbers(before)[name])
    assert scale is not None
    values = scale.of(prediction_numbers(after)[name])
    assert watch(algorithm, values[:1_000]).detections == ()
    found = watch(algorithm, values).detections
    assert found
    assert 1_000 < found[0] < 1_900
    judged = judge_streams([Stream(name, values)], algorithms=[algorithm])
    assert judged.figure(name, algorithm).score == len(found)


@pytest.mark.parametrize("classes", [0, 2, 3, MOST_SCORES, MOST_SCORES + 1])
def test_numbers_are_the_columns_of_figures_without_the_label(classes: int) -> None:
    predictions = drawn(3, classes, 0.0)
    numbers = prediction_numbers(predictions)
    columns = prediction_columns(predictions)
    assert list(numbers) == [name for name in columns.column_names if name != "(label)"]
    for name, values in numbers.items():
        assert values.shape == (1_000,)
        assert columns[name].to_pylist() == values.tolist()
    assert ("(confidence)" in numbers) == bool(classes)
    assert len(numbers) == {0: 1, 2: 2}.get(classes, classes + 1 if classes <= MOST_SCORES else 1)
