"""The API of a running server, over plain HTTP."""

import socket
from typing import Any

import pytest

from pointsman.v1 import key_pb2, router_pb2
from stage.control import Control
from stage.recording_backend import RecordingBackend
from stage.server import Server

from .conftest import Http

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

MODEL = {
    "version": "1",
    "signature": {
        "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 2], "features": ["age", "income"]}],
        "outputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 2]}],
    },
}


def a_model(backend: RecordingBackend) -> dict[str, Any]:
    return MODEL | {"backend": {"grpc": {"target": backend.target, "modelName": "m"}}}


def test_a_router_lives_its_life_over_http(http_: Http, backend: RecordingBackend) -> None:
    registered = http_("POST", "/api/v1/models/life/versions", a_model(backend))
    assert (registered.status, registered.json()["modelId"]) == (201, "life"), registered.body
    router = {
        "routerId": "life",
        "strategy": "weighted",
        "variants": [
            {"name": name, "modelId": "life", "modelVersion": "1", "weight": weight}
            for name, weight in (("a", 70), ("b", 30))
        ],
    }
    checked = http_("POST", "/api/v1/routers?validateOnly=true", router)
    assert (checked.status, http_("GET", "/api/v1/routers/life").status) == (200, 404)
    created = http_("POST", "/api/v1/routers", router)
    assert (created.status, created.json()["status"]) == (201, "registered")
    assert http_("POST", "/api/v1/routers", router).status == 409
    deployed = http_("POST", "/api/v1/routers/life/deploy")
    assert (deployed.status, deployed.json()["router"]["status"]) == (200, "running"), deployed.body
    weighed = http_("PUT", "/api/v1/routers/life/variants/a/weight", {"weight": 50})
    assert weighed.json()["variants"][0]["effectiveShare"] == 0.625

    changed = http_("PATCH", "/api/v1/routers/life", {"displayName": "Life"})
    assert (changed.status, changed.json()["displayName"]) == (200, "Life"), changed.body
    assert [variant["name"] for variant in changed.json()["variants"]] == ["a", "b"]
    stale = http_("PATCH", "/api/v1/routers/life", {"displayName": "x", "etag": created.json()["etag"]})
    assert (stale.status, stale.json()["code"]) == (409, "ABORTED")

    asked = {"routerId": "life", "features": {"age": 42, "income": 75000}, "entityId": "u1"}
    answer = http_("POST", "/api/v1/predict", asked)
    assert answer.status == 200, answer.body
    assert answer.json()["outputs"] == {"x": [42, 75000]}
    assert answer.json()["reason"] == "slot"
    again = http_(
        "POST", "/api/v1/routers/life/predict", {name: asked[name] for name in ("features", "entityId")}
    )
    assert again.json()["variant"] == answer.json()["variant"]

    told = {"predictionId": answer.json()["predictionId"], "value": 1, "wait": "applied"}
    assert http_("POST", "/api/v1/feedback", told).json()["outcome"] == "applied"
    assert http_("POST", "/api/v1/feedback", told).json()["outcome"] == "duplicate"
    record = http_("GET", f"/api/v1/routers/life/predictions/{told['predictionId']}").json()
    assert (record["features"], record["entityId"]) == ({"age": 42, "income": 75000}, "u1")
    # 64 bits drawn are beyond what readers of JSON hold as a number.
    assert isinstance(record["draw"], str)
    listed = http_("GET", "/api/v1/routers/life/predictions?pageSize=1&hasFeedback=true").json()
    assert [one["predictionId"] for one in listed["predictions"]] == [told["predictionId"]]

    assert http_("POST", "/api/v1/routers/life/stop").json()["status"] == "stopped"
    assert http_("DELETE", "/api/v1/routers/life").status == 204
    assert http_("GET", "/api/v1/routers/life").status == 404


def test_refusals_name_the_field_as_json_spells_it(http_: Http) -> None:
    variants = [
        {"name": name, "modelId": "echo-model", "modelVersion": name, "weight": weight}
        for name, weight in (("a", 140), ("b", 30))
    ]
    router = {"routerId": "no", "strategy": "weighted", "variants": variants}
    answer = http_("POST", "/api/v1/routers", router)
    assert (answer.status, answer.headers["content-type"]) == (400, "application/problem+json")
    assert [violation["field"] for violation in answer.json()["violations"]] == ["variants[0].weight"]
    assert answer.json()["requestId"] == answer.headers["x-request-id"]


