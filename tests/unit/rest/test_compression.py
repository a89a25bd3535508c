"""Compressed bodies are taken within the limits of others."""

import gzip
import zlib
from typing import Any

import pytest
from starlette.datastructures import Headers

from pointsman.rest.problems import FieldError, ProblemError
from pointsman.rest.transcoding.bodies import BodyBudget
from pointsman.rest.transcoding.compression import inflated
from pointsman.rest.transcoding.exchanges import Exchange, Gateway

MAX_BYTES = 200_000
TOTAL_BYTES = 300_000


def an_exchange(body: bytes, encoding: str, bodies: BodyBudget | None = None) -> Exchange:
    gateway = Gateway(None, bodies or BodyBudget(MAX_BYTES, TOTAL_BYTES), 1.0)  # type: ignore[arg-type]
    headers = Headers({"content-encoding": encoding} if encoding else {})
    return Exchange(gateway, {}, headers, bytearray(body))


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
        (zlib.compress(b"{}"), "not what"),
        (b"{}", "not what"),
    ],
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
