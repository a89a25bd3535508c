"""The model registry: what its calls do."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog
from sqlalchemy import Connection

from pointsman.control.convert.models import signature_to
from pointsman.control.publishing.changes import Change, Changes
from pointsman.control.registry.file_faults import look, told_of_model
from pointsman.control.registry.permissions import bring_permissions, check_bringing
from pointsman.control.registry.probing import probe
from pointsman.domain.access import can_read
from pointsman.domain.keys import Principal
from pointsman.domain.model_access import (
    check_calls_version,
    check_changes_version,
    check_reads_version,
    check_takes_id,
)
from pointsman.domain.model_checks import check_model_version, check_whole
from pointsman.domain.models import GrpcBackend, ModelKey, ModelVersion, OnnxBackend, Stage
from pointsman.domain.pages import Page
from pointsman.domain.permissions import Permissions
from pointsman.domain.ports.core import ModelChecks
from pointsman.domain.ports.replica import FileWatch, Probing
from pointsman.domain.violations import MAX_TAG_CHARS, Violations
from pointsman.errors import (
    AlreadyExistsError,
    BackendError,
    FailedPreconditionError,
    FieldViolation,
    InvalidArgumentError,
)
from pointsman.store import model_versions, models
from pointsman.store.database import Database
from pointsman.store.routing import routers

_log = structlog.get_logger(__name__)


class ModelBackends(Probing, FileWatch, Protocol):
    """Asks backends, and knows what is wrong with files."""


class ModelRegistry:
    """Registers, lists, stages and deletes model versions.

    Args:
        database: Where they are kept.
        changes: How they are changed.
        checks: Who judges what is said of them.
        replica: Who asks their backends, and has their files in use.
        probe_timeout_seconds: How long a registration waits for a backend.
        keep_file: Is told the path of an ONNX file before it is read for a version that shall name it.
    """

    def __init__(
        self,
        database: Database,
        changes: Changes,
        checks: ModelChecks,
        replica: ModelBackends,
        probe_timeout_seconds: float,
        keep_file: Callable[[str], None],
    ) -> None:
        self._database = database
        self._changes = changes
        self._checks = checks
        self._replica = replica
        self._probe_timeout_seconds = probe_timeout_seconds
        self._keep_file = keep_file

    def described(self, model: ModelVersion, field: str = "model_version") -> ModelVersion:
        """Checks a model version and completes its signature by what its backend says of itself.

        A server that does not answer yet is no error: a deployment asks it again. A file is read at once.

        Args:
            model: The model version.
            field: The path of the field that holds it.

        Returns:
            The model version with its signature in force, what was filled in, and what could not be checked.

        Raises:
            InvalidArgumentError: A field is wrong, the ONNX file cannot be used, or what the backend says of
                itself contradicts the signature.
        """
        check_model_version(model, self._checks.target_fault, field)
        given = signature_to(model.given_signature).SerializeToString()
        if faults := self._checks.signature_faults(given):
            raise _below(field, faults)
        if model.backend is None:
            return model
        if isinstance(model.backend, OnnxBackend):
            self._keep_file(model.backend.path)
        try:
            answered = probe(self._replica, model, self._probe_timeout_seconds)
        except InvalidArgumentError as error:
            raise _below(field, error.fields) from error
        except BackendError as error:
            if isinstance(model.backend, OnnxBackend):
                raise InvalidArgumentError.at(f"{field}.backend.onnx.path", str(error)) from error
            check_whole(model.given_signature, str(error), f"{field}.signature")
            _log.info("nothing from the backend yet", model=str(model.key), reason=str(error))
            warning = f"backend.grpc: {error}; what is said of it is checked when a router is deployed"
            return dataclasses.replace(model, warnings=(warning,))
        backend = model.backend
        if isinstance(backend, OnnxBackend):
            backend = dataclasses.replace(backend, sha256=answered.sha256)
        return dataclasses.replace(
            model,
            backend=backend,
            signature=answered.signature,
            filled_in=answered.filled_in,
            warnings=answered.warnings,
        )

    def register(
        self,
        caller: Principal,
        model: ModelVersion,
        *,
        owner: str = "",
        permissions: Permissions | None = None,
        validate_only: bool,
    ) -> ModelVersion:
        """Adds a model version that :meth:`described` has checked.

        Args:
            caller: Who asks; owns a new model when the request names no other owner.
            model: What :meth:`described` answered.
            owner: Whose the model shall be; empty for the caller, or who has it.
            permissions: Those of the model; None for none, or those that it has.
            validate_only: Check only; change nothing.

        Returns:
            The model version as it is stored.

        Raises:
            AlreadyExistsError: The pair of model id and version is taken.
            FailedPreconditionError: The model has another owner or other permissions.
            InvalidArgumentError: Owner or permissions are not well-formed.
            PermissionDeniedError: The model belongs to others, or would be another user's.
        """
        check_bringing(owner, permissions)
        with self._changes.change(validate_only=validate_only) as change:
            return self.register_in(change, caller, model, owner, permissions)

    def register_in(
        self,
        change: Change,
        caller: Principal,
        model: ModelVersion,
        owner: str = "",
        permissions: Permissions | None = None,
    ) -> ModelVersion:
        """Adds a model version that :meth:`described` has checked, as a part of a change.

        Args:
            change: The change, which gives it its time and generation.
            caller: Who asks; owns a new model when no other owner is named.
            model: What :meth:`described` answered.
            owner: Whose the model shall be; empty for the caller, or who has it.
            permissions: Those of the model; None for none, or those that it has.

        Returns:
            The model version as it is stored.

        Raises:
            AlreadyExistsError: The pair of model id and version is taken.
            FailedPreconditionError: The model has another owner or other permissions.
            PermissionDeniedError: The model belongs to others, or would be another user's.
        """
        present = models.find(change.connection, model.model_id)
        check_takes_id(caller, present, model.model_id)
        if model_versions.find(change.connection, model.key) is not None:
            raise AlreadyExistsError(
                f"model version {str(model.key)!r} is registered already; choose another version, "
                "or delete that one first",
                metadata={"model_id": model.model_id, "version": model.version},
            )
        of_model = bring_permissions(caller, model.model_id, present, owner, permissions)
        return model_versions.add(
            change.connection,
            dataclasses.replace(
                model,
                owner=of_model.owner,
                permissions=of_model.permissions,
                create_time_us=change.now_us,
                update_time_us=change.now_us,
                changed_generation=change.generation,
            ),
        )

    def get(self, caller: Principal, key: ModelKey) -> ModelVersion:
        """Answers one model version.

        Raises:
            InvalidArgumentError: The key is not well-formed.
            NotFoundError: There is none, or the caller may not know of it.
        """
        _check_key(key)
        faults = look(self._replica)
        with self._database.read() as connection:
            found = check_reads_version(caller, model_versions.find(connection, key), key)
        return told_of_model(found, faults)

    def find_to_call(self, caller: Principal, key: ModelKey) -> ModelVersion:
        """Answers a model version that the caller may call.

        Raises:
            InvalidArgumentError: The key is not well-formed.
            NotFoundError: There is none, or the caller may not know of it.
            PermissionDeniedError: The caller may read it, but not call it.
        """
        _check_key(key)
        with self._database.read() as connection:
            return check_calls_version(caller, model_versions.find(connection, key), key)

    def list_page(
        self,
        caller: Principal,
        *,
        model_id: str,
        stage: Stage | None,
        tag: str,
        page_size: int,
        page_token: str,
    ) -> Page[ModelVersion]:
        """Lists the model versions that the caller may read.

        Args:
            caller: Who asks; decides what is seen.
            model_id: Only versions of this model; empty for all.
            stage: Only versions in this stage; None for all.
            tag: Only versions with this tag; empty for all.
            page_size: At most so many.
            page_token: Where the page before ended; empty for the first page.

        Raises:
            InvalidArgumentError: A filter or the token is not valid.
        """
        found = Violations()
        if model_id:
            found.check_id("model_id", model_id)
        found.check_text("tag", tag, MAX_TAG_CHARS)
        found.raise_if_any()
        faults = look(self._replica)
        with self._database.read() as connection:
            page = model_versions.list_page(
                connection,
                caller,
                model_id=model_id,
                stage=stage,
                tag=tag,
                page_size=page_size,
                page_token=page_token,
            )
        return Page(tuple(told_of_model(model, faults) for model in page.items), page.next_page_token)

    def set_stage(
        self, caller: Principal, key: ModelKey, stage: Stage | None, *, validate_only: bool
    ) -> ModelVersion:
        """Moves a model version to a stage; promotion archives its predecessor.

        Args:
            caller: Who asks.
            key: Model id and version.
            stage: Where to; None is what a request without it says.
            validate_only: Check only; change nothing.

        Returns:
            The model version in its new stage.

        Raises:
            InvalidArgumentError: The stage is not stated, or the key is not well-formed.
            NotFoundError: There is no such model version, or the caller may not know of it.
            PermissionDeniedError: The model belongs to others.
        """
        _check_key(key)
        if stage is None:
            raise InvalidArgumentError.at(
                "stage", "is not set; use STAGE_NONE, STAGE_STAGING, STAGE_PRODUCTION or STAGE_ARCHIVED"
            )
        with self._changes.change(validate_only=validate_only) as change:
            model = check_changes_version(caller, model_versions.find(change.connection, key), key)
            return self.set_stage_in(change, caller, model, stage)

    def set_stage_in(
        self, change: Change, caller: Principal, model: ModelVersion, stage: Stage
    ) -> ModelVersion:
        """Moves a model version to a stage, as a part of a change; promotion archives its predecessor.

        Args:
            change: The change that it is a part of.
            caller: Who asks.
            model: The model version as it is stored.
            stage: Where to.

        Returns:
            The model version in its new stage.

        Raises:
            FailedPreconditionError: Its backend is one that the data plane cannot use.
            PermissionDeniedError: The model belongs to others.
        """
        check_changes_version(caller, model, model.key)
        self._check_usable(model)
        if stage is Stage.PRODUCTION and model.stage is not Stage.PRODUCTION:
            model_versions.archive_production(
                change.connection, model.model_id, change.generation, change.now_us
            )
        model_versions.set_stage(change.connection, model.row_key, stage, change.generation, change.now_us)
        return dataclasses.replace(
            model, stage=stage, update_time_us=change.now_us, changed_generation=change.generation
        )

    def _check_usable(self, model: ModelVersion) -> None:
        """Refuses what an earlier release registered and the data plane cannot use.

        Raises:
            FailedPreconditionError: The target of its backend is none.
        """
        if isinstance(model.backend, GrpcBackend) and (
            fault := self._checks.target_fault(model.backend.target)
        ):
            raise FailedPreconditionError(
                f"model version {str(model.key)!r} cannot be served: the target of its backend {fault}; "
                "register another version and delete this one",
                metadata={"model_id": model.key.model_id, "version": model.key.version},
            )

    def delete(self, caller: Principal, key: ModelKey, *, validate_only: bool) -> None:
        """Deletes a model version.

        Args:
            caller: Who asks.
            key: Model id and version.
            validate_only: Check only; change nothing.

        Raises:
            FailedPreconditionError: A router uses it.
            NotFoundError: There is no such model version, or the caller may not know of it.
            PermissionDeniedError: The model belongs to others.
        """
        _check_key(key)
        with self._changes.change(validate_only=validate_only) as change:
            model = check_changes_version(caller, model_versions.find(change.connection, key), key)
            users = model_versions.routers_using(change.connection, model.row_key)
            if users:
                raise FailedPreconditionError(
                    f"model version {str(key)!r} is used by {_named(change.connection, caller, users)}; "
                    "give its variants another version, or delete the router first",
                    reason="MODEL_VERSION_IN_USE",
                    metadata={"model_id": key.model_id, "version": key.version},
                )
            model_versions.remove(change.connection, model.row_key, change.generation, change.now_us)


def _below(field: str, faults: Sequence[FieldViolation]) -> InvalidArgumentError:
    """Makes an error of faults whose paths begin below a field."""
    return InvalidArgumentError.of(
        [FieldViolation(f"{field}.{fault.field}", fault.description) for fault in faults]
    )


def _check_key(key: ModelKey) -> None:
    found = Violations()
    found.check_id("model_id", key.model_id)
    found.check_id("version", key.version)
    found.raise_if_any()


def _named(connection: Connection, caller: Principal, router_ids: Sequence[str]) -> str:
    """Names routers, of those only that the caller may see."""
    found = [routers.find(connection, router_id) for router_id in router_ids]
    seen = [repr(router.router_id) for router in found if router is not None and can_read(caller, router)]
    return f"router {', '.join(seen)}" if seen else "a router of another user"
