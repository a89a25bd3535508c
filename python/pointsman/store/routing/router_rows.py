"""Rows of the router tables as routers."""

import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    RowMapping,
    Select,
    String,
    Table,
    bindparam,
    literal_column,
    null,
    select,
    union_all,
)

from pointsman.domain.metrics import MetricDefinition, MetricDirection, MetricType
from pointsman.domain.overrides import TrafficOverride
from pointsman.domain.permissions import Permissions
from pointsman.domain.recording import EntityRecording, RecordDurability, Recording
from pointsman.domain.routers import Router, RouterStatus
from pointsman.domain.strategies.catalogue import policy_of
from pointsman.domain.strategies.policy import Strategy
from pointsman.domain.variants import Variant, VariantRole
from pointsman.store.routing.router_settings import load_settings
from pointsman.store.schema import model_versions, permissions, router_metrics, router_tags, variants

# Below the number of parameters that every build of SQLite takes.
KEYS_PER_QUERY = 500

_Query = Select[Any] | CompoundSelect[Any]
_Which = Callable[[ColumnElement[int]], ColumnElement[bool]]
"""Says of a column of routers' keys whose rows are asked for."""


class _Parts(NamedTuple):
    """What tables hold of routers. An expanding list costs more than the query when it is one router."""

    of_one: _Query
    of_many: _Query

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


def _parts(statement: Callable[[_Which], _Query]) -> _Parts:
    return _Parts(
        statement(lambda key: key == bindparam("row_key")),
        statement(lambda key: key.in_(bindparam("row_keys", expanding=True))),
    )


def _variants_of(which: _Which) -> _Query:
    columns = variants.c
    found = select(
        columns.router_key,
        columns.name,
        model_versions.c.model_id,
        model_versions.c.version,
        columns.weight,
        columns.enabled,
        columns.role,
    )
    model = model_versions.c.row_key == columns.model_version_key
    joined = found.select_from(variants.join(model_versions, model)).where(which(columns.router_key))
    return joined.order_by(columns.router_key, columns.position)


def _lists_of(which: _Which) -> _Query:
    """Asks for metrics, tags and users at once: most routers have none, and each query has its price."""
    metric = router_metrics.c
    settings = (metric.type, metric.min_value, metric.max_value, metric.direction)
    return union_all(
        _list_of(which, "metric", router_metrics, metric.name, *settings),
        _list_of(which, "tag", router_tags, router_tags.c.tag, *(null() for _ in settings)),
        _list_of(which, "user", permissions, permissions.c.user_id, *(null() for _ in settings)),
    ).order_by(literal_column("position"))


def _list_of(which: _Which, kind: str, table: Table, *columns: ColumnElement[Any]) -> Select[Any]:
    named = literal_column(f"'{kind}'", String).label("kind")
    key = table.c.router_key
    return select(key, named, table.c.position.label("position"), *columns).where(which(key))


_VARIANTS = _parts(_variants_of)
_LISTS = _parts(_lists_of)


def load_routers(connection: Connection, rows: Sequence[RowMapping]) -> list[Router]:
    """Makes routers of rows of their table, with what other tables hold of them: some queries for all."""
    loaded: list[Router] = []
    for start in range(0, len(rows), KEYS_PER_QUERY):
        chunk = rows[start : start + KEYS_PER_QUERY]
        row_keys = [row["row_key"] for row in chunk]
        own_variants = _VARIANTS.group(connection, row_keys)
        own_lists = _LISTS.group(connection, row_keys)
        for row in chunk:
            lists = own_lists.get(row["row_key"], ())
            loaded.append(
                _from_row(
                    row,
                    tuple(_variant(found) for found in own_variants.get(row["row_key"], ())),
                    tuple(_metric(found) for found in lists if found[1] == "metric"),
                    tuple(found[3] for found in lists if found[1] == "tag"),
                    tuple(found[3] for found in lists if found[1] == "user"),
                )
            )
    return loaded


def _variant(row: Sequence[Any]) -> Variant:
    _, name, model_id, version, weight, enabled, role = row
    return Variant(name, model_id, version, weight, enabled, VariantRole(role))


def _metric(row: Sequence[Any]) -> MetricDefinition:
    name, kind, min_value, max_value, direction = row[3:]
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


def _override(row: RowMapping) -> TrafficOverride | None:
    if row["override_variant"] is None:
        return None
    return TrafficOverride(
        row["override_variant"],
        row["override_expire_time_us"],
        row["override_reason"],
        row["override_user_id"],
        row["override_create_time_us"],
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
        policy=policy_of(Strategy(row["strategy"]), json.loads(row["policy"])),
        traffic_override=_override(row),
        tags=tags,
        recording=_recording(row),
        metrics=metrics,
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
        **load_settings(row),
    )


def dump_runs(slot_runs: Sequence[int]) -> str:
    """Writes slot runs as they are stored."""
    return ",".join(map(str, slot_runs))


def load_runs(text: str) -> tuple[int, ...]:
    """Reads slot runs written by :func:`dump_runs`."""
    return tuple(map(int, text.split(","))) if text else ()
