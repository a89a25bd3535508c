"""What is estimated of a span, what the baseline's own figures are, and when there are none."""

import re

import numpy as np
import pytest

from pointsman.control.drift.performing import Performer, reference_metrics
from pointsman.domain.drift.performance import LEAST_PREDICTIONS
from pointsman_drift import ClassPredictions, read_classes, read_numbers
from pointsman_drift.performance.cbpe import LEAST_LABELLED


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
    note = performer.notes[-1]
    assert note.startswith("performance without outcomes is not estimated: ")
    assert re.search(reason, note), note


def test_with_labels_of_both_classes_there_is_an_estimate_and_no_note() -> None:
    performer = Performer(drawn(1, 200))
    assert "estimate" in performer.measure(drawn(2, 300)).told()["accuracy"]
    assert performer.notes == []


def test_errors_that_are_no_number_are_not_told() -> None:
    performer = Performer(read_numbers([1.0, 2.0] * 15, [1.0, 3.0] * 15))
    told = performer.measure(read_numbers([1.7e308], [-1.7e308])).told()
    assert told == {
        "mae": {"reference": 0.5, "sampleSize": 1},
        "rmse": {"reference": pytest.approx(0.5**0.5), "sampleSize": 1},
    }
    assert performer.notes == []


def partly_labelled(seed: int, rows: int, labelled: int) -> ClassPredictions:
    """As ``drawn``, with the outcomes of the first so many rows alone."""
    whole = drawn(seed, rows)
    names = np.array(["no", "yes", None], dtype=object)
    actual = np.where(np.arange(rows) < labelled, whole.actual, -1)
    return read_classes(["no", "yes"], whole.probabilities, names[whole.predicted], names[actual])


def test_a_baseline_with_fewer_outcomes_than_the_library_wants_has_no_figures_and_a_note_says_so() -> None:
    assert LEAST_PREDICTIONS == LEAST_LABELLED, "the service and the library want as many"
    performer = Performer(partly_labelled(1, 500, LEAST_PREDICTIONS - 1))
    told = performer.measure(drawn(2, 300)).told()
    assert all("reference" not in one for one in told.values()), told
    assert told["accuracy"]["realised"] > 0.5, "what came true is told all the same"
    assert performer.notes[0] == (
        "the baseline has no performance of its own: 29 of its labeled predictions have an outcome; "
        "30 are needed"
    )
    enough = Performer(partly_labelled(1, 500, LEAST_PREDICTIONS))
    assert "reference" in enough.measure(drawn(2, 9)).told()["accuracy"]


def test_errors_of_a_regression_count_as_few_outcomes_as_shares_do() -> None:
    values = np.arange(29.0)
    assert reference_metrics(read_numbers(values, values + 1)) == {}
    assert Performer(read_numbers(values, values + 1)).notes[0].startswith("the baseline has no performance")
    values = np.arange(30.0)
    assert reference_metrics(read_numbers(values, values + 1))["mae"].value == 1.0
