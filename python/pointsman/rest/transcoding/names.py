"""Names of fields and words of enumerations, as JSON has them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

_PATH_PART = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)((?:\[[^\]]*\])*)(?:\.|$)")


@cache
def fields_of(descriptor: Descriptor) -> Mapping[str, FieldDescriptor]:
    """Answers the fields of a message by both of their names, that of JSON and that of the proto."""
    by_name = {field.name: field for field in descriptor.fields}
    return by_name | {field.json_name: field for field in descriptor.fields}


@cache
def json_names(descriptor: Descriptor) -> tuple[str, ...]:
    """Answers the fields' names in JSON, in the message's order."""
    return tuple(field.json_name for field in descriptor.fields)


@cache
def words_of(enum: EnumDescriptor) -> Mapping[str, int]:
    """Answers the words of an enumeration with their numbers: lower-case, without the common prefix."""
    prefix = prefix_of(enum)
    return {value.name.removeprefix(prefix).lower(): value.number for value in enum.values}


@cache
def numbers_of(enum: EnumDescriptor) -> Mapping[str, int]:
    """Answers what an enumeration takes: its words, and its values as the proto names them."""
    return {**words_of(enum), **{value.name: value.number for value in enum.values}}


@cache
def word_by_number(enum: EnumDescriptor) -> Mapping[int, str]:
    """Answers the word of each number."""
    return {number: word for word, number in words_of(enum).items()}


def prefix_of(enum: EnumDescriptor) -> str:
    """Answers what all values of an enumeration begin with, as the proto's style has it."""
    return enum.values[0].name.removesuffix("UNSPECIFIED") if enum.values else ""


def is_map(field: FieldDescriptor) -> bool:
    """Answers whether a field holds values by keys."""
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def map_fields(field: FieldDescriptor) -> tuple[FieldDescriptor, FieldDescriptor]:
    """Answers what the keys and the values of a map are like."""
    entry = field.message_type
    assert entry is not None, field.full_name
    return entry.fields_by_name["key"], entry.fields_by_name["value"]


def json_path(path: str, request: Descriptor, body: str) -> str:
    """Writes the path of a field as the caller spelled the JSON.

    Args:
        path: As the server names it, ``router.variants[0].model_id``, or without the first part.
        request: The message that was sent.
        body: The field that was the JSON, or ``*`` or nothing.

    Returns:
        ``variants[0].modelId``. Names in maps and what is no field stay as they are.
    """
    inside = fields_of(request).get(body)
    message: Descriptor | None = request
    if inside is not None and inside.message_type is not None:
        if path.startswith(f"{body}."):
            path = path[len(body) + 1 :]
        if _first(path) not in fields_of(request) or _first(path) in fields_of(inside.message_type):
            message = inside.message_type
    parts = []
    position = 0
    while message is not None:
        found = _PATH_PART.match(path, position)
        field = fields_of(message).get(found.group(1)) if found else None
        if found is None or field is None:
            break
        parts.append(field.json_name + found.group(2))
        position = found.end()
        message = None if is_map(field) else field.message_type
    rest = path[position:]
    return ".".join([*parts, rest] if rest else parts)


def _first(path: str) -> str:
    return re.split(r"[.\[]", path, maxsplit=1)[0]
