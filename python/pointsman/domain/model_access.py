"""Who may read, change and use models: the rules of routers, for all versions of a model alike."""

from pointsman.domain.access import can_change, can_predict, can_read
from pointsman.domain.keys import Principal
from pointsman.domain.models import Model, ModelKey, ModelVersion
from pointsman.errors import FieldViolation, NotFoundError, PermissionDeniedError


def version_not_found(key: ModelKey) -> NotFoundError:
    """Makes the error for a model version that is not there, or not there for this caller."""
    return NotFoundError(
        f"model version {str(key)!r} is not registered, or you may not see it; "
        "ListModelVersions shows those you may",
        reason="MODEL_VERSION_NOT_FOUND",
        metadata={"model_id": key.model_id, "version": key.version},
    )


def check_reads_version(caller: Principal, version: ModelVersion | None, key: ModelKey) -> ModelVersion:
    """Checks that the caller may read a model version.

    Args:
        caller: Who is calling.
        version: The version; None when there is none.
        key: What was asked for.

    Returns:
        The version.

    Raises:
        NotFoundError: There is none, or the caller may not know of it.
    """
    if version is None or not can_read(caller, version):
        raise version_not_found(key)
    return version


def check_changes_version(caller: Principal, version: ModelVersion | None, key: ModelKey) -> ModelVersion:
    """Checks that the caller may change a model version.

    Args:
        caller: Who is calling.
        version: The version; None when there is none.
        key: What was asked for.

    Returns:
        The version.

    Raises:
        NotFoundError: There is none, or the caller may not know of it.
        PermissionDeniedError: The caller may know of it but not change it.
    """
    found = check_reads_version(caller, version, key)
    if not can_change(caller, found):
        raise _of_others(found.model_id, found.owner)
    return found


def check_reads_model(caller: Principal, model: Model | None, model_id: str) -> Model:
    """Checks that the caller may read what is kept of a model.

    Args:
        caller: Who is calling.
        model: The model; None when there is none.
        model_id: The id that was asked for.

    Returns:
        The model.

    Raises:
        NotFoundError: There is none, or the caller may not know of it.
    """
    if model is None or not can_read(caller, model):
        raise NotFoundError(
            f"model {model_id!r} has no version, or you may not see it; ListModelVersions shows those you "
            "may, and RegisterModelVersion registers one, without a backend if it is served elsewhere",
            reason="MODEL_NOT_FOUND",
            metadata={"model_id": model_id[:256]},
        )
    return model


def check_changes_model(caller: Principal, model: Model | None, model_id: str) -> Model:
    """Checks that the caller may change what all versions of a model have in common.

    Args:
        caller: Who is calling.
        model: The model; None when there is none.
        model_id: The id that was asked for.

    Returns:
        The model.

    Raises:
        NotFoundError: There is none, or the caller may not know of it.
        PermissionDeniedError: The caller may know of it but not change it.
    """
    found = check_reads_model(caller, model, model_id)
    if not can_change(caller, found):
        raise _of_others(model_id, found.owner)
    return found


def check_takes_id(caller: Principal, model: Model | None, model_id: str) -> None:
    """Checks that the caller may bring versions under a model's id.

    Args:
        caller: Who is calling.
        model: The model; None for a new one.
        model_id: Its id.

    Raises:
        PermissionDeniedError: The model belongs to somebody else, whom only those learn who may read it.
    """
    if model is not None and not can_change(caller, model):
        raise _of_others(model_id, model.owner if can_read(caller, model) else "")


def check_calls_version(caller: Principal, version: ModelVersion | None, key: ModelKey) -> ModelVersion:
    """Checks that the caller may call a model version.

    Args:
        caller: Who is calling.
        version: The version; None when there is none.
        key: What was asked for.

    Returns:
        The version.

    Raises:
        NotFoundError: There is none, or the caller may not know of it.
        PermissionDeniedError: The caller may read it, but not call it.
    """
    if version is not None and can_predict(caller, version):
        return version
    found = check_reads_version(caller, version, key)
    raise PermissionDeniedError(
        f"model version {_uncallable(found)}",
        reason="NOT_MODEL_OWNER",
        metadata={"model_id": found.model_id},
    )


def check_uses(caller: Principal, version: ModelVersion, field: str) -> None:
    """Checks that the caller may use a model version in a router.

    Whoever may call a router calls its models by it. So it takes the right to call them: with less, a router
    of one's own would be a way around it.

    Args:
        caller: Who is calling.
        version: The version.
        field: The path of the field that names it.

    Raises:
        NotFoundError: The caller may not know of it.
        PermissionDeniedError: The caller may read it, but not call it.
    """
    if can_predict(caller, version):
        return
    if not can_read(caller, version):
        raise unregistered(version.key, field)
    described = _uncallable(version)
    raise PermissionDeniedError(
        f"{field}: {described}",
        reason="NOT_MODEL_OWNER",
        metadata={"model_id": version.model_id},
        fields=[FieldViolation(field, described)],
    )


def unregistered(key: ModelKey, field: str) -> NotFoundError:
    """Makes the error for a variant whose model version is not there, or not there for this caller."""
    described = (
        f"{str(key)!r} is not registered, or you may not see it; register it first with RegisterModelVersion"
    )
    return NotFoundError(
        f"{field}: {described}",
        reason="MODEL_VERSION_NOT_FOUND",
        metadata={"model_id": key.model_id, "version": key.version},
        fields=[FieldViolation(field, described)],
    )


def _uncallable(version: ModelVersion) -> str:
    return (
        f"{str(version.key)!r} is of a model that you may read but not call; ask its owner, "
        f"{version.owner!r}, for public_predict"
    )


def _of_others(model_id: str, owner: str) -> PermissionDeniedError:
    return PermissionDeniedError(
        f"model {model_id!r} belongs to {repr(owner) if owner else 'another user'}; "
        "only its owner and admins may change it, choose another model id",
        reason="NOT_MODEL_OWNER",
        metadata={"model_id": model_id},
    )
