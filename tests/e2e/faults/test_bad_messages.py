"""What clients send wrong, on the wire itself: refused with a sentence, before it reaches a backend."""

import contextlib
import socket
import ssl
import struct
from typing import Any

import grpc
import pytest

from stage.oip import field, framed, infer_request, varint
from stage.raw_client import RawClient
from stage.recording_backend import RecordingBackend
from stage.server import Server

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(60)]

INVALID_ARGUMENT = grpc.StatusCode.INVALID_ARGUMENT.value[0]
RESOURCE_EXHAUSTED = grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]
UNIMPLEMENTED = grpc.StatusCode.UNIMPLEMENTED.value[0]
NOT_FOUND = grpc.StatusCode.NOT_FOUND.value[0]
OK = 0
PREDICT = "/pointsman.v1.PredictionService/Predict"
MEBIBYTE = 1 << 20


@pytest.fixture(autouse=True)
def calls_go_on(server: Server, router: str, good: RecordingBackend) -> Any:
    """Whatever a test sends, another client's call is answered afterwards."""
    yield
    with RawClient(server.grpc) as other:
        request = infer_request(router, model_version="good").SerializeToString()
        assert other.call(framed(request)).status == OK


def good_request(router: str, size: int = 8, **fields: Any) -> bytes:
    message: bytes = infer_request(
        router, b"y" * size, model_version="good", id="mine", **fields
    ).SerializeToString()
    return message


def test_message_in_pieces_of_one_byte_is_fine(client: RawClient, router: str) -> None:
    frame = framed(good_request(router))
    assert client.call(*(frame[index : index + 1] for index in range(len(frame)))).status == OK


@pytest.mark.parametrize("cut", [1, 4, 5, 6, 12, -1])
@pytest.mark.parametrize("size", [8, 100_000])
def test_truncated_message(
    client: RawClient, router: str, good: RecordingBackend, cut: int, size: int
) -> None:
    answer = client.call(framed(good_request(router, size))[:cut])
    assert answer.status == INVALID_ARGUMENT
    assert answer.message
    assert not good.seen


def test_call_without_a_message(client: RawClient) -> None:
    answer = client.call()
    assert answer.status == INVALID_ARGUMENT
    assert "no message" in answer.message


@pytest.mark.parametrize("size", [8, 100_000])
@pytest.mark.parametrize("difference", [-3, 3])
def test_wrong_length_prefix(
    client: RawClient, router: str, good: RecordingBackend, size: int, difference: int
) -> None:
    message = good_request(router, size)
    answer = client.call(framed(message, length=len(message) + difference))
    assert answer.status == INVALID_ARGUMENT
    assert "prefix" in answer.message or "message" in answer.message
    assert not good.seen


def test_wrong_compressed_flag(client: RawClient, router: str) -> None:
    message = good_request(router)
    answer = client.call(b"\x07" + framed(message)[1:])
    assert answer.status == INVALID_ARGUMENT
    assert "flag 7" in answer.message


def test_second_message_in_a_unary_call(client: RawClient, router: str) -> None:
    answer = client.call(framed(good_request(router)), framed(good_request(router)))
    assert answer.status == INVALID_ARGUMENT
    assert "one message" in answer.message


@pytest.mark.parametrize("path", ["/inference.GRPCInferenceService/ModelInfer", PREDICT])
def test_oversize_message_is_refused_by_its_prefix_alone(client: RawClient, path: str) -> None:
    stream = client.open(path)
    client.send(stream, struct.pack(">BI", 0, 17 * MEBIBYTE) + b"x" * 100)
    answer = client.answer(stream)
    assert answer.status == RESOURCE_EXHAUSTED
    assert str(17 * MEBIBYTE) in answer.message
    assert "max_message_bytes" in answer.message


def test_claimed_four_gigabytes_are_not_allocated(client: RawClient) -> None:
    stream = client.open()
    client.send(stream, struct.pack(">BI", 0, 2**32 - 1) + b"x")
    assert client.answer(stream).status == RESOURCE_EXHAUSTED


@pytest.mark.parametrize("size", [8, 100_000, 3 * MEBIBYTE])
def test_second_model_name_behind_the_tensors(
    client: RawClient, router: str, good: RecordingBackend, size: int
) -> None:
    message = good_request(router, size) + field(1, b"m-other")
    answer = client.call(framed(message))
    assert answer.status == INVALID_ARGUMENT
    assert "model_name" in answer.message
    assert not good.seen


@pytest.mark.parametrize("size", [8, 100_000])
def test_second_model_version_behind_the_tensors(
    client: RawClient, router: str, good: RecordingBackend, size: int
) -> None:
    answer = client.call(framed(good_request(router, size) + field(2, b"9")))
    assert answer.status == INVALID_ARGUMENT
    assert "model_version" in answer.message
    assert not good.seen


def test_model_name_twice_in_the_head_means_the_last(
    client: RawClient, router: str, good: RecordingBackend
) -> None:
    answer = client.call(framed(field(1, b"nobody") + good_request(router)))
    assert answer.status == OK
    assert good.seen[0].request.model_name == "m"


@pytest.mark.parametrize("size", [8, 100_000])
def test_call_without_a_model_name(client: RawClient, good: RecordingBackend, size: int) -> None:
    answer = client.call(framed(good_request("", size)))
    assert answer.status == INVALID_ARGUMENT
    assert "model_name" in answer.message
    assert not good.seen


