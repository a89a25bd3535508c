"""Which HTTP request is which call: read from ``google.api.http`` of every method."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from google.api import annotations_pb2, http_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor, FileDescriptor, MethodDescriptor
from google.protobuf.message_factory import GetMessageClass

from pointsman.rest.transcoding.names import is_map
from pointsman.rest.transcoding.templates import PathTemplate, parse_template
from pointsman.v1 import rest_pb2

_EMPTY = "google.protobuf.Empty"
_CONTENT = "google.api.HttpBody"
UPDATE_MASK = "update_mask"
"""The field of requests that says which fields change."""
VALIDATE_ONLY = "validate_only"
"""The field of requests that says to change nothing."""


class AnnotationError(Exception):
    """The annotation of a method cannot be kept; the message names the method and what is wrong."""


@dataclass(frozen=True)
class Binding:
    """One HTTP method and path of a call.

    Attributes:
        http_method: ``GET``, ``POST``, ….
        template: The path.
        method: The call.
        body: The field that the body is; ``*`` for all that the path does not say, empty for none.
        response_body: The field of the answer that is written; empty for all of it.
        success_status: The HTTP status of an answer.
    """

    http_method: str
    template: PathTemplate
    method: MethodDescriptor
    body: str
    response_body: str
    success_status: int

    @property
    def request(self) -> Descriptor:
        """The message that is sent."""
        return self.method.input_type

    @property
    def response(self) -> Descriptor:
        """The message that is answered."""
        return self.method.output_type

    @property
    def masks_updates(self) -> bool:
        """Whether it changes the fields that a mask names."""
        field = self.request.fields_by_name.get(UPDATE_MASK)
        is_mask = field is not None and field.message_type is not None
        return self.http_method == "PATCH" and is_mask and self.body not in ("", "*")

    @property
    def may_validate(self) -> bool:
        """Whether it creates something, and can be asked whether it would."""
        return self.success_status == 201 and VALIDATE_ONLY in self.request.fields_by_name

    def status_of(self, request: Any) -> int:
        """Answers the HTTP status of a success: what was only checked is not created."""
        return 200 if self.may_validate and getattr(request, VALIDATE_ONLY) else self.success_status

    @property
    def is_empty(self) -> bool:
        """Whether the answer has no content."""
        return self.response.full_name == _EMPTY

    @property
    def is_content(self) -> bool:
        """Whether the answer is content of a type of its own, and no JSON of a message."""
        return self.response.full_name == _CONTENT

    @property
    def content_types(self) -> list[str]:
        """The types that such content may have."""
        return list(option_of(self.method, rest_pb2.answers))

    @cached_property
    def rpc(self) -> str:
        """The path of the call in gRPC."""
        return f"/{self.method.containing_service.full_name}/{self.method.name}"

    @cached_property
    def request_class(self) -> Any:
        """The class of the message that is sent."""
        return GetMessageClass(self.request)

    @cached_property
    def response_class(self) -> Any:
        """The class of the message that is answered."""
        return GetMessageClass(self.response)

    @cached_property
    def query_excludes(self) -> frozenset[str]:
        """Fields, by their paths in the proto, that the query may not state since path or body does."""
        return frozenset({*self.template.variables, self.body} - {""})


def read_bindings(package: str = "pointsman.v1") -> tuple[Binding, ...]:
    """Reads the annotations of all services of a package of generated modules.

    Args:
        package: The package; its modules are imported.

    Returns:
        The bindings, the most specific path first.

    Raises:
        AnnotationError: An annotation cannot be kept.
    """
    path = importlib.import_module(package).__path__
    names = (found.name for found in pkgutil.iter_modules(path) if found.name.endswith("_pb2"))
    return bindings_of(importlib.import_module(f"{package}.{name}").DESCRIPTOR for name in names)


def bindings_of(files: Iterable[FileDescriptor]) -> tuple[Binding, ...]:
    """Reads the annotations of the services of some files; see `read_bindings`."""
    methods = (
        method
        for file in files
        for service in file.services_by_name.values()
        for method in service.methods
        if method.GetOptions().HasExtension(annotations_pb2.http)
    )
    found = [binding for method in methods for binding in _bindings_of(method)]
    taken: dict[tuple[str, str], Binding] = {}
    for binding in found:
        other = taken.setdefault((binding.http_method, binding.template.pattern.pattern), binding)
        if other is not binding:
            raise AnnotationError(
                f"{binding.method.full_name}: {binding.http_method} {binding.template.text} is "
                f"{other.method.full_name}"
            )
    return tuple(sorted(found, key=lambda binding: (binding.template.rank, binding.template.text)))


def _bindings_of(method: MethodDescriptor) -> Iterator[Binding]:
    options = method.GetOptions()
    if method.client_streaming or method.server_streaming:
        raise AnnotationError(f"{method.full_name}: streams are not answered as JSON")
    status: int = option_of(method, rest_pb2.success_status)
    if status and not 200 <= status <= 299:
        raise AnnotationError(f"{method.full_name}: success_status {status} is no success; 200 to 299 are")
    if bool(option_of(method, rest_pb2.answers)) != (method.output_type.full_name == _CONTENT):
        raise AnnotationError(f"{method.full_name}: answers goes with {_CONTENT}, and each with the other")
    rule = options.Extensions[annotations_pb2.http]
    for number, one in enumerate([rule, *rule.additional_bindings]):
        if number and one.additional_bindings:
            raise AnnotationError(f"{method.full_name}: an additional binding has bindings of its own")
        binding = _binding(method, one)
        default = 204 if binding.is_empty else 200
        yield replace(binding, success_status=status or default)


def _binding(method: MethodDescriptor, rule: http_pb2.HttpRule) -> Binding:
    kind = rule.WhichOneof("pattern")
    if kind is None:
        raise AnnotationError(f"{method.full_name}: the annotation has no path")
    http_method, path = (
        (rule.custom.kind, rule.custom.path) if kind == "custom" else (kind.upper(), getattr(rule, kind))
    )
    template = parse_template(path)
    for name in template.variables:
        field = field_at(method.input_type, name)
        if field is None or field.is_repeated or field.message_type is not None:
            raise AnnotationError(f"{method.full_name}: {{{name}}} is no single value of the request")
    if rule.body not in ("", "*") and rule.body not in method.input_type.fields_by_name:
        raise AnnotationError(f"{method.full_name}: body {rule.body!r} is no field of the request")
    if rule.response_body and rule.response_body not in method.output_type.fields_by_name:
        raise AnnotationError(f"{method.full_name}: response_body {rule.response_body!r} is no field")
    return Binding(http_method, template, method, rule.body, rule.response_body, 200)


def option_of(method: MethodDescriptor, option: Any) -> Any:
    """Answers what an option of ours says of a method; 0 where it says nothing."""
    return method.GetOptions().Extensions[option]


def field_at(descriptor: Descriptor, path: str) -> FieldDescriptor | None:
    """Answers the field at a path of the proto's names, through single messages; None for none."""
    *parents, last = path.split(".")
    for name in parents:
        field = descriptor.fields_by_name.get(name)
        if field is None or field.is_repeated or field.message_type is None or is_map(field):
            return None
        descriptor = field.message_type
    return descriptor.fields_by_name.get(last)
