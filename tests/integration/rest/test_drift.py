"""Drift over HTTP, call by call as its users know it: paths, names, codes, and what was posted comes back."""

from typing import Any

import pytest

from stage.waiting import eventually

from .conftest import Http

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

MODEL = "model_xyz"
ROWS = 60
"""Enough for an analysis to judge."""

PREDICTION = {
    "modelId": MODEL,
    "features": {"age": 42, "income": 75000},
    "prediction": "approved",
    "probabilities": [0.12, 0.88],
    "entityId": "customer_456",
    "modelVersion": "1.2.0",
    "latencyMs": 23,
}
ALERTS = {
    "modelId": MODEL,
    "enabled": True,
    "algorithms": {
        "enabled": ["ks_test", "psi"],
        "overrides": {"ks_test": {"warningThreshold": 0.1, "alertThreshold": 0.2}},
    },
    "accuracyDropWarning": 0.05,
    "accuracyDropAlert": 0.10,
    "minBaselineSampleSize": 30,
    "notifications": {"email": True, "recipients": ["mlops@example.com"]},
    "schedule": {"enabled": True, "frequency": "daily", "timeWindowDays": 7},
}


@pytest.fixture(scope="module", autouse=True)
def _model(http_: Http) -> None:
    registered = http_("POST", f"/api/v1/models/{MODEL}/versions", {"version": "1.2.0"})
    assert registered.status == 201, registered.body