def test_metadata_of_the_header_reaches_the_backend(http_: Http, backend: RecordingBackend) -> None:
    body = {"inputs": [{"name": "x", "shape": [1], "datatype": "INT64", "data": [1]}]}
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    answer = http_(
        *("POST", "/v2/models/echo/infer", body),
        traceparent=trace,
        grpc_metadata_country="DE",
        x_request_id="r-7",
    )
    assert answer.status == 200, answer.body
    seen = backend.seen[-1].metadata
    assert (seen["traceparent"], seen["country"], seen["x-request-id"]) == (trace, "DE", "r-7")
    assert answer.headers["pointsman-variant"] in ("a", "b")


def test_a_key_has_its_scopes_and_no_more(tmp_path: Any) -> None:
    server = Server(tmp_path)
    try:
        http_ = Http(server.http)
        made = http_("POST", "/api/v1/keys", {"admin": True, "displayName": "root"})
        assert made.status == 201, made.body
        admin = Http(server.http, made.json()["secret"])
        reader = admin("POST", "/api/v1/keys", {"userId": "ada", "scopes": ["mlops_read"]})
        assert http_("GET", "/api/v1/routers").status == 401
        assert http_("GET", "/api/v1/routers", x_api_key="pm_1_2").status == 401
        ada = Http(server.http, reader.json()["secret"])
        assert ada("GET", "/api/v1/routers").json() == {"routers": [], "nextPageToken": ""}
        refused = ada("POST", "/api/v1/routers", {"routerId": "a"})
        assert (refused.status, refused.json()["reason"]) == (403, "SCOPE_MISSING")
        assert refused.json()["metadata"]["scope"] == "mlops:write"
        bearer = http_("GET", "/api/v1/keys", Authorization=f"Bearer {made.json()['secret']}")
        assert {key["userId"] for key in bearer.json()["apiKeys"]} >= {"ada"}
        # What HTTP says is what gRPC says.
        control = Control(server.grpc, reader.json()["secret"])
        assert (
            control.routers.ListRouters(router_pb2.ListRoutersRequest()) == router_pb2.ListRoutersResponse()
        )
        keys = control.keys.ListApiKeys(key_pb2.ListApiKeysRequest()).api_keys
        assert [key.user_id for key in keys] == ["ada"]
        control.close()
    finally:
        server.end()


def test_beyond_loopback_nobody_is_an_admin_without_a_key(tmp_path: Any) -> None:
    server = Server(tmp_path, http="0.0.0.0:0")
    try:
        http_ = Http(f"127.0.0.1:{server.http.rpartition(':')[2]}")
        for headers in ({}, {"Authorization": "Bearer other"}, {"X_API_Key": "pm_1_2"}):
            answer = http_("GET", "/api/v1/routers", **headers)
            assert (answer.status, answer.json()["code"]) == (401, "UNAUTHENTICATED"), answer.body
        for path in ("/health", "/v2/health/live", "/v2/health/ready", "/v2"):
            assert http_("GET", path).status == 200, path
    finally:
        server.end()


def test_under_a_key_that_nobody_has_no_body_is_waited_for(tmp_path: Any) -> None:
    server = Server(tmp_path)
    try:
        secret = Http(server.http)("POST", "/api/v1/keys", {"admin": True}).json()["secret"]
        address, _, port = server.http.partition(":")
        body = b'{"userId": "ada", "scopes": ["mlops_read"]}'
        for key, status in (("pm_1_2", b" 401 "), (secret, b" 201 ")):
            with socket.create_connection((address, int(port)), timeout=30) as connection:
                connection.sendall(
                    f"POST /api/v1/keys HTTP/1.1\r\nHost: {server.http}\r\nX-API-Key: {key}\r\n"
                    f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
                )
                connection.sendall(body[:5])
                if status == b" 201 ":
                    connection.sendall(body[5:])
                # Of the unknown one the rest never comes.
                assert status in connection.recv(65_536).partition(b"\r\n")[0]
    finally:
        server.end()


def test_a_health_check_of_http_1_0_is_answered(server: Server) -> None:
    address, _, port = server.http.partition(":")
    for head in (b"OPTIONS /livez HTTP/1.0", b"GET /livez HTTP/1.0"):
        with socket.create_connection((address, int(port)), timeout=30) as connection:
            connection.sendall(head + b"\r\n\r\n")
            status = connection.recv(65_536).partition(b"\r\n")[0]
            assert (b" 200 " if head.startswith(b"GET") else b" 405 ") in status, status


def test_a_body_over_the_limit_is_refused_and_the_next_request_answered(http_: Http) -> None:
    answer = http_("POST", "/api/v1/predict", b'{"routerId": "' + b"a" * (8 << 20) + b'"}')
    assert (answer.status, answer.json()["code"]) == (413, "INVALID_ARGUMENT")
    assert http_("GET", "/api/v1/routers").status == 200
