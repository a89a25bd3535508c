"""The generation of the routing state: one number that every change raises."""

from dataclasses import dataclass

from sqlalchemy import Connection, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from pointsman.store.schema import generation


@dataclass(frozen=True)
class Generations:
    """The generation in force, and those in which the tables of keys last changed."""

    value: int
    access_changed: int
    signing_changed: int


def current(connection: Connection) -> Generations:
    """Reads the generation in force."""
    row = connection.execute(
        select(generation.c.value, generation.c.access_changed, generation.c.signing_changed)
    ).one()
    return Generations(row.value, row.access_changed, row.signing_changed)


def advance(connection: Connection, *, access: bool = False, signing: bool = False) -> int:
    """Raises the generation for a change in this transaction.

    Args:
        connection: A routing transaction.
        access: Whether the key table changes.
        signing: Whether the signing keys change.

    Returns:
        The new generation.
    """
    return int(connection.execute(_ADVANCE[access, signing]).scalar_one())


def _advance(*, access: bool, signing: bool) -> ReturningUpdate[int]:
    raised = generation.c.value + 1
    values = {"value": raised}
    if access:
        values["access_changed"] = raised
    if signing:
        values["signing_changed"] = raised
    return update(generation).values(values).returning(generation.c.value)


# Made once: every change runs one of them.
_ADVANCE = {
    (access, signing): _advance(access=access, signing=signing)
    for access in (False, True)
    for signing in (False, True)
}
