"""Slot tables that were in force before, so that going back finds them again."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from pointsman.domain.routers import Router, SlotTable
from pointsman.store.router_rows import dump_runs, load_runs
from pointsman.store.schema import former_slot_tables

MOST_KEPT = 64
"""For each router; the oldest are forgotten."""

_columns = former_slot_tables.c


@dataclass(frozen=True)
class FormerTable:
    """A table, and the revision that the router had with it."""

    revision: int
    table: SlotTable


def find(connection: Connection, router: Router) -> list[FormerTable]:
    """Answers the tables that a router had before, the latest first; of equal counts the latest only."""
    statement = (
        select(_columns.revision, _columns.names, _columns.slot_runs)
        .where(_columns.router_key == router.row_key)
        .order_by(_columns.revision.desc())
    )
    return [
        FormerTable(revision, SlotTable(tuple(json.loads(names)), load_runs(runs)))
        for revision, names, runs in connection.execute(statement)
    ]


def remember(connection: Connection, router: Router, known: Sequence[FormerTable]) -> None:
    """Notes the table of a router that is about to get another.

    Args:
        connection: A routing transaction.
        router: The router as it was, with the revision that it had.
        known: What :func:`find` answers of it.
    """
    table = router.slot_table
    same = [former.revision for former in known if former.table.counts == table.counts]
    others = [former.revision for former in known if former.revision not in same]
    forgotten = same + others[MOST_KEPT - 1 :]
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
