"""Makes the message of a call from what a request brings in its path, its query and its body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from pointsman.rest.problems import FieldError
from pointsman.rest.transcoding.bindings import UPDATE_MASK, Binding, field_at
from pointsman.rest.transcoding.names import fields_of, is_map
from pointsman.rest.transcoding.reading import is_textual, join, read_message, read_parameter, unknown
from pointsman.rest.transcoding.scalars import read_text
from pointsman.rest.transcoding.well_known import is_any_value

MAX_PARAMETERS = 1_000
MAX_DOTS = 3
"""How deep names of parameters reach that are told: a message within itself has names without end."""
ETAG = "etag"
"""The field that says which state was read; no update changes it."""


def make_request(binding: Binding, path: Mapping[str, str], query: str, body: Any = None) -> Any:
    """Makes the message.

    Args:
        binding: What the request is.
        path: What stands in the path, by the names of the template's variables.
        query: The query as it was sent, without its question mark.
        body: The value of the JSON; None where nothing was sent.

    Returns:
        The message to send.

    Raises:
        FieldError: Something does not fit.
    """
    message = binding.request_class()
    if binding.body == "*":
        read_message({} if body is None else body, message)
    elif binding.body and body is not None:
        wrapped = {binding.body: body}
        try:
            read_message(wrapped, message)
        except FieldError as error:
            field = error.violation.field.removeprefix(binding.body).removeprefix(".")
            raise FieldError(field, error.violation.description) from error
    for name, text in path.items():
        _set_path(message, name, text)
    _read_query(binding, query, message)
    if binding.masks_updates and not message.HasField(UPDATE_MASK):
        message.update_mask.paths.extend(_stated_fields(binding, body))
    return message


def _stated_fields(binding: Binding, body: Any) -> list[str]:
    """Answers the fields that a body changes which comes without a mask: those that it states, also as null.

    Raises:
        FieldError: It states none, for an empty mask stands for all fields; or only a part of one that is an
            object, whose rest would be set back.
    """
    resource = fields_of(binding.request)[binding.body].message_type
    for name, value in (body or {}).items():
        _refuse_part(fields_of(resource)[name], name, value)
    elsewhere = {ETAG, *(name.removeprefix(f"{binding.body}.") for name in binding.template.variables)}
    names = [fields_of(resource)[name].name for name in body or {}]
    changed = [name for name in names if name not in elsewhere]
    if not changed:
        raise FieldError("updateMask", "names no field, and neither does the body; state what to change")
    return changed


def _refuse_part(field: FieldDescriptor, name: str, value: Any) -> None:
    message = field.message_type
    if message is None or not isinstance(value, dict) or is_map(field) or not _has_fields(field):
        return
    inner = fields_of(message)
    stated = {inner[one].name for one in value}
    # Of alternatives one is enough.
    chosen = {
        one.name
        for choice in message.oneofs
        if stated & {field.name for field in choice.fields}
        for one in choice.fields
    }
    left_out = [one.json_name for one in message.fields if one.name not in stated | chosen]
    if left_out:
        raise FieldError(
            name,
            f"lacks {', '.join(left_out[:5])}, which would be set back; state all of it, or say by "
            "updateMask that this is meant",
        )


def query_parameters(binding: Binding) -> tuple[tuple[str, FieldDescriptor], ...]:
    """Answers what a binding takes in its query: the names, as JSON spells them, with their fields."""
    return () if binding.body == "*" else tuple(_parameters(binding, binding.request, "", ""))


def _parameters(binding: Binding, descriptor: Descriptor, path: str, shown: str) -> Any:
    for field in descriptor.fields:
        inner = join(path, field.name)
        name = join(shown, field.json_name)
        if inner in binding.query_excludes or is_map(field):
            continue
        if field.message_type is None or is_textual(field):
            yield name, field
        elif _has_fields(field) and name.count(".") < MAX_DOTS:
            yield from _parameters(binding, field.message_type, inner, name)


def _set_path(message: Any, name: str, text: str) -> None:
    *parents, last = name.split(".")
    for parent in parents:
        message = getattr(message, parent)
    field = message.DESCRIPTOR.fields_by_name[last]
    value = read_text(field, text, field.json_name)
    given = getattr(message, last)
    if given != value and (given != field.default_value or (field.has_presence and message.HasField(last))):
        raise FieldError(
            field.json_name, f"is {str(given)[:100]!r}, but {text[:100]!r} in the path; leave it out"
        )
    setattr(message, last, value)


def _read_query(binding: Binding, query: str, message: Any) -> None:
    if not query:
        return
    try:
        pairs = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS)
    except ValueError as error:
        raise FieldError(
            "", f"the query is no list of at most {MAX_PARAMETERS} parameters in UTF-8: {error}"
        ) from error
    single: set[str] = set()
    for name, text in pairs:
        target, field, path = _resolve(binding, name, message)
        if path in single:
            raise FieldError(name, "is stated twice; leave one out")
        if not field.is_repeated:
            single.add(path)
        read_parameter(field, text, target, name)


def _resolve(binding: Binding, name: str, message: Any) -> tuple[Any, FieldDescriptor, str]:
    """Answers the message, the field and the path in the proto that a parameter names.

    Raises:
        FieldError: There is none, or it is said elsewhere.
    """
    if binding.body == "*":
        raise FieldError(name, "is no parameter; all that is not in the path belongs into the body")
    descriptor = binding.request
    parts = name.split(".")
    path = ""
    for index, part in enumerate(parts):
        field = fields_of(descriptor).get(part)
        path = join(path, field.name) if field is not None else path
        is_last = index == len(parts) - 1
        if field is None or not (is_last or _has_fields(field)):
            names = tuple(shown for shown, _ in query_parameters(binding))
            raise FieldError(name[:200], unknown(part, names).replace("field", "parameter"))
        if path in binding.query_excludes:
            where = "body" if path == binding.body else "path"
            raise FieldError(name, f"is said in the {where}; leave it out of the query")
        if is_last:
            return message, field, path
        message = getattr(message, field.name)
        descriptor = message.DESCRIPTOR
    raise FieldError(name, "has no name")


def _has_fields(field: FieldDescriptor) -> bool:
    """Answers whether a field is one message that JSON has as an object of known names."""
    message = field.message_type
    if message is None or field.is_repeated or is_textual(field):
        return False
    return not is_any_value(message)


def field_of_path(binding: Binding, name: str) -> FieldDescriptor:
    """Answers the field that a variable of the path fills."""
    field = field_at(binding.request, name)
    assert field is not None, name
    return field
