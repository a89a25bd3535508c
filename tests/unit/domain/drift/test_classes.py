"""The order of classes comes from which label goes with which probability, never from sorting."""

import pytest

from pointsman.domain.drift.classes import class_order, named_as, orders_of, place_of
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


@pytest.mark.parametrize(
    "classes", [("1.1", "1.10"), ("01", "1"), ("250.0", "250.00"), ("9007199254740992", "9007199254740993")]
)
def test_labels_are_the_classes_of_the_same_names_whatever_they_mean(
    classes: tuple[str, str],
) -> None:
    assert named_as(classes, classes) == classes
    assert named_as(classes[::-1], classes) == classes[::-1]


@pytest.mark.parametrize("classes", [("1.1", "1.10"), ("01", "1"), ("250.0", "250.00")])
def test_classes_that_are_one_number_are_refused(classes: tuple[str, str]) -> None:
    with pytest.raises(InvalidArgumentError, match="are one number"):
        class_order([[0.9, 0.1], [0.1, 0.9]], classes, classes)


@pytest.mark.parametrize(
    ("label", "classes", "place"),
    [
        ("1.0", ("false", "true"), 1),
        ("0.0", ("false", "true"), 0),
        ("9007199254740993", ("9007199254740992", "7"), None),
        ("9007199254740993", ("7", "9007199254740993"), 1),
        ("1_12", ("112", "7"), None),
        ("\u0661", ("1", "7"), None),
    ],
)
def test_a_name_means_no_other_class_than_the_number_that_it_says(
    label: str, classes: tuple[str, str], place: int | None
) -> None:
    assert place_of(label, classes) == place
