"""What can go wrong when a server is called.

The tree::

    ClientError                    every error below
    ├── InvalidArgumentError       a field of the request is not valid: see ``violations``
    ├── UnauthenticatedError       no API key, or one that is wrong, revoked or expired
    ├── PermissionDeniedError      the key is good, but it may not do this
    ├── NotFoundError              no such thing, or it is not for the caller to see
    ├── AlreadyExistsError         the id is taken
    ├── FailedPreconditionError    the thing is not in a state that allows this
    ├── AbortedError               the thing was changed since it was read (its etag is old)
    ├── ResourceExhaustedError     a limit was reached: slow down, or raise it
    ├── DeadlineExceededError      no answer within the deadline
    ├── UnavailableError           the server or the variant's backend cannot be reached now
    ├── UnimplementedError         this server cannot do that
    ├── CancelledError             the call was cancelled
    └── ServerError                the server made a mistake (INTERNAL, UNKNOWN, DATA_LOSS)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import grpc

from pointsman.client._details import read_details

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

DETAILS_KEY = "grpc-status-details-bin"


@dataclass(frozen=True)
class FieldViolation:
    """One field of a request that is not valid."""

    field: str
    """The path of the field, for example ``variants[1].weight``."""
    description: str
    """What is wrong with its value, and what would be right."""


class ClientError(Exception):
    """An answer that is not OK.

    Attributes:
        message: What went wrong and what to do, as the server said it.
        code: The gRPC status code.
        reason: A constant for programs, for example ``ROUTER_NOT_RUNNING``; empty when the server gave none.
        metadata: What the reason is about, by name.
        violations: The fields that are not valid.
    """

    def __init__(
        self,
        message: str,
        code: grpc.StatusCode,
        *,
        reason: str = "",
        metadata: Mapping[str, str] | None = None,
        violations: tuple[FieldViolation, ...] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.reason = reason
        self.metadata = dict(metadata or {})
        self.violations = violations


class InvalidArgumentError(ClientError):
    """A field of the request is not valid: see ``violations``."""


class UnauthenticatedError(ClientError):
    """There was no API key, or one that is wrong, revoked or expired."""


class PermissionDeniedError(ClientError):
    """The key is good, but it may not do this."""


class NotFoundError(ClientError):
    """There is no such thing, or it is not for the caller to see."""


class AlreadyExistsError(ClientError):
    """The id is taken."""


class FailedPreconditionError(ClientError):
    """The thing is not in a state that allows this."""


class AbortedError(ClientError):
    """The thing was changed since it was read: read it again and repeat the change."""


class ResourceExhaustedError(ClientError):
    """A limit was reached: slow down, or raise it."""


class DeadlineExceededError(ClientError):
    """No answer came within the deadline."""


class UnavailableError(ClientError):
    """The server or the variant's backend cannot be reached now."""


class UnimplementedError(ClientError):
    """This server cannot do that."""


class CancelledError(ClientError):
    """The call was cancelled."""


class ServerError(ClientError):
    """The server made a mistake."""


_KINDS: dict[grpc.StatusCode, type[ClientError]] = {
    grpc.StatusCode.INVALID_ARGUMENT: InvalidArgumentError,
    grpc.StatusCode.OUT_OF_RANGE: InvalidArgumentError,
    grpc.StatusCode.UNAUTHENTICATED: UnauthenticatedError,
    grpc.StatusCode.PERMISSION_DENIED: PermissionDeniedError,
    grpc.StatusCode.NOT_FOUND: NotFoundError,
    grpc.StatusCode.ALREADY_EXISTS: AlreadyExistsError,
    grpc.StatusCode.FAILED_PRECONDITION: FailedPreconditionError,
    grpc.StatusCode.ABORTED: AbortedError,
    grpc.StatusCode.RESOURCE_EXHAUSTED: ResourceExhaustedError,
    grpc.StatusCode.DEADLINE_EXCEEDED: DeadlineExceededError,
    grpc.StatusCode.UNAVAILABLE: UnavailableError,
    grpc.StatusCode.UNIMPLEMENTED: UnimplementedError,
    grpc.StatusCode.CANCELLED: CancelledError,
}


def error_from_status(
    code: grpc.StatusCode,
    message: str | None,
    trailing_metadata: Iterable[tuple[str, str | bytes]] | None,
) -> ClientError:
    """Makes the error for a status that is not OK.

    Args:
        code: The status code.
        message: The status message.
        trailing_metadata: The call's trailing metadata, in which the details lie.

    Returns:
        The error, of the class that the code stands for, with the details the server gave.
    """
    reason = ""
    metadata: dict[str, str] = {}
    violations: list[FieldViolation] = []
    for detail in _details(trailing_metadata):
        if detail.DESCRIPTOR.name == "ErrorInfo":
            reason, metadata = detail.reason, {pair.key: pair.value for pair in detail.metadata}
        else:
            violations += [FieldViolation(v.field, v.description) for v in detail.field_violations]
    kind = _KINDS.get(code, ServerError)
    text = message or f"the server answered {code.name} without a message"
    return kind(text, code, reason=reason, metadata=metadata, violations=tuple(violations))


def _details(trailing_metadata: Iterable[tuple[str, str | bytes]] | None) -> Iterator[Any]:
    """Answers the details of a status; none when there are none or they cannot be read."""
    for key, value in trailing_metadata or ():
        if key == DETAILS_KEY and isinstance(value, bytes):
            yield from read_details(value)
