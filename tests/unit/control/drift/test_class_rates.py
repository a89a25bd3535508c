"""Shares of classes among recorded labels, of both sides."""

from pointsman.control.drift.program.class_rates import class_rates, find_lacking_rows
from pointsman_drift import read_classes, read_numbers


def predicted(labels, classes=("no", "yes")):
    rows = [[1.0 / len(classes)] * len(classes)] * len(labels)
    return read_classes(list(classes), rows, labels)


def test_shares_are_of_recorded_labels_on_both_sides():
    found = class_rates(predicted(["no"] * 30 + ["yes"] * 10), predicted(["no", "yes"] * 15))
    assert found == {"no": {"reference": 0.75, "current": 0.5}, "yes": {"reference": 0.25, "current": 0.5}}


def test_a_class_that_one_side_does_not_know_has_a_share_of_nothing_there():
    found = class_rates(predicted(["no", "yes"] * 15), predicted(["no", "new"] * 15, ("no", "yes", "new")))
    assert found["new"] == {"reference": 0.0, "current": 0.5}


def test_a_regression_has_none():
    numbers = read_numbers([1.0, 2.0], [1.0, 2.0])
    assert class_rates(numbers, numbers) == {}
    assert find_lacking_rows(numbers, numbers) == ""


def test_a_few_answers_on_either_side_have_no_shares_and_it_is_said_which_side_has_them():
    many, few = predicted(["no", "yes"] * 15), predicted(["no"] * 29)
    assert class_rates(many, few) == {}
    assert class_rates(few, many) == {}
    assert find_lacking_rows(many, few) == (
        "rates of classes are not compared: the window has 29 answers, and 30 are needed"
    )
    assert "the baseline has 29 answers" in find_lacking_rows(few, many)
    assert find_lacking_rows(many, many) == ""
