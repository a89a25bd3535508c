"""Compressed requests: inflated under the size limit, or refused with what would do."""

import gzip
import zlib

import grpc
import pytest

from stage.oip import framed, infer_request
from stage.raw_client import RawClient
from stage.recording_backend import RecordingBackend

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(60)]

INVALID_ARGUMENT = grpc.StatusCode.INVALID_ARGUMENT.value[0]
RESOURCE_EXHAUSTED = grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]
UNIMPLEMENTED = grpc.StatusCode.UNIMPLEMENTED.value[0]


def request(router: str, payload: bytes) -> bytes:
    message: bytes = infer_request(router, payload, model_version="good").SerializeToString()
    return message


def send(client: RawClient, packed: bytes, encoding: str | None) -> tuple[int, str]:
    metadata = [("grpc-encoding", encoding)] if encoding is not None else []
    answer = client.call(framed(packed, compressed=True), metadata=metadata)
    return answer.status, answer.message


@pytest.mark.parametrize("size", [8, 1_000_000])
@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_known_compression_reaches_the_backend_plain(
    client: RawClient, router: str, good: RecordingBackend, size: int, encoding: str, pack: object
) -> None:
    assert callable(pack)
    assert send(client, pack(request(router, b"y" * size)), encoding) == (0, "")
    (seen,) = good.seen
    assert seen.request.raw_input_contents[0] == b"y" * size
    assert "grpc-encoding" not in seen.metadata


def test_flag_without_compression_is_fine(client: RawClient, router: str, good: RecordingBackend) -> None:
    answer = client.call(framed(request(router, b"y")), metadata=[("grpc-encoding", "gzip")])
    assert answer.status == 0
    assert len(good.seen) == 1


@pytest.mark.parametrize("encoding", ["zstd", "snappy", "", None])
def test_unknown_compression_is_unimplemented(
    client: RawClient, router: str, good: RecordingBackend, encoding: str | None
) -> None:
    status, message = send(client, gzip.compress(request(router, b"y")), encoding)
    assert status == UNIMPLEMENTED
    assert "gzip, deflate" in message
    assert not good.seen


@pytest.mark.parametrize("packed", [b"", b"no gzip", gzip.compress(b"x" * 1000)[:-10]])
def test_broken_compression_is_refused(client: RawClient, good: RecordingBackend, packed: bytes) -> None:
    status, message = send(client, packed, "gzip")
    assert status == INVALID_ARGUMENT
    assert message
    assert not good.seen


def test_bomb_is_refused_at_the_size_limit(client: RawClient, router: str, good: RecordingBackend) -> None:
    bomb = gzip.compress(request(router, bytes(64 << 20)))
    assert len(bomb) < 100_000
    status, message = send(client, bomb, "gzip")
    assert status == RESOURCE_EXHAUSTED
    assert "max_message_bytes" in message
    assert not good.seen
