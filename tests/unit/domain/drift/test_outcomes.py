"""Answers and outcomes are compared by name or by number, whatever type a client sent them in."""

import math

import pytest

from pointsman.domain.drift.outcomes import label_of, number_of


@pytest.mark.parametrize(
    ("outcome", "label"),
    [("approved", "approved"), (1.0, "1"), ("1", "1"), (True, "true"), (0.5, "0.5"), (-0.0, "0")],
)
def test_a_class_has_one_name(outcome, label):
    assert label_of(outcome) == label


@pytest.mark.parametrize(
    ("outcome", "number"),
    [("2.5", 2.5), (2, 2.0), ("approved", None), (True, None), ("nan", None), (math.inf, None)],
)
def test_only_finite_numbers_are_numbers(outcome, number):
    assert number_of(outcome) == number
