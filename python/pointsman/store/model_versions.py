"""The registry of model versions in SQL."""

import dataclasses
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, delete, exists, insert, select, tuple_, update

from pointsman.domain.keys import Principal
from pointsman.domain.models import (
    Backend,
    GrpcBackend,
    Model,
    ModelKey,
    ModelVersion,
    OnnxBackend,
    Signature,
    Stage,
)
from pointsman.domain.pages import Page, decode_token, encode_token
from pointsman.store import models
from pointsman.store.documents import dump_signature, dump_value, load_signature
from pointsman.store.schema import model_version_tags, model_versions, routers, variants

_PRESENT = model_versions.c.delete_time_us.is_(None)

# With what its model is told of it.
_SELECT = select(model_versions, *models.COLUMNS).select_from(models.OF_VERSIONS)

_FIND = _SELECT.where(
    model_versions.c.model_id == bindparam("model_id"),
    model_versions.c.version == bindparam("version"),
    _PRESENT,
)


def find(connection: Connection, key: ModelKey) -> ModelVersion | None:
    """Finds a model version; None when there is none."""
    rows = connection.execute(_FIND, {"model_id": key.model_id, "version": key.version}).mappings()
    found = _load(connection, rows.all())
    return found[0] if found else None


def find_many(connection: Connection, keys: Iterable[ModelKey]) -> dict[ModelKey, ModelVersion]:
    """Finds several model versions; those that are not there are left out."""
    pairs = sorted({(key.model_id, key.version) for key in keys})
    found: dict[ModelKey, ModelVersion] = {}
    for start in range(0, len(pairs), _KEYS_PER_QUERY):
        named = tuple_(model_versions.c.model_id, model_versions.c.version).in_(
            pairs[start : start + _KEYS_PER_QUERY]
        )
        rows = connection.execute(_SELECT.where(named, _PRESENT)).mappings()
        found.update({model.key: model for model in _load(connection, rows.all())})
    return found


def list_page(
    connection: Connection,
    caller: Principal,
    *,
    model_id: str,
    stage: Stage | None,
    tag: str,
    page_size: int,
    page_token: str,
) -> Page[ModelVersion]:
    """Lists the model versions that a caller may read, ordered by model id and registration.

    Args:
        connection: A transaction.
        caller: Who asks.
        model_id: Only versions of this model; empty for all.
        stage: Only versions in this stage.
        tag: Only versions with this tag; empty for all.
        page_size: At most so many.
        page_token: Where the page before ended.

    Raises:
        InvalidArgumentError: The token is not valid.
    """
    filters = ("model_versions", model_id, stage.value if stage else "", tag)
    after = decode_token(page_token, filters, (str, int))
    statement = _SELECT.where(_PRESENT)
    if not caller.admin:
        statement = statement.where(models.readable_by(caller.user_id))
    if model_id:
        statement = statement.where(model_versions.c.model_id == model_id)
    if stage is not None:
        statement = statement.where(model_versions.c.stage == stage.value)
    if tag:
        tagged = model_version_tags.c.model_version_key == model_versions.c.row_key
        statement = statement.where(exists().where(tagged, model_version_tags.c.tag == tag))
    if after is not None:
        statement = statement.where(tuple_(model_versions.c.model_id, model_versions.c.row_key) > after)
    statement = statement.order_by(model_versions.c.model_id, model_versions.c.row_key).limit(page_size + 1)
    rows = connection.execute(statement).mappings().all()
    found = _load(connection, rows[:page_size])
    token = ""
    if len(rows) > page_size:
        token = encode_token((found[-1].model_id, found[-1].row_key), filters)
    return Page(tuple(found), token)


def newest(connection: Connection, model_id: str) -> ModelVersion | None:
    """Finds a model's production version, else the one that was registered last; None when it has none."""
    in_production = model_versions.c.stage == Stage.PRODUCTION.value
    statement = (
        _SELECT.where(model_versions.c.model_id == model_id, _PRESENT)
        .order_by(in_production.desc(), model_versions.c.row_key.desc())
        .limit(1)
    )
    found = _load(connection, connection.execute(statement).mappings().all())
    return found[0] if found else None


def began_us(connection: Connection, model_id: str) -> int:
    """Answers since when a model is the one that has its id, in UTC microseconds; 0 when there is none.

    An id whose last version was deleted may be registered anew, by somebody else.
    """
    columns = model_versions.c
    statement = (
        select(columns.create_time_us, columns.delete_time_us)
        .where(columns.model_id == model_id)
        .order_by(columns.create_time_us, columns.row_key)
    )
    began, ended = 0, 0.0
    for create_time_us, delete_time_us in connection.execute(statement):
        if create_time_us >= ended:
            began = create_time_us
        ended = max(ended, math.inf if delete_time_us is None else delete_time_us)
    return began


