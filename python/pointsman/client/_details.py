"""Reads the details of a status, which ``google.rpc`` defines.

Google's own Python messages for them are a package of their own; the three that are needed here are stated
below, in a pool of their own, so that they do not meet Google's where those are loaded, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

_PACKAGE = "google.rpc"
_SCALARS = {
    "int32": FieldDescriptorProto.TYPE_INT32,
    "string": FieldDescriptorProto.TYPE_STRING,
    "bytes": FieldDescriptorProto.TYPE_BYTES,
}
# Fields in the order of their numbers, from 1. A map and an `Any` are read as what they are on the wire.
_MESSAGES = {
    "Packed": {"type_url": "string", "value": "bytes"},
    "Status": {"code": "int32", "message": "string", "details": "Packed"},
    "Pair": {"key": "string", "value": "string"},
    "ErrorInfo": {"reason": "string", "domain": "string", "metadata": "Pair"},
    "FieldViolation": {"field": "string", "description": "string"},
    "BadRequest": {"field_violations": "FieldViolation"},
}


def read_details(status: bytes) -> Iterator[Any]:
    """Reads what a server packed into a status.

    Args:
        status: A serialised ``google.rpc.Status``, as ``grpc-status-details-bin`` brings it.

    Returns:
        Its details of kind ``ErrorInfo`` and ``BadRequest``, told apart by their descriptor's name; others
        and those that cannot be read are left out.
    """
    kinds = _classes()
    try:
        details = kinds["Status"].FromString(status).details
    except DecodeError:
        return
    for packed in details:
        name = packed.type_url.rpartition("/")[2].removeprefix(f"{_PACKAGE}.")
        if name in ("ErrorInfo", "BadRequest"):
            try:
                yield kinds[name].FromString(packed.value)
            except DecodeError:
                continue


@cache
def _classes() -> dict[str, Any]:
    """Makes the classes of the messages, when the first error comes."""
    file = FileDescriptorProto(name="pointsman/client/details.proto", package=_PACKAGE, syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for number, (field, kind) in enumerate(fields.items(), 1):
            made = message.field.add(name=field, number=number, label=FieldDescriptorProto.LABEL_OPTIONAL)
            if kind in _SCALARS:
                made.type = _SCALARS[kind]
            else:
                made.type, made.type_name = FieldDescriptorProto.TYPE_MESSAGE, f".{_PACKAGE}.{kind}"
                made.label = FieldDescriptorProto.LABEL_REPEATED
    pool = DescriptorPool()
    pool.Add(file)
    return {name: GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}")) for name in _MESSAGES}
