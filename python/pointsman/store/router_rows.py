"""Rows of the router tables as routers."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, FromClause, RowMapping, Select, Table, bindparam, select

from pointsman.domain.metrics import MetricDefinition, MetricDirection, MetricType
from pointsman.domain.recording import EntityRecording, RecordDurability, Recording
from pointsman.domain.routers import (
    Permissions,
    Router,
    RouterStatus,
    Strategy,
    Variant,
    VariantRole,
    VersionPinning,
)
from pointsman.store.schema import model_versions, permissions, router_metrics, router_tags, variants

# Below the number of parameters that every build of SQLite takes.
KEYS_PER_QUERY = 500


class _Parts(NamedTuple):
    """What a table holds of routers. An expanding list costs more than the query when it is one router."""

    of_one: Select[Any]
    of_many: Select[Any]

    def group(self, connection: Connection, row_keys: Sequence[int]) -> dict[int, list[Sequence[Any]]]:
        """Answers the rows by the key of their router, each router's in order."""
        if len(row_keys) == 1:
            rows = connection.execute(self.of_one, {"row_key": row_keys[0]})
        else:
            rows = connection.execute(self.of_many, {"row_keys": row_keys})
        groups: dict[int, list[Sequence[Any]]] = {}
        for row in rows:
            groups.setdefault(row[0], []).append(row)
        return groups


def _parts(table: Table, *columns: ColumnElement[Any], join: FromClause | None = None) -> _Parts:
    key = table.c.router_key
    statement = select(key, *columns).select_from(table if join is None else join)
    ordered = statement.order_by(key, table.c.position)
    return _Parts(
        ordered.where(key == bindparam("row_key")),
        ordered.where(key.in_(bindparam("row_keys", expanding=True))),
    )


_VARIANTS = _parts(
    variants,
    variants.c.name,
    model_versions.c.model_id,
    model_versions.c.version,
    variants.c.weight,
    variants.c.enabled,
    variants.c.role,
    join=variants.join(model_versions, model_versions.c.row_key == variants.c.model_version_key),
)
_TAGS = _parts(router_tags, router_tags.c.tag)
_METRICS = _parts(
    router_metrics,
    router_metrics.c.name,
    router_metrics.c.type,
    router_metrics.c.min_value,
    router_metrics.c.max_value,
    router_metrics.c.direction,
)
_USERS = _parts(permissions, permissions.c.user_id)


def load_routers(connection: Connection, rows: Sequence[RowMapping]) -> list[Router]:
    """Makes routers of rows of their table, with what other tables hold of them: some queries for all."""
    loaded: list[Router] = []
    for start in range(0, len(rows), KEYS_PER_QUERY):
        chunk = rows[start : start + KEYS_PER_QUERY]
        row_keys = [row["row_key"] for row in chunk]
        own_variants = _VARIANTS.group(connection, row_keys)
        own_tags = _TAGS.group(connection, row_keys)
        own_metrics = _METRICS.group(connection, row_keys)
        own_users = _USERS.group(connection, row_keys)
        loaded.extend(
            _from_row(
                row,
                tuple(_variant(found) for found in own_variants.get(row["row_key"], ())),
                tuple(_metric(found) for found in own_metrics.get(row["row_key"], ())),
                tuple(found[1] for found in own_tags.get(row["row_key"], ())),
                tuple(found[1] for found in own_users.get(row["row_key"], ())),
            )
            for row in chunk
        )
    return loaded


def _variant(row: Sequence[Any]) -> Variant:
    _, name, model_id, version, weight, enabled, role = row
    return Variant(name, model_id, version, weight, enabled, VariantRole(role))


def _metric(row: Sequence[Any]) -> MetricDefinition:
    _, name, kind, min_value, max_value, direction = row
    return MetricDefinition(name, MetricType(kind), min_value, max_value, MetricDirection(direction))


def _recording(row: RowMapping) -> Recording:
    return Recording(
        features_share=row["features_share"],
        exclude_features=tuple(json.loads(row["exclude_features"])),
        max_body_bytes=row["max_body_bytes"],
        entity=EntityRecording(row["entity_recording"]),
        durability=RecordDurability(row["durability"]),
        retention_days=row["retention_days"],
        retention_bytes=row["retention_bytes"],
    )


def _from_row(
    row: RowMapping,
    own_variants: tuple[Variant, ...],
    metrics: tuple[MetricDefinition, ...],
    tags: tuple[str, ...],
    users: tuple[str, ...],
) -> Router:
    return Router(
        router_id=row["router_id"],
        variants=own_variants,
        strategy=Strategy(row["strategy"]),
        display_name=row["display_name"],
        description=row["description"],
        tags=tags,
        sticky=row["sticky"],
        version_pinning=VersionPinning(row["version_pinning"]),
        answer_router_name=row["answer_router_name"],
        default_timeout_ms=row["default_timeout_ms"],
        record_predictions=row["record_predictions"],
        recording=_recording(row),
        metrics=metrics,
        allow_feedback_corrections=row["allow_feedback_corrections"],
        permissions=Permissions(row["public"], row["public_predict"], users),
        owner=row["owner"],
        status=RouterStatus(row["status"]),
        status_message=row["status_message"],
        serving=row["serving"],
        salt=bytes(row["salt"]),
        slot_runs=load_runs(row["slot_runs"]),
        revision=row["revision"],
        changed_generation=row["changed_generation"],
        create_time_us=row["create_time_us"],
        incarnation=row["incarnation"],
        update_time_us=row["update_time_us"],
        deploy_time_us=row["deploy_time_us"],
        row_key=row["row_key"],
    )


def dump_runs(slot_runs: Sequence[int]) -> str:
    """Writes slot runs as they are stored."""
    return ",".join(map(str, slot_runs))


def load_runs(text: str) -> tuple[int, ...]:
    """Reads slot runs written by :func:`dump_runs`."""
    return tuple(map(int, text.split(","))) if text else ()
