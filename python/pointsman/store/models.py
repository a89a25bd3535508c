"""What the versions of a model have in common, in SQL: its owner and its permissions.

A server of an older release stores versions only. A model of which it stored the first belongs to who
registered that version, and is closed to others.
"""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from pointsman.domain.models import Model
from pointsman.domain.permissions import Permissions
from pointsman.store.drift import gone_models
from pointsman.store.schema import model_permissions, model_versions, models

OF_VERSIONS = model_versions.outerjoin(models, models.c.model_id == model_versions.c.model_id)
"""Every version with the row of its model."""

COLUMNS = (
    models.c.row_key.label("of_model"),
    models.c.owner.label("model_owner"),
    models.c.public,
    models.c.public_predict,
    models.c.revision,
)
"""What :func:`load` needs besides the columns of the version."""

_KEYS_PER_QUERY = 500
_PRESENT = model_versions.c.delete_time_us.is_(None)

_FIND = (
    select(model_versions.c.model_id, model_versions.c.owner, *COLUMNS)
    .select_from(OF_VERSIONS)
    .where(model_versions.c.model_id == bindparam("model_id"), _PRESENT)
    .order_by(model_versions.c.row_key)
    .limit(1)
)


def find(connection: Connection, model_id: str) -> Model | None:
    """Finds a model; None when no version of it is there."""
    rows = connection.execute(_FIND, {"model_id": model_id}).mappings().all()
    found = load(connection, rows)
    return found[0] if found else None


def load(connection: Connection, rows: Sequence[RowMapping]) -> list[Model]:
    """Makes the models of rows of versions, each with :data:`COLUMNS`."""
    users = _users_of(connection, {row["of_model"] for row in rows} - {None})
    return [_from_row(row, users.get(row["of_model"], ())) for row in rows]


def add(connection: Connection, model: Model) -> Model:
    """Stores a new model; answers it with its row key.

    Args:
        connection: A routing transaction.
        model: The model, of which no version is there.
    """
    # An older release leaves the row there when it deletes the last version.
    _forget(connection, model.model_id)
    columns = {"model_id": model.model_id, **_columns(model)}
    row_key = connection.execute(insert(models).values(columns).returning(models.c.row_key)).scalar_one()
    stored = dataclasses.replace(model, row_key=row_key)
    _insert_users(connection, stored)
    return stored


def save(connection: Connection, model: Model, generation: int) -> Model:
    """Stores owner and permissions of a model in place of those before, and marks its versions as changed.

    Args:
        connection: A routing transaction.
        model: The model as it shall be.
        generation: The generation that the change makes.

    Returns:
        The model with its row key.
    """
    connection.execute(
        update(model_versions)
        .where(model_versions.c.model_id == model.model_id, _PRESENT)
        .values(owner=model.owner, changed_generation=generation)
    )
    if not model.row_key:
        return add(connection, model)
    connection.execute(update(models).where(models.c.row_key == model.row_key).values(_columns(model)))
    connection.execute(delete(model_permissions).where(model_permissions.c.model_key == model.row_key))
    _insert_users(connection, model)
    return model


def keys_of(connection: Connection, keys: Iterable[int]) -> set[int]:
    """Answers those of some rows of models that are there, and not being deleted.

    Args:
        connection: A transaction.
        keys: The rows.
    """
    ordered = sorted(keys)
    there: set[int] = set()
    for start in range(0, len(ordered), _KEYS_PER_QUERY):
        chunk = ordered[start : start + _KEYS_PER_QUERY]
        statement = select(models.c.row_key).where(models.c.row_key.in_(chunk))
        there.update(connection.execute(statement.where(models.c.model_id.not_like("-%"))).scalars())
    return there


def forget_unused(connection: Connection, version_key: int) -> None:
    """Forgets what was kept of a version's model when none of its versions is there any more.

    Args:
        connection: A routing transaction.
        version_key: The store's key of the version that went away.
    """
    model_id = select(model_versions.c.model_id).where(model_versions.c.row_key == version_key)
    is_used = exists().where(model_versions.c.model_id == models.c.model_id, _PRESENT)
    unused = select(models.c.model_id).where(models.c.model_id == model_id.scalar_subquery(), ~is_used)
    found = connection.execute(unused).scalar_one_or_none()
    if found is not None:
        _forget(connection, found)


def _forget(connection: Connection, model_id: str) -> None:
    """Deletes a model, or hides it where millions of rows would go with it."""
    if not gone_models.hide(connection, model_id):
        connection.execute(delete(models).where(models.c.model_id == model_id))


def readable_by(user_id: str) -> ColumnElement[bool]:
    """Says of rows of :data:`OF_VERSIONS` whether a user who is no admin may read them."""
    shared = exists().where(
        model_permissions.c.model_key == models.c.row_key, model_permissions.c.user_id == user_id
    )
    owner = func.coalesce(models.c.owner, model_versions.c.owner)
    return or_(owner == user_id, models.c.public, shared)


def _users_of(connection: Connection, keys: Iterable[int]) -> dict[int, tuple[str, ...]]:
    users: dict[int, list[str]] = {}
    ordered = sorted(keys)
    for start in range(0, len(ordered), _KEYS_PER_QUERY):
        statement = (
            select(model_permissions.c.model_key, model_permissions.c.user_id)
            .where(model_permissions.c.model_key.in_(ordered[start : start + _KEYS_PER_QUERY]))
            .order_by(model_permissions.c.model_key, model_permissions.c.position)
        )
        for key, user in connection.execute(statement):
            users.setdefault(key, []).append(user)
    return {key: tuple(found) for key, found in users.items()}


def _from_row(row: Mapping[Any, Any], users: tuple[str, ...]) -> Model:
    if row["of_model"] is None:
        return Model(row["model_id"], row["owner"], revision=0)
    return Model(
        row["model_id"],
        row["model_owner"],
        Permissions(row["public"], row["public_predict"], users),
        row["revision"],
        row["of_model"],
    )


def _columns(model: Model) -> dict[str, Any]:
    return {
        "owner": model.owner,
        "public": model.permissions.public,
        "public_predict": model.permissions.public_predict,
        "revision": model.revision,
    }


def _insert_users(connection: Connection, model: Model) -> None:
    users = model.permissions.shared_user_ids
    if users:
        connection.execute(
            insert(model_permissions),
            [
                {"model_key": model.row_key, "position": position, "user_id": user}
                for position, user in enumerate(users)
            ],
        )
