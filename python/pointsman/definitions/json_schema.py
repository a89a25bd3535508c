"""The JSON schema of definitions, for editors."""

from collections.abc import Callable
from typing import Any

from pointsman.definitions.shapes import API_VERSION, Field, FieldType, Shape, default_of, kinds, shape_of

Comments = Callable[[str, str], str]
"""Answers the comment of a message's field; of the message itself when the field is empty."""

_ANYTHING: dict[str, Any] = {}


def make_schema(comments: Comments) -> dict[str, Any]:
    """Makes the schema of one document.

    Args:
        comments: Says what messages and fields are.

    Returns:
        A JSON schema of draft 7, which editors know.
    """
    found: dict[str, Any] = {}
    branches = []
    for kind in kinds().values():
        schema = _object(kind.shape, comments, found)
        schema["title"] = kind.name
        schema["properties"] = {
            "apiVersion": {"const": API_VERSION, "description": "The version of this format."},
            "kind": {"const": kind.name, "description": "The kind of the object."},
            **schema["properties"],
        }
        schema["required"] = ["apiVersion", "kind", *schema["required"]]
        found[kind.name] = schema
        branches.append(
            {
                "if": {"properties": {"kind": {"const": kind.name}}, "required": ["kind"]},
                "then": {"$ref": f"#/definitions/{kind.name}"},
            }
        )
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A definition of pointsman",
        "type": "object",
        "required": ["apiVersion", "kind"],
        "properties": {"kind": {"enum": list(kinds())}},
        "allOf": branches,
        "definitions": {name: found[name] for name in sorted(found)},
    }


def _object(shape: Shape, comments: Comments, found: dict[str, Any]) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "type": "object",
        "description": comments(shape.name, ""),
        "additionalProperties": False,
        "required": [name for name in shape.fields if name in shape.required],
        "properties": {name: _field(shape, wanted, comments, found) for name, wanted in shape.fields.items()},
    }
    if shape.exclusive and len(shape.exclusive) == len(shape.fields):
        schema |= {"minProperties": 1, "maxProperties": 1}
    return schema


def _field(shape: Shape, wanted: Field, comments: Comments, found: dict[str, Any]) -> dict[str, Any]:
    schema = _value(wanted, comments, found)
    if wanted.is_list:
        schema = {"type": "array", "items": schema}
    elif wanted.is_map:
        schema = {"type": "object", "additionalProperties": schema}
    default = default_of(shape, wanted)
    if default is not None:
        schema = {**schema, "default": default}
    described = comments(shape.name, wanted.name)
    if "$ref" in schema:
        # Draft 7 ignores what stands beside a reference.
        return {"allOf": [schema], "description": described}
    return {**schema, "description": described}


def _value(wanted: Field, comments: Comments, found: dict[str, Any]) -> dict[str, Any]:
    match wanted.type:
        case FieldType.OBJECT:
            if wanted.message not in found:
                found[wanted.message] = _ANYTHING
                found[wanted.message] = _object(shape_of(wanted.message), comments, found)
            return {"$ref": f"#/definitions/{wanted.message}"}
        case FieldType.WORD:
            return {"enum": list(wanted.words or {})}
        case FieldType.DURATION:
            return {"type": "string", "pattern": r"^[0-9]{1,9}(\.[0-9]{1,9})?s$"}
        case FieldType.ANYTHING:
            return {}
        case FieldType.TEXT:
            return {"type": "string"}
        case _:
            return {"type": wanted.type.value}
