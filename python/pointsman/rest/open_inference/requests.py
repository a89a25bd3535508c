"""Makes a ModelInfer call of the protocol's JSON, and of the tensors that follow it as bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pointsman.rest.open_inference.parameters import (
    BINARY,
    BINARY_OUTPUT,
    BINARY_SIZE,
    read_flag,
    read_parameters,
)
from pointsman.rest.open_inference.schema import message_class
from pointsman.rest.open_inference.tensors import LAYOUTS, elements_of, to_bytes
from pointsman.rest.problems import FieldError
from pointsman.rest.transcoding.bodies import parse_json
from pointsman.rest.transcoding.scalars import check_text, kind_of

MAX_DIMENSIONS = 32
_NAMES = {
    "": ("id", "parameters", "inputs", "outputs"),
    "inputs": ("name", "shape", "datatype", "parameters", "data"),
    "outputs": ("name", "parameters"),
}


@dataclass(frozen=True)
class InferCall:
    """A call, and in which form its answer is wanted.

    Attributes:
        request: The ``ModelInferRequest``.
        binary_by_name: Whether each output that was asked for is wanted as bytes.
        binary_by_default: Whether the others are.
    """

    request: Any
    binary_by_name: dict[str, bool]
    binary_by_default: bool

    def wants_bytes(self, output: str) -> bool:
        """Answers whether an output is wanted as bytes."""
        return self.binary_by_name.get(output, self.binary_by_default)


def read_call(model: str, version: str, body: bytes | bytearray, header_length: str | None) -> InferCall:
    """Reads a request.

    Args:
        model: The model's or router's name.
        version: Its version; empty when the path names none.
        body: The JSON, and behind it the tensors that are bytes.
        header_length: ``Inference-Header-Content-Length``: how long the JSON is, where something is behind
        it.

    Raises:
        FieldError: It does not fit.
    """
    length = _header_length(header_length, len(body))
    view = memoryview(body)
    value = _object(parse_json(view[:length]), "")
    request = message_class("ModelInferRequest")(model_name=model, model_version=version)
    # Whoever writes all fields of a type writes null for what is not stated; nothing else means that.
    request.id = _text(_stated(value, "id", ""), "id")
    transport = read_parameters(value.get("parameters"), request.parameters, "parameters")
    position = length
    for index, given in enumerate(_array(value.get("inputs"), "inputs")):
        position = _read_input(given, request, f"inputs[{index}]", view, position)
    if position != len(body):
        raise FieldError("", f"{len(body) - position} bytes behind the tensors belong to none of them")
    if not request.inputs:
        raise FieldError("inputs", "has no tensor")
    by_name = {}
    for index, given in enumerate(_array(_stated(value, "outputs", []), "outputs")):
        path = f"outputs[{index}]"
        tensor = request.outputs.add(name=_text(_object(given, "outputs", path).get("name"), f"{path}.name"))
        own = read_parameters(given.get("parameters"), tensor.parameters, f"{path}.parameters")
        flag = read_flag(own, BINARY, f"{path}.parameters")
        if flag is not None:
            by_name[tensor.name] = flag
    by_default = read_flag(transport, BINARY_OUTPUT, "parameters")
    return InferCall(request, by_name, bool(by_default))


def _stated(value: Any, name: str, default: Any) -> Any:
    found = value.get(name)
    return default if found is None else found


def _read_input(given: Any, request: Any, path: str, body: memoryview, position: int) -> int:
    """Reads one tensor; answers where the bytes of the next one begin."""
    value = _object(given, "inputs", path)
    datatype = _text(value.get("datatype"), f"{path}.datatype")
    if datatype not in LAYOUTS and datatype != "BYTES":
        known = ", ".join((*LAYOUTS, "BYTES"))
        raise FieldError(f"{path}.datatype", f"{datatype[:100]!r} is none of {known}")
    shape = _shape(value.get("shape"), f"{path}.shape")
    tensor = request.inputs.add(name=_text(value.get("name"), f"{path}.name"), datatype=datatype, shape=shape)
    transport = read_parameters(value.get("parameters"), tensor.parameters, f"{path}.parameters")
    size = transport.get(BINARY_SIZE)
    if size is None:
        data = elements_of(datatype, value.get("data"), shape, f"{path}.data")
        request.raw_input_contents.append(to_bytes(datatype, data, f"{path}.data"))
        return position
    place = f"{path}.parameters.{BINARY_SIZE}"
    if isinstance(size, bool) or not isinstance(size, int) or size < 0:
        raise FieldError(place, "is no number of bytes")
    if "data" in value:
        raise FieldError(f"{path}.data", f"cannot be stated beside {BINARY_SIZE}; leave one out")
    if position + size > len(body):
        raise FieldError(place, f"is {size}, but {len(body) - position} bytes are left in the body")
    request.raw_input_contents.append(bytes(body[position : position + size]))
    return position + size


def _header_length(text: str | None, size: int) -> int:
    if text is None:
        return size
    if not text.isdecimal() or len(text) > 12 or int(text) > size:
        raise FieldError(
            "Inference-Header-Content-Length",
            f"{text[:100]!r} is no number of bytes within the body's {size}",
        )
    return int(text)


def _shape(value: Any, path: str) -> Sequence[int]:
    dimensions = _array(value, path)
    if len(dimensions) > MAX_DIMENSIONS:
        raise FieldError(path, f"has more than {MAX_DIMENSIONS} dimensions")
    for item in dimensions:
        if isinstance(item, bool) or not isinstance(item, int) or not 0 <= item < 2**40:
            raise FieldError(path, "has what is no length; write whole numbers from 0")
    return dimensions


def _object(value: Any, kind: str, path: str = "") -> dict[str, Any]:
    if not isinstance(value, dict):
        raise FieldError(path, f"{'' if path else 'the body '}is {kind_of(value)}; write an object")
    for name in value:
        if name not in _NAMES[kind]:
            place = f"{path}.{name}" if path else name
            raise FieldError(place, f"there is no such field; there are {', '.join(_NAMES[kind])}")
    return value


def _array(value: Any, path: str) -> list[Any]:
    if not isinstance(value, list):
        raise FieldError(path, "is missing" if value is None else f"is {kind_of(value)}; write an array")
    return value


def _text(value: Any, path: str) -> str:
    if not isinstance(value, str):
        raise FieldError(path, "is missing" if value is None else f"is {kind_of(value)}; write text")
    return check_text(value, path)
