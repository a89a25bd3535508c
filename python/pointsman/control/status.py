"""One mapping of errors to gRPC status codes and details."""

import grpc
from google.protobuf.any_pb2 import Any
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from pointsman import errors

DOMAIN = "pointsman"
_MAX_MESSAGE_CHARS = 4000

CODES: dict[type[errors.PointsmanError], grpc.StatusCode] = {
    errors.InvalidArgumentError: grpc.StatusCode.INVALID_ARGUMENT,
    errors.NotFoundError: grpc.StatusCode.NOT_FOUND,
    errors.AlreadyExistsError: grpc.StatusCode.ALREADY_EXISTS,
    errors.FailedPreconditionError: grpc.StatusCode.FAILED_PRECONDITION,
    errors.AbortedError: grpc.StatusCode.ABORTED,
    errors.PermissionDeniedError: grpc.StatusCode.PERMISSION_DENIED,
    errors.UnauthenticatedError: grpc.StatusCode.UNAUTHENTICATED,
    errors.UnimplementedError: grpc.StatusCode.UNIMPLEMENTED,
    errors.ResourceExhaustedError: grpc.StatusCode.RESOURCE_EXHAUSTED,
    errors.DeadlineExceededError: grpc.StatusCode.DEADLINE_EXCEEDED,
    errors.UnavailableError: grpc.StatusCode.UNAVAILABLE,
    errors.BackendError: grpc.StatusCode.UNAVAILABLE,
    errors.DatabaseTooNewError: grpc.StatusCode.FAILED_PRECONDITION,
}
"""The code of each kind of error; a subclass takes its parent's, anything else is INTERNAL."""


_BY_NUMBER: dict[int, grpc.StatusCode] = {code.value[0]: code for code in grpc.StatusCode}


def code_of(error: errors.PointsmanError) -> grpc.StatusCode:
    """Answers the status code of an error."""
    if isinstance(error, errors.PassedOnError):
        return _BY_NUMBER.get(error.status, grpc.StatusCode.UNKNOWN)
    return next((CODES[kind] for kind in type(error).__mro__ if kind in CODES), grpc.StatusCode.INTERNAL)


def details_of(error: errors.PointsmanError, request_id: str) -> bytes:
    """Makes the ``grpc-status-details-bin`` of an error: what machines read of it.

    Args:
        error: The error.
        request_id: The request's id, which also the log has.

    Returns:
        A serialised ``google.rpc.Status`` with ``ErrorInfo`` and, for fields, ``BadRequest``.
    """
    info = error_details_pb2.ErrorInfo(
        reason=error.reason, domain=DOMAIN, metadata={**error.metadata, "request_id": request_id}
    )
    status = status_pb2.Status(code=code_of(error).value[0], message=message_of(error))
    status.details.append(_packed(info))
    if error.fields:
        violations = [
            error_details_pb2.BadRequest.FieldViolation(field=found.field, description=found.description)
            for found in error.fields[:100]
        ]
        status.details.append(_packed(error_details_pb2.BadRequest(field_violations=violations)))
    serialised: bytes = status.SerializeToString()
    return serialised


def message_of(error: errors.PointsmanError) -> str:
    """Answers the sentence of an error, cut to what fits into a trailer."""
    return error.message[:_MAX_MESSAGE_CHARS]


def _packed(message: Message) -> Any:
    packed = Any()
    packed.Pack(message)
    return packed
