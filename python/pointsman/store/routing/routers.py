"""Routers and their variants in SQL."""

import dataclasses
import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    bindparam,
    case,
    delete,
    exists,
    insert,
    or_,
    select,
    update,
)

from pointsman.domain.keys import Principal
from pointsman.domain.models import ModelKey
from pointsman.domain.pages import Page, decode_token, encode_token
from pointsman.domain.routers import Router, RouterStatus
from pointsman.domain.strategies.policy import Strategy
from pointsman.domain.variants import Variant
from pointsman.store.routing.router_rows import KEYS_PER_QUERY, dump_runs, load_routers
from pointsman.store.routing.router_settings import dump_settings
from pointsman.store.schema import permissions, router_metrics, router_tags, routers, variants

_PRESENT = routers.c.delete_time_us.is_(None)

_FIND = select(routers).where(routers.c.router_id == bindparam("router_id"), _PRESENT)


def find(connection: Connection, router_id: str) -> Router | None:
    """Finds a router; None when there is none."""
    rows = connection.execute(_FIND, {"router_id": router_id}).mappings().all()
    found = load_routers(connection, rows)
    return found[0] if found else None


_FIND_MANY = select(routers).where(routers.c.router_id.in_(bindparam("router_ids", expanding=True)), _PRESENT)


def find_many(connection: Connection, router_ids: Sequence[str]) -> dict[str, Router]:
    """Finds several routers by their ids; those that are not there are left out."""
    found: dict[str, Router] = {}
    for start in range(0, len(router_ids), KEYS_PER_QUERY):
        chunk = router_ids[start : start + KEYS_PER_QUERY]
        rows = connection.execute(_FIND_MANY, {"router_ids": chunk}).mappings().all()
        found.update({router.router_id: router for router in load_routers(connection, rows)})
    return found


class RouterKey(NamedTuple):
    """Which router an id stands for at present.

    Attributes:
        row_key: The store's own key.
        incarnation: Tells it from earlier and later routers of the same id; 0 when that is not known.
        bandit: What it learns by, as it is stored; None for routers of other strategies.
    """

    row_key: int
    incarnation: int
    create_time_us: int
    bandit: str | None = None


_FIND_KEYS = select(
    routers.c.router_id,
    routers.c.row_key,
    routers.c.incarnation,
    routers.c.create_time_us,
    case((routers.c.strategy == Strategy.BANDIT.value, routers.c.policy)).label("bandit"),
).where(routers.c.router_id.in_(bindparam("router_ids", expanding=True)), _PRESENT)


def find_keys(connection: Connection, router_ids: Sequence[str]) -> dict[str, RouterKey]:
    """Answers the routers that are there, by their ids."""
    found: dict[str, RouterKey] = {}
    for start in range(0, len(router_ids), KEYS_PER_QUERY):
        chunk = router_ids[start : start + KEYS_PER_QUERY]
        for router_id, *key in connection.execute(_FIND_KEYS, {"router_ids": chunk}):
            found[router_id] = RouterKey(*key)
    return found


class StoredBandit(NamedTuple):
    """A router that is a bandit.

    Attributes:
        row_key: The store's own key.
        router_id: The router.
        incarnation: Tells it from earlier and later routers of the same id.
        policy: What it learns by, as it is stored.
    """

    row_key: int
    router_id: str
    incarnation: int
    policy: str


def find_bandits(connection: Connection) -> list[StoredBandit]:
    """Answers the routers that are bandits, each with what tells it from others."""
    statement = (
        select(routers.c.row_key, routers.c.router_id, routers.c.incarnation, routers.c.policy)
        .where(routers.c.strategy == Strategy.BANDIT.value, _PRESENT)
        .order_by(routers.c.row_key)
    )
    return [StoredBandit(*row) for row in connection.execute(statement)]


def find_sticky(connection: Connection) -> list[tuple[int, str, str]]:
    """Answers the routers that are sticky bandits: key, id, and what they learn by, as it is stored."""
    statement = (
        select(routers.c.row_key, routers.c.router_id, routers.c.policy)
        .where(routers.c.strategy == Strategy.BANDIT.value, routers.c.sticky, _PRESENT)
        .order_by(routers.c.row_key)
    )
    return [(row_key, router_id, document) for row_key, router_id, document in connection.execute(statement)]


def find_retention(connection: Connection) -> dict[str, tuple[int, int]]:
    """Answers the days and bytes that the routers that are there keep, by their ids; 0 for the default."""
    statement = select(routers.c.router_id, routers.c.retention_days, routers.c.retention_bytes).where(
        _PRESENT
    )
    return {router_id: (days, size) for router_id, days, size in connection.execute(statement)}


