"""Compressed messages: inflated under the size limit, or refused with what would do."""

import gzip
import random
import zlib
from collections.abc import Callable

import grpc
import pytest
from tritonclient.grpc import service_pb2

from pointsman.v1 import prediction_pb2, router_pb2
from stage.control import Control
from stage.oip import framed, infer_request, receipt
from stage.raw_client import RawClient
from stage.recording_backend import RecordingBackend
from stage.scripted_backend import GOOD_HEADERS, Exchange, ScriptedBackend

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


@pytest.mark.parametrize(
    "packed",
    [b"", b"no gzip", gzip.compress(b"x" * 1000)[:-10]],
    ids=["nothing", "no gzip", "cut off"],
)
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


def answering(bad: ScriptedBackend, packed: bytes, encoding: str) -> None:
    """Has a backend answer compressed, though it is asked not to."""

    def compresses(exchange: Exchange) -> None:
        exchange.headers((*GOOD_HEADERS, ("grpc-encoding", encoding)))
        exchange.data(framed(packed, compressed=True))
        exchange.trailers((("grpc-status", "0"), ("x-of-the-backend", "kept")))

    bad.script = compresses


def content(size: int) -> bytes:
    """Bytes that cannot be made much smaller, so that many of them arrive in pieces."""
    return random.Random(size).randbytes(size)


def response(size: int) -> bytes:
    answer = service_pb2.ModelInferResponse(model_name="m", raw_output_contents=[content(size)])
    answer.outputs.add(name="y", datatype="UINT8", shape=[size])
    message: bytes = answer.SerializeToString()
    return message


@pytest.mark.parametrize("size", [0, 8, 300_000])
@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_a_compressed_answer_comes_plain_with_its_receipt(
    client: RawClient,
    router: str,
    bad: ScriptedBackend,
    control: Control,
    size: int,
    encoding: str,
    pack: Callable[[bytes], bytes],
) -> None:
    answering(bad, pack(response(size)), encoding)
    message = infer_request(router, b"y", model_version="bad").SerializeToString()
    answer = client.call(framed(message))
    assert answer.status == 0, answer.message
    assert "grpc-encoding" not in answer.headers
    assert answer.headers["x-of-the-backend"] == "kept"
    assert answer.data[:5] == framed(answer.data[5:])[:5]
    got = service_pb2.ModelInferResponse.FromString(answer.data[5:])
    assert receipt(got)["variant"] == answer.headers["pointsman-variant"] == "bad"
    assert got.raw_output_contents[0] == content(size)
    prediction_id = receipt(got)["prediction_id"]
    found = control.routers.GetPrediction(
        router_pb2.GetPredictionRequest(router_id=router, prediction_id=prediction_id)
    )
    kept, cut = prediction_pb2.RECORDED_CONTENT_ALL, prediction_pb2.RECORDED_CONTENT_CUT
    assert found.answer_content == (kept if size < 65_536 else cut)


@pytest.mark.parametrize(
    ("packed", "encoding", "status", "part"),
    [
        (b"no gzip", "gzip", "UNAVAILABLE", "inflated"),
        (gzip.compress(response(8)), "zstd", "UNAVAILABLE", "zstd"),
        (gzip.compress(bytes(64 << 20)), "gzip", "RESOURCE_EXHAUSTED", "max_message_bytes"),
    ],
    # Not the bytes: gzip writes the second into them, and two processes would name tests differently.
    ids=["broken", "unknown", "too long"],
)
def test_a_compressed_answer_that_cannot_be_read_is_said_of_its_variant(
    client: RawClient, router: str, bad: ScriptedBackend, packed: bytes, encoding: str, status: str, part: str
) -> None:
    answering(bad, packed, encoding)
    message = infer_request(router, b"y", model_version="bad").SerializeToString()
    answer = client.call(framed(message))
    assert answer.status == grpc.StatusCode[status].value[0]
    assert answer.message.startswith("variant bad: ")
    assert part in answer.message
