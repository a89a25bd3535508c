"""Writes what the protocol's calls answer, in its JSON and its binary form."""

from __future__ import annotations

import json
from typing import Any

from pointsman.rest.open_inference.parameters import BINARY_SIZE, write_parameters
from pointsman.rest.open_inference.requests import InferCall
from pointsman.rest.open_inference.tensors import LAYOUTS, contents_to_bytes, from_bytes
from pointsman.rest.problems import Problem, ProblemError


def write_answer(call: InferCall, message: Any) -> tuple[bytes, int | None]:
    """Writes a ``ModelInferResponse``.

    Args:
        call: The call, which says in which form outputs are wanted.
        message: The answer.

    Returns:
        The body, and how much of it is JSON where bytes follow; None where none do.

    Raises:
        FieldError: An output cannot be written as JSON.
        ProblemError: The model's answer does not hold together.
    """
    outputs = []
    tails: list[bytes] = []
    for index, tensor in enumerate(message.outputs):
        raw = _raw(message, index)
        shown: dict[str, Any] = {
            "name": tensor.name,
            "datatype": tensor.datatype,
            "shape": list(tensor.shape),
        }
        parameters = write_parameters(tensor.parameters)
        if call.wants_bytes(tensor.name):
            parameters[BINARY_SIZE] = len(raw)
            tails.append(raw)
        else:
            shown["data"] = from_bytes(tensor.datatype, raw, f"outputs[{index}].data")
        if parameters:
            shown["parameters"] = parameters
        outputs.append(shown)
    body = {"model_name": message.model_name, "model_version": message.model_version, "id": message.id}
    body = {name: value for name, value in body.items() if value or name == "model_name"}
    parameters = write_parameters(message.parameters)
    whole = dumped(body | ({"parameters": parameters} if parameters else {}) | {"outputs": outputs})
    return b"".join([whole, *tails]), len(whole) if tails else None


def write_server(message: Any) -> bytes:
    """Writes a ``ServerMetadataResponse``."""
    return dumped({"name": message.name, "version": message.version, "extensions": list(message.extensions)})


def write_model(message: Any) -> bytes:
    """Writes a ``ModelMetadataResponse``."""

    def tensors(specs: Any) -> list[dict[str, Any]]:
        return [{"name": one.name, "datatype": one.datatype, "shape": list(one.shape)} for one in specs]

    return dumped(
        {
            "name": message.name,
            "versions": list(message.versions),
            "platform": message.platform,
            "inputs": tensors(message.inputs),
            "outputs": tensors(message.outputs),
        }
    )


def dumped(value: Any) -> bytes:
    """Writes a value as the bytes of JSON."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _raw(message: Any, index: int) -> bytes:
    tensor, raw = message.outputs[index], message.raw_output_contents
    if tensor.datatype not in LAYOUTS and tensor.datatype != "BYTES":
        raise _broken(
            f"output {tensor.name!r} has the datatype {tensor.datatype!r}, which is none of the protocol"
        )
    if not raw:
        if tensor.datatype in ("FP16", "BF16"):
            raise _broken(f"output {tensor.name!r} is {tensor.datatype} and not raw")
        return contents_to_bytes(tensor.datatype, tensor.contents)
    if len(raw) != len(message.outputs):
        raise _broken(f"there are {len(raw)} raw tensors and {len(message.outputs)} outputs")
    content: bytes = raw[index]
    return content


def _broken(what: str) -> ProblemError:
    return ProblemError(Problem("INTERNAL", f"the model's answer does not hold together: {what}", status=502))
