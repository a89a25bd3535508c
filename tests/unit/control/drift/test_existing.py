"""What results can have of a baseline, whatever windows have."""

import numpy as np
import pytest

from pointsman.control.drift.program.existing import comparable_of
from pointsman.domain.drift.alerts import AlertSettings
from pointsman_drift import read_classes


def labeled(rows, outcomes):
    """Answers of two classes in turn, of which the first so many came true."""
    names = np.resize(np.array(["no", "yes"], dtype=object), rows)
    actual = [name if place < outcomes else None for place, name in enumerate(names)]
    return read_classes(["no", "yes"], np.resize([0.2, 0.8], rows), names, actual)


@pytest.mark.parametrize("name", ["adwin", "page_hinkley"])
def test_detectors_of_changes_are_in_results_where_they_are_named_alone(name):
    assert name not in comparable_of(["age"], None, AlertSettings()).algorithms
    assert comparable_of(["age"], None, AlertSettings(algorithms=(name,))).algorithms == {name}
    assert "psi" in comparable_of(["age"], None, AlertSettings()).algorithms


def test_of_a_few_labeled_predictions_no_result_has_rates_or_metrics():
    few = comparable_of(["age"], labeled(29, 29), AlertSettings())
    assert (few.classes, few.metrics) == (frozenset(), frozenset())
    assert "(label)" in few.answers
    without = comparable_of(["age"], labeled(60, 29), AlertSettings())
    assert without.classes == {"no", "yes"}
    assert not without.metrics
    assert "accuracy" in comparable_of(["age"], labeled(60, 30), AlertSettings()).metrics


def test_a_metric_that_the_baseline_s_outcomes_do_not_give_is_in_no_result():
    names = np.array(["no"] * 60)
    alone = read_classes(["no", "yes"], np.resize([0.2, 0.3], 60), names, names)
    found = comparable_of(["age"], alone, AlertSettings()).metrics
    assert "accuracy" in found
    assert "roc_auc" not in found, "no outcome is of the other class"
