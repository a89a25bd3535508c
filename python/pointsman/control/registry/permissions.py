"""Whose models are, and who else may read and call them."""

import dataclasses

from sqlalchemy import Connection

from pointsman.control.publishing.changes import Change, Changes
from pointsman.domain.access import check_creates_for
from pointsman.domain.keys import Principal
from pointsman.domain.model_access import check_changes_model
from pointsman.domain.models import Model
from pointsman.domain.permissions import Permissions, check_permissions
from pointsman.domain.violations import Violations, shown
from pointsman.errors import AbortedError, FailedPreconditionError, FieldViolation, InvalidArgumentError
from pointsman.store import models


class ModelAccess:
    """Changes whose models are, and who else may read and call them.

    Args:
        changes: How they are changed.
    """

    def __init__(self, changes: Changes) -> None:
        self._changes = changes

    def update(
        self,
        caller: Principal,
        model_id: str,
        permissions: Permissions | None,
        owner: str,
        etag: str,
        *,
        validate_only: bool,
    ) -> Model:
        """Sets who may read and call a model, or whose it is, or both.

        Args:
            caller: Who asks.
            model_id: The model's id.
            permissions: All of them; they replace those before. None leaves those.
            owner: Whose it shall be; empty leaves that.
            etag: The state that was read; empty for any.
            validate_only: Check only; change nothing.

        Returns:
            The model as it is then.

        Raises:
            AbortedError: Owner or permissions have changed since they were read.
            InvalidArgumentError: A field is wrong, or nothing is to be changed.
            NotFoundError: There is no such model, or the caller may not know of it.
            PermissionDeniedError: The caller may not change it.
        """
        if permissions is None and not owner:
            raise InvalidArgumentError.at(
                "permissions",
                "is not set; give the new permissions, {} for none, or an owner to hand the model over to",
            )
        _check(owner, permissions, "")
        with self._changes.change(validate_only=validate_only) as change:
            before = _find_to_change(change.connection, caller, model_id, etag)
            after = dataclasses.replace(
                before,
                owner=owner or before.owner,
                permissions=before.permissions if permissions is None else permissions,
            )
            return set_in(change, after)


def set_in(change: Change, model: Model) -> Model:
    """Stores owner and permissions of a model that the caller may change, as a part of a change.

    Args:
        change: The change.
        model: The model as it was read, with its new owner and permissions.

    Returns:
        The model as it is then.
    """
    after = dataclasses.replace(model, revision=model.revision + 1)
    return models.save(change.connection, after, change.generation)


def check_bringing(owner: str, permissions: Permissions | None, field: str = "model_version") -> None:
    """Checks owner and permissions that a registration brings, by themselves.

    Args:
        owner: The user; empty when none is named.
        permissions: None when they are not stated.
        field: The path of the field that holds them.

    Raises:
        InvalidArgumentError: With every field that is wrong.
    """
    _check(owner, permissions, f"{field}.")


def bring_permissions(
    caller: Principal, model_id: str, present: Model | None, owner: str, permissions: Permissions | None
) -> Model:
    """Answers the model of a version that is registered.

    Args:
        caller: Who registers it, and may bring versions under the id.
        model_id: The model's id.
        present: The model; None when this is its first version.
        owner: Whose it shall be; empty for the caller, or who has it.
        permissions: None for none, or those that it has.

    Raises:
        FailedPreconditionError: The model has another owner or other permissions: they are no version's.
        PermissionDeniedError: A new model would be another user's.
    """
    if present is None:
        if owner:
            check_creates_for(caller, owner, "model", "model_version")
        return Model(model_id, owner or caller.user_id, permissions or Permissions())
    if owner and owner != present.owner:
        raise _differs(present, "owner", f"is {owner!r}, and the model belongs to {present.owner!r}")
    if permissions is not None and permissions != present.permissions:
        raise _differs(present, "permissions", "are not those of the model, which all its versions share")
    return present


def _find_to_change(connection: Connection, caller: Principal, model_id: str, etag: str) -> Model:
    found = Violations()
    found.check_id("model_id", model_id)
    found.raise_if_any()
    model = check_changes_model(caller, models.find(connection, model_id), model_id)
    if etag and etag != model.etag:
        raise AbortedError(
            f"etag: {shown(etag)} is not the present {model.etag!r}; owner or permissions of model "
            f"{model_id!r} have changed since they were read: read them again, then retry",
            metadata={"model_id": model_id, "etag": model.etag},
        )
    return model


def _check(owner: str, permissions: Permissions | None, prefix: str) -> None:
    if owner:
        found = Violations()
        found.check_user(f"{prefix}owner", owner)
        found.raise_if_any()
    if permissions is not None:
        check_permissions(permissions, f"{prefix}permissions")


def _differs(model: Model, name: str, what: str) -> FailedPreconditionError:
    field = f"model_version.{name}"
    described = f"{what}; leave {'it' if name == 'owner' else 'them'} out, and use UpdateModelPermissions"
    return FailedPreconditionError(
        f"{field}: {described}",
        reason="MODEL_PERMISSIONS_DIFFER",
        metadata={"model_id": model.model_id},
        fields=[FieldViolation(field, described)],
    )
