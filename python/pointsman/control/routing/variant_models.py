"""The model versions that variants of routers use."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from pointsman.domain.models import ModelKey, ModelVersion
from pointsman.domain.routers import Variant
from pointsman.errors import FailedPreconditionError, FieldViolation, NotFoundError
from pointsman.store import model_versions


def usable_models(
    connection: Connection,
    variants: Sequence[Variant],
    field: str = "router.variants",
    known: Mapping[ModelKey, ModelVersion] | None = None,
) -> dict[ModelKey, ModelVersion]:
    """Finds the model versions of variants and checks that routers can use them.

    Args:
        connection: A transaction.
        variants: The variants.
        field: The path of the field that holds them.
        known: The registered model versions among theirs; None asks the database.

    Raises:
        FailedPreconditionError: One has no backend.
        NotFoundError: One is not registered.
    """
    keys = {variant.model_key for variant in variants}
    models = model_versions.find_many(connection, keys) if known is None else known
    for index, variant in enumerate(variants):
        key = variant.model_key
        path = f"{field}[{index}].model_version"
        model = models.get(key)
        if model is None:
            described = f"{str(key)!r} is not registered; register it first with RegisterModelVersion"
            raise NotFoundError(
                f"{path}: {described}",
                reason="MODEL_VERSION_NOT_FOUND",
                metadata={"model_id": key.model_id, "version": key.version},
                fields=[FieldViolation(path, described)],
            )
        if model.backend is None:
            described = f"{str(key)!r} has no backend and is only monitored; register a version that has one"
            raise FailedPreconditionError(
                f"{path}: {described}",
                reason="MODEL_VERSION_WITHOUT_BACKEND",
                metadata={"model_id": key.model_id, "version": key.version},
                fields=[FieldViolation(path, described)],
            )
    return {key: models[key] for key in keys}


def row_keys(models: Mapping[ModelKey, ModelVersion]) -> dict[ModelKey, int]:
    """Answers the store's keys of model versions."""
    return {key: model.row_key for key, model in models.items()}
