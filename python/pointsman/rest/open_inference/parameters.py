"""Parameters of the protocol, which are single values of any type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pointsman.rest.problems import FieldError
from pointsman.rest.transcoding.scalars import check_text, kind_of, read_double, write_number

BINARY_SIZE = "binary_data_size"
BINARY = "binary_data"
BINARY_OUTPUT = "binary_data_output"
OF_TRANSPORT = frozenset({BINARY_SIZE, BINARY, BINARY_OUTPUT})
"""Parameters of HTTP's binary extension, which models do not see."""


def read_parameters(given: Any, target: Any, path: str) -> dict[str, Any]:
    """Reads parameters into a map of ``InferParameter``.

    Args:
        given: The object of JSON; None where none is stated.
        target: The map.
        path: Where they stand.

    Returns:
        Those of the binary extension, which are in no map.

    Raises:
        FieldError: One is of a type that parameters do not have.
    """
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise FieldError(path, f"is {kind_of(given)}; write an object")
    for name, value in given.items():
        # Null says that it is not stated, as MLServer's messages do of all that they know.
        if name not in OF_TRANSPORT and value is not None:
            _read_one(value, target[check_text(name, path)], f"{path}.{name}")
    return {name: value for name, value in given.items() if name in OF_TRANSPORT}


def write_parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Writes a map of ``InferParameter`` as an object of JSON."""
    written = {}
    for name in sorted(parameters):
        choice = parameters[name].WhichOneof("parameter_choice")
        if choice is not None:
            value = getattr(parameters[name], choice)
            written[name] = write_number(value) if choice == "double_param" else value
    return written


def read_flag(parameters: Mapping[str, Any], name: str, path: str) -> bool | None:
    """Answers a parameter that is true or false; None where it is not stated.

    Args:
        parameters: The parameters, as JSON has them.
        name: Which one.
        path: Where they stand.

    Raises:
        FieldError: It is something else.
    """
    value = parameters.get(name)
    if value is None or isinstance(value, bool):
        return value
    raise FieldError(f"{path}.{name}", f"is {kind_of(value)}; write true or false")


def _read_one(value: Any, target: Any, path: str) -> None:
    if isinstance(value, bool):
        target.bool_param = value
    elif isinstance(value, int):
        if -(2**63) <= value < 2**63:
            target.int64_param = value
        elif 0 <= value < 2**64:
            target.uint64_param = value
        else:
            raise FieldError(path, "is beyond 64 bits")
    elif isinstance(value, float):
        target.double_param = read_double(value, path)
    elif isinstance(value, str):
        target.string_param = check_text(value, path)
    else:
        raise FieldError(path, f"is {kind_of(value)}; write text, a number, true or false")