def class_labels(connection: Connection, model_id: str) -> dict[str, tuple[str, ...]]:
    """Answers by version of a model the labels of its signature, in the order of probabilities.

    Deleted versions are among them, for what they answered is still compared; of a version that was
    registered several times the last signature is told.

    Args:
        connection: A transaction.
        model_id: The model.
    """
    rows = connection.execute(
        select(model_versions.c.version, model_versions.c.signature)
        .where(
            model_versions.c.model_id == model_id,
            # What was deleted before is of another model that had the id.
            model_versions.c.create_time_us >= began_us(connection, model_id),
        )
        .order_by(model_versions.c.row_key)
    )
    return {version: load_signature(text).labels for version, text in rows}


def onnx_paths(connection: Connection) -> frozenset[str]:
    """Answers the paths of all ONNX files that model versions name, as they name them."""
    statement = select(model_versions.c.backend_target).where(
        model_versions.c.backend_kind == "onnx", _PRESENT
    )
    return frozenset(connection.execute(statement.distinct()).scalars())


def changed_since(connection: Connection, generation: int) -> list[ModelVersion]:
    """Answers the model versions that are there and changed after a generation."""
    statement = _SELECT.where(model_versions.c.changed_generation > generation, _PRESENT).order_by(
        model_versions.c.row_key
    )
    return _load(connection, connection.execute(statement).mappings().all())


def deleted_since(connection: Connection, generation: int) -> list[ModelKey]:
    """Answers the model versions that went away after a generation."""
    statement = select(model_versions.c.model_id, model_versions.c.version).where(
        model_versions.c.changed_generation > generation, ~_PRESENT
    )
    return [ModelKey(row.model_id, row.version) for row in connection.execute(statement)]


_ADD = insert(model_versions).returning(model_versions.c.row_key)


def add(connection: Connection, model: ModelVersion) -> ModelVersion:
    """Stores a new model version; answers it with its row key.

    The first version of a model brings the model's owner and permissions; a later one leaves them.

    Raises:
        sqlalchemy.exc.IntegrityError: The pair of model id and version is taken.
    """
    of_model = models.find(connection, model.model_id)
    if of_model is None:
        of_model = models.add(connection, Model(model.model_id, model.owner, model.permissions))
    columns = {
        "model_id": model.model_id,
        "version": model.version,
        **_backend_columns(model.backend),
        "given_signature": dump_signature(model.given_signature),
        "signature": dump_signature(model.signature),
        "stage": model.stage.value,
        "description": model.description,
        "run_uri": model.run_uri,
        "metrics": dump_value(model.metrics),
        "owner": of_model.owner,
        "create_time_us": model.create_time_us,
        "update_time_us": model.update_time_us,
        "changed_generation": model.changed_generation,
    }
    row_key = connection.execute(_ADD, columns).scalar_one()
    if model.tags:
        connection.execute(
            insert(model_version_tags),
            [
                {"model_version_key": row_key, "position": position, "tag": tag}
                for position, tag in enumerate(model.tags)
            ],
        )
    return dataclasses.replace(
        model,
        owner=of_model.owner,
        permissions=of_model.permissions,
        etag=of_model.etag,
        row_key=row_key,
    )


def set_stage(connection: Connection, row_key: int, stage: Stage, generation: int, now_us: int) -> None:
    """Moves a model version to a stage.

    Args:
        connection: A routing transaction.
        row_key: The store's key of the model version.
        stage: Where to.
        generation: The generation that the change makes.
        now_us: The time of it, in UTC microseconds.

    Raises:
        sqlalchemy.exc.IntegrityError: Another version of the model is in production.
    """
    connection.execute(
        update(model_versions)
        .where(model_versions.c.row_key == row_key)
        .values(stage=stage.value, changed_generation=generation, update_time_us=now_us)
    )


def archive_production(connection: Connection, model_id: str, generation: int, now_us: int) -> None:
    """Archives a model's production version, if it has one.

    Args:
        connection: A routing transaction.
        model_id: The model.
        generation: The generation that the change makes.
        now_us: The time of it, in UTC microseconds.
    """
    connection.execute(
        update(model_versions)
        .where(
            model_versions.c.model_id == model_id,
            model_versions.c.stage == Stage.PRODUCTION.value,
            _PRESENT,
        )
        .values(stage=Stage.ARCHIVED.value, changed_generation=generation, update_time_us=now_us)
    )


