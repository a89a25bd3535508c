"""Recorded answers become predictions of the baseline's classes; what cannot is counted, never guessed."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pytest

from pointsman.control.drift.answers import AnswerForm, LeftOut, read_answers
from pointsman_drift import ClassPredictions, NumberPredictions

FORM = AnswerForm(("no", "yes"))
TYPES = {
    "model_version": pa.string(),
    "label": pa.string(),
    "number": pa.float64(),
    "probabilities": pa.list_(pa.float64()),
    "outcome_label": pa.string(),
    "outcome_number": pa.float64(),
}


def table(*rows: Sequence[Any]) -> pa.Table:
    """Rows of label, number, probabilities, outcome's label and number, and perhaps a version."""
    columns = [[*one, "1"][:6] for one in rows]
    named: dict[str, list[Any]] = {name: [] for name in TYPES}
    for label, number, probabilities, outcome, outcome_number, version in columns:
        values = (version, label, number, probabilities, outcome, outcome_number)
        for name, value in zip(TYPES, values, strict=True):
            named[name].append(value)
    return pa.table({name: pa.array(named[name], kind) for name, kind in TYPES.items()})


def test_answers_are_places_of_the_classes_and_unknown_outcomes_have_none() -> None:
    left_out = LeftOut()
    found = read_answers(
        table(("yes", None, [0.2, 0.8], "no", None), ("no", None, [0.9, 0.1], None, None)), FORM, left_out
    )
    assert isinstance(found, ClassPredictions)
    assert (found.predicted.tolist(), found.actual.tolist()) == ([1, 0], [0, -1])
    assert found.probabilities.tolist() == [[0.2, 0.8], [0.9, 0.1]]
    assert left_out.notes() == []


@pytest.mark.parametrize(
    ("row", "counted"),
    [
        ((None, None, [0.2, 0.8], None, None), "without_answer"),
        (("yes", None, None, None, None), "of_other_width"),
        (("yes", None, [0.2, 0.3, 0.5], None, None), "of_other_width"),
        (("yes", None, [0.2, 0.9], None, None), "of_other_width"),
        (("yes", None, [None, 1.0], None, None), "of_other_width"),
        (("yes", None, [float("nan"), 1.0], None, None), "of_other_width"),
        (("maybe", None, [0.2, 0.8], None, None), "of_other_class"),
    ],
)
def test_a_row_that_cannot_be_compared_is_left_out_and_counted_once(row: Any, counted: str) -> None:
    left_out = LeftOut()
    good = ("yes", None, [0.2, 0.8], "yes", None)
    found = read_answers(table(row, good), FORM, left_out)
    assert found is not None
    assert found.rows == 1
    assert {name: count for name, count in vars(left_out).items() if count} == {counted: 1}
    assert read_answers(table(row), FORM, LeftOut()) is None


def test_an_outcome_that_is_no_class_leaves_its_prediction_without_one() -> None:
    left_out = LeftOut()
    found = read_answers(table(("yes", None, [0.2, 0.8], "maybe", None)), FORM, left_out)
    assert isinstance(found, ClassPredictions)
    assert found.actual.tolist() == [-1]
    assert left_out.of_other_outcome == 1


def test_probabilities_of_a_version_with_another_order_are_turned_and_of_others_not() -> None:
    form = AnswerForm(("a", "b", "c"), {"2": ("c", "a", "b")})
    found = read_answers(
        table(
            ("a", None, [0.7, 0.2, 0.1], None, None, "1"),
            ("c", None, [0.7, 0.2, 0.1], None, None, "2"),
        ),
        form,
        LeftOut(),
    )
    assert isinstance(found, ClassPredictions)
    assert found.probabilities.tolist() == [[0.7, 0.2, 0.1], [0.2, 0.1, 0.7]]
    assert found.predicted.tolist() == [0, 2]


def test_answers_of_a_version_with_other_classes_are_left_out_whatever_they_are_called() -> None:
    form = AnswerForm(("no", "yes"), {"2": None})
    left_out = LeftOut()
    found = read_answers(
        table(
            ("yes", None, [0.1, 0.9], None, None, "1"),
            # Of yes and maybe, so that the first probability is that of yes.
            ("yes", None, [0.9, 0.1], None, None, "2"),
            ("maybe", None, [0.2, 0.8], None, None, "2"),
            ("no", None, [0.8, 0.2], None, None, None),
        ),
        form,
        left_out,
    )
    assert isinstance(found, ClassPredictions)
    assert found.probabilities.tolist() == [[0.1, 0.9], [0.8, 0.2]]
    assert {name: count for name, count in vars(left_out).items() if count} == {"of_other_class": 2}


def test_numbers_are_read_and_what_is_none_is_counted() -> None:
    left_out = LeftOut()
    found = read_answers(
        table(
            ("2.5", 2.5, None, "3", 3.0),
            ("x", None, None, "3", 3.0),
            ("4", 4.0, None, "unknown", None),
            ("5", 5.0, None, None, None),
        ),
        AnswerForm(),
        left_out,
    )
    assert isinstance(found, NumberPredictions)
    assert found.predicted.tolist() == [2.5, 4.0, 5.0]
    assert found.labelled.actual.tolist() == [3.0]
    assert (left_out.without_answer, left_out.of_other_outcome) == (1, 1)


def test_what_parts_leave_out_adds_up() -> None:
    total = LeftOut.total([LeftOut(1, 0, 2), LeftOut(3, 1)])
    assert total == LeftOut(4, 1, 2, 0)
