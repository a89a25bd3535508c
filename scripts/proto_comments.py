"""Reads what the proto files say about themselves."""

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2

SOURCE_ROOT = Path(__file__).resolve().parent.parent


def read_comments(*protos: str) -> Mapping[str, str]:
    """Answers the comments of messages, fields, enumerations, services and methods by their full names.

    Args:
        protos: The files, relative to the folder ``proto``.

    Raises:
        SystemExit: The compiler refused a file.
    """
    import grpc_tools
    from grpc_tools import protoc

    well_known = Path(grpc_tools.__file__).parent / "_proto"
    with tempfile.TemporaryDirectory() as scratch:
        target = Path(scratch, "descriptors.bin")
        arguments = [f"--proto_path={SOURCE_ROOT / 'proto'}", f"--proto_path={well_known}"]
        arguments += [f"--descriptor_set_out={target}", "--include_source_info", *protos]
        code = protoc.main(["protoc", *arguments])
        if code != 0:
            raise SystemExit(code)
        files = descriptor_pb2.FileDescriptorSet.FromString(target.read_bytes())
    found = {}
    for file in files.file:
        by_place = {
            tuple(location.path): " ".join(location.leading_comments.split())
            for location in file.source_code_info.location
        }
        for name, place in _places(file, file.package):
            if text := by_place.get(place):
                found[name] = text
    return found


_PARTS = {
    "message_type": 4,
    "enum_type": 5,
    "service": 6,
    "field": 2,
    "nested_type": 3,
    "value": 2,
    "method": 2,
}
"""Lists of named parts, with the numbers that protobuf names their places by."""

_NUMBERS_IN_MESSAGES = {"enum_type": 4}


def _places(parent: Any, name: str, place: tuple[int, ...] = ()) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Answers the full name and the place of everything in a file or in a part of one."""
    is_message = isinstance(parent, descriptor_pb2.DescriptorProto)
    for part, number in _PARTS.items():
        if is_message:
            number = _NUMBERS_IN_MESSAGES.get(part, number)
        for index, child in enumerate(getattr(parent, part, ())):
            inner, where = f"{name}.{child.name}", (*place, number, index)
            yield inner, where
            yield from _places(child, inner, where)
