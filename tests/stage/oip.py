"""Messages of the Open Inference Protocol, written as tritonclient writes them, and receipts read back."""

import struct
from collections.abc import Sequence
from typing import Any

import grpc
from tritonclient.grpc import service_pb2

SERVICE = "/inference.GRPCInferenceService/"
INFER = SERVICE + "ModelInfer"

UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


def infer_request(model_name: str, payload: bytes = b"\x00" * 8, **fields: Any) -> Any:
    """A request with one raw UINT8 tensor."""
    tensor = service_pb2.ModelInferRequest.InferInputTensor(name="x", datatype="UINT8", shape=[len(payload)])
    return service_pb2.ModelInferRequest(
        model_name=model_name, inputs=[tensor], raw_input_contents=[payload], **fields
    )


def framed(message: bytes, *, compressed: bool = False, length: int | None = None) -> bytes:
    """A message with its gRPC prefix; the length may be made to lie."""
    return struct.pack(">BI", compressed, len(message) if length is None else length) + message


def field(number: int, content: bytes) -> bytes:
    """A length-delimited protobuf field."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])


def raw_method(channel: grpc.Channel, path: str) -> "grpc.UnaryUnaryMultiCallable[bytes, bytes]":
    """A method that takes and answers the bytes of a message as they are."""
    method: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(path)
    return method


def infer_bytes(
    channel: grpc.Channel,
    message: bytes,
    *,
    metadata: Sequence[tuple[str, str]] = (),
    timeout: float = 20.0,
    **options: Any,
) -> bytes:
    """Sends the bytes of a request and answers those of the response."""
    return raw_method(channel, INFER)(message, metadata=tuple(metadata), timeout=timeout, **options)


def infer(channel: grpc.Channel, request: Any, **options: Any) -> Any:
    """Sends a request and answers the response."""
    return service_pb2.ModelInferResponse.FromString(
        infer_bytes(channel, request.SerializeToString(), **options)
    )


def receipt(response: Any) -> dict[str, str]:
    """What the router says of its decision in a response's parameters."""
    prefix = "pointsman_"
    return {
        name.removeprefix(prefix): value.string_param
        for name, value in response.parameters.items()
        if name.startswith(prefix)
    }
