"""Makes problem details of a call that failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc.aio
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

from pointsman.rest.problems import Problem, Violation
from pointsman.rest.transcoding.names import json_path

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor

_DETAILS = "grpc-status-details-bin"
_HIDDEN = "request_id"
"""What the problem says in a member of its own."""


def problem_of(error: grpc.aio.AioRpcError, request: Descriptor | None = None, body: str = "") -> Problem:
    """Answers the problem of a call that failed.

    Args:
        error: How it failed.
        request: The message that was sent, for the names of its fields.
        body: The field that was the body; see `Binding`.

    Returns:
        The problem, with reason and fields where the server said them.
    """
    code = error.code().name
    detail = error.details() or "the server gave no reason"
    status = _status_of(error)
    reason, domain, metadata = "", "", {}
    violations: list[Violation] = []
    for packed in status.details if status is not None else ():
        info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        if packed.Unpack(info):
            reason, domain = info.reason, info.domain
            metadata = {name: value for name, value in info.metadata.items() if name != _HIDDEN}
        elif packed.Unpack(bad):
            violations += [
                Violation(
                    json_path(found.field, request, body) if request is not None else found.field,
                    found.description,
                )
                for found in bad.field_violations
            ]
    return Problem(
        code, detail, reason=reason, domain=domain, metadata=metadata, violations=tuple(violations)
    )


def _status_of(error: grpc.aio.AioRpcError) -> status_pb2.Status | None:
    for name, value in error.trailing_metadata() or ():
        if name == _DETAILS and isinstance(value, bytes):
            try:
                return status_pb2.Status.FromString(value)
            except DecodeError:
                return None
    return None
