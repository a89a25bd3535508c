from datetime import UTC, datetime
from typing import Any

import pytest

from pointsman.client import Calibration, DriftOrigin, DriftResult, DriftStatus, PerformanceMetric
from pointsman.demo.drift.cases import Stretch
from pointsman.demo.drift.checks import check_result
from pointsman.demo.drift.findings import changes_told, figures_of, figures_table
from pointsman.demo.errors import DemoError

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def figure(status: str, score: float) -> dict[str, Any]:
    return {"drift": status != "ok", "score": score, "pValue": 0.5, "status": status}


def accuracy(realised: float | None, *, inside: bool | None = True, outcomes: int = 200) -> PerformanceMetric:
    return PerformanceMetric(0.97, 0.96, 0.94, 0.98, realised, inside, outcomes, 0.96, 0.94, 0.98)


def result(
    features: dict[str, Any], measured: PerformanceMetric | None, *, job_id: str = "j1", rows: int = 200
) -> DriftResult:
    return DriftResult(
        result_id="r1",
        model_id="cancer",
        status=DriftStatus.ALERT,
        algorithms={},
        created_at=NOW,
        features=features,
        insufficient_data=(),
        not_measured=(),
        job_id=job_id,
        baseline_id="b1",
        window_start=NOW,
        window_end=NOW,
        reference_rows=300,
        current_rows=rows,
        calibration=Calibration.ON,
        notes=(),
        performance={} if measured is None else {"accuracy": measured},
        slices=(),
        origin=DriftOrigin.INPUTS,
    )


FEATURES = {
    "radius": {"psi": figure("ok", 0.9), "ks_test": figure("ok", 0.1)},
    "texture": {"psi": figure("warning", 0.15), "ks_test": figure("alert", 0.4)},
    "(label)": {"psi": figure("alert", 0.5)},
    "(predictions)": {"accuracy_drop": figure("alert", 0.3)},
}


def test_the_worst_figures_come_first_whatever_their_scores() -> None:
    order = [(feature, algorithm) for feature, algorithm, _ in figures_of(result(FEATURES, None))]
    assert order == [
        ("(label)", "psi"),
        ("texture", "ks_test"),
        ("(predictions)", "accuracy_drop"),
        ("texture", "psi"),
        ("radius", "psi"),
        ("radius", "ks_test"),
    ]


def test_what_drifts_is_named_and_columns_of_answers_are_no_features() -> None:
    assert changes_told(result(FEATURES, accuracy(0.67, inside=False))) == [
        "Feature drift: texture (ks_test 0.400, psi 0.150)",
        "Accuracy drop: 0.300 below the baseline's (alert)",
        "Concept drift: from its scores an accuracy of 0.940 to 0.980 was expected, and 0.670 came true: "
        "outcomes follow from scores otherwise than in the baseline",
    ]


@pytest.mark.parametrize("inside", [True, None])
def test_nothing_is_told_of_what_does_not_drift(inside: bool | None) -> None:
    calm = {"radius": {"psi": figure("ok", 0.9)}, "(predictions)": {"accuracy_drop": figure("ok", 0.01)}}
    assert changes_told(result(calm, accuracy(0.96, inside=inside))) == []


def test_the_table_counts_all_figures() -> None:
    title = figures_table("As they are", result(FEATURES, None)).title
    assert title == "As they are: alert; 4 of 6 figures drift, 200 rows against 300 of the baseline"


def test_a_result_that_says_what_was_counted_passes() -> None:
    check_result(result({}, accuracy(0.9)), "j1", Stretch(NOW, NOW, 200, 180))


@pytest.mark.parametrize(
    ("told", "wrong"),
    [
        (result({}, accuracy(0.9), job_id="j2"), "is of analysis j2, not of j1"),
        (result({}, accuracy(0.9), rows=199), "199 rows were analysed of 200"),
        (result({}, accuracy(0.9, outcomes=150)), "of 150 outcomes of 200"),
        (result({}, accuracy(0.905)), "0.905 to the server and 0.9 to the client, who counted 180 of 200"),
        (result({}, accuracy(None)), "says no accuracy"),
        (result({}, None), "says no accuracy"),
    ],
)
def test_a_result_that_says_otherwise_is_named(told: DriftResult, wrong: str) -> None:
    with pytest.raises(DemoError, match=wrong):
        check_result(told, "j1", Stretch(NOW, NOW, 200, 180))
