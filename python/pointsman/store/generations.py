"""The generation of the routing state: one number that every change raises, and a token beside it.

Two databases of which one was promoted without the last commits of the other give the same numbers to
different states. Their tokens differ, so a server sees by the token of its own generation whether its state
is one that led to the present one.
"""

import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningUpdate

from pointsman.store.schema import generation, generation_tokens

KEPT_TOKENS = 1000
"""A server that is further behind gets everything, which it would nearly get anyway."""

TOKENS_PER_SWEEP = 100
"""Older tokens go once in so many generations, not with every change."""


VALUE, TOKEN = generation.c.value, generation.c.token
"""The columns of the one row that is the state in force."""


@dataclass(frozen=True)
class Revision:
    """One state of a database: its generation, and the token that no other state has."""

    generation: int
    token: str


@dataclass(frozen=True)
class Generations:
    """The generation in force, and those in which the tables of keys last changed."""

    value: int
    access_changed: int
    signing_changed: int
    token: str = ""

    @property
    def revision(self) -> Revision:
        """The state in force."""
        return Revision(self.value, self.token)


@dataclass(frozen=True)
class Advance:
    """A change's step: from the state before to the one that it makes."""

    before: Revision
    after: Revision


def current(connection: Connection) -> Generations:
    """Reads the generation in force."""
    columns = generation.c
    row = connection.execute(
        select(columns.value, columns.access_changed, columns.signing_changed, columns.token)
    ).one()
    return Generations(row.value, row.access_changed, row.signing_changed, row.token)


def is_ancestor(connection: Connection, revision: Revision, present: Generations) -> bool:
    """Answers whether a state led to the present one: False for one that is too old to say, too.

    Args:
        connection: A transaction.
        revision: The state in question.
        present: The present one.
    """
    if revision.generation >= present.value:
        return revision == present.revision
    token = select(generation_tokens.c.token).where(generation_tokens.c.value == revision.generation)
    return connection.execute(token).scalar_one_or_none() == revision.token


def advance(connection: Connection, *, access: bool = False, signing: bool = False) -> int:
    """Raises the generation for a change in this transaction, as :func:`step`; answers the new one.

    Args:
        connection: A routing transaction.
        access: Whether the key table changes.
        signing: Whether the signing keys change.
    """
    return step(connection, access=access, signing=signing).after.generation


def step(connection: Connection, *, access: bool = False, signing: bool = False) -> Advance:
    """Raises the generation for a change in this transaction.

    Args:
        connection: A routing transaction.
        access: Whether the key table changes.
        signing: Whether the signing keys change.

    Returns:
        The state before and the new one.
    """
    token = secrets.token_hex(16)
    row = connection.execute(_ADVANCE[access, signing], {"new_token": token}).one()
    connection.execute(_NOTE_TOKEN[connection.dialect.name], {"value": row.value, "token": token})
    if row.value % TOKENS_PER_SWEEP == 0:
        forgotten = generation_tokens.c.value <= row.value - KEPT_TOKENS
        connection.execute(delete(generation_tokens).where(forgotten))
    return Advance(Revision(row.value - 1, row.base_token), Revision(row.value, token))


def touch_access(connection: Connection) -> None:
    """Says that the key table changes with the generation that this transaction makes.

    For a change that learns only on its way whether it does.

    Args:
        connection: A routing transaction that has made its step.
    """
    connection.execute(update(generation).values(access_changed=generation.c.value))


def _advance(*, access: bool, signing: bool) -> ReturningUpdate[tuple[int, str]]:
    raised = generation.c.value + 1
    values = {
        "value": raised,
        "base_token": generation.c.token,
        "token": bindparam("new_token", type_=generation.c.token.type),
    }
    if access:
        values["access_changed"] = raised
    if signing:
        values["signing_changed"] = raised
    return update(generation).values(values).returning(generation.c.value, generation.c.base_token)


def _note_token(dialect: Any) -> Any:
    statement = dialect.insert(generation_tokens)
    # The number may have been given before, in a future that was taken back.
    return statement.on_conflict_do_update(
        index_elements=[generation_tokens.c.value], set_={"token": statement.excluded.token}
    )


# Made once: every change runs one of each.
_NOTE_TOKEN = {"postgresql": _note_token(postgresql), "sqlite": _note_token(sqlite)}
_ADVANCE = {
    (access, signing): _advance(access=access, signing=signing)
    for access in (False, True)
    for signing in (False, True)
}
