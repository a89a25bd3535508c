"""Messages as plain values: what definition files say of them, in the order of their fields."""

import json
from typing import Any

from google.protobuf.struct_pb2 import Value

from pointsman.definitions.shapes import (
    ALWAYS_WRITTEN,
    API_VERSION,
    Field,
    FieldType,
    Kind,
    Shape,
    default_of,
    shape_of,
)
from pointsman.v1 import definition_pb2, router_pb2

_IN_SERVICE = frozenset({router_pb2.ROUTER_STATUS_DEPLOYING, router_pb2.ROUTER_STATUS_RUNNING})
"""The statuses of a router that is in service, or on its way there; the others are out of service."""


def document_of(kind: Kind, message: Any) -> dict[str, Any]:
    """Makes the document of an object.

    Args:
        kind: Its kind.
        message: The object as a server answers it.

    Returns:
        The document in plain values, without the fields that have their default.
    """
    content = plain_of(message, kind.shape)
    if kind.name == "Router" and content.get("display_name") == content.get("router_id"):
        content.pop("display_name", None)
    if kind.name == "User" and message.admin:
        # None, as it must be beside admin, would read as nothing.
        content.pop("scopes", None)
    return {"apiVersion": API_VERSION, "kind": kind.name, **content}


def wish_of(message: Any) -> Any:
    """Answers an object as a definition would state it: the status of a router is whether it is in service.

    Args:
        message: A ``Router``, a ``ModelVersion`` or a ``User`` as a server answers it.
    """
    wished = type(message)()
    wished.CopyFrom(message)
    if wished.DESCRIPTOR.name == "Router":
        is_in_service = message.status in _IN_SERVICE
        wished.status = (
            router_pb2.ROUTER_STATUS_RUNNING if is_in_service else router_pb2.ROUTER_STATUS_STOPPED
        )
    return wished


def definition_of(message: Any) -> definition_pb2.Definition:
    """Wraps an object as a definition."""
    attribute = {"Router": "router", "ModelVersion": "model", "User": "user"}[message.DESCRIPTOR.name]
    definition = definition_pb2.Definition()
    getattr(definition, attribute).CopyFrom(wish_of(message))
    return definition


def plain_of(message: Any, shape: Shape, *, whole: bool = False) -> dict[str, Any]:
    """Answers the fields of a message in plain values, in their order.

    Args:
        message: The message.
        shape: What documents say of it.
        whole: Whether fields with their default are there, too.
    """
    plain: dict[str, Any] = {}
    for name, wanted in shape.fields.items():
        value = _value(message, wanted, whole=whole)
        kept = name in shape.required or (shape.name, name) in ALWAYS_WRITTEN
        if value is None or (not whole and not kept and _is_default(value, shape, wanted)):
            continue
        plain[name] = value
    return plain


def anything_of(value: Value) -> Any:
    """Answers a value of any kind; whole numbers as such."""
    match value.WhichOneof("kind"):
        case "number_value":
            return number_of(value.number_value)
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
        case "list_value":
            return [anything_of(item) for item in value.list_value.values]
        case "struct_value":
            fields = value.struct_value.fields
            return {name: anything_of(fields[name]) for name in sorted(fields)}
        case _:
            return None


def number_of(value: float) -> float | int:
    """Answers a double as the shortest number that is it."""
    is_whole = value.is_integer() and abs(value) < 2**53
    # Minus zero is no whole number that JSON could tell from zero.
    return int(value) if is_whole and (value or str(value) == "0.0") else value


def json_of(plain: Any) -> str:
    """Writes a plain value as JSON on one line."""
    return json.dumps(plain, ensure_ascii=False)


def _is_default(value: Any, shape: Shape, wanted: Field) -> bool:
    if value == "" and not wanted.is_optional:
        # Of a text, not stated, whatever is read for that.
        return True
    default = default_of(shape, wanted)
    if default is not None:
        return bool(value == default) and isinstance(value, bool) == isinstance(default, bool)
    if isinstance(value, (dict, list)):
        # Of several of which one is stated, one that says nothing more is stated all the same.
        return not value and wanted.name not in shape.exclusive
    return not wanted.is_optional and value in ("", False, 0)


def _value(message: Any, wanted: Field, *, whole: bool) -> Any:
    """Answers a field's value; None when it is not set."""
    if wanted.is_map:
        items = getattr(message, wanted.name)
        return {name: _item(items[name], wanted, whole=whole) for name in sorted(items)}
    if wanted.is_list:
        return [_item(item, wanted, whole=whole) for item in getattr(message, wanted.name)]
    descriptor = message.DESCRIPTOR.fields_by_name[wanted.name]
    if descriptor.has_presence and not message.HasField(wanted.name):
        return None
    return _item(getattr(message, wanted.name), wanted, whole=whole)


def _item(value: Any, wanted: Field, *, whole: bool) -> Any:
    match wanted.type:
        case FieldType.OBJECT:
            return plain_of(value, shape_of(wanted.message), whole=whole)
        case FieldType.ANYTHING:
            return anything_of(value)
        case FieldType.NUMBER:
            return number_of(value)
        case FieldType.DURATION:
            fraction = f"{value.nanos:09d}".rstrip("0")
            return f"{value.seconds}.{fraction}s" if fraction else f"{value.seconds}s"
        case FieldType.WORD:
            return next((word for word, number in (wanted.words or {}).items() if number == value), None)
        case _:
            return value
