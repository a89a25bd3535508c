"""Predictions of a window become the blocks of a baseline."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from pointsman.domain.drift import windowed
from pointsman.domain.drift.baselines import BaselineData, check_baseline
from pointsman.domain.drift.predictions import LoggedPrediction
from pointsman.domain.drift.windowed import data_of_window, rows_for
from pointsman.domain.models import Task


def rows(*given: tuple[Any, Sequence[float], Any], **features: Any) -> list[LoggedPrediction]:
    """Predictions of answers, probabilities and outcomes, all of the same features."""
    return [
        LoggedPrediction(
            str(number),
            "1",
            number,
            features=features,
            prediction=answer,
            probabilities=tuple(probabilities),
            outcome=outcome,
        )
        for number, (answer, probabilities, outcome) in enumerate(given)
    ]


def test_outcomes_stand_beside_answers_under_the_names_of_the_classes() -> None:
    given = rows((1, [0.2, 0.8], "true"), (0, [0.9, 0.1], None), (1.0, [0.4, 0.6], 0), age=3)
    data, notes = data_of_window(given, Task.UNSPECIFIED)
    assert notes == []
    assert (data.predicted, data.actual) == (["1", "0", "1"], ["1", None, "0"])
    assert check_baseline("v1", data, Task.CLASSIFICATION) == (Task.CLASSIFICATION, ("0", "1"))


def test_an_outcome_that_is_no_class_is_left_out_and_counted() -> None:
    data, notes = data_of_window(rows(("a", [0.8, 0.2], "c"), ("b", [0.1, 0.9], "b")), Task.CLASSIFICATION)
    assert data.actual == [None, "b"]
    assert notes == ["1 outcomes are no class that the model answers, and are left out"]


def test_a_class_that_was_never_answered_is_known_by_its_outcome() -> None:
    data, _ = data_of_window(rows(("a", [0.8, 0.2], "b"), ("a", [0.6, 0.4], "a")), Task.CLASSIFICATION)
    assert check_baseline("v1", data_with_features(data), Task.CLASSIFICATION)[1] == ("a", "b")


def data_with_features(data: BaselineData) -> BaselineData:
    return BaselineData({"age": [1, 2]}, (), data.predicted, data.actual, data.probabilities)


def test_answers_with_other_probabilities_than_most_are_left_out() -> None:
    given = rows(
        ("a", [0.8, 0.2], None),
        ("b", [0.2, 0.8], None),
        ("a", [0.5, 0.3, 0.2], None),
        ("a", [0.9, 0.9], None),
        ("a", [float("nan"), 0.2], None),
    )
    data, notes = data_of_window(given, Task.CLASSIFICATION)
    assert data.predicted == ["a", "b"]
    assert notes == ["3 answers have other probabilities than most, and are left out"]


def test_a_regression_keeps_numbers_and_what_came_true() -> None:
    data, notes = data_of_window(rows((2.5, [], "3"), ("4", [], None), ("x", [], 1)), Task.REGRESSION)
    assert (data.predicted, data.actual, data.probabilities) == ([2.5, 4.0], [3.0, None], ())
    assert notes == ["1 answers are no numbers, as most are, and are left out"]


def test_a_feature_that_rows_lack_is_missing_and_one_of_lists_has_no_values() -> None:
    given = [
        LoggedPrediction("0", "1", 0, features={"age": 1, "plan": "free"}),
        LoggedPrediction("1", "1", 1, features={"age": True, "tags": ["x"]}),
        LoggedPrediction("2", "1", 2, features={"age": 3}),
        LoggedPrediction("3", "1", 3),
    ]
    data, notes = data_of_window(given, Task.UNSPECIFIED)
    assert data.features == {
        "age": [1, None, 3],
        "plan": ["free", None, None],
        "tags": [None, None, None],
    }
    assert "feature 'age': 1 values are no number, as most are, and count as missing" in notes
    assert "feature 'tags': 1 values are no number, as most are, and count as missing" in notes


def test_rows_that_no_message_holds_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windowed, "MOST_TEXT_BYTES", 100)
    data, notes = data_of_window(rows(*[("a", [0.8, 0.2], None)] * 9, plan="0123456789"), Task.CLASSIFICATION)
    assert len(data.features["plan"]) == 2
    assert notes[0] == "of 9 rows 2 are kept, for they are large"


def test_the_wider_the_rows_the_fewer_are_taken() -> None:
    assert [rows_for(width) for width in (0, 10, 1000)] == [50_000, 50_000, 500]


def of_versions(**given: list[LoggedPrediction]) -> list[LoggedPrediction]:
    """Predictions of versions that are named v1, v2, …"""
    return [replace(row, model_version=version) for version, rows in given.items() for row in rows]


YES_LAST = rows(*[("yes", [0.2, 0.8], None), ("no", [0.9, 0.1], None)] * 7)
YES_FIRST = rows(*[("yes", [0.7, 0.3], None), ("no", [0.4, 0.6], None)] * 3)


@pytest.mark.parametrize("others", [("yes", "no"), ("True", "False"), ("1.0", "0")])
def test_versions_with_another_order_of_classes_are_brought_into_that_of_most(
    others: tuple[str, str],
) -> None:
    first = ("no", "yes") if others[0] == "yes" else ("0", "1")
    data, notes = data_of_window(
        of_versions(v1=YES_LAST, v2=YES_FIRST), Task.CLASSIFICATION, {"v1": first, "v2": others}
    )
    assert notes == []
    assert list(data.probabilities) == [(0.2, 0.8), (0.9, 0.1)] * 7 + [(0.3, 0.7), (0.6, 0.4)] * 3


def test_rows_of_a_version_without_a_known_order_are_left_out_where_orders_differ() -> None:
    given = of_versions(v1=YES_LAST, v2=YES_FIRST, v3=YES_FIRST)
    orders = {"v1": ("no", "yes"), "v2": ("yes", "no"), "v3": ("cat", "dog"), "v4": ("a", "b")}
    data, notes = data_of_window(given, Task.CLASSIFICATION, orders)
    assert len(data.predicted) == 20
    (note,) = notes
    assert "6 answers are left out" in note


def test_rows_of_a_version_without_a_known_order_stay_where_orders_agree() -> None:
    given = of_versions(v1=YES_LAST, v2=YES_LAST)
    data, notes = data_of_window(given, Task.CLASSIFICATION, {"v1": ("no", "yes")})
    assert (len(data.predicted), notes) == (28, [])


@pytest.mark.parametrize("task", [Task.CLASSIFICATION, Task.UNSPECIFIED])
@pytest.mark.parametrize("answer", [[1.0, 2.0], {"a": 1}, "", "x" * 1025, "a\x00"])
def test_answers_that_are_no_single_values_are_left_out_and_counted(answer: Any, task: Task) -> None:
    given = rows(("a", [0.8, 0.2], "a"), (answer, [0.3, 0.7], "b"), ("b", [0.1, 0.9], "b"), age=3)
    data, (note,) = data_of_window(given, task)
    assert (data.predicted, data.actual) == (["a", "b"], ["a", "b"])
    assert note.startswith("1 answers are left out, for a baseline takes single numbers")
    assert check_baseline("v1", data, Task.CLASSIFICATION)[1] == ("a", "b")


def test_a_regression_of_several_values_keeps_those_rows_that_answer_one() -> None:
    data, notes = data_of_window(rows(([1.0, 2.0], [], 3), (2.5, [], 3), age=3), Task.REGRESSION)
    assert (data.predicted, data.actual) == ([2.5], [3.0])
    assert len(data.features["age"]) == 2, "its features are kept"
    assert notes[0].startswith("1 answers are left out")


def test_probabilities_count_among_the_values_that_a_message_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windowed, "MOST_CELLS", 44)
    given = rows(*[("a", [0.8, *[0.02] * 10], None)] * 9, age=1, plan="free")
    data, notes = data_of_window(given, Task.CLASSIFICATION)
    # Two features and eleven probabilities.
    assert len(data.features["age"]) == 3
    assert notes[0] == "of 9 rows 3 are kept, for they are large"


def test_long_names_of_classes_count_among_the_texts_of_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windowed, "MOST_TEXT_BYTES", 4 * 300)
    given = rows(*[("a" * 50, [0.8, 0.2], "b" * 50), ("b" * 50, [0.2, 0.8], "b" * 50)] * 4, age=1)
    assert len(data_of_window(given, Task.CLASSIFICATION)[0].features["age"]) == 3


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (float("inf"), 1.5),
        (float("-inf"), 1.5),
        (float("nan"), 1.5),
        ("x" * 8193, "x" * 8192),
        ("a\x00", "a"),
    ],
)
def test_values_that_no_baseline_takes_count_as_missing_and_are_counted(value: Any, kept: Any) -> None:
    given = [LoggedPrediction(str(at), "1", at, features={"f": one}) for at, one in enumerate([kept, value])]
    data, notes = data_of_window(given, Task.REGRESSION)
    assert data.features == {"f": [kept, None]}
    assert notes[0].startswith("feature 'f': 1 values are not finite, hold a NUL or have more than 8192")
    check_baseline("v1", data, Task.UNSPECIFIED)


def test_answers_of_more_classes_than_baselines_take_leave_the_features() -> None:
    given = rows(("a", [1.0, *[0.0] * 1000], None), age=1)
    data, notes = data_of_window(given, Task.CLASSIFICATION)
    assert (data.features, data.predicted) == ({"age": [1]}, ())
    assert notes == [
        "the baseline has no labeled predictions: answers have 1001 classes, and at most 1000 are taken"
    ]
    check_baseline("v1", data, Task.CLASSIFICATION)
