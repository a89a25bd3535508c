"""Revisions of routers in SQL, and the slot tables that they share."""

import hashlib
import sys
import zlib
from array import array
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    ScalarSelect,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from pointsman.domain.pages import Page, decode_token, encode_token
from pointsman.domain.records.lake import LakeKind
from pointsman.domain.revisions import Cause, KeptRevision, Revision, RevisionKind
from pointsman.domain.routers import Router
from pointsman.store.routing.router_rows import KEYS_PER_QUERY, load_routers
from pointsman.store.schema import lake_files, router_revisions, router_slot_tables, routers, servers

_COLUMNS = router_revisions.c
_TABLES = router_slot_tables.c
# Tables after many changes are long and regular; more effort than the least makes them hardly smaller.
_ZLIB_LEVEL = 1


def append(
    connection: Connection, router: Router, cause: Cause, time_us: int, summary: str, snapshot: bytes
) -> int:
    """Stores what a router has become as its newest revision.

    Args:
        connection: A routing transaction.
        router: The router as it is stored, with its row key, slots and generation.
        cause: How it came about.
        time_us: When.
        summary: What is different from the revision before, in words.
        snapshot: What is published of it, encoded, without its slots.

    Returns:
        The revision's number.
    """
    runs = _packed(router.slot_runs)
    sha256 = hashlib.sha256(runs).digest()
    table = {
        "router_key": router.row_key,
        "sha256": sha256,
        "slot_runs": zlib.compress(runs, _ZLIB_LEVEL),
    }
    connection.execute(_ADD_TABLE[connection.dialect.name], table)
    values = {
        "of_router": router.row_key,
        "new_router_key": router.row_key,
        "new_generation": router.changed_generation,
        "new_last_generation": router.changed_generation,
        "new_kind": cause.kind.value,
        "new_user_id": cause.user_id,
        "new_key_id": cause.key_id,
        "new_time_us": time_us,
        "new_summary": summary,
        "new_comment": cause.comment,
        "new_source_number": cause.source,
        "new_snapshot": snapshot,
        "new_slots_sha256": sha256,
    }
    return int(connection.execute(_APPEND, values).scalar_one())


def extend(connection: Connection, router_key: int, before_generation: int, generation: int) -> bool:
    """Notes that a router changed without becoming another.

    Args:
        connection: A routing transaction.
        router_key: The store's key of the router.
        before_generation: The generation in which it changed before.
        generation: The one in which it changes now.

    Returns:
        False when its newest revision is not of that generation: it became what it is without one.
    """
    values = {"of_router": router_key, "before": before_generation, "after": generation}
    return connection.execute(_EXTEND, values).rowcount == 1


def unnoted(connection: Connection, limit: int) -> list[Router]:
    """Answers routers that are there and of whose present state there is no revision.

    Args:
        connection: A transaction.
        limit: At most so many.
    """
    # The newest is found by the key: a router may have thousands.
    noted = exists().where(
        _COLUMNS.router_key == routers.c.row_key,
        _COLUMNS.number == _end_of(func.max),
        _COLUMNS.last_generation >= routers.c.changed_generation,
    )
    statement = select(routers).where(routers.c.delete_time_us.is_(None), ~noted)
    ordered = statement.order_by(routers.c.row_key).limit(limit)
    return load_routers(connection, connection.execute(ordered).mappings().all())


def newest(connection: Connection, router_key: int) -> int:
    """Answers the number of a router's newest revision; 0 when there is none."""
    return int(connection.execute(_NEWEST, {"of_router": router_key}).scalar_one() or 0)


def find(connection: Connection, router_key: int, number: int) -> KeptRevision | None:
    """Answers a revision by its number; None when it is not kept.

    Args:
        connection: A transaction.
        router_key: The store's key of the router.
        number: The revision's number, from 1 on.
    """
    return _one(connection, router_key, _COLUMNS.number == number)


def find_at(connection: Connection, router_key: int, generation: int) -> KeptRevision | None:
    """Answers the revision that a router was in one of its generations; None when it is not kept.

    Args:
        connection: A transaction.
        router_key: The store's key of the router.
        generation: A generation, such as a record's ``router_generation``.
    """
    return _one(
        connection,
        router_key,
        and_(_COLUMNS.generation <= generation, _COLUMNS.last_generation >= generation),
    )


