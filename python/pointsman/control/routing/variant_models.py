"""The model versions that variants use: whether they are there, can be used, and are the caller's to use."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from pointsman.domain.keys import Principal
from pointsman.domain.model_access import check_uses, unregistered
from pointsman.domain.models import ModelKey, ModelVersion
from pointsman.domain.routers import Router
from pointsman.domain.variants import Variant
from pointsman.errors import FailedPreconditionError, FieldViolation
from pointsman.store import model_versions


def usable_models(
    connection: Connection,
    caller: Principal,
    variants: Sequence[Variant],
    field: str = "router.variants",
    known: Mapping[ModelKey, ModelVersion] | None = None,
    *,
    before: Router | None = None,
) -> dict[ModelKey, ModelVersion]:
    """Finds the model versions of variants and checks that the caller may use them, and routers can.

    Args:
        connection: A transaction.
        caller: Who wants them used.
        variants: The variants.
        field: The path of the field that holds them.
        known: The registered model versions among theirs; None asks the database.
        before: The router as it stands: what it uses already, it goes on to use whoever asks. None for one
            that begins to.

    Raises:
        FailedPreconditionError: One has no backend.
        NotFoundError: One is not registered, or the caller may not know of it.
        PermissionDeniedError: The caller may read but not call one's model.
    """
    keys = {variant.model_key for variant in variants}
    found = model_versions.find_many(connection, keys) if known is None else known
    for index, variant in enumerate(variants):
        key = variant.model_key
        path = f"{field}[{index}].model_version"
        model = found.get(key)
        if model is None:
            raise unregistered(key, path)
        if not keeps(before, variant):
            check_uses(caller, model, path)
        if model.backend is None:
            described = f"{str(key)!r} has no backend and is only monitored; register a version that has one"
            raise FailedPreconditionError(
                f"{path}: {described}",
                reason="MODEL_VERSION_WITHOUT_BACKEND",
                metadata={"model_id": key.model_id, "version": key.version},
                fields=[FieldViolation(path, described)],
            )
    return {key: found[key] for key in keys}


def keeps(before: Router | None, variant: Variant) -> bool:
    """Whether a router uses a variant's model version already: it has it, and serves it if it shall.

    Args:
        before: The router as it stands; None when there is none.
        variant: The variant as it shall be.
    """
    if before is None:
        return False
    has = [known for known in before.variants if known.model_key == variant.model_key]
    begins = variant.enabled and before.serving
    return any(known.enabled or not begins for known in has)


def row_keys(models: Mapping[ModelKey, ModelVersion]) -> dict[ModelKey, int]:
    """Answers the store's keys of model versions."""
    return {key: model.row_key for key, model in models.items()}
