"""Slot tables that were in force before, so that going back finds them again."""

import json

from sqlalchemy import Connection, delete, insert, select

from pointsman.domain.routers import Router, SlotTable
from pointsman.store.router_rows import dump_runs, load_runs
from pointsman.store.schema import former_slot_tables

MOST_KEPT = 64
"""For each router; the oldest are forgotten."""

_columns = former_slot_tables.c


def find(connection: Connection, router: Router) -> list[SlotTable]:
    """Answers the tables that a router had before, the latest first; of equal counts the latest only."""
    return [table for _, table in _load(connection, router)]


def remember(connection: Connection, router: Router) -> None:
    """Notes the table of a router that is about to get another.

    Args:
        connection: A routing transaction.
        router: The router as it was, with the revision that it had.
    """
    table = router.slot_table
    known = _load(connection, router)
    forgotten = [revision for revision, other in known if other.counts == table.counts]
    others = [revision for revision, _ in known if revision not in forgotten]
    forgotten += others[MOST_KEPT - 1 :]
    if forgotten:
        connection.execute(
            delete(former_slot_tables).where(
                _columns.router_key == router.row_key, _columns.revision.in_(forgotten)
            )
        )
    connection.execute(
        insert(former_slot_tables).values(
            router_key=router.row_key,
            revision=router.revision,
            names=json.dumps(table.names, ensure_ascii=False),
            slot_runs=dump_runs(table.slot_runs),
        )
    )


def _load(connection: Connection, router: Router) -> list[tuple[int, SlotTable]]:
    statement = (
        select(_columns.revision, _columns.names, _columns.slot_runs)
        .where(_columns.router_key == router.row_key)
        .order_by(_columns.revision.desc())
    )
    return [
        (revision, SlotTable(tuple(json.loads(names)), load_runs(runs)))
        for revision, names, runs in connection.execute(statement)
    ]
