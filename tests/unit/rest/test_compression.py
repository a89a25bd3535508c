"""Compressed bodies are taken within the limits of others."""

import asyncio
import contextlib
import gzip
import json
import random
import zlib
from typing import Any

import pytest
from starlette.datastructures import Headers

from pointsman.rest import api_routes, create_app
from pointsman.rest.open_inference.schema import message_class
from pointsman.rest.problems import FieldError, ProblemError
from pointsman.rest.transcoding.bodies import BodyBudget
from pointsman.rest.transcoding.compression import inflated
from pointsman.rest.transcoding.exchanges import Exchange, Gateway
from pointsman.rest.transcoding.public_port import Answer
from pointsman.settings import HttpLimits

from .asgi import send
from .test_app import Server

MAX_BYTES = 200_000
TOTAL_BYTES = 300_000


def an_exchange(body: bytes, encoding: str, bodies: BodyBudget | None = None) -> Exchange:
    gateway = Gateway(None, bodies or BodyBudget(MAX_BYTES, TOTAL_BYTES), 1.0)  # type: ignore[arg-type]
    headers = Headers({"content-encoding": encoding} if encoding else {})
    return Exchange(gateway, {}, headers, bytearray(body), need_key=False)


async def read(body: bytes, encoding: str) -> bytes:
    async with inflated(an_exchange(body, encoding)) as found:
        return bytes(found)


@pytest.mark.parametrize("content", [b"{}", bytes(MAX_BYTES), bytes(range(256)) * 300])
async def test_a_body_is_what_it_was_before(content: bytes) -> None:
    assert await read(content, "") == await read(content, "identity") == content
    assert await read(gzip.compress(content), "gzip") == content
    assert await read(zlib.compress(content), " Deflate ") == content


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"", "breaks off"),
        (gzip.compress(b"{}")[:-1], "breaks off"),
        (gzip.compress(b"{}") + b"x", "behind its end"),
        (gzip.compress(b"{}") + bytes(70_000), "behind its end"),
        (gzip.compress(b"{}") + gzip.compress(b"{}"), "behind its end"),
        (zlib.compress(b"{}"), "not what"),
        (b"{}", "not what"),
    ],
    # gzip writes the time, and the name of a test must be the same in each process.
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_bytes_of_another_form_are_refused(body: bytes, what: str) -> None:
    with pytest.raises(FieldError, match=what):
        await read(body, "gzip")


async def test_another_encoding_is_refused_with_those_that_are_taken() -> None:
    with pytest.raises(ProblemError, match="send gzip, deflate") as caught:
        await read(b"{}", "br")
    assert caught.value.problem.status == 415


async def test_what_would_be_too_long_is_refused() -> None:
    with pytest.raises(ProblemError, match=str(MAX_BYTES)) as caught:
        await read(gzip.compress(bytes(MAX_BYTES + 1)), "gzip")
    assert caught.value.problem.status == 413


async def test_what_is_to_come_counts_among_the_bodies_in_memory_and_no_longer() -> None:
    bodies = BodyBudget(MAX_BYTES, TOTAL_BYTES)
    body = gzip.compress(bytes(MAX_BYTES))
    first: Any = inflated(an_exchange(body, "gzip", bodies))
    async with first:
        with pytest.raises(ProblemError, match=str(TOTAL_BYTES)) as caught:
            async with inflated(an_exchange(body, "gzip", bodies)):
                pass
        assert caught.value.problem.status == 503
    async with inflated(an_exchange(body, "gzip", bodies)) as found:
        assert len(found) == MAX_BYTES


async def test_many_small_bodies_are_there_at_a_time_whatever_they_might_have_become() -> None:
    """A hundred calls wait for a slow backend; at its greatest ratio one body could fill the budget alone."""
    content = bytes(range(256)) * 8
    bodies = BodyBudget(MAX_BYTES, TOTAL_BYTES)
    async with contextlib.AsyncExitStack() as waiting:
        for _ in range(100):
            held = inflated(an_exchange(gzip.compress(content), "gzip", bodies))
            assert await waiting.enter_async_context(held) == content
        # What is in memory is counted, no more and no less.
        with bodies.room() as room:
            room.resize(TOTAL_BYTES - 100 * len(content))
            with pytest.raises(ProblemError):
                room.resize(TOTAL_BYTES - 100 * len(content) + 1)
    with bodies.room() as room:
        room.resize(TOTAL_BYTES)


async def test_refused_bodies_leave_nothing_behind() -> None:
    bodies = BodyBudget(MAX_BYTES, TOTAL_BYTES)
    for body in (gzip.compress(bytes(MAX_BYTES + 1)), gzip.compress(bytes(150_000))[:-1], b"no gzip"):
        with pytest.raises((FieldError, ProblemError)):
            async with inflated(an_exchange(body, "gzip", bodies)):
                pass
    with bodies.room() as room:
        room.resize(TOTAL_BYTES)


@pytest.mark.parametrize("cut", [1, 7, 65_535, 65_536, 65_537])
async def test_what_is_inflated_in_steps_is_what_it_was(cut: int) -> None:
    draw = random.Random(cut)
    # Neither step nor piece ends where the next one begins: some of it shrinks, some does not.
    content = b"".join(draw.choice([bytes(cut), draw.randbytes(min(cut, 5_000))]) for _ in range(300))
    content = content[:MAX_BYTES]
    assert await read(gzip.compress(content), "gzip") == content
    assert await read(zlib.compress(content, 0), "deflate") == content


class SlowPort:
    """A port that answers when all calls are there."""

    def __init__(self, calls: int) -> None:
        self.everybody = asyncio.Barrier(calls)

    async def call(self, *_: Any, **__: Any) -> Answer:
        await self.everybody.wait()
        return Answer(message_class("ModelInferResponse")(model_name="m"), {})


async def test_many_small_compressed_calls_wait_for_a_slow_backend_at_a_time() -> None:
    settings = HttpLimits()
    bodies = BodyBudget(settings.max_body_bytes, settings.body_budget_bytes)
    port = SlowPort(settings.max_requests)
    gateway = Gateway(port, bodies, 20)  # type: ignore[arg-type]
    app = create_app(Server().state(), api=api_routes(gateway))
    values = random.Random(12).choices(range(10_000), k=6_000)
    tensor = {"name": "x", "shape": [len(values)], "datatype": "INT32", "data": values}
    body = gzip.compress(json.dumps({"inputs": [tensor]}).encode())
    assert len(body) * 1_000 > settings.max_body_bytes, "it could become as long as any body"
    asked = [
        send(app, "POST", "/v2/models/m/infer", body, {"content-encoding": "gzip"})
        for _ in range(settings.max_requests)
    ]
    answers = await asyncio.gather(*asked)
    assert [answer.status for answer in answers] == [200] * settings.max_requests, answers[-1].body
