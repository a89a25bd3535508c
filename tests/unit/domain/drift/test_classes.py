"""The order of classes comes from which label goes with which probability, never from sorting."""

import pytest

from pointsman.domain.drift.classes import class_order, orders_of, place_of
from pointsman.errors import InvalidArgumentError


def test_a_label_has_the_place_that_is_greatest_in_its_rows():
    assert class_order([[0.1, 0.9], [0.7, 0.3]], ["approved", "denied"], ["approved", "denied"]) == (
        "denied",
        "approved",
    )


def test_a_threshold_of_the_model_s_own_moves_no_label_while_most_rows_agree():
    # The model says "yes" from 0.3 on.
    rows = [[0.65, 0.35], [0.1, 0.9], [0.2, 0.8], [0.9, 0.1]]
    assert class_order(rows, ["yes", "yes", "yes", "no"], ["no"] * 4) == ("no", "yes")


def test_the_one_class_that_was_never_predicted_has_the_place_that_is_left():
    rows = [[0.6, 0.3, 0.1], [0.1, 0.8, 0.1]]
    assert class_order(rows, ["a", "b"], ["c", "b"]) == ("a", "b", "c")


def test_numbers_and_texts_name_the_same_class():
    assert class_order([[0.9, 0.1], [0.1, 0.9]], [0.0, 1.0], ["0", "1"]) == ("0", "1")


@pytest.mark.parametrize(
    ("rows", "predicted", "actual", "said"),
    [
        ([[0.9, 0.1], [0.8, 0.2]], ["a", "b"], ["a", "b"], "both go with place 0"),
        ([[0.9, 0.1], [0.2, 0.8]], ["a", "a"], ["a", "b"], "equally often"),
        ([[0.9, 0.1]], ["a"], ["a"], "nothing tells which classes the places 1"),
        ([[0.9, 0.1]], ["a"], ["b", "c"], "have 2 classes, and the labels are 3"),
        ([[0.5, 0.5]], ["a"], ["b"], "nothing tells"),
    ],
)
def test_an_order_that_cannot_be_told_is_refused(rows, predicted, actual, said):
    with pytest.raises(InvalidArgumentError) as failure:
        class_order(rows, predicted, actual)
    assert said in failure.value.message
    assert failure.value.fields[0].field == "labeled_predictions.probabilities"


@pytest.mark.parametrize(
    ("label", "place"),
    [("0", 0), ("1", 1), ("1.0", 1), ("true", 1), ("False", None), ("false", 0), ("2", None), ("", None)],
)
def test_a_class_goes_by_every_name_that_means_it(label: str, place: int | None) -> None:
    assert place_of(label, ("0", "1")) == place


def test_orders_are_those_of_versions_whose_signature_tells_one() -> None:
    labels = {
        "1": ("no", "yes"),
        "2": ("yes", "no"),
        "3": ("yes", "maybe"),
        "4": (),
        "5": ("no", "yes", "maybe"),
    }
    assert orders_of(labels, ("no", "yes")) == {"1": ("no", "yes"), "2": ("yes", "no"), "3": None, "5": None}