def list_page(
    connection: Connection,
    caller: Principal,
    *,
    status: RouterStatus | None,
    strategy: Strategy | None,
    owner: str,
    tag: str,
    page_size: int,
    page_token: str,
    or_in: Collection[RouterStatus] = (),
) -> Page[Router]:
    """Lists the routers that a caller may read, ordered by id.

    Args:
        connection: A transaction.
        caller: Who asks.
        status: Only routers in this status.
        strategy: Only routers of this strategy.
        owner: Only routers of this user; empty for all.
        tag: Only routers with this tag; empty for all.
        page_size: At most so many.
        page_token: Where the page before ended.
        or_in: With a status, routers in these as well.

    Raises:
        InvalidArgumentError: The token is not valid.
    """
    filters = ("routers", status.value if status else "", strategy.value if strategy else "", owner, tag)
    after = decode_token(page_token, filters, (str,))
    statement = select(routers).where(_PRESENT)
    if not caller.admin:
        statement = statement.where(_readable_by(caller.user_id))
    if status is not None:
        statement = statement.where(routers.c.status.in_([status.value, *(other.value for other in or_in)]))
    if strategy is not None:
        statement = statement.where(routers.c.strategy == strategy.value)
    if owner:
        statement = statement.where(routers.c.owner == owner)
    if tag:
        tagged = router_tags.c.router_key == routers.c.row_key
        statement = statement.where(exists().where(tagged, router_tags.c.tag == tag))
    if after is not None:
        statement = statement.where(routers.c.router_id > after[0])
    statement = statement.order_by(routers.c.router_id).limit(page_size + 1)
    rows = connection.execute(statement).mappings().all()
    page = load_routers(connection, rows[:page_size])
    token = encode_token((page[-1].router_id,), filters) if len(rows) > page_size else ""
    return Page(tuple(page), token)


def changed_since(connection: Connection, generation: int) -> list[Router]:
    """Answers the routers that are there and changed after a generation."""
    statement = (
        select(routers).where(routers.c.changed_generation > generation, _PRESENT).order_by(routers.c.row_key)
    )
    return load_routers(connection, connection.execute(statement).mappings().all())


def deleted_since(connection: Connection, generation: int) -> list[str]:
    """Answers the ids of the routers that went away after a generation."""
    statement = select(routers.c.router_id).where(routers.c.changed_generation > generation, ~_PRESENT)
    return list(connection.execute(statement).scalars())


def find_deploying(connection: Connection, updated_before_us: int) -> list[Router]:
    """Answers the routers whose deployment began before a time and has not ended."""
    statement = select(routers).where(
        routers.c.status == RouterStatus.DEPLOYING.value,
        routers.c.update_time_us < updated_before_us,
        _PRESENT,
    )
    return load_routers(connection, connection.execute(statement).mappings().all())


def find_overridden_until(connection: Connection, time_us: int) -> list[Router]:
    """Answers the routers with an override that ended by a time, in UTC microseconds."""
    statement = select(routers).where(routers.c.override_expire_time_us <= time_us, _PRESENT)
    return load_routers(connection, connection.execute(statement).mappings().all())


_ADD = insert(routers).returning(routers.c.row_key)


def add(connection: Connection, router: Router, model_keys: Mapping[ModelKey, int]) -> Router:
    """Stores a new router; answers it with its row key.

    Args:
        connection: A routing transaction.
        router: The router.
        model_keys: The row keys of its variants' model versions.

    Raises:
        sqlalchemy.exc.IntegrityError: The id is taken.
    """
    columns = _columns(router)
    columns |= {
        "router_id": router.router_id,
        "strategy": router.strategy.value,
        "salt": router.salt,
        "create_time_us": router.create_time_us,
        "incarnation": router.incarnation,
    }
    row_key = connection.execute(_ADD, columns).scalar_one()
    stored = dataclasses.replace(router, row_key=row_key)
    _insert_tags(connection, stored)
    _insert_metrics(connection, stored)
    _insert_permissions(connection, stored)
    _insert_variants(connection, stored, model_keys)
    return stored


_SAVE = update(routers).where(routers.c.row_key == bindparam("of_router"))


def save(connection: Connection, router: Router) -> None:
    """Stores a router's own columns: status, settings, slots, revision."""
    connection.execute(_SAVE, {**_columns(router), "of_router": router.row_key})


_SAVE_ALLOCATION = (
    update(routers)
    .where(routers.c.row_key == bindparam("router_key"))
    .values(
        slot_runs=bindparam("new_slot_runs"),
        revision=bindparam("new_revision"),
        changed_generation=bindparam("new_generation"),
        update_time_us=bindparam("new_update_time_us"),
    )
)
_SAVE_VARIANT = (
    update(variants)
    .where(variants.c.router_key == bindparam("of_router"), variants.c.name == bindparam("of_name"))
    .values(weight=bindparam("new_weight"), enabled=bindparam("new_enabled"))
)


def save_allocation(connection: Connection, router: Router, changed: Sequence[Variant]) -> None:
    """Stores new weights and the slot table that follows from them, and nothing else.

    Args:
        connection: A routing transaction.
        router: The router as it shall be.
        changed: Those of its variants whose weight changed or that were enabled or disabled.
    """
    connection.execute(
        _SAVE_ALLOCATION,
        {
            "router_key": router.row_key,
            "new_slot_runs": dump_runs(router.slot_runs),
            "new_revision": router.revision,
            "new_generation": router.changed_generation,
            "new_update_time_us": router.update_time_us,
        },
    )
    for variant in changed:
        connection.execute(
            _SAVE_VARIANT,
            {
                "of_router": router.row_key,
                "of_name": variant.name,
                "new_weight": variant.weight,
                "new_enabled": variant.enabled,
            },
        )