@pytest.mark.parametrize("size", [8, 100_000, MEBIBYTE])
def test_model_name_behind_the_tensors_alone_works(
    client: RawClient, router: str, good: RecordingBackend, size: int
) -> None:
    tensors = infer_request("", b"y" * size, id="mine").SerializeToString()
    answer = client.call(framed(tensors + field(1, router.encode()) + field(2, b"good")))
    assert answer.status == OK, answer.message
    seen = good.seen[0].request
    assert (seen.model_name, seen.id) == ("m", "mine")
    assert seen.raw_input_contents[0] == b"y" * size


def test_unknown_router_and_unknown_variant(client: RawClient, router: str) -> None:
    answer = client.call(framed(infer_request("nobody").SerializeToString()))
    assert answer.status == NOT_FOUND
    assert '"nobody"' in answer.message
    answer = client.call(framed(infer_request(router, model_version="v9").SerializeToString()))
    assert answer.status == NOT_FOUND
    assert "good, bad" in answer.message


MALFORMED = {
    "endless varint": b"\xff" * 12,
    "group": varint(20 << 3 | 3) + varint(20 << 3 | 4),
    "field number 0": b"\x02\x01x",
    "length beyond the message": b"\x0a\x7fab",
    "huge length": b"\x0a" + varint(2**62) + b"ab",
    "wire type 7": b"\x0f\x01",
    "name of another wire type": b"\x08\x01",
    "name that is no text": field(1, b"\xff\xfe"),
}


@pytest.mark.parametrize("malformed", MALFORMED.values(), ids=MALFORMED.keys())
@pytest.mark.parametrize("padding", [0, 100_000])
def test_malformed_protobuf(
    client: RawClient, good: RecordingBackend, malformed: bytes, padding: int
) -> None:
    answer = client.call(framed(malformed + (field(7, b"y" * padding) if padding else b"")))
    assert answer.status == INVALID_ARGUMENT
    assert answer.message
    assert not good.seen


def test_malformed_predict_request(client: RawClient) -> None:
    answer = client.call(framed(b"\xff" * 40), path=PREDICT)
    assert answer.status == INVALID_ARGUMENT
    answer = client.call(framed(b""), path=PREDICT)
    assert answer.status == INVALID_ARGUMENT
    assert "router_id" in answer.message


def test_malformed_request_to_the_control_plane(client: RawClient) -> None:
    answer = client.call(framed(b"\xff" * 40), path="/pointsman.v1.RouterService/GetRouter")
    assert answer.status == INVALID_ARGUMENT


@pytest.mark.parametrize(
    "path", ["/", "/no.such.Service/Method", "/pointsman.v1.RouterService/Nothing", "/a/b/c", "/%00"]
)
def test_unknown_method(client: RawClient, path: str) -> None:
    answer = client.call(framed(b""), path=path)
    assert answer.status == UNIMPLEMENTED


def test_rest_of_the_inference_service_is_unimplemented(client: RawClient) -> None:
    for method in ("ModelStreamInfer", "RepositoryIndex", "SystemSharedMemoryStatus", "TraceSetting"):
        answer = client.call(framed(b""), path=f"/inference.GRPCInferenceService/{method}")
        assert answer.status == UNIMPLEMENTED
        assert method in answer.message


def test_entity_id_that_is_too_long(client: RawClient, router: str) -> None:
    metadata = [("pointsman-entity-id", "e" * 20_000)]
    answer = client.call(framed(infer_request(router).SerializeToString()), metadata=metadata)
    assert answer.status == INVALID_ARGUMENT
    assert "pointsman-entity-id" in answer.message


def test_entity_id_that_is_no_text(client: RawClient, router: str) -> None:
    request = infer_request(router)
    request.parameters["entity_id"].int64_param = 5
    answer = client.call(framed(request.SerializeToString()))
    assert answer.status == INVALID_ARGUMENT
    assert "entity_id" in answer.message


def test_more_metadata_than_allowed_fails_that_call_only(client: RawClient, router: str) -> None:
    metadata = [(f"x-filler-{index}", "f" * 4000) for index in range(20)]
    answer = client.call(framed(good_request(router)), metadata=metadata)
    assert answer.reset is not None or answer.headers.get(":status") in {"431", "200"}
    assert answer.headers.get("grpc-status") != "0"
    assert client.call(framed(good_request(router))).status == OK


def speak(address: str, said: bytes) -> bytes:
    """What a plain connection answers before it closes."""
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=10) as connected:
        connected.sendall(said)
        heard = b""
        # What is not read when the other side hangs up makes the system reset the connection.
        with contextlib.suppress(ConnectionResetError):
            while data := connected.recv(4096):
                heard += data
        return heard


def test_http1_is_told_what_speaks_here(server: Server) -> None:
    heard = speak(server.grpc, b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n")
    assert heard.startswith(b"HTTP/1.1 505 ")
    assert b"gRPC over HTTP/2" in heard


def test_tls_is_refused_at_once(server: Server) -> None:
    host, port = server.grpc.rsplit(":", 1)
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection((host, int(port)), timeout=10) as connected,
        pytest.raises(ssl.SSLError, match=r"(?i)handshake.failure"),
    ):
        context.wrap_socket(connected)


@pytest.mark.parametrize(
    "said",
    [b"\0" * 64, b"SSH-2.0-client\r\n", b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"],
    ids=["zeros", "ssh", "broken preface"],
)
def test_other_protocols_are_hung_up_on(server: Server, said: bytes) -> None:
    assert b"200" not in speak(server.grpc, said)


def test_http2_that_is_no_grpc_is_told_so(server: Server, client: RawClient) -> None:
    answer = client.call(b"{}", metadata=[("x-other", "1")], path="/v2/models/m/infer")
    assert answer.status == UNIMPLEMENTED
