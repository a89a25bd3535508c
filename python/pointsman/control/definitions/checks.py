"""Definitions as somebody wants them, checked by themselves: the same checks that the single calls make."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from pointsman.control.convert.enums import ROUTER_STATUS, STAGE
from pointsman.control.convert.models import model_version_from, stated_permissions
from pointsman.control.convert.routers import router_from
from pointsman.control.convert.users import user_from
from pointsman.definitions.shapes import MAX_DEFINITIONS
from pointsman.domain.model_checks import check_model_version
from pointsman.domain.models import ModelKey, ModelVersion, Stage
from pointsman.domain.permissions import Permissions, check_permissions
from pointsman.domain.router_checks import check_router
from pointsman.domain.routers import Router, RouterStatus
from pointsman.domain.users import User, check_user
from pointsman.errors import (
    AlreadyExistsError,
    FailedPreconditionError,
    FieldViolation,
    InvalidArgumentError,
    NotFoundError,
    PermissionDeniedError,
    PointsmanError,
    UnimplementedError,
)
from pointsman.v1 import definition_pb2

_MAX_TOLD_CHARS = 2500
"""Violations travel in a trailer, which must stay small: so much of them is told, and how many more."""
_TOLD_OF = (
    InvalidArgumentError,
    NotFoundError,
    AlreadyExistsError,
    FailedPreconditionError,
    PermissionDeniedError,
    UnimplementedError,
)


@dataclass(frozen=True)
class WantedModel:
    """A model version as it shall be.

    Attributes:
        field: The path of its definition's object in the request.
        model: The model version.
        stage: Where it shall stand; None leaves it where it stands.
        permissions: Those that its model shall have; None leaves them as they are.
    """

    field: str
    model: ModelVersion
    stage: Stage | None
    permissions: Permissions | None = None


@dataclass(frozen=True)
class WantedRouter:
    """A router as it shall be.

    Attributes:
        field: The path of its definition's object in the request.
        router: The router.
        in_service: Whether it shall be in service; None leaves that as it is.
    """

    field: str
    router: Router
    in_service: bool | None


@dataclass(frozen=True)
class WantedUser:
    """A user of keys as it shall be.

    Attributes:
        field: The path of its definition's object in the request.
        user: The user.
    """

    field: str
    user: User


Wanted = WantedModel | WantedRouter | WantedUser


@dataclass
class Objections:
    """Gathers what stands against definitions, so that a caller learns of all of it at once."""

    errors: list[PointsmanError] = field(default_factory=list)

    @contextmanager
    def about(self, path: str) -> Iterator[None]:
        """Notes what is raised against the definition at a path; what is nobody's fault passes through."""
        try:
            yield
        except _TOLD_OF as error:
            self.add(error, path)

    def add(self, error: PointsmanError, path: str) -> None:
        """Notes an error that is about the definition at a path."""
        fields = [
            found if found.field.startswith(path) else FieldViolation(path, found.description)
            for found in error.fields
        ] or [_violation(error.message, path)]
        self.errors.append(
            type(error)(error.message, reason=error.reason, metadata=error.metadata, fields=fields)
        )

    def raise_if_any(self) -> None:
        """Ends the request when there is any objection.

        Raises:
            PointsmanError: Of the kind of the errors when they are of one, else an InvalidArgumentError.
        """
        if not self.errors:
            return
        kinds = {type(error) for error in self.errors}
        kind = kinds.pop() if len(kinds) == 1 else InvalidArgumentError
        violations = [violation for error in self.errors for violation in error.fields]
        told: list[FieldViolation] = []
        chars = 0
        for violation in violations:
            chars += len(str(violation).encode())
            if told and chars > _MAX_TOLD_CHARS:
                break
            told.append(violation)
        message = str(told[0])
        if len(violations) > 1:
            message = f"{len(violations)} faults, nothing is changed; the first: {message}"
        if len(told) < len(violations):
            more = len(violations) - len(told)
            told.append(FieldViolation("definitions", f"have {more} faults more; mend those told first"))
        only = self.errors[0] if len(self.errors) == 1 else None
        raise kind(
            message,
            reason=only.reason if only else "",
            metadata=only.metadata if only else None,
            fields=told,
        )


