"""JSON schemas of messages, as the transcoder reads and writes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from pointsman.rest.transcoding.names import is_map, map_fields, words_of
from pointsman.rest.transcoding.scalars import EXACT, INTEGERS, NOT_FINITE
from pointsman.rest.transcoding.well_known import DURATION, MASK, WRAPPERS

F = FieldDescriptor
Schema = dict[str, Any]

PREFIX = "google.protobuf."
FIXED: Mapping[str, Schema] = {
    PREFIX + "Timestamp": {"type": "string", "format": "date-time"},
    PREFIX + "Duration": {"type": "string", "pattern": f"^{DURATION}$", "examples": ["1.5s"]},
    PREFIX + "FieldMask": {"type": "string", "pattern": f"^{MASK}$", "examples": ["displayName,variants"]},
    PREFIX + "Value": {},
    PREFIX + "Struct": {"type": "object"},
    PREFIX + "ListValue": {"type": "array", "items": {}},
    PREFIX + "Empty": {"type": "object", "additionalProperties": False},
}
"""Messages that JSON has a form of its own for."""


class Schemas:
    """The schemas of messages and enumerations, each described once and referred to by name.

    Args:
        comments: What they are, by full names.
    """

    def __init__(self, comments: Mapping[str, str]) -> None:
        self._comments = comments
        self._found: dict[str, Schema] = {}

    def all(self) -> dict[str, Schema]:
        """Answers every schema that was referred to, by name."""
        return dict(sorted(self._found.items()))

    def of_message(self, message: Descriptor) -> Schema:
        """Answers the schema of a message, or a reference to it."""
        if message.full_name in FIXED:
            return dict(FIXED[message.full_name])
        if message.full_name in WRAPPERS:
            return self._of_one(message.fields_by_name["value"])
        return self._named(message, lambda: self._object(message))

    def of_field(self, field: FieldDescriptor, *, described: bool = True) -> Schema:
        """Answers the schema of a field with what its comment says."""
        if is_map(field):
            schema: Schema = {"type": "object", "additionalProperties": self._of_one(map_fields(field)[1])}
        elif field.is_repeated:
            schema = {"type": "array", "items": self._of_one(field)}
        else:
            schema = self._of_one(field)
        comment = self._comments.get(field.full_name)
        return {**schema, "description": comment} if comment and described else schema

    def _of_one(self, field: FieldDescriptor) -> Schema:
        if field.message_type is not None:
            return self.of_message(field.message_type)
        if (enum := field.enum_type) is not None:
            return self._named(enum, lambda: self._words(enum))
        return scalar_schema(field)

    def _named(self, descriptor: Descriptor | EnumDescriptor, make: Callable[[], Schema]) -> Schema:
        name = descriptor.full_name.removeprefix(f"{descriptor.file.package}.")
        if name not in self._found:
            # A message may be within itself.
            self._found[name] = {}
            self._found[name] = make()
        return {"$ref": f"#/components/schemas/{name}"}

    def _object(self, message: Descriptor) -> Schema:
        return self._commented(message.full_name) | {
            "type": "object",
            "properties": {field.json_name: self.of_field(field) for field in message.fields},
            "additionalProperties": False,
        }

    def _words(self, enum: EnumDescriptor) -> Schema:
        words = words_of(enum)
        by_number = {
            value.number: self._comments.get(f"{enum.full_name}.{value.name}", "") for value in enum.values
        }
        lines = [f"- `{word}`: {by_number[number]}" for word, number in words.items()]
        text = "\n".join([self._comments.get(enum.full_name, ""), "", *lines])
        return {"description": text, "type": "string", "enum": list(words)}

    def _commented(self, full_name: str) -> Schema:
        comment = self._comments.get(full_name)
        return {"description": comment} if comment else {}


def scalar_schema(field: FieldDescriptor) -> Schema:
    """Answers the schema of a single value that is no message and no word."""
    if field.type in INTEGERS:
        least, greatest = INTEGERS[field.type]
        whole = {"type": "integer", "minimum": max(least, 1 - EXACT), "maximum": min(greatest, EXACT - 1)}
        if greatest < EXACT:
            return whole
        sign = "-?" if least < 0 else ""
        return {"anyOf": [whole, {"type": "string", "pattern": f"^{sign}[0-9]{{1,20}}$"}]}
    if field.type in (F.TYPE_DOUBLE, F.TYPE_FLOAT):
        return {"anyOf": [{"type": "number"}, {"type": "string", "enum": list(NOT_FINITE)}]}
    return {
        F.TYPE_BOOL: {"type": "boolean"},
        F.TYPE_BYTES: {"type": "string", "contentEncoding": "base64"},
    }.get(field.type, {"type": "string"})
