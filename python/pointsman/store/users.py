"""Users of keys in SQL, as they are defined."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from pointsman.domain.keys import ApiKey, scopes_from_text, scopes_to_text
from pointsman.domain.pages import Page, decode_token, encode_token
from pointsman.domain.users import BoundKey, User
from pointsman.store import api_keys
from pointsman.store.routing.router_rows import KEYS_PER_QUERY
from pointsman.store.schema import users


def find(connection: Connection, user_id: str) -> User | None:
    """Finds the definition of a user; None when there is none."""
    return find_many(connection, [user_id]).get(user_id)


def find_many(connection: Connection, user_ids: Sequence[str]) -> dict[str, User]:
    """Finds the definitions of several users by their ids; those that are not there are left out."""
    found: dict[str, User] = {}
    for start in range(0, len(user_ids), KEYS_PER_QUERY):
        chunk = user_ids[start : start + KEYS_PER_QUERY]
        rows = connection.execute(select(users).where(users.c.user_id.in_(chunk))).mappings()
        found.update({row["user_id"]: _from_row(row) for row in rows})
    return found


def list_page(connection: Connection, *, page_size: int, page_token: str) -> Page[User]:
    """Lists definitions in the order of their ids.

    Args:
        connection: A transaction.
        page_size: At most so many.
        page_token: Where the page before ended; empty for the first page.

    Raises:
        InvalidArgumentError: The token is not valid.
    """
    filters = ("users",)
    after = decode_token(page_token, filters, (str,))
    statement = select(users).order_by(users.c.user_id).limit(page_size + 1)
    if after is not None:
        statement = statement.where(users.c.user_id > after[0])
    found = [_from_row(row) for row in connection.execute(statement).mappings()]
    token = encode_token((found[page_size - 1].user_id,), filters) if len(found) > page_size else ""
    return Page(tuple(found[:page_size]), token)


def save(connection: Connection, user: User) -> None:
    """Stores the definition of a user, in place of the one that is there.

    Args:
        connection: A routing transaction, of which there is one at a time.
        user: The definition.
    """
    values = {
        "scopes": scopes_to_text(user.scopes),
        "admin": user.admin,
        "display_name": user.display_name,
        "description": user.description,
        "create_time_us": user.create_time_us,
        "update_time_us": user.update_time_us,
    }
    changed = connection.execute(update(users).where(users.c.user_id == user.user_id).values(values))
    if not changed.rowcount:
        connection.execute(insert(users).values(user_id=user.user_id, **values))


def remove(connection: Connection, user_id: str) -> None:
    """Deletes the definition of a user; one that is not there changes nothing."""
    connection.execute(delete(users).where(users.c.user_id == user_id))


def bind(connection: Connection, keys: Sequence[ApiKey]) -> list[BoundKey]:
    """Puts keys beside the definitions of their users, in the keys' order."""
    found = find_many(connection, list({key.user_id for key in keys}))
    return [BoundKey(key, found.get(key.user_id)) for key in keys]


def good_keys(connection: Connection, now_us: int, *, user_id: str = "") -> list[BoundKey]:
    """Answers the keys that are neither revoked nor expired, beside the definitions of their users.

    Args:
        connection: A transaction.
        now_us: The time, in UTC microseconds.
        user_id: Only keys of this user; empty for all.
    """
    keys = [key for key in api_keys.good(connection, now_us) if user_id in ("", key.user_id)]
    return bind(connection, keys)


def _from_row(row: Mapping[Any, Any]) -> User:
    return User(
        user_id=row["user_id"],
        scopes=scopes_from_text(row["scopes"]),
        admin=row["admin"],
        display_name=row["display_name"],
        description=row["description"],
        create_time_us=row["create_time_us"],
        update_time_us=row["update_time_us"],
    )
