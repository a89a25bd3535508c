"""Writes messages as JSON, by their descriptors."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from pointsman.rest.transcoding.names import is_map, map_fields
from pointsman.rest.transcoding.scalars import write_scalar
from pointsman.rest.transcoding.well_known import WRAPPERS, WRITERS

Write = Callable[[Any], Any]


def write_message(message: Any) -> Any:
    """Writes a message as a value of JSON.

    Fields have their names in JSON, in the message's order. Those that hold a value whether or not it was
    set, lists and maps included, are always written; those that may be unset, ``optional`` ones, messages
    and the choices of a ``oneof``, are written where they are set.

    Args:
        message: The message.

    Returns:
        What `json.dumps` takes.
    """
    descriptor = message.DESCRIPTOR
    writer = WRITERS.get(descriptor.full_name)
    if writer is not None:
        return writer(message)
    if descriptor.full_name in WRAPPERS:
        return write_scalar(descriptor.fields_by_name["value"], message.value)
    return {
        json_name: write(getattr(message, name))
        for name, json_name, has_presence, write in _plan(descriptor)
        if not has_presence or message.HasField(name)
    }


@cache
def _plan(descriptor: Descriptor) -> tuple[tuple[str, str, bool, Write], ...]:
    """Answers how each field of a message is written; found out once."""
    return tuple(
        (field.name, field.json_name, field.has_presence, writer_of(field)) for field in descriptor.fields
    )


def writer_of(field: FieldDescriptor) -> Write:
    """Answers how what a field holds is written."""
    if is_map(field):
        write_value = _writer_of_one(map_fields(field)[1])
        return lambda entries: {_key(key): write_value(entries[key]) for key in sorted(entries)}
    write = _writer_of_one(field)
    return (lambda items: [write(item) for item in items]) if field.is_repeated else write


def _writer_of_one(field: FieldDescriptor) -> Write:
    if field.message_type is not None:
        return write_message
    return lambda value: write_scalar(field, value)


def _key(key: Any) -> str:
    return str(key).lower() if isinstance(key, bool) else str(key)
