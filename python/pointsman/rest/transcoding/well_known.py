"""Messages that JSON has a form of its own for: times, durations, masks, and values of any type."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf.descriptor import Descriptor

from pointsman.rest.problems import FieldError
from pointsman.rest.transcoding.scalars import check_text, kind_of, read_double, write_number

MAX_DEPTH = 30
"""How deep values may lie in one another. An object in a value is three messages deep, and protobuf reads no
more than 100 messages in one another.
"""

TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)"
DURATION = r"-?\d{1,12}(\.\d{1,9})?s"
MASK = r"([A-Za-z_][A-Za-z0-9_.]*(,[A-Za-z_][A-Za-z0-9_.]*)*)?"

_PREFIX = "google.protobuf."
WRAPPERS = frozenset(
    _PREFIX + name
    for name in (
        *("DoubleValue", "FloatValue", "Int64Value", "UInt64Value", "Int32Value", "UInt32Value"),
        *("BoolValue", "StringValue", "BytesValue"),
    )
)
"""Messages that stand for a single value that may be missing."""

TEXTS: Mapping[str, tuple[re.Pattern[str], str]] = {
    _PREFIX + "Timestamp": (
        re.compile(TIME),
        "is no time with its zone as RFC 3339 has it; write it as 2026-05-16T10:30:00Z",
    ),
    _PREFIX + "Duration": (re.compile(DURATION), "is no duration; write seconds with an s, as 1.5s"),
    _PREFIX + "FieldMask": (re.compile(MASK), "is no list of fields; write names with commas between"),
}
"""Messages that JSON has as text: what the text looks like, and what to say of another one."""

VALUE, STRUCT, LIST = (_PREFIX + name for name in ("Value", "Struct", "ListValue"))


def read_text_form(text: Any, message: Any, path: str) -> None:
    """Reads the text that stands for a message of `TEXTS`.

    Args:
        text: The value, which should be text.
        message: Takes what it says.
        path: Where it stands.

    Raises:
        FieldError: It is no text, or one of another form.
    """
    name = message.DESCRIPTOR.full_name
    form, advice = TEXTS[name]
    if not isinstance(text, str):
        raise FieldError(path, f"is {kind_of(text)}, which {advice}")
    if name.endswith("FieldMask"):
        if not form.fullmatch(text):
            raise FieldError(path, f"{text[:100]!r} {advice}")
        message.paths.extend(_snake(part) for part in text.split(",") if part)
        return
    written = text.upper() if name.endswith("Timestamp") else text
    if not form.fullmatch(written):
        raise FieldError(path, f"{text[:100]!r} {advice}")
    try:
        message.FromJsonString(written)
    except ValueError as error:
        raise FieldError(path, f"{text[:100]!r} {advice}") from error


def write_text_form(message: Any) -> str:
    """Writes a message of `TEXTS` as the text that stands for it."""
    text: str = message.ToJsonString()
    return text


def read_value(value: Any, message: Any, path: str, depth: int = 0) -> None:
    """Reads any value of JSON into a ``google.protobuf.Value``.

    Args:
        value: The value.
        message: Takes it.
        path: Where it stands.
        depth: How many arrays and objects it lies in.

    Raises:
        FieldError: A number is out of range, a text is no UTF-8, or values lie too deep in one another.
    """
    if value is None:
        message.null_value = 0
    elif isinstance(value, bool):
        message.bool_value = value
    elif isinstance(value, int | float):
        message.number_value = read_double(value, path)
    elif isinstance(value, str):
        message.string_value = check_text(value, path)
    elif isinstance(value, list):
        message.list_value.SetInParent()
        read_list(value, message.list_value, path, depth)
    else:
        message.struct_value.SetInParent()
        read_struct(value, message.struct_value, path, depth)


def read_list(value: Any, message: Any, path: str, depth: int = 0) -> None:
    """Reads an array into a ``google.protobuf.ListValue``; see `read_value`.

    Args:
        value: The value, which should be an array.
        message: Takes it.
        path: Where it stands.
        depth: How many arrays and objects it lies in.
    """
    if not isinstance(value, list):
        raise FieldError(path, f"is {kind_of(value)}; write an array")
    _check_depth(depth, path)
    for index, item in enumerate(value):
        read_value(item, message.values.add(), f"{path}[{index}]", depth + 1)


def read_struct(value: Any, message: Any, path: str, depth: int = 0) -> None:
    """Reads an object into a ``google.protobuf.Struct``; see `read_value`.

    Args:
        value: The value, which should be an object.
        message: Takes it.
        path: Where it stands.
        depth: How many arrays and objects it lies in.
    """
    if not isinstance(value, dict):
        raise FieldError(path, f"is {kind_of(value)}; write an object")
    _check_depth(depth, path)
    for name, item in value.items():
        inner = f"{path}.{name}" if path else name
        read_value(item, message.fields[check_text(name, path)], inner, depth + 1)


def write_value(message: Any) -> Any:
    """Writes a ``google.protobuf.Value``, ``Struct`` or ``ListValue``."""
    name = message.DESCRIPTOR.full_name
    if name == STRUCT:
        return {key: write_value(message.fields[key]) for key in sorted(message.fields)}
    if name == LIST:
        return [write_value(item) for item in message.values]
    kind = message.WhichOneof("kind")
    if kind in (None, "null_value"):
        return None
    value = getattr(message, kind)
    if kind == "number_value":
        return write_number(value)
    return write_value(value) if kind in ("struct_value", "list_value") else value


def is_any_value(descriptor: Descriptor) -> bool:
    """Answers whether a message is one of those that hold values of any type."""
    return descriptor.full_name in (VALUE, STRUCT, LIST)


READERS: Mapping[str, Callable[[Any, Any, str], None]] = {
    VALUE: read_value,
    STRUCT: read_struct,
    LIST: read_list,
    **dict.fromkeys(TEXTS, read_text_form),
}
"""How each of these messages is read."""

WRITERS: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys((VALUE, STRUCT, LIST), write_value),
    **dict.fromkeys(TEXTS, write_text_form),
}
"""How each of these messages is written."""


def _check_depth(depth: int, path: str) -> None:
    if depth >= MAX_DEPTH:
        raise FieldError(path[:200], f"lies deeper than {MAX_DEPTH} arrays and objects in one another")


def _snake(path: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda found: f"_{found.group(1).lower()}", path)
