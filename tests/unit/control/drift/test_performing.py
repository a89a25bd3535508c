"""What is estimated of a span, and when nothing is."""

import re

import numpy as np
import pytest

from pointsman.control.drift.performing import Performer
from pointsman_drift import ClassPredictions, read_classes, read_numbers


def drawn(seed: int, rows: int, positive: int | None = None) -> ClassPredictions:
    """Calibrated scores with labels, of which so many are positive, where that is said."""
    random = np.random.default_rng(seed)
    scores = random.beta(2, 2, rows)
    labels = (random.random(rows) < scores).astype(int)
    if positive is not None:
        labels = (np.arange(rows) < positive).astype(int)
    names = np.array(["no", "yes"])
    return read_classes(["no", "yes"], scores, names[(scores >= 0.5).astype(int)], names[labels])


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        (drawn(1, 200, positive=0), "0 labelled predictions of the reference are of another class than 'no'"),
        (drawn(1, 200, positive=197), "3 labelled predictions .* of another class than 'yes'; 5 are needed"),
        (drawn(1, 20), "20 predictions of the reference have a label; 30 are needed"),
    ],
)
def test_without_labels_of_both_classes_nothing_is_estimated_and_a_note_says_why(
    reference: ClassPredictions, reason: str
) -> None:
    performer = Performer(reference)
    measured = performer.measure(drawn(2, 300))
    assert "estimate" not in measured.told()["accuracy"]
    assert "insideBand" not in measured.told()["accuracy"]
    assert measured.compared() == {}, "nothing that could be called concept drift"
    assert measured.told()["accuracy"]["realised"] > 0.5
    (note,) = performer.notes
    assert note.startswith("performance without outcomes is not estimated: ")
    assert re.search(reason, note), note


def test_with_labels_of_both_classes_there_is_an_estimate_and_no_note() -> None:
    performer = Performer(drawn(1, 200))
    assert "estimate" in performer.measure(drawn(2, 300)).told()["accuracy"]
    assert performer.notes == []


def test_errors_that_are_no_number_are_not_told() -> None:
    performer = Performer(read_numbers([1.0, 2.0], [1.0, 3.0]))
    told = performer.measure(read_numbers([1.7e308], [-1.7e308])).told()
    assert told == {
        "mae": {"reference": 0.5, "sampleSize": 1},
        "rmse": {"reference": pytest.approx(0.5**0.5), "sampleSize": 1},
    }
    assert performer.notes == []
