"""What can go wrong, as the control plane says it.

Every error carries one sentence for people, a machine-readable reason and, where a field is at fault,
the field's path. Nothing here knows of gRPC or SQL; ``control`` maps the classes to status codes::

    PointsmanError
    ├── InvalidArgumentError      a field is wrong by itself; carries the fields
    ├── NotFoundError             no such thing, or none that the caller may see
    ├── AlreadyExistsError        the id is taken
    ├── FailedPreconditionError   not in the present state; the message says what to do first
    ├── AbortedError              the state changed since it was read: read again, then retry
    │   └── LeaseLostError            another server runs the job by now: nothing of the transaction is kept
    ├── PermissionDeniedError     seen, but not allowed
    ├── UnauthenticatedError      nobody known is calling
    ├── UnimplementedError        not in this version
    ├── ResourceExhaustedError    a limit is reached
    ├── DeadlineExceededError     it is not known in time what came of it
    ├── UnavailableError          try again later
    │   ├── DatabaseUnavailableError  the database does not answer
    │   ├── JournalHeldError          whether another server has the journal's id is not known yet
    │   ├── JournalTakenError         another server stores under the journal's id
    │   └── JournalError              the journal takes nothing, or cannot be read
    ├── DatabaseTooNewError       a newer release has migrated the database
    ├── PassedOnError             what somebody behind the server answered, told on with its status
    └── DataPlaneError            the data plane refused
        ├── InvalidSnapshotError      a published change is not valid
        ├── StaleSnapshotError        a published change builds on another generation
        ├── BackendError              a model's backend could not be asked
        ├── InvalidRequestError       an argument is out of range
        └── PositionGoneError         the journal no longer has a position: read the manifest again
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class FieldViolation:
    """One field that is wrong.

    Attributes:
        field: The field's path in the request, for example ``router.variants[1].weight``.
        description: The value, why it is wrong and what would be right.
    """

    field: str
    description: str

    def __str__(self) -> str:
        return f"{self.field}: {self.description}"


class PointsmanError(Exception):
    """The root of all errors of this package.

    Args:
        message: One sentence for people.
        reason: The machine-readable reason in capitals; the class's own when empty.
        metadata: Further facts for machines, such as the router's id.
        fields: The fields at fault.
    """

    default_reason = "INTERNAL"

    def __init__(
        self,
        message: str,
        *,
        reason: str = "",
        metadata: Mapping[str, str] | None = None,
        fields: Sequence[FieldViolation] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason or self.default_reason
        self.metadata = dict(metadata or {})
        self.fields = tuple(fields)


class InvalidArgumentError(PointsmanError):
    """One or more fields of a request are wrong, whatever the state of the server."""

    default_reason = "INVALID_ARGUMENT"

    @classmethod
    def of(cls, violations: Sequence[FieldViolation]) -> "InvalidArgumentError":
        """Makes one error of several violations; its message names them all."""
        return cls("; ".join(str(violation) for violation in violations), fields=violations)

    @classmethod
    def at(cls, field: str, description: str) -> "InvalidArgumentError":
        """Makes an error about one field."""
        return cls.of([FieldViolation(field, description)])


class NotFoundError(PointsmanError):
    """There is no such thing, or none that the caller may see."""

    default_reason = "NOT_FOUND"


class AlreadyExistsError(PointsmanError):
    """The id is taken."""

    default_reason = "ALREADY_EXISTS"


class FailedPreconditionError(PointsmanError):
    """The request cannot be done in the present state."""

    default_reason = "FAILED_PRECONDITION"


class AbortedError(PointsmanError):
    """The state changed since the caller read it."""

    default_reason = "ETAG_MISMATCH"


class LeaseLostError(AbortedError):
    """Another server has taken a periodic job over; the transaction that found out must be rolled back."""

    default_reason = "LEASE_LOST"


class PermissionDeniedError(PointsmanError):
    """The caller is known but may not do this."""

    default_reason = "PERMISSION_DENIED"


class UnauthenticatedError(PointsmanError):
    """Nobody known is calling."""

    default_reason = "UNAUTHENTICATED"


class UnimplementedError(PointsmanError):
    """This version cannot do it."""

    default_reason = "UNIMPLEMENTED"


class ResourceExhaustedError(PointsmanError):
    """A limit is reached."""

    default_reason = "RESOURCE_EXHAUSTED"


class DeadlineExceededError(PointsmanError):
    """What came of the request is not known in time."""

    default_reason = "DEADLINE_EXCEEDED"


class UnavailableError(PointsmanError):
    """The control plane cannot answer now."""

    default_reason = "UNAVAILABLE"


class DatabaseUnavailableError(UnavailableError):
    """The database does not answer."""

    default_reason = "DATABASE_UNAVAILABLE"


class JournalError(UnavailableError):
    """The journal takes nothing at the moment, or cannot be read; what it acknowledged it still has."""

    default_reason = "JOURNAL"


class JournalHeldError(UnavailableError):
    """The server that last held the journal's id may still live; it is being watched."""

    default_reason = "JOURNAL_HELD"


class JournalTakenError(UnavailableError):
    """Another server, on a copy of the data folder, stores under the journal's id, so this one does not."""

    default_reason = "JOURNAL_TAKEN"


class DatabaseTooNewError(PointsmanError):
    """A newer release has migrated the database; this one must not touch it."""

    default_reason = "DATABASE_TOO_NEW"


class PassedOnError(PointsmanError):
    """What somebody behind the server answered, told on with a status that no other error here has.

    Args:
        message: What it said.
        status: The number of its gRPC status; UNKNOWN where it named none.
    """

    default_reason = "BACKEND"

    def __init__(self, message: str, status: int = 2) -> None:
        super().__init__(message)
        self.status = status


class DataPlaneError(PointsmanError):
    """The data plane refused."""

    default_reason = "DATA_PLANE"


class InvalidSnapshotError(DataPlaneError):
    """A published change is not valid; the message starts with the field path."""


class StaleSnapshotError(DataPlaneError):
    """A published change builds on another generation than the one in effect."""


class BackendError(DataPlaneError):
    """A backend is not reachable, not ready, or its file cannot be read."""

    default_reason = "BACKEND"


class InvalidRequestError(DataPlaneError):
    """An argument is out of range."""


class PositionGoneError(DataPlaneError):
    """The journal no longer has what was asked for: the manifest lists it by now, read that again."""

    default_reason = "POSITION_GONE"