def holds(found: Any, wanted: Any) -> bool:
    """Whether an answer has all that is wanted; it may have more."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(holds(found.get(name), one) for name, one in wanted.items())
    if isinstance(wanted, list):
        return len(found) == len(wanted) and all(map(holds, found, wanted))
    return bool(found == wanted)


def get(http_: Http, path: str, **query: object) -> Any:
    asked = "&".join(f"{name}={value}" for name, value in {"modelId": MODEL, **query}.items())
    answer = http_("GET", f"/api/v1/drift/{path}?{asked}")
    assert answer.status == 200, answer.body
    return answer.json()


def post(http_: Http, path: str, body: object, status: int = 201) -> Any:
    answer = http_("POST", f"/api/v1/drift/{path}", body)
    assert answer.status == status, answer.body
    return answer.json()


def test_a_prediction_comes_back_as_it_was_logged(http_: Http) -> None:
    made = post(http_, "predictions", PREDICTION)
    assert list(made) == ["predictionId"]
    listed = get(http_, "predictions", limit=10)
    assert listed["total"] == 1
    assert holds(listed["predictions"], [{**PREDICTION, "predictionId": made["predictionId"]}]), listed
    unmatched = get(http_, "predictions/unmatched")["predictions"]
    assert [one["entityId"] for one in unmatched] == ["customer_456"]


def test_outcomes_are_matched_by_entity(http_: Http) -> None:
    one = {"modelId": MODEL, "entityId": "customer_456", "actualOutcome": "approved"}
    added = post(http_, "ground-truth", one)
    assert (bool(added["groundTruthId"]), added["matched"]) == (True, True), added
    assert get(http_, "predictions/unmatched")["predictions"] == []
    records = [
        {"entityId": "customer_456", "actualOutcome": "approved", "outcomeTimestamp": "2026-05-16T12:00:00Z"},
        {"entityId": "customer_789", "actualOutcome": "denied", "outcomeTimestamp": "2026-05-16T12:00:00Z"},
    ]
    report = post(http_, "ground-truth/batch", {"modelId": MODEL, "records": records}, 200)
    assert holds(report, {"inserted": 2, "matched": 1}), report
    assert get(http_, "predictions", hasGroundTruth="true")["total"] == 1
    assert get(http_, "predictions", hasGroundTruth="false")["total"] == 0


def test_baselines_are_kept_and_one_is_active(http_: Http) -> None:
    features = {
        "age": [20 + row % 40 for row in range(ROWS)],
        "income": [40000 + 500 * (row % 31) for row in range(ROWS)],
    }
    target = {"type": "classification", "values": ["approved", "denied"]}
    labeled = {
        "probabilities": [[0.1, 0.9], [0.7, 0.3]],
        "predictedLabels": ["approved", "denied"],
        "actualLabels": ["approved", "denied"],
    }
    ids = [
        post(
            http_,
            "baselines",
            {
                "modelId": MODEL,
                "version": version,
                "featureData": features,
                "targetData": target,
                "labeledPredictions": labeled,
            },
        )["baselineId"]
        for version in ("v1-training", "v2-training")
    ]
    answer = http_("PUT", f"/api/v1/drift/baselines/{ids[0]}/activate", {"modelId": MODEL})
    assert (answer.status, answer.json()) == (200, {"activated": True, "baselineId": ids[0]})
    listed = {one["baselineId"]: one for one in get(http_, "baselines")["baselines"]}
    assert {name: listed[name]["active"] for name in ids} == {ids[0]: True, ids[1]: False}
    active = get(http_, "baselines/active")
    wanted = {"version": "v1-training", "sampleSize": ROWS, "featureData": features, "targetData": target}
    assert holds(active, wanted), active


def test_settings_of_alerts_come_back_and_absent_fields_stay(http_: Http) -> None:
    usual = get(http_, "alerts")
    assert holds(usual, {"accuracyDropWarning": 0.05, "accuracyDropAlert": 0.1, "minBaselineSampleSize": 30})
    answer = http_("PUT", "/api/v1/drift/alerts", ALERTS)
    assert (answer.status, answer.json()) == (200, {"updated": True}), answer.body
    assert holds(get(http_, "alerts"), ALERTS), get(http_, "alerts")
    answer = http_("PUT", "/api/v1/drift/alerts", {"modelId": MODEL, "accuracyDropWarning": 0.02})
    assert answer.status == 200, answer.body
    assert holds(get(http_, "alerts"), {**ALERTS, "accuracyDropWarning": 0.02})


def test_an_analysis_has_a_result(http_: Http) -> None:
    for row in range(ROWS):
        features = {"age": 60 + row % 30, "income": 40000 + 500 * (row % 31)}
        post(http_, "predictions", {**PREDICTION, "features": features, "entityId": f"customer_{row}"})
    begun = post(http_, "analyze", {"modelId": MODEL, "windowDays": 7}, 200)
    assert begun["status"] == "running"

    def ended() -> Any:
        found = get(http_, f"analyze/{begun['jobId']}/status")
        return found if found["status"] != "running" else None

    status = eventually(ended, 150, "the end of the analysis")
    assert holds(status, {"jobId": begun["jobId"], "status": "succeeded"}), status
    assert status["startedAt"] <= status["completedAt"]
    latest = get(http_, "results/latest")
    assert set(latest["algorithms"]) == {"ks_test", "psi"}
    age = latest["features"]["age"]
    assert latest["status"] == "alert"
    assert age["ks_test"]["drift"] is True
    assert latest["algorithms"]["ks_test"]["score"] == max(
        one["ks_test"]["score"] for one in latest["features"].values()
    )
    listed = get(http_, "results", status="alert")["results"]
    assert [(one["resultId"], one["status"]) for one in listed] == [(latest["resultId"], "alert")]
    assert get(http_, "results", status="ok")["results"] == []


def test_what_was_predicted_in_a_window_becomes_a_baseline(http_: Http) -> None:
    made = post(http_, "baselines", {"modelId": MODEL, "version": "v3-window", "window": {"days": 7}})
    listed = {one["baselineId"]: one for one in get(http_, "baselines")["baselines"]}
    told = listed[made["baselineId"]]
    assert (told["version"], told["sampleSize"], told["active"]) == ("v3-window", made["sampleSize"], False)
    assert made["sampleSize"] >= ROWS
    answer = http_(
        "POST", "/api/v1/drift/baselines", {"modelId": MODEL, "version": "v4", "window": {"days": -1}}
    )
    assert answer.status == 400, answer.body
    assert "window.days" in str(answer.json()), answer.body


def test_a_result_has_a_report(http_: Http) -> None:
    page = http_("GET", f"/api/v1/drift/results/latest/report?modelId={MODEL}")
    assert page.status == 200, page.body
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert b"Histograms of the worst features" in page.body
    content = get(http_, "results/latest/report", format="json")
    assert content["result"]["features"]["age"]["algorithms"].keys() == {"ks_test", "psi"}
    assert content["facts"]["result"] == get(http_, "results/latest")["resultId"]


def test_accuracy_is_told_by_time(http_: Http) -> None:
    (day,) = get(http_, "performance", windowDays=30, granularity="daily")["history"]
    assert set(day) >= {"timestamp", "accuracy", "sampleSize"}
    assert day["accuracy"] == 1.0


@pytest.mark.parametrize(
    ("path", "change", "field"),
    [
        ("predictions", {"probabilities": [0.5, 0.6]}, "probabilities"),
        ("predictions", {"probabilities": None}, "probabilities"),
        ("predictions", {"timestamp": "2099-01-01T00:00:00Z"}, "timestamp"),
        ("ground-truth", {"outcomeTimestamp": "yesterday"}, "outcomeTimestamp"),
    ],
)
def test_what_is_wrong_is_refused_by_its_field(
    http_: Http, path: str, change: dict[str, Any], field: str
) -> None:
    whole = PREDICTION if path == "predictions" else {"modelId": MODEL, "entityId": "e", "actualOutcome": "a"}
    body = {name: value for name, value in (whole | change).items() if value is not None}
    answer = http_("POST", f"/api/v1/drift/{path}", body)
    assert answer.status == 400, answer.body
    told = answer.json()
    assert field in str(told.get("violations") or told["detail"]), told


def test_an_unknown_model_is_not_found(http_: Http) -> None:
    answer = http_("GET", "/api/v1/drift/results?modelId=nobody")
    assert answer.status == 404, answer.body
    assert "regist" in answer.json()["detail"]