def read_definitions(
    definitions: Sequence[definition_pb2.Definition], target_fault: Callable[[str], str]
) -> list[Wanted]:
    """Reads and checks definitions, each by itself and beside the others.

    Args:
        definitions: As a caller brings them.
        target_fault: Says what is wrong with the target of a backend.

    Returns:
        What they want, in their order.

    Raises:
        PointsmanError: With every field that is wrong.
    """
    if not definitions:
        raise InvalidArgumentError.at("definitions", "is empty; bring at least one")
    if len(definitions) > MAX_DEFINITIONS:
        raise InvalidArgumentError.at(
            "definitions", f"has {len(definitions)}; at most {MAX_DEFINITIONS} are applied together"
        )
    wanted, objections = check_definitions(definitions, target_fault)
    objections.raise_if_any()
    return wanted


def check_definitions(
    definitions: Sequence[definition_pb2.Definition], target_fault: Callable[[str], str]
) -> tuple[list[Wanted], Objections]:
    """Reads definitions and notes all that stands against them, however much it is.

    Args:
        definitions: As a caller brings them.
        target_fault: Says what is wrong with the target of a backend; empty for nothing.

    Returns:
        What those want that could be read, and the objections.
    """
    objections = Objections()
    wanted: list[Wanted] = []
    for index, definition in enumerate(definitions):
        path = f"definitions[{index}]"
        match definition.WhichOneof("object"):
            case "model":
                with objections.about(f"{path}.model"):
                    wanted.append(_model(definition, f"{path}.model", target_fault))
            case "router":
                with objections.about(f"{path}.router"):
                    wanted.append(_router(definition, f"{path}.router"))
            case "user":
                with objections.about(f"{path}.user"):
                    wanted.append(_user(definition, f"{path}.user"))
            case _:
                objections.add(InvalidArgumentError.at(path, "is empty; set model, router or user"), path)
    _check_each_once(wanted, objections)
    return wanted, objections


def _violation(message: str, path: str) -> FieldViolation:
    """Answers an error's sentence as a violation of the field that it begins with, if it does."""
    field, colon, description = message.partition(": ")
    if colon and field.startswith(path):
        return FieldViolation(field, description)
    return FieldViolation(path, message)


def _model(
    definition: definition_pb2.Definition, path: str, target_fault: Callable[[str], str]
) -> WantedModel:
    model = model_version_from(definition.model, path)
    check_model_version(model, target_fault, path)
    permissions = stated_permissions(definition.model)
    if permissions is not None:
        check_permissions(permissions, f"{path}.permissions")
    stage = STAGE.word(definition.model.stage, f"{path}.stage")
    return WantedModel(path, model, stage, permissions)


def _router(definition: definition_pb2.Definition, path: str) -> WantedRouter:
    router = router_from(definition.router, path)
    check_router(router, path)
    status = ROUTER_STATUS.word(definition.router.status, f"{path}.status")
    if status not in (None, RouterStatus.RUNNING, RouterStatus.STOPPED):
        raise InvalidArgumentError.at(
            f"{path}.status", f"{status} is nothing that a router can be brought to; say running or stopped"
        )
    return WantedRouter(path, router, None if status is None else status is RouterStatus.RUNNING)


def _user(definition: definition_pb2.Definition, path: str) -> WantedUser:
    user = user_from(definition.user, path)
    check_user(user, path)
    return WantedUser(path, user)


def _check_each_once(wanted: Sequence[Wanted], objections: Objections) -> None:
    """Notes objects that are defined twice, and models whose versions cannot all be as they are wanted."""
    seen: dict[tuple[type, str | ModelKey], str] = {}

    def note(item: Wanted, name: str, key: str | ModelKey) -> None:
        first = seen.setdefault((type(item), key), item.field)
        if first != item.field:
            _refuse(objections, item, name, f"{str(key)!r} is also {first}")

    production: dict[str, WantedModel] = {}
    permitted: dict[str, WantedModel] = {}
    for item in wanted:
        if isinstance(item, WantedRouter):
            note(item, "router_id", item.router.router_id)
            continue
        if isinstance(item, WantedUser):
            note(item, "user_id", item.user.user_id)
            continue
        key = item.model.key
        note(item, "version", key)
        if item.permissions is not None:
            other = permitted.setdefault(key.model_id, item)
            if other.permissions != item.permissions:
                _refuse(
                    objections,
                    item,
                    "permissions",
                    f"are not those that {str(other.model.key)!r} states; they are the model's",
                )
        if item.stage is Stage.PRODUCTION:
            other = production.setdefault(key.model_id, item)
            if other is not item and other.model.key != key:
                _refuse(
                    objections,
                    item,
                    "stage",
                    f"is production, as that of {str(other.model.key)!r} is; a model has one at most",
                )


def _refuse(objections: Objections, item: Wanted, name: str, description: str) -> None:
    path = f"{item.field}.{name}"
    objections.add(InvalidArgumentError.at(path, f"{description}; leave one out"), item.field)
