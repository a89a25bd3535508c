"""Reports of results: what they say of how right the model was, and when, and of which rows."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from pointsman.control.drift.performing import Performer
from pointsman.control.drift.reports import Reports
from pointsman.domain.drift.analyses import DriftResult, DriftStatus
from pointsman.domain.drift.performance import MetricDivergence, PerformanceHistory, PerformancePoint
from pointsman.domain.keys import Principal
from pointsman_drift import ClassPredictions, Report, compare, read_classes

SOMEBODY = Principal("somebody", frozenset(), admin=True)
DAY_US = 86_400_000_000
WINDOW_END_US = 100 * DAY_US
STILL = compare({"x": [1, 2, 3] * 50}, {"x": [1, 2, 3] * 50}).to_dict()


class OneResult:
    """Stands for the analyses of a model: one result of an old window."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        self.body = body

    def result(self, caller: Principal, model_id: str, result_id: str) -> DriftResult:
        return DriftResult(
            *("r1", model_id, DriftStatus.OK, WINDOW_END_US, "j1", "b1"),
            *(WINDOW_END_US - DAY_US, WINDOW_END_US, self.body),
        )


class OneHistory:
    """Stands for the desk that tells how right models were; keeps what it is asked."""

    def __init__(self, found: PerformanceHistory) -> None:
        self.found = found
        self.asked: dict[str, Any] = {}

    def history(self, *_: Any, **asked: Any) -> PerformanceHistory:
        self.asked = asked
        return self.found


def written(*points: PerformancePoint, body: Mapping[str, Any] = STILL) -> dict[str, Any]:
    return written_by(OneHistory(PerformanceHistory(points, {}, ())), body)


def written_by(desk: OneHistory, body: Mapping[str, Any] = STILL) -> dict[str, Any]:
    made = Reports(OneResult(body), desk).written(SOMEBODY, "cancer", "r1")  # type: ignore[arg-type]
    found: dict[str, Any] = json.loads(made)
    return found


@pytest.fixture(scope="module")
def told() -> dict[str, dict[str, Any]]:
    """Metrics of a span without any change, whose labels arrive for rows that are easy to tell apart."""
    random = np.random.default_rng(1)

    def drawn(rows: int) -> ClassPredictions:
        scores = random.beta(2, 2, rows)
        labels = (random.random(rows) < scores).astype(int)
        return read_classes([0, 1], scores, (scores >= 0.5).astype(int), labels)

    span = drawn(5000)
    easy = np.flatnonzero(np.abs(span.probabilities[:, 1] - 0.5) > 0.35)[:60]
    known = np.full(5000, -1)
    known[easy] = span.actual[easy]
    late = ClassPredictions(span.classes, span.probabilities, span.predicted, known)
    return Performer(drawn(5000)).measure(late).told()


def test_a_realised_value_stands_beside_the_band_of_the_same_rows(told: dict[str, dict[str, Any]]) -> None:
    accuracy = told["accuracy"]
    assert accuracy["insideBand"]
    assert accuracy["realised"] > accuracy["upper"], "the band of all rows is another one"
    made = written(PerformancePoint(0, 5000, 60, metrics=told), body=STILL | {"performance": told})
    (point,) = made["history"]["accuracy"]
    assert (point["estimated"], point["lower"], point["upper"]) == (
        accuracy["compared"],
        accuracy["comparedLower"],
        accuracy["comparedUpper"],
    )
    page = Report(**made).to_html()
    assert "In 0 of 1 that have both, the realised value is outside the band" in page
    row = page.split("Metrics of the compared rows")[1].split("</tr>")[1]
    assert f"{accuracy['comparedLower']:.4g} – {accuracy['comparedUpper']:.4g}" in row, row


def test_a_span_without_outcomes_has_the_estimate_of_all_its_rows(told: dict[str, dict[str, Any]]) -> None:
    unknown = {key: told["accuracy"][key] for key in ("reference", "estimate", "lower", "upper")}
    (point,) = written(PerformancePoint(0, 5000, 0, metrics={"accuracy": unknown}))["history"]["accuracy"]
    assert point["realised"] is None
    assert [point[name] for name in ("estimated", "lower", "upper")] == [
        unknown[name] for name in ("estimate", "lower", "upper")
    ]


def test_the_rows_of_a_figure_are_those_it_is_of(told: dict[str, dict[str, Any]]) -> None:
    # Of 90 outcomes in the step 60 were looked at.
    history = written(PerformancePoint(0, 7000, 90, accuracy=0.7, metrics=told))["history"]
    assert {metric: [point["rows"] for point in points] for metric, points in history.items()} == {
        metric: [60] for metric in told
    }
    counted = written(PerformancePoint(0, 7000, 90, accuracy=0.7))["history"]["accuracy"]
    assert [point["rows"] for point in counted] == [90]


def test_a_report_tells_performance_of_the_result_s_own_time_by_its_own_baseline() -> None:
    divergence = {"accuracy": MetricDivergence(True, 3, 5, 0.4, "worse")}
    desk = OneHistory(PerformanceHistory((PerformancePoint(0, 10, 5, accuracy=0.5),), divergence, ()))
    notes = written_by(desk)["notes"]
    assert desk.asked == {"end_us": WINDOW_END_US, "baseline_id": "b1"}
    days = "in the 30 days up to 1970-04-11 00:00:00 UTC"
    assert notes == [
        f"how right the model was is told of its predictions {days}; what is estimated there is by "
        "baseline b1",
        f"concept drift {days}: accuracy was lastingly worse than its estimate",
    ]


def test_without_predictions_in_that_time_nothing_is_said_of_it() -> None:
    assert written()["notes"] == []
