"""Shares of classes among recorded labels, of both sides."""

from pointsman.control.drift.program.class_rates import class_rates
from pointsman_drift import read_classes, read_numbers


def predicted(labels, classes=("no", "yes")):
    rows = [[1.0 / len(classes)] * len(classes)] * len(labels)
    return read_classes(list(classes), rows, labels)


def test_shares_are_of_recorded_labels_on_both_sides():
    found = class_rates(predicted(["no"] * 3 + ["yes"]), predicted(["no", "yes"]))
    assert found == {"no": {"reference": 0.75, "current": 0.5}, "yes": {"reference": 0.25, "current": 0.5}}


def test_a_class_that_one_side_does_not_know_has_a_share_of_nothing_there():
    found = class_rates(predicted(["no", "yes"]), predicted(["no", "new"], ("no", "yes", "new")))
    assert found["new"] == {"reference": 0.0, "current": 0.5}


def test_a_regression_has_none():
    numbers = read_numbers([1.0, 2.0], [1.0, 2.0])
    assert class_rates(numbers, numbers) == {}