def set_signature(connection: Connection, row_key: int, signature: Signature, generation: int) -> None:
    """Stores the signature in force of a model version.

    Args:
        connection: A routing transaction.
        row_key: The store's key of the model version.
        signature: What was given, completed by what the backend says of itself.
        generation: The generation that the change makes.
    """
    connection.execute(
        update(model_versions)
        .where(model_versions.c.row_key == row_key)
        .values(signature=dump_signature(signature), changed_generation=generation)
    )


def remove(connection: Connection, row_key: int, generation: int, now_us: int) -> None:
    """Marks a model version as deleted; with the last one goes what was kept of the model.

    Args:
        connection: A routing transaction.
        row_key: The store's key of the model version.
        generation: The generation that the change makes.
        now_us: The time of it, in UTC microseconds.
    """
    connection.execute(
        update(model_versions)
        .where(model_versions.c.row_key == row_key)
        .values(delete_time_us=now_us, update_time_us=now_us, changed_generation=generation)
    )
    connection.execute(delete(model_version_tags).where(model_version_tags.c.model_version_key == row_key))
    models.forget_unused(connection, row_key)


def routers_using(connection: Connection, row_key: int, limit: int = 5) -> list[str]:
    """Answers the ids of some routers that use a model version.

    Args:
        connection: A transaction.
        row_key: The store's key of the model version.
        limit: At most so many.

    Returns:
        Their ids in order; deleted routers do not count.
    """
    statement = (
        select(routers.c.router_id)
        .join(variants, variants.c.router_key == routers.c.row_key)
        .where(variants.c.model_version_key == row_key, routers.c.delete_time_us.is_(None))
        .distinct()
        .order_by(routers.c.router_id)
        .limit(limit)
    )
    return list(connection.execute(statement).scalars())


def _load(connection: Connection, rows: Sequence[RowMapping]) -> list[ModelVersion]:
    tags: dict[int, list[str]] = {}
    row_keys = [row["row_key"] for row in rows]
    for start in range(0, len(row_keys), _KEYS_PER_QUERY):
        statement = (
            select(model_version_tags.c.model_version_key, model_version_tags.c.tag)
            .where(model_version_tags.c.model_version_key.in_(row_keys[start : start + _KEYS_PER_QUERY]))
            .order_by(model_version_tags.c.model_version_key, model_version_tags.c.position)
        )
        for row_key, tag in connection.execute(statement):
            tags.setdefault(row_key, []).append(tag)
    of_models = models.load(connection, rows)
    return [
        _from_row(row, tags.get(row["row_key"], ()), of_model)
        for row, of_model in zip(rows, of_models, strict=True)
    ]


# Two parameters each stay below the number that every build of SQLite takes.
_KEYS_PER_QUERY = 400


def _from_row(row: Mapping[Any, Any], tags: Sequence[str], of_model: Model) -> ModelVersion:
    backend: Backend | None = None
    if row["backend_kind"] == "grpc":
        backend = GrpcBackend(
            row["backend_target"], row["backend_model_name"] or "", row["backend_model_version"] or ""
        )
    elif row["backend_kind"] == "onnx":
        backend = OnnxBackend(row["backend_target"], row["backend_sha256"] or "")
    return ModelVersion(
        model_id=row["model_id"],
        version=row["version"],
        backend=backend,
        given_signature=load_signature(row["given_signature"]),
        signature=load_signature(row["signature"]),
        stage=Stage(row["stage"]),
        description=row["description"],
        run_uri=row["run_uri"],
        metrics=json.loads(row["metrics"]),
        tags=tuple(tags),
        owner=of_model.owner,
        permissions=of_model.permissions,
        etag=of_model.etag,
        create_time_us=row["create_time_us"],
        update_time_us=row["update_time_us"],
        changed_generation=row["changed_generation"],
        row_key=row["row_key"],
    )


def _backend_columns(backend: Backend | None) -> dict[str, str | None]:
    match backend:
        case GrpcBackend(target=target, model_name=name, model_version=version):
            return {
                "backend_kind": "grpc",
                "backend_target": target,
                "backend_model_name": name,
                "backend_model_version": version,
            }
        case OnnxBackend(path=path, sha256=sha256):
            return {"backend_kind": "onnx", "backend_target": path, "backend_sha256": sha256 or None}
        case _:
            return {}
