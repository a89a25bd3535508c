"""Drift over HTTP, as simple clients call it."""

import json
import urllib.request
from typing import Any

from .server import Server


def call(
    server: Server, method: str, path: str, body: Any = None, content_type: str = "application/json"
) -> Any:
    """Makes a call; answers what it says.

    Raises:
        urllib.error.HTTPError: It failed.
    """
    content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(f"http://{server.http}/api/v1/{path}", content, method=method)
    request.add_header("content-type", content_type)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read() or b"null")


def upload(server: Server, model_id: str, content: bytes) -> Any:
    """Uploads a CSV of outcomes in one request."""
    return call(server, "POST", f"drift/ground-truth/upload?modelId={model_id}", content, "text/csv")


def log_prediction(server: Server, model_id: str, **fields: Any) -> Any:
    """Logs a prediction of a classifier."""
    given = {"features": {"age": 42.0}, "prediction": "approved", "probabilities": [0.1, 0.9]} | fields
    return call(server, "POST", "drift/predictions", {"modelId": model_id, **given})


def outcomes(server: Server, model_id: str) -> dict[str, str | None]:
    """By entity what its prediction came to."""
    found = call(server, "GET", f"drift/predictions?modelId={model_id}&limit=1000")
    return {one["entityId"]: one.get("actualOutcome") for one in found["predictions"]}
