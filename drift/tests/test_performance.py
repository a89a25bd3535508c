"""Performance, estimated and realised: beside closed forms, NannyML and scikit-learn."""

import csv
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats
from sklearn import metrics

from pointsman_drift import (
    ClassPredictions,
    Estimate,
    calibrate,
    compare_predictions,
    estimate_performance,
    find_divergence,
    read_classes,
    read_numbers,
    realised_metrics,
)
from pointsman_drift.errors import InvalidOptionError, InvalidTableError
from pointsman_drift.performance.cbpe import Calibration, estimate
from pointsman_drift.performance.curves import calibration_error, fit_curve
from pointsman_drift.performance.metrics import METRICS

Floats = NDArray[np.float64]

CLOSED_FORMS = {
    (1, 1): (0.750000, 0.750000, 0.750000, 0.750000, 0.750000, 0.833333),
    (2, 2): (0.687500, 0.687500, 0.687500, 0.687500, 0.687500, 0.757143),
    (2, 5): (0.734375, 0.591837, 0.226563, 0.937500, 0.327684, 0.720280),
    (5, 2): (0.734375, 0.751880, 0.937500, 0.226563, 0.834492, 0.720280),
    (0.5, 0.5): (0.818310, 0.818310, 0.818310, 0.818310, 0.818310, 0.905285),
}
CAR_LOAN = {
    "analysis 0": {"roc_auc": (0.970744, 0.970962), "accuracy": (0.941792, 0.9422), "f1": (0.943030, None)},
    "analysis 5": {"roc_auc": (0.961090, 0.960050), "accuracy": (0.910714, 0.9146), "f1": (0.911753, None)},
}
"""Estimated and realised, as NannyML 0.13.1 prints them."""


@pytest.mark.parametrize("shape", CLOSED_FORMS)
def test_perfectly_calibrated_scores_have_the_closed_forms(shape: tuple[float, float]) -> None:
    scores = stats.beta(*shape).ppf((np.arange(400_000) + 0.5) / 400_000)
    predictions = read_classes([0, 1], scores, (scores >= 0.5).astype(int))
    found = estimate(Calibration((0, 1), (None, None), 1000), predictions)
    assert [found[name].value for name in METRICS] == pytest.approx(CLOSED_FORMS[shape], abs=1e-6)


@pytest.fixture(scope="module")
def car_loan() -> dict[str, ClassPredictions]:
    columns: dict[str, list[tuple[float, int, int, int]]] = defaultdict(list)
    with (Path(__file__).parent / "data/car_loan.csv").open() as file:
        for row in csv.DictReader(file):
            values = float(row["score"]), int(row["predicted"]), int(row["actual"]), int(row["rows"])
            columns[row["span"]].append(values)
    found = {}
    for span, rows in columns.items():
        score, predicted, actual, times = map(np.array, zip(*rows, strict=True))
        whole = [np.repeat(column, times) for column in (score, predicted, actual)]
        found[span] = read_classes([0, 1], *whole)
    return found


@pytest.mark.parametrize("span", CAR_LOAN)
def test_estimates_of_a_real_model_are_those_of_nannyml(
    car_loan: dict[str, ClassPredictions], span: str
) -> None:
    found = estimate_performance(car_loan["reference"], car_loan[span])
    for name, (estimated, realised) in CAR_LOAN[span].items():
        assert found[name].estimate.value == pytest.approx(estimated, abs=5e-7)
        if realised is not None:
            value = found[name].realised
            assert value is not None
            assert value.value == pytest.approx(realised, abs=5e-7)


def drawn(
    random: np.random.Generator, rows: int, shape: tuple[float, float] = (2, 3), flipped: bool = False
) -> ClassPredictions:
    """Scores that are odds to one side of what is true, and labels by them, or by the opposite rule."""
    true = random.beta(*shape, rows)
    labels = (random.random(rows) < (1 - true if flipped else true)).astype(int)
    return read_classes([0, 1], true**2, (true >= 0.5).astype(int), labels)


def test_scores_that_are_no_probabilities_are_calibrated() -> None:
    random = np.random.default_rng(1)
    reference, current = drawn(random, 20_000), drawn(random, 20_000, (4, 3))
    assert calibrate(reference).curves[1] is not None
    for name, one in estimate_performance(reference, current).items():
        assert one.is_inside, name
        assert one.realised is not None
        assert one.estimate.value == pytest.approx(one.realised.value, abs=0.02)