def replace_variants(connection: Connection, router: Router, model_keys: Mapping[ModelKey, int]) -> None:
    """Stores a router's variants in place of those before.

    Args:
        connection: A routing transaction.
        router: The router as it shall be, with its row key.
        model_keys: The store's key of each model version that a variant uses.
    """
    connection.execute(delete(variants).where(variants.c.router_key == router.row_key))
    _insert_variants(connection, router, model_keys)


def replace_tags(connection: Connection, router: Router) -> None:
    """Stores a router's tags in place of those before."""
    connection.execute(delete(router_tags).where(router_tags.c.router_key == router.row_key))
    _insert_tags(connection, router)


def replace_metrics(connection: Connection, router: Router) -> None:
    """Stores the metrics that a router declares in place of those before."""
    connection.execute(delete(router_metrics).where(router_metrics.c.router_key == router.row_key))
    _insert_metrics(connection, router)


def replace_permissions(connection: Connection, router: Router) -> None:
    """Stores a router's shared users in place of those before; the flags are saved with the router."""
    connection.execute(delete(permissions).where(permissions.c.router_key == router.row_key))
    _insert_permissions(connection, router)


def remove(connection: Connection, router: Router, now_us: int) -> None:
    """Marks a router as deleted.

    Args:
        connection: A routing transaction.
        router: The router as it goes: with the status and generation that it ends with.
        now_us: The time of it, in UTC microseconds.
    """
    connection.execute(
        update(routers)
        .where(routers.c.row_key == router.row_key)
        .values(
            delete_time_us=now_us,
            update_time_us=now_us,
            changed_generation=router.changed_generation,
            status=router.status.value,
            serving=False,
        )
    )


def _readable_by(user_id: str) -> ColumnElement[bool]:
    shared = exists().where(permissions.c.router_key == routers.c.row_key, permissions.c.user_id == user_id)
    return or_(routers.c.owner == user_id, routers.c.public, shared)


def _columns(router: Router) -> dict[str, Any]:
    recording, given = router.recording, router.traffic_override
    return dump_settings(router) | {
        "policy": json.dumps(router.policy.to_document(), ensure_ascii=False),
        "override_variant": given and given.variant,
        "override_expire_time_us": given and given.expire_time_us,
        "override_reason": given and given.reason,
        "override_user_id": given and given.user_id,
        "override_create_time_us": given and given.create_time_us,
        "owner": router.owner,
        "features_share": recording.features_share,
        "exclude_features": json.dumps(recording.exclude_features, ensure_ascii=False),
        "max_body_bytes": recording.max_body_bytes,
        "entity_recording": recording.entity.value,
        "durability": recording.durability.value,
        "retention_days": recording.retention_days,
        "retention_bytes": recording.retention_bytes,
        "public": router.permissions.public,
        "public_predict": router.permissions.public_predict,
        "status": router.status.value,
        "status_message": router.status_message,
        "serving": router.serving,
        "slot_runs": dump_runs(router.slot_runs),
        "revision": router.revision,
        "changed_generation": router.changed_generation,
        "update_time_us": router.update_time_us,
        "deploy_time_us": router.deploy_time_us,
    }


def _insert_tags(connection: Connection, router: Router) -> None:
    if router.tags:
        connection.execute(
            insert(router_tags),
            [
                {"router_key": router.row_key, "position": position, "tag": tag}
                for position, tag in enumerate(router.tags)
            ],
        )


def _insert_metrics(connection: Connection, router: Router) -> None:
    if router.metrics:
        connection.execute(
            insert(router_metrics),
            [
                {
                    "router_key": router.row_key,
                    "name": metric.name,
                    "position": position,
                    "type": metric.type.value,
                    "min_value": metric.min_value,
                    "max_value": metric.max_value,
                    "direction": metric.direction.value,
                }
                for position, metric in enumerate(router.metrics)
            ],
        )


def _insert_permissions(connection: Connection, router: Router) -> None:
    users = router.permissions.shared_user_ids
    if users:
        connection.execute(
            insert(permissions),
            [
                {"router_key": router.row_key, "position": position, "user_id": user}
                for position, user in enumerate(users)
            ],
        )


def _insert_variants(connection: Connection, router: Router, model_keys: Mapping[ModelKey, int]) -> None:
    connection.execute(
        insert(variants),
        [
            {
                "router_key": router.row_key,
                "name": variant.name,
                "position": position,
                "model_version_key": model_keys[variant.model_key],
                "weight": variant.weight,
                "enabled": variant.enabled,
                "role": variant.role.value,
            }
            for position, variant in enumerate(router.variants)
        ],
    )
