"""Slot tables that were in force before, so that going back finds them again."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from pointsman.domain.routers import Router, SlotTable
from pointsman.store.routing.router_rows import dump_runs, load_runs
from pointsman.store.schema import former_slot_tables

KEPT = 64
"""For each router; older ones are forgotten."""

CHANGES_PER_SWEEP = 16
"""They go once in so many changes of a router, not with each."""

_columns = former_slot_tables.c


def find(connection: Connection, router: Router, counts: Mapping[str, int]) -> SlotTable | None:
    """Answers the latest table that a router had with these numbers of slots, if it is still known.

    Args:
        connection: A transaction.
        router: The router.
        counts: How many slots each variant has that has any.
    """
    row = connection.execute(_FIND, {"of_router": router.row_key, "of_counts": _digest(counts)}).one_or_none()
    return None if row is None else SlotTable(tuple(json.loads(row.names)), load_runs(row.slot_runs))


def remember(connection: Connection, router: Router) -> None:
    """Notes the table of a router that is about to get another, instead of a former one of the same counts.

    Args:
        connection: A routing transaction.
        router: The router as it was, with the revision that it had.
    """
    table = router.slot_table
    noted = {
        "router_key": router.row_key,
        "counts_sha256": _digest(table.counts),
        "revision": router.revision,
        "names": json.dumps(table.names, ensure_ascii=False),
        "slot_runs": dump_runs(table.slot_runs),
    }
    connection.execute(_REMEMBER[connection.dialect.name], noted)
    if router.revision % CHANGES_PER_SWEEP == 0:
        connection.execute(_FORGET_OLDEST, {"of_router": router.row_key})


def _digest(counts: Mapping[str, int]) -> bytes:
    # Of a fixed size: the names of many variants are longer than an index of PostgreSQL takes.
    return hashlib.sha256(json.dumps(sorted(counts.items())).encode()).digest()


def _remember(dialect: Any) -> Any:
    statement = dialect.insert(former_slot_tables)
    latest = {name: statement.excluded[name] for name in ("revision", "names", "slot_runs")}
    key = [_columns.router_key, _columns.counts_sha256]
    return statement.on_conflict_do_update(index_elements=key, set_=latest)


# Made once: every change of weights runs them.
_OF_ROUTER = _columns.router_key == bindparam("of_router")
_FIND = select(_columns.names, _columns.slot_runs).where(
    _OF_ROUTER, _columns.counts_sha256 == bindparam("of_counts")
)
_REMEMBER = {"postgresql": _remember(postgresql), "sqlite": _remember(sqlite)}
_LATEST = select(_columns.revision).where(_OF_ROUTER).order_by(_columns.revision.desc())
_OLDEST_KEPT = _LATEST.offset(KEPT - 1).limit(1).scalar_subquery()
_FORGET_OLDEST = delete(former_slot_tables).where(_OF_ROUTER, _columns.revision < _OLDEST_KEPT)
