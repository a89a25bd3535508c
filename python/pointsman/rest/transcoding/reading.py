"""Reads JSON into messages, by their descriptors."""

from __future__ import annotations

from typing import Any

from google.protobuf.descriptor import FieldDescriptor

from pointsman.rest.problems import FieldError
from pointsman.rest.transcoding.names import fields_of, is_map, json_names, map_fields
from pointsman.rest.transcoding.scalars import kind_of, read_scalar, read_text
from pointsman.rest.transcoding.well_known import MAX_DEPTH, READERS, TEXTS, WRAPPERS

MAX_NAMED = 60
"""The most names that a refusal lists."""


def read_message(value: Any, message: Any, path: str = "", depth: int = 0) -> None:
    """Reads a value of JSON into an empty message.

    Fields go by their names in JSON, ``routerId``, or those of the proto, ``router_id``. Null is a field
    that is not stated, but in values of any type, where it is null.

    Args:
        value: The value, as `json.loads` answers it.
        message: Takes what it says.
        path: Where it stands.
        depth: How many messages it lies in.

    Raises:
        FieldError: It does not fit; the error names the first field that does not.
    """
    descriptor = message.DESCRIPTOR
    reader = READERS.get(descriptor.full_name)
    if reader is not None:
        reader(value, message, path)
        return
    if descriptor.full_name in WRAPPERS:
        message.value = read_scalar(descriptor.fields_by_name["value"], value, path)
        return
    if not isinstance(value, dict):
        raise FieldError(path, f"{'' if path else 'the body '}is {kind_of(value)}; write an object")
    if depth >= MAX_DEPTH:
        raise FieldError(path[:200], f"lies deeper than {MAX_DEPTH} objects in one another")
    known = fields_of(descriptor)
    stated: dict[str, str] = {}
    for name, inner in value.items():
        field = known.get(name)
        place = join(path, name)
        if field is None:
            raise FieldError(place, unknown(name, json_names(descriptor)))
        if other := stated.get(field.name):
            raise FieldError(place, f"is stated twice, as {other} as well; leave one out")
        stated[field.name] = name
        if inner is None and not _takes_null(field):
            continue
        _check_one(field, message, place)
        _read_field(field, inner, message, place, depth)


def read_parameter(field: FieldDescriptor, text: str, message: Any, path: str) -> None:
    """Reads a part of a path or a query into a field of a message, or adds it to a repeated one.

    Args:
        field: The field.
        text: What stands there, decoded.
        message: The message of the field.
        path: Its name, as it was sent.

    Raises:
        FieldError: It does not fit, or is of a type that only a body can say.
    """
    if is_map(field) or (field.message_type is not None and not is_textual(field)):
        raise FieldError(path, "cannot be said in the query, for it is an object")
    _check_one(field, message, path)
    if field.message_type is None:
        value = read_text(field, text, path)
        if field.is_repeated:
            getattr(message, field.name).append(value)
        else:
            setattr(message, field.name, value)
        return
    target = getattr(message, field.name)
    target = target.add() if field.is_repeated else target
    if field.message_type.full_name in WRAPPERS:
        target.value = read_text(field.message_type.fields_by_name["value"], text, path)
    else:
        READERS[field.message_type.full_name](text, target, path)
    if not field.is_repeated:
        target.SetInParent()


def is_textual(field: FieldDescriptor) -> bool:
    """Answers whether a message has a form of text, so that a query can say it."""
    return field.message_type is not None and (
        field.message_type.full_name in TEXTS or field.message_type.full_name in WRAPPERS
    )


def join(path: str, name: str) -> str:
    """Answers the path of a field within another."""
    return f"{path}.{name}" if path else name


def unknown(name: str, names: tuple[str, ...]) -> str:
    """Says that there is no such name, and which there are."""
    listed = ", ".join(names[:MAX_NAMED]) or "none"
    return f"there is no such field; there are {listed}" if name else "a field has no name"


def _read_field(field: FieldDescriptor, value: Any, message: Any, path: str, depth: int) -> None:
    if is_map(field):
        _read_map(field, value, getattr(message, field.name), path, depth)
    elif field.is_repeated:
        _read_items(field, value, getattr(message, field.name), path, depth)
    elif field.message_type is None:
        setattr(message, field.name, read_scalar(field, value, path))
    else:
        target = getattr(message, field.name)
        target.SetInParent()
        read_message(value, target, path, depth + 1)


def _read_items(field: FieldDescriptor, value: Any, items: Any, path: str, depth: int) -> None:
    if not isinstance(value, list):
        raise FieldError(path, f"is {kind_of(value)}; write an array")
    if field.message_type is None:
        items.extend([read_scalar(field, item, f"{path}[{index}]") for index, item in enumerate(value)])
        return
    for index, item in enumerate(value):
        place = f"{path}[{index}]"
        if item is None and not _takes_null(field):
            raise FieldError(place, "is null; write an object, or leave it out")
        read_message(item, items.add(), place, depth + 1)


def _read_map(field: FieldDescriptor, value: Any, entries: Any, path: str, depth: int) -> None:
    if not isinstance(value, dict):
        raise FieldError(path, f"is {kind_of(value)}; write an object")
    key_field, value_field = map_fields(field)
    for name, item in value.items():
        place = join(path, name)
        key = read_text(key_field, name, place)
        if value_field.message_type is None:
            entries[key] = read_scalar(value_field, item, place)
        elif item is None and not _takes_null(value_field):
            raise FieldError(place, "is null; write an object, or leave it out")
        else:
            target = entries[key]
            target.SetInParent()
            read_message(item, target, place, depth + 1)


def _takes_null(field: FieldDescriptor) -> bool:
    message = field.message_type
    return message is not None and message.full_name == "google.protobuf.Value" and not is_map(field)


def _check_one(field: FieldDescriptor, message: Any, path: str) -> None:
    """Refuses a second choice of what there is one of."""
    oneof = field.containing_oneof
    other = message.WhichOneof(oneof.name) if oneof is not None else None
    if other is not None and other != field.name:
        name = message.DESCRIPTOR.fields_by_name[other].json_name
        raise FieldError(path, f"cannot be stated beside {name}; leave one out")
    if not field.is_repeated and field.has_presence and message.HasField(field.name):
        raise FieldError(path, "is stated twice; leave one out")
