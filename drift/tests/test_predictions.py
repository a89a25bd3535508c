"""Predictions inside a comparison: drift of labels and scores, and algorithms of performance."""

import numpy as np
import pytest

from pointsman_drift import (
    ClassPredictions,
    InvalidOptionError,
    InvalidTableError,
    Result,
    Status,
    compare,
    compile_baseline,
    read_classes,
    read_numbers,
)
from pointsman_drift.analysing import analyse
from pointsman_drift.options import read_options
from pointsman_drift.performance.pair import PredictionPair

PERFORMANCE = ["accuracy_drop", "cbpe", "calibration_error"]
TABLE = {"x": [1.0, 2.0, 3.0] * 100}


def drawn(
    random: np.random.Generator,
    rows: int,
    shape: tuple[float, float] = (2, 2),
    flipped: float = 0.0,
    labelled: float = 1.0,
) -> ClassPredictions:
    """Calibrated scores and labels by them, of which a share is turned round."""
    scores = random.beta(*shape, rows)
    is_turned = random.random(rows) < flipped
    labels = (random.random(rows) < scores) != is_turned
    actual = np.where(random.random(rows) < labelled, labels.astype(float), np.nan)
    return read_classes([0, 1], scores, (scores >= 0.5).astype(int), actual)


def judged(before: ClassPredictions, after: ClassPredictions) -> Result:
    return compare(TABLE, TABLE, predictions=(before, after))


def test_predictions_bring_columns_and_figures_of_performance_into_the_family() -> None:
    random = np.random.default_rng(1)
    result = judged(drawn(random, 3000), drawn(random, 3000))
    assert result.status is Status.OK
    assert set(result.features) == {"x", "(label)", "(score)", "(confidence)", "(predictions)"}
    assert [one.algorithm for one in result.figures if one.feature == "(predictions)"] == PERFORMANCE
    assert {one.algorithm for one in result.figures if one.feature == "(label)"} >= {"psi", "chi_square"}
    assert all(one.q_value is not None for one in result.figures if one.p_value is not None)


def test_inputs_that_move_to_where_the_model_is_unsure_lower_the_estimate() -> None:
    random = np.random.default_rng(2)
    result = judged(drawn(random, 3000, (0.5, 0.5)), drawn(random, 3000, (4, 4), labelled=0.0))
    cbpe = result.figure("(predictions)", "cbpe")
    assert cbpe.status is Status.ALERT
    assert cbpe.value == pytest.approx(0.637, abs=0.03)
    assert cbpe.expected == pytest.approx(0.818, abs=0.03)
    lower, middle = cbpe.details["f1Lower"], cbpe.details["f1"]
    assert isinstance(lower, float)
    assert isinstance(middle, float)
    assert lower < middle
    assert result.features["(confidence)"] is Status.ALERT
    reasons = {one.algorithm: one.reason for one in result.not_measured}
    assert reasons["accuracy_drop"] == "0 predictions of the current side have a label; 30 are needed"
    assert set(reasons) == {"accuracy_drop", "calibration_error"}


def test_a_changed_label_rule_is_seen_by_labels_and_not_by_the_estimate() -> None:
    random = np.random.default_rng(3)
    result = judged(drawn(random, 3000), drawn(random, 3000, flipped=0.6, labelled=0.5))
    assert result.figure("(predictions)", "cbpe").status is Status.OK
    for name in ("accuracy_drop", "calibration_error"):
        figure = result.figure("(predictions)", name)
        assert figure.status is Status.ALERT, name
        assert 1300 < figure.m < 1700
    drop = result.figure("(predictions)", "accuracy_drop")
    assert drop.value == pytest.approx(0.6 * (2 * 0.6875 - 1), abs=0.04)
    assert drop.details["labelCoverage"] == pytest.approx(0.5, abs=0.05)
    assert result.features["(score)"] is Status.OK


def test_a_better_model_is_no_drop() -> None:
    random = np.random.default_rng(4)
    result = judged(drawn(random, 3000, flipped=0.4), drawn(random, 3000))
    drop = result.figure("(predictions)", "accuracy_drop")
    assert (drop.status, drop.score < -0.05) == (Status.OK, True)
    assert (drop.p_value or 0) > 0.99


@pytest.mark.parametrize(("n", "m"), [(200, 200), (2000, 300)])
def test_without_a_change_p_values_of_performance_are_as_chance_has_them(n: int, m: int) -> None:
    random = np.random.default_rng(n)
    options = read_options(PERFORMANCE, {}, {}, "on", 30)
    found: dict[str, list[float]] = {name: [] for name in PERFORMANCE}
    for _ in range(120):
        pair = PredictionPair(drawn(random, n, (2, 5), 0.1), drawn(random, m, (2, 5), 0.1))
        for figure in analyse([pair], options, pair.rows, 0).figures:
            found[figure.algorithm].append(figure.p_value or 0.0)
    for name, p_values in found.items():
        assert len(p_values) == 120
        # Of 120 runs as many as a true level of 0.05 brings in 99 of 100 cases.
        assert np.sum(np.array(p_values) <= 0.05) <= 12, name
        assert 0.35 < np.mean(p_values) < 0.7, name


def test_classes_and_regressions_bring_their_columns() -> None:
    random = np.random.default_rng(5)
    scores = random.dirichlet([1, 1, 1], 600)
    names = np.array(["a", "b", "c"])
    labels = names[scores.argmax(axis=1)]
    three = read_classes(["a", "b", "c"], scores, labels, labels)
    features = compare(TABLE, TABLE, predictions=(three, three)).features
    assert {"(label)", "(score of a)", "(score of b)", "(score of c)", "(confidence)"} <= set(features)
    numbers = read_numbers(random.normal(size=500)), read_numbers(random.normal(2, 1, 500))
    result = compare(compile_baseline(TABLE), TABLE, predictions=numbers)
    assert result.features["(prediction)"] is Status.ALERT
    (unjudged,) = result.insufficient_data
    assert unjudged.feature == "(predictions)"
    assert "predictions of a regression have no probabilities" in unjudged.reason


def test_what_does_not_go_together_is_refused() -> None:
    random = np.random.default_rng(6)
    classes, numbers = drawn(random, 100), read_numbers([1.0] * 100)
    with pytest.raises(InvalidTableError, match="one side is of a classifier and the other of a regression"):
        compare(TABLE, TABLE, predictions=(classes, numbers))
    other = read_classes([1, 0], [0.5] * 100, [0] * 100)
    with pytest.raises(InvalidTableError, match=r"classes: .* \[0, 1\], the current side \[1, 0\]"):
        compare(TABLE, TABLE, predictions=(classes, other))
    with pytest.raises(InvalidOptionError, match=r"'cbpe' is an algorithm of kind performance.*predictions="):
        compare(TABLE, TABLE, algorithms=["psi", "cbpe"])
    with pytest.raises(InvalidOptionError, match=r"'adwin' is an algorithm of kind streaming.*watch"):
        compare(TABLE, TABLE, algorithms=["adwin"])
    kept = {"(label)": TABLE["x"]}
    with pytest.raises(InvalidTableError, match=r"column '\(label\)': figures of the whole go by this name"):
        compare(kept, kept, predictions=(classes, classes))