def test_scores_that_are_probabilities_are_taken_as_they_are() -> None:
    scores = (np.arange(20_000) + 0.5) / 20_000
    # In every run of a hundred neighbours as many are positive as the scores add up to.
    labels = np.diff(np.floor(np.r_[0.0, np.cumsum(scores)])).astype(int)
    assert calibrate(read_classes([0, 1], scores, labels, labels)).curves[1] is None


def test_a_recorded_label_counts_and_no_threshold() -> None:
    scores = np.array([0.1, 0.4, 0.6, 0.9] * 100)
    never = read_classes(["no", "yes"], scores, ["no"] * 400)
    found = estimate(Calibration(("no", "yes"), (None, None), 1000), never)
    assert found["accuracy"].value == pytest.approx(0.5)
    assert (found["precision"].value, found["precision"].left_out) == (None, ("yes",))
    assert found["recall"].value == 0


def test_bands_hold_what_is_realised_and_no_more_than_they_must() -> None:
    random = np.random.default_rng(2)
    reference = drawn(random, 5000)
    calibration = calibrate(reference)
    distances = defaultdict(list)
    for _ in range(150):
        for name, one in estimate_performance(calibration, drawn(random, 2000)).items():
            assert one.realised is not None
            assert one.realised.value is not None
            assert one.estimate.value is not None
            distances[name].append((one.realised.value - one.estimate.value) / one.estimate.sampling_error)
    for name, those in distances.items():
        assert np.max(np.abs(those)) <= 3.5, name
        assert 0.5 <= np.std(those) <= 1.2, name


def test_the_sampling_error_is_that_of_repeated_samples() -> None:
    random = np.random.default_rng(3)
    samples = [realised_metrics(drawn(random, 1000)) for _ in range(400)]
    for name in METRICS:
        values = [one[name].value for one in samples]
        told = np.mean([one[name].sampling_error for one in samples])
        assert np.std(np.array(values, float)) == pytest.approx(told, rel=0.12), name


def classifier(random: np.random.Generator, rows: int) -> ClassPredictions:
    """Three classes by temperature-distorted probabilities."""
    true = random.dirichlet([1.0, 2.0, 0.7], rows)
    labels = (random.random(rows)[:, None] > np.cumsum(true, axis=1)[:, :2]).sum(axis=1)
    scores = true**2 / np.sum(true**2, axis=1, keepdims=True)
    names = np.array(["a", "b", "c"])
    return read_classes(["a", "b", "c"], scores, names[scores.argmax(axis=1)], names[labels])


def test_realised_metrics_of_two_and_of_more_classes_are_those_of_scikit_learn() -> None:
    random = np.random.default_rng(4)
    for predictions, mean in ((drawn(random, 500), "binary"), (classifier(random, 500), "macro")):
        found = realised_metrics(predictions)
        actual, said = predictions.actual, predictions.predicted
        scores = predictions.probabilities[:, 1] if mean == "binary" else predictions.probabilities
        wanted = {
            "accuracy": metrics.accuracy_score(actual, said),
            "precision": metrics.precision_score(actual, said, average=mean),
            "recall": metrics.recall_score(actual, said, average=mean),
            "f1": metrics.f1_score(actual, said, average=mean),
            "roc_auc": metrics.roc_auc_score(actual, scores, multi_class="ovr"),
        }
        for name, value in wanted.items():
            assert found[name].value == pytest.approx(value, abs=1e-12), (mean, name)


def test_more_than_two_classes_are_estimated_by_the_mean_of_each_against_the_rest() -> None:
    random = np.random.default_rng(5)
    reference, current = classifier(random, 20_000), classifier(random, 5000)
    for name, one in estimate_performance(reference, current).items():
        assert one.is_inside, name
    raw = estimate(Calibration(("a", "b", "c"), (None, None, None), 20_000), current)
    realised = realised_metrics(current)
    assert not raw["accuracy"].holds(realised["accuracy"].value or 0.0)


def test_a_class_that_nobody_predicts_is_left_out_by_name() -> None:
    predictions = read_classes(
        ["a", "b", "c"], [[0.6, 0.3, 0.1], [0.2, 0.6, 0.2]] * 20, ["a", "b"] * 20, ["a", "c"] * 20
    )
    found = realised_metrics(predictions)
    assert (found["precision"].left_out, found["recall"].left_out) == (("c",), ("b",))
    assert [found[name].value for name in ("precision", "recall")] == pytest.approx([0.5, 0.5])


