"""Nobody who may not call holds a place while a body comes that is read in vain."""

import asyncio
from typing import Any, NoReturn

import grpc
import grpc.aio
import pytest
from starlette.types import Message, Receive, Scope, Send

from pointsman.rest import api_routes, create_app
from pointsman.rest.transcoding import BodyBudget, Gateway
from pointsman.rest.transcoding.public_port import Answer as PortAnswer
from pointsman.v1 import drift_pb2

from .asgi import send
from .test_app import Server

UPLOAD = "/api/v1/drift/ground-truth/upload?modelId=m"
ANNOUNCED = [{"content-length": "5"}, {"transfer-encoding": "chunked"}]
KEY = {"x-api-key": "pm_1_2"}


def make_app(*, need_key: bool = False) -> Any:
    """An API without a port behind it: whatever is answered here is answered without a call."""
    gateway = Gateway(None, BodyBudget(1 << 20, 1 << 22), 20, need_key=need_key)  # type: ignore[arg-type]
    return create_app(Server().state(), api=api_routes(gateway))


async def unread() -> NoReturn:
    pytest.fail("the body is read, which a client may send as slowly as it likes")


@pytest.mark.parametrize("announced", ANNOUNCED)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/api/v1/routers", "/v2/models/m", "/v2/health/live"])
async def test_a_body_where_none_is_taken_is_refused_before_it_is_read(
    method: str, path: str, announced: dict[str, str]
) -> None:
    answer = await send(make_app(), method, path, headers=announced, brings=unread)
    assert answer.status == 400, answer.body
    assert f"{method} takes no body here" in answer.json()["detail"]


@pytest.mark.parametrize("announced", ANNOUNCED)
@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/api/v1/routers"),
        ("HEAD", "/api/v1/routers"),
        ("POST", "/api/v1/routers"),
        ("DELETE", "/api/v1/routers/a"),
        ("GET", "/v2/models/m"),
        ("POST", "/v2/models/m/infer"),
        ("POST", UPLOAD),
    ],
)
async def test_without_a_key_where_one_is_needed_no_body_is_read(
    method: str, target: str, announced: dict[str, str]
) -> None:
    app = make_app(need_key=True)
    answer = await send(app, method, target, headers={"content-type": "text/csv", **announced}, brings=unread)
    assert answer.status == 401, answer.body


@pytest.mark.parametrize(
    ("target", "headers", "status"),
    [
        (UPLOAD, {"content-type": "text/csv", "content-encoding": "br"}, 415),
        (UPLOAD, {"content-type": "image/png"}, 415),
        (UPLOAD + "&format=xml", {"content-type": "text/csv"}, 400),
    ],
)
async def test_a_file_whose_upload_is_not_begun_is_refused_before_it_is_read(
    target: str, headers: dict[str, str], status: int
) -> None:
    # What stands as a key here may be anything: nobody has looked at it yet.
    answer = await send(make_app(need_key=True), "POST", target, headers=headers | KEY, brings=unread)
    assert answer.status == status, answer.body


@pytest.mark.parametrize("target", ["/api/v1/routers", UPLOAD, "/v2/models/m/infer", "/health"])
async def test_who_waits_to_be_told_to_go_on_and_is_refused_has_the_connection_ended(target: str) -> None:
    headers = {"expect": "100-continue", "content-length": "5"}
    answer = await send(make_app(need_key=True), "POST", target, headers=headers, brings=unread)
    assert answer.status in (401, 405), answer.body
    assert answer.headers["connection"] == "close"


async def test_a_length_of_nothing_is_no_body() -> None:
    answer = await send(make_app(), "GET", "/v2/models/m?x=1", headers={"content-length": "00"})
    assert "query" in answer.json()["detail"], answer.body


async def test_the_rest_of_a_body_is_awaited_only_of_a_caller_whose_key_is_known() -> None:
    """Anything passes for a key until somebody looks at it."""
    for code, status in ((grpc.StatusCode.UNAUTHENTICATED, 401), (grpc.StatusCode.PERMISSION_DENIED, 413)):
        pieces = [b"x" * 30, b"x" * 30]

        async def brings(pieces: list[bytes] = pieces) -> Message:
            return {"type": "http.request", "body": pieces.pop(), "more_body": True}

        port = ClosingPort(code, begins=0)
        gateway = Gateway(port, BodyBudget(50, 100), 20, need_key=True)  # type: ignore[arg-type]
        app = create_app(Server().state(), api=api_routes(gateway))
        answer = await send(app, "POST", "/api/v1/routers", headers=KEY, brings=brings)
        assert (answer.status, len(pieces)) == (status, 1 if status == 401 else 0), answer.body
        assert port.calls == 1


async def test_a_body_that_is_here_costs_no_look_at_the_key() -> None:
    port = ClosingPort(grpc.StatusCode.UNAVAILABLE, begins=0)
    gateway = Gateway(port, BodyBudget(50, 100), 20)  # type: ignore[arg-type]
    app = create_app(Server().state(), api=api_routes(gateway))
    assert (await send(app, "POST", "/api/v1/predict", b"{}")).status == 503
    assert port.calls == 1


@pytest.mark.parametrize("path", ["/openapi.json", "/api"])
async def test_who_reads_the_description_slowly_takes_no_place_of_a_request(path: str) -> None:
    gateway = Gateway(None, BodyBudget(1 << 20, 1 << 22), 20)  # type: ignore[arg-type]
    app = create_app(Server().state(), api=api_routes(gateway), max_requests=1)
    reading, leave = asyncio.Event(), asyncio.Event()

    async def slow(scope: Scope, receive: Receive, take: Send) -> None:
        async def take_slowly(message: Message) -> None:
            reading.set()
            await leave.wait()
            await take(message)

        await app(scope, receive, take_slowly)

    description = asyncio.create_task(send(slow, "GET", path))
    await asyncio.wait_for(reading.wait(), 20)
    assert (await send(app, "GET", "/metrics")).status == 200
    leave.set()
    assert (await description).status == 200


class ClosingPort:
    """A port that answers some calls, as of an upload that begins, and then refuses."""

    def __init__(self, code: grpc.StatusCode, *, begins: int = 1) -> None:
        self.code = code
        self.begins = begins
        self.calls = 0

    async def call(self, *_: Any, **__: Any) -> PortAnswer:
        self.calls += 1
        if self.calls <= self.begins:
            return PortAnswer(drift_pb2.UploadGroundTruthFileResponse(chunk_bytes=10), {})
        raise grpc.aio.AioRpcError(self.code, grpc.aio.Metadata(), grpc.aio.Metadata())


@pytest.mark.parametrize(
    ("code", "status"), [(grpc.StatusCode.UNAUTHENTICATED, 401), (grpc.StatusCode.PERMISSION_DENIED, 403)]
)
async def test_the_rest_of_a_file_is_not_awaited_of_a_caller_whose_rights_ended(
    code: grpc.StatusCode, status: int
) -> None:
    pieces = [b"x" * 30]

    async def brings() -> Message:
        if not pieces:
            await unread()
        return {"type": "http.request", "body": pieces.pop(), "more_body": True}

    gateway = Gateway(ClosingPort(code), BodyBudget(1 << 20, 1 << 22), 20)  # type: ignore[arg-type]
    app = create_app(Server().state(), api=api_routes(gateway))
    answer = await send(app, "POST", UPLOAD, headers={"content-type": "text/csv"}, brings=brings)
    assert answer.status == status, answer.body
