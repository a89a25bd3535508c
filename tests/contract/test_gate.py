"""The gate before methods of every kind; raw bytes through a handler made by hand."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest

from pointsman.control.calls import caller
from pointsman.control.interceptor import Gate
from pointsman.errors import NotFoundError, PointsmanError
from pointsman.v1 import model_pb2

from .conftest import failure_of

SERVICE = "pointsman.v1.RouterService"
METHOD = "CreateRouter"
"""A method that is in the table, and needs a key that may write."""
KINDS = ("unary_unary", "unary_stream", "stream_unary", "stream_stream")
STREAMING_ANSWERS = ("unary_stream", "stream_stream")
STREAMING_REQUESTS = ("stream_unary", "stream_stream")


@dataclass
class Handler:
    """Answers what it is sent; raises an error behind the first message when it has one."""

    reason: str = ""
    raised: Exception | None = None
    received: list[Any] = field(default_factory=list)
    hangs: bool = False
    hanging: asyncio.Event = field(default_factory=asyncio.Event)
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)

    def generic(self, kind: str, method: str, parse: Any) -> grpc.GenericRpcHandler:
        behaviour = self.stream if kind in STREAMING_ANSWERS else self.single
        made = getattr(grpc, f"{kind}_rpc_method_handler")(behaviour, request_deserializer=parse)
        return grpc.method_handlers_generic_handler(SERVICE, {method: made})

    async def single(self, request: Any, context: Any) -> bytes:
        return b"+".join([message async for message in self.stream(request, context)])

    async def stream(self, request: Any, _context: Any) -> AsyncIterator[bytes]:
        async for message in _each(request):
            self.received.append(message)
            yield caller().user_id.encode() + b":" + bytes(message)
            if self.raised is not None:
                raise self.raised
            if self.hangs:
                self.hanging.set()
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    self.cancelled.set()
                    raise


async def _each(request: Any) -> AsyncIterator[Any]:
    if hasattr(request, "__aiter__"):
        async for message in request:
            yield message
    else:
        yield request


@asynccontextmanager
async def served(
    handler: Handler, kind: str, *, method: str = METHOD, scopes: str = "mlops:write", parse: Any = None
) -> AsyncIterator[Any]:
    """Serves a handler behind the gate; yields what begins a user's call."""
    server = grpc.aio.server(interceptors=[Gate(lambda: handler.reason)])
    server.add_generic_rpc_handlers((handler.generic(kind, method, parse),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    metadata = (
        ("x-pointsman-user", "alice"),
        ("x-pointsman-scopes", scopes),
        ("x-request-id", "request-1"),
    )
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = getattr(channel, kind)(f"/{SERVICE}/{method}")
        sent = [b"1", b"2"] if kind in STREAMING_REQUESTS else b"1"

        def begin() -> Any:
            return stub(iter(sent) if kind in STREAMING_REQUESTS else sent, metadata=metadata, timeout=30)

        yield begin
    await server.stop(None)


async def answers_of(call: Any, kind: str, into: list[bytes] | None = None) -> list[bytes]:
    found = [] if into is None else into
    if kind in STREAMING_ANSWERS:
        async for message in call:
            found.append(message)
    else:
        found += (await call).split(b"+")
    return found


async def failed(begin: Any, kind: str, into: list[bytes] | None = None) -> Any:
    for _ in range(10):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await answers_of(begin(), kind, into)
        # What the client library says of itself when its own writing meets the end of the call.
        if caught.value.details() != "Internal error from Core":
            break
    return failure_of(caught.value)


@pytest.mark.parametrize("kind", KINDS)
async def test_what_may_pass_is_answered_untouched(kind):
    async with served(Handler(), kind) as begin:
        expected = [b"alice:1", b"alice:2"] if kind in STREAMING_REQUESTS else [b"alice:1"]
        assert await answers_of(begin(), kind) == expected


@pytest.mark.parametrize("kind", KINDS)
async def test_without_the_scope_no_message_is_read(kind):
    handler = Handler()
    async with served(handler, kind, scopes="mlops:read") as begin:
        failure = await failed(begin, kind)
    assert (failure.code, failure.reason) == (grpc.StatusCode.PERMISSION_DENIED, "SCOPE_MISSING")
    assert handler.received == []


@pytest.mark.parametrize("kind", KINDS)
async def test_a_method_in_no_table_is_refused(kind):
    handler = Handler()
    async with served(handler, kind, method="WatchRouters") as begin:
        assert (await failed(begin, kind)).code is grpc.StatusCode.UNIMPLEMENTED
    assert handler.received == []


@pytest.mark.parametrize("kind", KINDS)
async def test_before_it_is_ready_no_message_is_read(kind):
    handler = Handler(reason="the database is away")
    async with served(handler, kind) as begin:
        failure = await failed(begin, kind)
    assert (failure.code, failure.message) == (grpc.StatusCode.UNAVAILABLE, "the database is away")
    assert handler.received == []


@pytest.mark.parametrize("kind", KINDS)
async def test_an_error_midway_leaves_with_its_details(kind):
    handler = Handler(raised=NotFoundError("no router 'a'", reason="ROUTER_NOT_FOUND", metadata={"id": "a"}))
    before: list[bytes] = []
    async with served(handler, kind) as begin:
        failure = await failed(begin, kind, before)
    assert (failure.code, failure.reason) == (grpc.StatusCode.NOT_FOUND, "ROUTER_NOT_FOUND")
    assert failure.metadata["id"] == "a"
    assert before == ([b"alice:1"] if kind in STREAMING_ANSWERS else [])


@pytest.mark.parametrize("kind", KINDS)
async def test_an_unexpected_error_names_the_request_and_not_the_cause(kind):
    async with served(Handler(raised=ValueError("a secret")), kind) as begin:
        failure = await failed(begin, kind)
    assert failure.code is grpc.StatusCode.INTERNAL
    assert failure.reason == PointsmanError.default_reason
    assert "request-1" in failure.message
    assert "secret" not in failure.message


@pytest.mark.parametrize("kind", KINDS)
async def test_a_message_that_is_none_of_its_type_is_the_callers_mistake(kind):
    async with served(Handler(), kind, parse=model_pb2.ModelVersion.FromString) as begin:
        assert (await failed(begin, kind)).code is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("kind", KINDS)
async def test_a_cancelled_call_ends_its_handler(kind):
    handler = Handler(hangs=True)
    async with served(handler, kind) as begin:
        call = begin()
        answering = asyncio.ensure_future(answers_of(call, kind))
        await handler.hanging.wait()
        call.cancel()
        await handler.cancelled.wait()
        with pytest.raises(asyncio.CancelledError):
            await answering