def test_regressions_have_mean_and_root_mean_square_errors() -> None:
    random = np.random.default_rng(6)
    actual = random.normal(size=1000)
    predicted = actual + random.normal(0, 0.3, 1000)
    actual[:100] = np.nan
    found = realised_metrics(read_numbers(predicted, actual))
    errors = (predicted - actual)[100:]
    assert found["mae"].value == pytest.approx(np.mean(np.abs(errors)))
    assert found["rmse"].value == pytest.approx(np.sqrt(np.mean(errors**2)))
    assert (found["mae"].rows, found["rmse"].rows) == (900, 900)
    assert found["mae"].sampling_error == pytest.approx(np.std(np.abs(errors)) / 30)
    large = realised_metrics(read_numbers([1e300, 0.0], [0.0, 0.0]))
    assert large["rmse"].value == pytest.approx(1e300 / 2**0.5)
    assert realised_metrics(read_numbers([1.0, 2.0])) == {}


def test_errors_beyond_what_a_double_holds_have_no_mean() -> None:
    found = realised_metrics(read_numbers([1.7e308, 1.0], [-1.7e308, 1.0]))
    assert {name: (one.value, one.rows) for name, one in found.items()} == {
        "mae": (None, 2),
        "rmse": (None, 2),
    }


def test_a_flipped_label_rule_leaves_the_estimate_and_is_called_concept_drift() -> None:
    random = np.random.default_rng(7)
    calibration = calibrate(drawn(random, 20_000))
    history: list[tuple[Estimate, float | None]] = []
    for period in range(8):
        one = estimate_performance(calibration, drawn(random, 2000, flipped=period >= 4))["accuracy"]
        assert one.compared is not None
        assert one.realised is not None
        history.append((one.compared, one.realised.value))
    estimates = [one.value for one, _ in history if one.value is not None]
    assert np.ptp(estimates) < 0.03
    realised = [value or 0.0 for _, value in history]
    assert min(realised[:4]) > 0.6 > 0.4 > max(realised[4:])
    assert [find_divergence(history[:end]).is_concept_drift for end in range(1, 9)] == [False] * 6 + [
        True,
        True,
    ]
    found = find_divergence(history)
    assert (found.direction, found.outside, found.periods, found.inside_share) == ("worse", 4, 5, 0.5)


def test_one_bad_period_or_periods_on_both_sides_are_no_concept_drift() -> None:
    band = Estimate("accuracy", 0.8, 0.75, 0.85, 0.0167)
    assert not find_divergence([(band, 0.8), (band, 0.5), (band, 0.8)]).is_concept_drift
    assert not find_divergence([(band, 0.5), (band, 0.9), (band, 0.5), (band, 0.9)]).is_concept_drift
    unlabelled = find_divergence([(band, None)] * 5)
    assert (unlabelled.periods, unlabelled.inside_share, unlabelled.is_concept_drift) == (0, None, False)
    assert find_divergence([(band, 0.9), (band, None), (band, 0.9), (band, 0.9)]).direction == "better"
    with pytest.raises(InvalidOptionError, match="outside: 6 is not within 1 and periods"):
        find_divergence([], outside=6)


def test_labels_of_some_rows_are_held_against_the_estimate_of_the_same_rows() -> None:
    random = np.random.default_rng(8)
    reference, late = drawn(random, 10_000), drawn(random, 4000, (1, 1))
    # Labels of the easy half arrive first.
    known = np.abs(late.probabilities[:, 1] - 0.25) > 0.2
    current = ClassPredictions(
        late.classes, late.probabilities, late.predicted, np.where(known, late.actual, -1)
    )
    one = estimate_performance(reference, current)["accuracy"]
    assert one.realised is not None
    assert one.realised.rows == known.sum()
    assert not one.estimate.holds(one.realised.value or 0.0)
    assert one.is_inside


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), rows=st.integers(1, 60), classes=st.integers(2, 4))
def test_estimates_lie_in_their_bands_and_know_no_order(seed: int, rows: int, classes: int) -> None:
    random = np.random.default_rng(seed)
    scores = np.round(random.dirichlet(np.full(classes, 0.5), rows + 40), 2)
    scores[:, 0] = np.maximum(1 - scores[:, 1:].sum(axis=1), 0)
    scores /= scores.sum(axis=1, keepdims=True)
    labels = random.integers(0, classes, (2, rows + 40))
    names = list(range(classes))
    whole = read_classes(names, scores, labels[0], labels[1])
    order = random.permutation(rows + 40)
    turned = read_classes(names, scores[order], labels[0][order], labels[1][order])
    first, second = estimate_performance(whole, whole), estimate_performance(turned, turned)
    for name, one in first.items():
        other = second[name]
        assert one.estimate.value == pytest.approx(other.estimate.value, abs=1e-9)
        assert one.estimate.sampling_error == pytest.approx(other.estimate.sampling_error, abs=1e-7)
        if one.estimate.value is not None:
            assert 0 <= one.estimate.lower <= one.estimate.value <= one.estimate.upper <= 1


