"""What is there when a server is asked whatever its description allows: one of each that has an id."""

from typing import Any

from stage.plain_http import Http
from stage.waiting import eventually

MODEL = "echo-model"
ROWS = 60
"""Enough for an analysis to judge."""


def fill(http_: Http) -> dict[str, str]:
    """Makes what there is of the model behind the router ``echo``, from predictions to a result, and a user.

    Args:
        http_: The server, with a key that may do it.

    Returns:
        By the name of a parameter or a field an id that is there.
    """
    for row in range(ROWS):
        prediction = _prediction(row) | {"modelId": MODEL, "entityId": f"e{row}"}
        _done(http_, "POST", "/api/v1/drift/predictions", prediction)
    records = [
        {"entityId": f"e{row}", "actualOutcome": _prediction(row)["prediction"]} for row in range(ROWS)
    ]
    _done(http_, "POST", "/api/v1/drift/ground-truth/batch", {"modelId": MODEL, "records": records})
    labels = [_prediction(row)["prediction"] for row in range(ROWS)]
    baseline = {
        "modelId": MODEL,
        "version": "v1",
        "featureData": {"age": [20 + row % 40 for row in range(ROWS)]},
        "labeledPredictions": {
            "probabilities": [_prediction(row)["probabilities"] for row in range(ROWS)],
            "predictedLabels": labels,
            "actualLabels": labels,
        },
    }
    baseline_id = _done(http_, "POST", "/api/v1/drift/baselines", baseline)["baselineId"]
    _done(http_, "PUT", f"/api/v1/drift/baselines/{baseline_id}/activate", {"modelId": MODEL})
    job_id = _done(http_, "POST", "/api/v1/drift/analyze", {"modelId": MODEL})["jobId"]

    def is_over() -> bool:
        return bool(
            _done(http_, "GET", f"/api/v1/drift/analyze/{job_id}/status?modelId={MODEL}")["status"]
            != "running"
        )

    eventually(is_over, 120, "the end of the analysis")
    user = {"userId": "ada", "scopes": ["mlops_read"], "displayName": "Ada"}
    _done(http_, "POST", "/api/v1/definitions/apply", {"definitions": [{"user": user}]})
    result = _done(http_, "GET", f"/api/v1/drift/results/latest?modelId={MODEL}")
    tensor = {"name": "x", "shape": [1], "datatype": "INT32", "data": [1]}
    answer = _done(http_, "POST", "/v2/models/echo/infer", {"inputs": [tensor]})
    return {
        "routerId": "echo",
        "model": "echo",
        "modelId": MODEL,
        "variant": "a",
        "version": "a",
        "entityId": "e1",
        "baselineId": baseline_id,
        "jobId": job_id,
        "resultId": result["resultId"],
        "userId": "ada",
        "predictionId": answer["parameters"]["pointsman_prediction_id"],
    }


def _prediction(row: int) -> dict[str, Any]:
    denied = row % 3 == 0
    return {
        "features": {"age": 20 + row % 40},
        "prediction": "denied" if denied else "approved",
        "probabilities": [0.9, 0.1] if denied else [0.2, 0.8],
    }


def _done(http_: Http, method: str, path: str, body: object = None) -> Any:
    answer = http_(method, path, body)
    assert answer.status in (200, 201), (path, answer.body)
    return answer.json()
