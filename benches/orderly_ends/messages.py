"""The one call that is made, as bytes: nothing of it is worth the time of a protobuf library."""

INFER = "/inference.GRPCInferenceService/ModelInfer"
READY = "/inference.GRPCInferenceService/ModelReady"
IS_READY = bytes([1 << 3, 1])
"""A ModelReadyResponse that says yes."""
PAYLOAD_BYTES = 1024
_NAME, _ID, _RAW_OUTPUT, _RAW_INPUT = 1, 3, 6, 7
_LENGTH_DELIMITED = 2


def build_request(model: str, number: int) -> tuple[bytes, bytes]:
    """Writes a ModelInferRequest.

    Args:
        model: The model's name.
        number: What tells the call from all others.

    Returns:
        The message, and the field with its id, which the answer must hold as it is.
    """
    name = _field(_NAME, model.encode())
    call_id = _field(_ID, f"call-{number:012d}".encode())
    return name + call_id + _field(_RAW_INPUT, bytes(PAYLOAD_BYTES)), call_id


def echo(request: bytes) -> bytes:
    """Writes the ModelInferResponse to a request of this module, whatever stands around its fields."""
    start = request.index(_field(_ID, b"call-000000000000")[:7])
    call_id = request[start : start + 19]
    return call_id + _field(_RAW_OUTPUT, bytes(PAYLOAD_BYTES))


def _field(number: int, value: bytes) -> bytes:
    return bytes([number << 3 | _LENGTH_DELIMITED]) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)