def find_many_at(
    connection: Connection, router_key: int, generations: Collection[int]
) -> dict[int, KeptRevision]:
    """Answers the revisions that a router was in several of its generations, by generation.

    Args:
        connection: A transaction.
        router_key: The store's key of the router.
        generations: The generations, in any order.

    Returns:
        Revisions by the generations asked for; one may be that of several. Those not kept are not among them.
    """
    found: dict[int, KeptRevision] = {}
    wanted = sorted(generations)
    for start in range(0, len(wanted), KEYS_PER_QUERY // 2):
        chunk = wanted[start : start + KEYS_PER_QUERY // 2]
        # By where they begin: nearly all are of one generation. Longer ones are looked for one by one.
        beginning = _COLUMNS.generation.in_(chunk)
        longer = and_(
            _COLUMNS.last_generation > _COLUMNS.generation,
            _COLUMNS.generation <= chunk[-1],
            _COLUMNS.last_generation >= chunk[0],
        )
        statement = _WITH_SLOTS.where(_COLUMNS.router_key == router_key, or_(beginning, longer))
        for row in connection.execute(statement):
            kept = _kept(row)
            of_it = [number for number in chunk if _is_within(number, kept.revision)]
            found |= dict.fromkeys(of_it, kept)
    return found


def list_page(connection: Connection, router_key: int, page_size: int, page_token: str) -> Page[KeptRevision]:
    """Lists a router's revisions, newest first.

    Args:
        connection: A transaction.
        router_key: The store's key of the router.
        page_size: At most so many.
        page_token: Where the page before ended.

    Raises:
        InvalidArgumentError: The token is not valid.
    """
    filters = ("router_revisions", router_key)
    after = decode_token(page_token, filters, (int,))
    statement = _WITH_SLOTS.where(_COLUMNS.router_key == router_key)
    if after is not None:
        statement = statement.where(_COLUMNS.number < after[0])
    rows = connection.execute(statement.order_by(_COLUMNS.number.desc()).limit(page_size + 1)).all()
    items = tuple(_kept(row) for row in rows[:page_size])
    token = encode_token((items[-1].revision.number,), filters) if len(rows) > page_size else ""
    return Page(items, token)


def crowded(connection: Connection, more_than: int) -> list[tuple[int, str, int, int | None]]:
    """Answers the routers with more than so many revisions, and deleted ones with any.

    Returns:
        Of each the store's key, id and incarnation, and when it was deleted.
    """
    columns = (routers.c.row_key, routers.c.router_id, routers.c.incarnation, routers.c.delete_time_us)
    newest, first = _end_of(func.max), _end_of(func.min)
    statement = (
        select(*columns)
        # Numbers have no gaps, for the oldest go first.
        .where(or_(newest - first >= more_than, and_(routers.c.delete_time_us.is_not(None), newest > 0)))
        .order_by(routers.c.row_key)
    )
    return [tuple(row) for row in connection.execute(statement)]


def oldest(connection: Connection, router_key: int, limit: int) -> list[tuple[int, int]]:
    """Answers number and time of a router's oldest revisions, in order.

    Args:
        connection: A transaction.
        router_key: The store's key of the router.
        limit: At most so many.

    Returns:
        Of each the number, and when it came about in UTC microseconds.
    """
    statement = (
        select(_COLUMNS.number, _COLUMNS.time_us)
        .where(_COLUMNS.router_key == router_key)
        .order_by(_COLUMNS.number)
        .limit(limit)
    )
    return [(row.number, row.time_us) for row in connection.execute(statement)]


def earliest_record_us(connection: Connection, router_id: str, incarnation: int) -> int | None:
    """Answers the time of the earliest prediction of a router in files of the manifest; None without any.

    Args:
        connection: A transaction.
        router_id: The router's id.
        incarnation: Which router of that id; 0 for any.

    Returns:
        The time in UTC microseconds.
    """
    columns = lake_files.c
    wanted = [columns.kind == LakeKind.PREDICTIONS.value, columns.router_id == router_id]
    if incarnation:
        # Files without one may be anybody's of this id.
        wanted.append(columns.router_incarnation.in_((incarnation, 0)))
    found = connection.execute(select(func.min(columns.min_time_us)).where(*wanted)).scalar_one()
    return None if found is None else int(found)


def stored_until_us(connection: Connection) -> int | None:
    """Answers the time until when every journal is in files of the manifest; None when all have ended."""
    statement = select(func.min(servers.c.stored_until_us)).where(~servers.c.ended)
    found = connection.execute(statement).scalar_one()
    return None if found is None else int(found)


def remove(connection: Connection, router_key: int, numbers: Sequence[int]) -> None:
    """Deletes revisions, and the slot tables that none is left of.

    Args:
        connection: A routing transaction: nobody else refers to a slot table meanwhile.
        router_key: The store's key of the router.
        numbers: The revisions' numbers; at most a few hundred.
    """
    this = _COLUMNS.router_key == router_key
    connection.execute(delete(router_revisions).where(this, _COLUMNS.number.in_(numbers)))
    is_used = exists().where(this, _COLUMNS.slots_sha256 == _TABLES.sha256)
    connection.execute(delete(router_slot_tables).where(_TABLES.router_key == router_key, ~is_used))


def _end_of(function: Any) -> ScalarSelect[Any]:
    """Answers the first or last number of a router's revisions, for a statement about routers."""
    revision = router_revisions.alias()
    ends = select(function(revision.c.number)).where(revision.c.router_key == routers.c.row_key)
    return ends.correlate(routers).scalar_subquery()


def _one(connection: Connection, router_key: int, condition: Any) -> KeptRevision | None:
    statement = _WITH_SLOTS.where(_COLUMNS.router_key == router_key, condition)
    row = connection.execute(statement).one_or_none()
    return None if row is None else _kept(row)


def _is_within(generation: int, revision: Revision) -> bool:
    return revision.generation <= generation <= revision.last_generation


def _kept(row: Row[Any]) -> KeptRevision:
    cause = Cause(RevisionKind(row.kind), row.user_id, row.key_id, row.comment, row.source_number)
    revision = Revision(
        router_key=row.router_key,
        number=row.number,
        generation=row.generation,
        last_generation=row.last_generation,
        cause=cause,
        time_us=row.time_us,
        summary=row.summary,
        snapshot=bytes(row.snapshot),
    )
    return KeptRevision(revision, _unpacked(zlib.decompress(bytes(row.slot_runs))))


def _packed(slot_runs: Sequence[int]) -> bytes:
    numbers = array("H", slot_runs)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()


def _unpacked(runs: bytes) -> tuple[int, ...]:
    numbers = array("H")
    numbers.frombytes(runs)
    if sys.byteorder == "big":
        numbers.byteswap()
    return tuple(numbers)


# Made once: every change of a router runs some of them.
_OF_ROUTER = _COLUMNS.router_key == bindparam("of_router")
_ADD_TABLE = {
    "postgresql": postgresql.insert(router_slot_tables).on_conflict_do_nothing(),
    "sqlite": sqlite.insert(router_slot_tables).on_conflict_do_nothing(),
}
_NEWEST = select(func.max(_COLUMNS.number)).where(_OF_ROUTER)
_APPEND = (
    insert(router_revisions)
    .values(
        {column.name: bindparam(f"new_{column.name}") for column in router_revisions.columns}
        | {
            "number": select(func.coalesce(func.max(_COLUMNS.number), 0) + 1)
            .where(_OF_ROUTER)
            .scalar_subquery()
        }
    )
    .returning(_COLUMNS.number)
)
_EXTEND = (
    update(router_revisions)
    .where(
        _OF_ROUTER,
        _COLUMNS.last_generation == bindparam("before"),
        _COLUMNS.number == _NEWEST.scalar_subquery(),
    )
    .values(last_generation=bindparam("after"))
)
_WITH_SLOTS = select(router_revisions, _TABLES.slot_runs).join(
    router_slot_tables,
    and_(_TABLES.router_key == _COLUMNS.router_key, _TABLES.sha256 == _COLUMNS.slots_sha256),
)
