"""The API in front of a public port that answers as a test says."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
import pytest
from google.api.httpbody_pb2 import HttpBody
from google.protobuf.empty_pb2 import Empty

from pointsman.rest import api_routes, create_app
from pointsman.rest.transcoding import BodyBudget, Gateway, PublicPort
from pointsman.v1 import drift_pb2, prediction_pb2, router_pb2

from .asgi import Answer, send
from .test_app import Server

Ask = Callable[..., Awaitable[Answer]]
MAX_BYTES = 100_000


@pytest.fixture
async def port(server: Any) -> AsyncIterator[PublicPort]:
    port = PublicPort(server.address, max_message_bytes=1 << 20)
    yield port
    await port.close()


@pytest.fixture
def app(port: PublicPort) -> Any:
    return make_app(port)


@pytest.fixture
def ask(app: Any) -> Ask:
    async def call(method: str, target: str, body: Any = None, **headers: str) -> Answer:
        content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await send(app, method, target, content, named)

    return call


def make_app(port: PublicPort, *, total: int = 1 << 20, need_key: bool = False, seconds: float = 20) -> Any:
    gateway = Gateway(port, BodyBudget(MAX_BYTES, total), seconds, need_key=need_key)
    return create_app(Server().state(), api=api_routes(gateway), loopback=True)


async def test_a_call_is_made_and_its_answer_written(server: Any, ask: Ask) -> None:
    server.on("RouterService/GetRouter", router_pb2.Router(router_id="a/b", generation=7))
    answer = await ask("GET", "/api/v1/routers/a%2Fb")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert (answer.json()["routerId"], answer.json()["generation"]) == ("a/b", 7)
    assert server.asked("RouterService/GetRouter") == [router_pb2.GetRouterRequest(router_id="a/b")]


async def test_what_is_created_is_201_and_what_is_only_checked_is_200(server: Any, ask: Ask) -> None:
    server.on("RouterService/CreateRouter", router_pb2.Router(router_id="a"))
    assert (await ask("POST", "/api/v1/routers", {"routerId": "a"})).status == 201
    assert (await ask("POST", "/api/v1/routers?validateOnly=true", {"routerId": "a"})).status == 200


async def test_an_answer_without_content_is_204(server: Any, ask: Ask) -> None:
    server.on("RouterService/DeleteRouter", Empty())
    answer = await ask("DELETE", "/api/v1/routers/a?etag=5")
    assert (answer.status, answer.body) == (204, b"")
    assert server.asked("RouterService/DeleteRouter")[0].etag == "5"


async def test_content_is_written_as_it_is_and_has_no_origin(server: Any, ask: Ask) -> None:
    page = "<!DOCTYPE html><p>\u00e9</p>".encode()
    server.on("DriftService/GetDriftReport", HttpBody(content_type="text/html; charset=utf-8", data=page))
    answer = await ask("GET", "/api/v1/drift/results/latest/report?modelId=m")
    assert (answer.status, answer.body) == (200, page)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"] == "sandbox allow-scripts"
    assert answer.headers["x-content-type-options"] == "nosniff"
    server.on("DriftService/GetDriftReport", HttpBody(content_type="application/json", data=b"{}"))
    answer = await ask("GET", "/api/v1/drift/results/r1/report?modelId=m&format=json")
    assert (answer.headers["content-type"], answer.body) == ("application/json", b"{}")
    asked = server.asked("DriftService/GetDriftReport")
    assert [(one.model_id, one.result_id, one.format) for one in asked] == [
        ("m", "latest", drift_pb2.REPORT_FORMAT_UNSPECIFIED),
        ("m", "r1", drift_pb2.REPORT_FORMAT_JSON),
    ]


async def test_a_call_that_takes_nothing_more_needs_no_body(server: Any, ask: Ask) -> None:
    server.on("RouterService/StopRouter", router_pb2.Router(router_id="a"))
    assert (await ask("POST", "/api/v1/routers/a/stop")).status == 200


async def test_keys_and_traces_go_with_the_call(server: Any, ask: Ask) -> None:
    server.on("RouterService/GetRouter", router_pb2.Router())
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    answer = await ask(
        *("GET", "/api/v1/routers/a"),
        x_api_key="pm_1_2",
        authorization="Bearer pm_3_4",
        traceparent=trace,
        x_request_id="mine-1",
        grpc_metadata_country="DE",
        cookie="secret",
    )
    sent = server.metadata
    assert answer.headers["x-request-id"] == sent["x-request-id"] == "mine-1"
    assert (sent["x-api-key"], sent["traceparent"], sent["country"]) == ("pm_1_2", trace, "DE")
    # One credential is enough, and what is nobody's business stays here.
    assert "authorization" not in sent
    assert "cookie" not in sent
    await ask("GET", "/api/v1/routers/a", authorization="Bearer pm_3_4")
    assert server.metadata["authorization"] == "Bearer pm_3_4"


@pytest.mark.parametrize(
    "name", ["x-pointsman-user", "x-api-key", "authorization", "grpc-timeout", "a-bin", "x-request-id"]
)
async def test_metadata_that_decides_rights_cannot_be_set(ask: Ask, name: str) -> None:
    answer = await ask("GET", "/api/v1/routers/a", **{f"grpc-metadata-{name}": "x"})
    assert answer.status == 400
    assert answer.json()["violations"][0]["field"] == f"grpc-metadata-{name}"


async def test_the_callers_deadline_goes_with_the_call(server: Any, ask: Ask) -> None:
    server.on("RouterService/GetRouter", router_pb2.Router())
    await ask("GET", "/api/v1/routers/a", request_timeout="2.5")
    assert 1.0 < server.seconds_left <= 2.51  # gRPC rounds deadlines of seconds up to hundredths
    for wrong in ("0", "-1", "1e3", "x", "", "nan"):
        answer = await ask("GET", "/api/v1/routers/a", request_timeout=wrong)
        assert (answer.status, answer.json()["violations"][0]["field"]) == (400, "request-timeout")


async def test_a_deadline_that_passes_is_504(server: Any, ask: Ask) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(_: Any) -> router_pb2.Router:
        asyncio.run_coroutine_threadsafe(ended.wait(), loop).result(20)
        return router_pb2.Router()

    server.on("RouterService/GetRouter", slow)
    answer = await ask("GET", "/api/v1/routers/a", request_timeout="0.2")
    ended.set()
    assert (answer.status, answer.json()["code"]) == (504, "DEADLINE_EXCEEDED")


async def test_a_request_ends_before_its_connection_is_closed(server: Any, port: PublicPort) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(_: Any) -> router_pb2.Router:
        asyncio.run_coroutine_threadsafe(ended.wait(), loop).result(20)
        return router_pb2.Router()

    server.on("RouterService/GetRouter", slow)
    answer = await send(make_app(port, seconds=0.2), "GET", "/api/v1/routers/a")
    ended.set()
    assert (answer.status, answer.json()["code"]) == (504, "DEADLINE_EXCEEDED")
    assert "http_limits.request_seconds" in answer.json()["detail"]


async def test_a_client_that_goes_away_cancels_its_call(server: Any, app: Any) -> None:
    inside, cancelled, leave = asyncio.Event(), asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def waiting(_: Any) -> router_pb2.Router:
        loop.call_soon_threadsafe(inside.set)
        asyncio.run_coroutine_threadsafe(cancelled.wait(), loop).result(20)
        return router_pb2.Router()

    server.on("RouterService/GetRouter", waiting)
    asking = asyncio.create_task(send(app, "GET", "/api/v1/routers/a", leave=leave))
    await asyncio.wait_for(inside.wait(), 20)
    leave.set()
    # The call at the server still waits: that this ends shows that nobody waits for it.
    answer = await asyncio.wait_for(asking, 10)
    cancelled.set()
    assert answer.status == 0


# --- failures --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (grpc.StatusCode.INVALID_ARGUMENT, 400),
        (grpc.StatusCode.FAILED_PRECONDITION, 400),
        (grpc.StatusCode.UNAUTHENTICATED, 401),
        (grpc.StatusCode.PERMISSION_DENIED, 403),
        (grpc.StatusCode.NOT_FOUND, 404),
        (grpc.StatusCode.ALREADY_EXISTS, 409),
        (grpc.StatusCode.ABORTED, 409),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, 429),
        (grpc.StatusCode.INTERNAL, 500),
        (grpc.StatusCode.UNIMPLEMENTED, 501),
        (grpc.StatusCode.UNAVAILABLE, 503),
    ],
)
async def test_a_failed_call_has_the_status_of_googles_table(
    server: Any, ask: Ask, refusal: Any, code: grpc.StatusCode, status: int
) -> None:
    server.on("RouterService/GetRouter", refusal(code, "so it is", "BECAUSE"))
    answer = await ask("GET", "/api/v1/routers/a", x_request_id="r-1")
    assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json")
    told = answer.json()
    assert (told["status"], told["code"], told["detail"]) == (status, code.name, "so it is")
    assert (told["reason"], told["domain"], told["metadata"]) == ("BECAUSE", "pointsman", {"a": "b"})
    assert (told["requestId"], "violations" in told) == ("r-1", False)
    assert ("www-authenticate" in answer.headers) == (status == 401)


async def test_fields_that_the_server_refuses_are_named_as_json_spells_them(
    server: Any, ask: Ask, refusal: Any
) -> None:
    wrong = {"router.variants[1].model_id": "no such model", "variants[0].weight": "is 140"}
    server.on("RouterService/CreateRouter", refusal(grpc.StatusCode.INVALID_ARGUMENT, "no", "R", wrong))
    answer = await ask("POST", "/api/v1/routers", {})
    assert answer.json()["violations"] == [
        {"field": "variants[1].modelId", "description": "no such model"},
        {"field": "variants[0].weight", "description": "is 140"},
    ]


async def test_an_unknown_path_is_404_and_another_method_405(ask: Ask) -> None:
    assert (await ask("GET", "/api/v1/routrs")).status == 404
    answer = await ask("PUT", "/api/v1/routers")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD, POST")
    answer = await ask("POST", "/openapi.json", {})
    assert (answer.status, "GET" in answer.headers["allow"]) == (405, True)


async def test_an_unknown_field_is_refused_with_its_name(ask: Ask) -> None:
    answer = await ask("POST", "/api/v1/predict", {"routerId": "a", "fetures": {}})
    assert (answer.status, answer.json()["violations"][0]["field"]) == (400, "fetures")
    assert "features" in answer.json()["violations"][0]["description"]


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "",
        "application/json; charset=latin-1",
        "application/json; Charset=latin-1",
        "application/json; charset=utf-8; charset=latin-1",
    ],
)
async def test_another_content_type_is_415(ask: Ask, content_type: str) -> None:
    answer = await ask("POST", "/api/v1/predict", b"{}", content_type=content_type)
    assert (answer.status, "application/json" in answer.json()["detail"]) == (415, True)


async def test_parameters_of_json_are_nobodys_business_and_its_charset_is_utf_8(
    server: Any, ask: Ask
) -> None:
    server.on("PredictionService/Predict", prediction_pb2.PredictResponse())
    for content_type in ("application/json; charset=utf-8; profile=x", 'Application/JSON;Charset="UTF-8"'):
        answer = await ask("POST", "/api/v1/predict", b"{}", content_type=content_type)
        assert answer.status == 200, (content_type, answer.body)


async def test_below_v2_whatever_is_refused_has_the_protocols_member(ask: Ask) -> None:
    for method, path, status, headers in (
        ("GET", "/v2/models/m/infer", 405, {}),
        ("PUT", "/v2", 405, {}),
        ("GET", "/v2/repository/index", 404, {}),
        ("GET", "/v2", 403, {"host": "evil.example"}),
        ("GET", "/v2/models/m", 400, {"content-length": "1"}),
    ):
        answer = await ask(method, path, **headers)
        assert (answer.status, answer.json().get("error")) == (status, answer.json()["detail"]), path
    answer = await ask("GET", "/v2/models/m/infer")
    assert answer.headers["allow"] == "POST"
    assert answer.json()["error"] == "GET is not answered here; POST is"
    assert "error" not in (await ask("GET", "/v22")).json()


async def test_encoded_bodies_are_415(ask: Ask) -> None:
    assert (await ask("POST", "/api/v1/predict", b"{}", content_encoding="gzip")).status == 415


async def test_a_body_where_none_is_taken_is_refused(ask: Ask) -> None:
    answer = await ask("GET", "/api/v1/routers", {"pageSize": 5})
    assert (answer.status, "takes no body" in answer.json()["detail"]) == (400, True)


async def test_a_body_that_is_too_long_is_413(ask: Ask) -> None:
    for headers in ({}, {"content_length": str(MAX_BYTES + 1)}):
        answer = await ask("POST", "/api/v1/predict", b" " * (MAX_BYTES + 1), **headers)
        assert (answer.status, "http_limits.max_body_bytes" in answer.json()["detail"]) == (413, True)


async def test_bodies_that_find_no_room_are_503_and_room_is_given_back(server: Any, port: PublicPort) -> None:
    server.on("PredictionService/Predict", prediction_pb2.PredictResponse())
    app = make_app(port, total=1_000)
    for _ in range(3):
        assert (await send(app, "POST", "/api/v1/predict", b"{}" + b" " * 900)).status == 200
        answer = await send(app, "POST", "/api/v1/predict", b"{}" + b" " * 1_000)
        assert (answer.status, answer.headers["retry-after"]) == (503, "1")


async def test_beyond_loopback_a_key_is_needed_whatever_the_port_behind_says(
    server: Any, port: PublicPort
) -> None:
    server.on("RouterService/GetRouter", router_pb2.Router())
    app = make_app(port, need_key=True)
    for headers in ({}, {"authorization": "Basic x"}, {"authorization": "Bearer "}):
        answer = await send(app, "GET", "/api/v1/routers/a", headers=headers)
        assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert server.asked("RouterService/GetRouter") == []
    # Somebody else's token would be overlooked as authorization.
    await send(app, "GET", "/api/v1/routers/a", headers={"authorization": "Bearer other"})
    assert server.metadata["x-api-key"] == "other"


async def test_headers_that_metadata_cannot_have_are_refused(ask: Ask) -> None:
    answer = await ask("GET", "/api/v1/routers/a", x_api_key="ü")
    assert (answer.status, answer.json()["violations"][0]["field"]) == (400, "x-api-key")


async def test_a_name_that_no_text_can_hold_is_refused(ask: Ask) -> None:
    answer = await ask("POST", "/api/v1/predict", {"\ud800": 1})
    assert (answer.status, answer.json()["violations"][0]["field"]) == (400, "\\ud800")


async def test_a_part_of_an_object_is_no_update_of_it(server: Any, ask: Ask) -> None:
    part = {"recording": {"featuresShare": 0.1}}
    answer = await ask("PATCH", "/api/v1/routers/a", part)
    assert (answer.status, answer.json()["violations"][0]["field"]) == (400, "recording"), answer.body
    assert "excludeFeatures" in answer.json()["detail"]
    assert server.asked("RouterService/UpdateRouter") == []
    server.on("RouterService/UpdateRouter", router_pb2.Router())
    assert (await ask("PATCH", "/api/v1/routers/a?updateMask=recording", part)).status == 200
    (asked,) = server.asked("RouterService/UpdateRouter")
    assert list(asked.update_mask.paths) == ["recording"]


async def test_a_foreign_page_is_refused_before_anything_else(ask: Ask) -> None:
    answer = await ask("POST", "/api/v1/predict", {}, origin="http://evil.example")
    assert (answer.status, answer.json()["reason"]) == (403, "HOST_NOT_ALLOWED")


# --- answers ---------------------------------------------------------------------------------------------


async def test_great_answers_are_written_whole(server: Any, ask: Ask) -> None:
    routers = [router_pb2.Router(router_id=f"r{number}", description="é" * 100) for number in range(1_000)]
    server.on("RouterService/ListRouters", router_pb2.ListRoutersResponse(routers=routers))
    answer = await ask("GET", "/api/v1/routers")
    assert [router["routerId"] for router in answer.json()["routers"]] == [f"r{n}" for n in range(1_000)]
    assert answer.json()["routers"][0]["description"] == "é" * 100


async def test_head_is_answered_where_get_is(server: Any, ask: Ask) -> None:
    server.on("RouterService/GetRouter", router_pb2.Router(router_id="a"))
    assert (await ask("HEAD", "/api/v1/routers/a")).status == 200


async def test_the_description_and_the_page_are_served(ask: Ask) -> None:
    described = await ask("GET", "/openapi.json")
    assert (described.status, described.json()["openapi"]) == (200, "3.1.0")
    page = await ask("GET", "/api")
    assert (page.status, page.headers["content-type"].startswith("text/html")) == (200, True)
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert b"http://" not in page.body
    assert b"https://" not in page.body