def test_curves_rise_clip_and_interpolate() -> None:
    random = np.random.default_rng(9)
    scores = np.sort(np.round(random.random(2000), 3))
    labels = (random.random(2000) < scores**2).astype(float)
    curve = fit_curve(scores, labels)
    assert np.all(np.diff(curve.scores) > 0)
    assert np.all(np.diff(curve.probabilities) >= 0)
    assert len(curve.scores) < 200
    assert curve.at(np.array([-1.0, 2.0])).tolist() == [curve.probabilities[0], curve.probabilities[-1]]
    assert calibration_error(curve.at(scores), labels) < calibration_error(scores, labels) / 3


def test_a_million_rows_beside_a_million_take_less_than_a_second() -> None:
    random = np.random.default_rng(10)
    reference, current = drawn(random, 1_000_000), drawn(random, 1_000_000)
    start = time.process_time()
    found = estimate_performance(reference, current)
    taken = time.process_time() - start
    assert all(one.is_inside for one in found.values())
    print(f"CBPE and realised metrics of 1 M + 1 M rows: {taken:.2f} s of a processor")
    assert taken < 2.0, "of a loaded machine; alone it takes half of that"


ROW = [[0.5, 0.5]]


@pytest.mark.parametrize(
    ("classes", "probabilities", "predicted", "actual", "words"),
    [
        ([0], ROW, [0], None, "classes: .* is no list of 2 to 1000"),
        ([0, 0], ROW, [0], None, "classes: .* twice"),
        ([0, 1.5], ROW, [0], None, r"classes\[1\]: 1.5 is a float"),
        ([0, 1], [[0.5, 0.4]], [0], None, r"probabilities\[0\]: they add up to 0.9; it must be 1"),
        ([0, 1], [[0.5, 0.5], [np.nan, 1]], [0, 0], None, r"probabilities\[1, 0\]: nan"),
        ([0, 1], [[1.5, -0.5]], [0], None, r"probabilities\[0, 0\]: 1.5 is not within 0 and 1"),
        ([0, 1], [[0.2, 0.3, 0.5]], [0], None, r"the shape is \(1, 3\); it must be \(rows, 2\)"),
        ([0, 1, 2], [0.2], [0], None, "shape"),
        ([0, 1], [[0.5, 0.5], [0.5]], [0, 0], None, "no matrix of numbers"),
        ([0, 1], [], [], None, "no rows"),
        ([0, 1], ROW, [2], None, r"predicted\[0\]: 2 is no class; classes are \[0, 1\]"),
        ([0, 1], ROW, ["1"], None, "predicted: the labels are string, the classes int64"),
        ([0, 1], ROW, [True], None, "predicted: the labels are bool"),
        ([0, 1], ROW, [None], None, r"predicted\[0\]: there is no label"),
        ([0, 1], ROW, [0, 1], None, "predicted: it has 2 rows and the predictions have 1"),
        ([0, 1], ROW, [0], [0.5], "actual: the labels are not of the classes' type"),
        ([0, 1], ROW, [0], [7], r"actual\[0\]: 7 is no class"),
        ([0, 1], ROW, [0], "0", "actual: a str is no list"),
    ],
)
def test_predictions_that_mean_nothing_are_refused_by_field_and_row(
    classes: list[int], probabilities: object, predicted: object, actual: object, words: str
) -> None:
    with pytest.raises(InvalidTableError, match=words):
        read_classes(classes, probabilities, predicted, actual)


