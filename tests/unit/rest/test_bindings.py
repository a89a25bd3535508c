"""Annotations that cannot be kept are found when they are read."""

import itertools
from typing import Any

import pytest
from google.api import annotations_pb2, httpbody_pb2
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.descriptor import FileDescriptor

from pointsman.rest.transcoding.bindings import AnnotationError, bindings_of
from pointsman.rest.transcoding.templates import TemplateError
from pointsman.v1 import rest_pb2

F = descriptor_pb2.FieldDescriptorProto
_numbers = itertools.count()
# What files here depend on is there once it is imported.
assert httpbody_pb2.DESCRIPTOR is not None


def a_file(*methods: dict[str, Any]) -> FileDescriptor:
    """A file with a service whose methods take and answer `Thing`."""
    number = next(_numbers)
    file = descriptor_pb2.FileDescriptorProto(
        name=f"stage/{number}.proto",
        package=f"stage{number}",
        syntax="proto3",
        dependency=[
            *("google/api/annotations.proto", "google/api/httpbody.proto", "google/protobuf/empty.proto"),
            "pointsman/v1/rest.proto",
        ],
    )
    thing = file.message_type.add(name="Thing")
    name = f".stage{number}.Thing"
    for index, (field, kind, label) in enumerate(
        [
            ("id", F.TYPE_STRING, F.LABEL_OPTIONAL),
            ("names", F.TYPE_STRING, F.LABEL_REPEATED),
            ("inner", F.TYPE_MESSAGE, F.LABEL_OPTIONAL),
        ],
        1,
    ):
        thing.field.add(
            name=field,
            number=index,
            type=kind,
            label=label,
            type_name=name if kind == F.TYPE_MESSAGE else None,
        )
    service = file.service.add(name="Service")
    for index, given in enumerate(methods):
        answer = ".google.protobuf.Empty" if given.get("empty") else name
        answer = ".google.api.HttpBody" if given.get("content") else answer
        method = service.method.add(name=f"M{index}", input_type=name, output_type=answer)
        method.server_streaming = given.get("stream", False)
        rule = method.options.Extensions[annotations_pb2.http]
        rule.get = given.get("get", "")
        rule.body = given.get("body", "")
        for more in given.get("more", ()):
            rule.additional_bindings.add(get=more)
        extensions: Any = method.options.Extensions
        if "status" in given:
            extensions[rest_pb2.success_status] = given["status"]
        for kind in given.get("answers", ()):
            extensions[rest_pb2.answers].append(kind)
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(file.SerializeToString())
    found: FileDescriptor = pool.FindFileByName(file.name)
    return found


def test_a_call_has_its_additional_paths_too() -> None:
    found = bindings_of([a_file({"get": "/a", "more": ["/b/{inner.id}"]})])
    assert [binding.template.text for binding in found] == ["/a", "/b/{inner.id}"]


@pytest.mark.parametrize(
    ("method", "status"),
    [({"get": "/a"}, 200), ({"get": "/a", "status": 201}, 201), ({"get": "/a", "empty": True}, 204)],
)
def test_the_status_of_a_success_is_200_unless_it_is_said(method: dict[str, Any], status: int) -> None:
    assert [binding.success_status for binding in bindings_of([a_file(method)])] == [status]


@pytest.mark.parametrize(
    ("method", "says"),
    [
        ({"get": "/a/{other}"}, "no single value"),
        ({"get": "/a/{names}"}, "no single value"),
        ({"get": "/a/{inner}"}, "no single value"),
        ({"get": "/a/{names.id}"}, "no single value"),
        ({"get": "/a", "body": "other"}, "body 'other'"),
        ({"get": "/a", "status": 404}, "404 is no success"),
        ({"get": "/a", "stream": True}, "streams"),
        ({"get": "/a", "content": True}, "answers goes with google.api.HttpBody"),
        ({"get": "/a", "answers": ["text/html"]}, "answers goes with google.api.HttpBody"),
        ({"get": "/a", "more": ["/a"]}, "GET /a is"),
        ({"get": "/a/{id}", "more": ["/a/{inner.id}"]}, "GET /a"),
    ],
)
def test_an_annotation_that_cannot_be_kept_is_refused(method: dict[str, Any], says: str) -> None:
    with pytest.raises(AnnotationError, match=says):
        bindings_of([a_file(method)])


def test_content_has_the_types_that_are_said() -> None:
    (found,) = bindings_of([a_file({"get": "/a", "content": True, "answers": ["text/html", "text/csv"]})])
    assert found.is_content
    assert found.content_types == ["text/html", "text/csv"]


def test_a_path_that_is_no_template_is_refused() -> None:
    with pytest.raises(TemplateError):
        bindings_of([a_file({"get": "a"})])