def test_numbers_that_mean_nothing_are_refused_by_row() -> None:
    for arguments, words in (
        (([1.0, np.inf],), r"predicted\[1\]: inf is no finite"),
        (([1.0, None],), r"predicted\[1\]: there is no number"),
        ((["a"],), "predicted: the values are string; give numbers"),
        (([],), "no rows"),
        (([1.0], [1.0, 2.0]), "actual: it has 2 rows"),
    ):
        with pytest.raises(InvalidTableError, match=words):
            read_numbers(*arguments)


def test_labels_may_be_texts_numbers_booleans_and_categories() -> None:
    import pandas as pd

    categories = pd.Series(["no", None, "yes"], dtype="category")
    found = read_classes(["no", "yes"], [0.1, 0.5, 0.9], ["no", "no", "yes"], categories)
    assert found.actual.tolist() == [0, -1, 1]
    assert read_classes([False, True], [0.1], [True], [False]).predicted.tolist() == [1]
    assert read_classes([0, 1], [0.1, 0.2], [1, 0], [1.0, np.nan]).actual.tolist() == [1, -1]


def test_a_reference_without_labels_or_with_other_classes_is_refused() -> None:
    scores = np.full(100, 0.5)
    unlabelled = read_classes([0, 1], scores, [0] * 100)
    with pytest.raises(InvalidTableError, match="actual: 0 predictions of the reference have a label; 30"):
        calibrate(unlabelled)
    labelled = read_classes([0, 1], scores, [0] * 100, [0, 1] * 50)
    with pytest.raises(InvalidTableError, match=r"classes: the reference has \[0, 1\], the predictions"):
        estimate_performance(labelled, read_classes([1, 0], scores, [0] * 100))


def test_a_reference_of_one_class_calibrates_nothing_and_makes_no_concept_drift() -> None:
    random = np.random.default_rng(12)
    scores = random.beta(2, 3, 400)
    said = (scores >= 0.5).astype(int)
    actual = np.zeros(400, int)
    actual[:4] = 1
    reference = read_classes([0, 1], scores, said, actual)
    with pytest.raises(InvalidTableError, match=r"actual: 4 labelled predictions .* another class than 0; 5"):
        calibrate(reference)
    figures = compare_predictions(reference, read_classes([0, 1], scores, said), algorithms=["cbpe"])
    assert [one.reason for one in figures.insufficient_data] == [
        "cbpe: 4 labelled predictions of the reference are of another class than 0; 5 are needed"
    ]
    actual[4] = 1
    assert calibrate(read_classes([0, 1], scores, said, actual)).rows == 400


def test_a_rare_one_of_several_classes_has_its_scores_as_they_are() -> None:
    random = np.random.default_rng(13)
    found = classifier(random, 3000)
    sparse = np.where(found.actual == 2, -1, found.actual)
    sparse[np.flatnonzero(found.actual == 2)[:4]] = 2
    reference = ClassPredictions(found.classes, found.probabilities, found.predicted, sparse)
    curves = calibrate(reference).curves
    assert [curve is None for curve in curves] == [False, False, True]


def test_where_one_class_alone_came_true_the_other_side_is_not_defined() -> None:
    scores = np.linspace(0.3, 0.9, 97)
    found = realised_metrics(read_classes([0, 1], scores, (scores > 0.5).astype(int), [1] * 97))
    for name in ("specificity", "roc_auc"):
        assert (found[name].value, found[name].left_out) == (None, ("1",))
    assert found["precision"].value == 1


def test_where_the_reference_has_no_errors_a_few_are_no_concept_drift() -> None:
    random = np.random.default_rng(11)

    def nearly_perfect(rows: int, errors: int) -> ClassPredictions:
        labels = random.integers(0, 2, rows)
        scores = np.where(labels == 1, random.uniform(0.7, 1, rows), random.uniform(0, 0.3, rows))
        said = labels.copy()
        labels[:errors] = 1 - labels[:errors]
        return read_classes([0, 1], scores, said, labels)

    reference = nearly_perfect(1000, 0)
    few, many = (estimate_performance(reference, nearly_perfect(1000, errors)) for errors in (2, 20))
    for name, one in few.items():
        assert one.estimate.value == pytest.approx(1, abs=1e-3), name
        assert one.is_inside, name
    assert not many["accuracy"].is_inside
