"""API keys in SQL; of their secrets, only digests."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, exists, insert, select, update

from pointsman.domain.keys import ApiKey, scopes_from_text, scopes_to_text
from pointsman.domain.pages import Page, decode_token, encode_token
from pointsman.store.schema import api_keys


def any_exists(connection: Connection) -> bool:
    """Whether a key was ever made, revoked ones included."""
    return bool(connection.execute(select(exists(select(api_keys.c.row_key)))).scalar_one())


def find(connection: Connection, key_id: str) -> ApiKey | None:
    """Finds a key by its id; None when there is none."""
    row = connection.execute(select(api_keys).where(api_keys.c.key_id == key_id)).mappings().one_or_none()
    return None if row is None else _from_row(row)


def list_page(connection: Connection, *, user_id: str, page_size: int, page_token: str) -> Page[ApiKey]:
    """Lists keys in the order they were made.

    Args:
        connection: A transaction.
        user_id: Only keys of this user; empty for all.
        page_size: At most so many.
        page_token: Where the page before ended.

    Raises:
        InvalidArgumentError: The token is not valid.
    """
    filters = ("api_keys", user_id)
    after = decode_token(page_token, filters, (int,))
    statement = select(api_keys)
    if user_id:
        statement = statement.where(api_keys.c.user_id == user_id)
    if after is not None:
        statement = statement.where(api_keys.c.row_key > after[0])
    statement = statement.order_by(api_keys.c.row_key).limit(page_size + 1)
    keys = [_from_row(row) for row in connection.execute(statement).mappings()]
    token = encode_token((keys[page_size - 1].row_key,), filters) if len(keys) > page_size else ""
    return Page(tuple(keys[:page_size]), token)


def good(connection: Connection, now_us: int) -> list[ApiKey]:
    """Answers the keys that are neither revoked nor expired."""
    statement = (
        select(api_keys)
        .where(
            api_keys.c.revoke_time_us.is_(None),
            api_keys.c.expire_time_us.is_(None) | (api_keys.c.expire_time_us > now_us),
        )
        .order_by(api_keys.c.row_key)
    )
    return [_from_row(row) for row in connection.execute(statement).mappings()]


def add(connection: Connection, key: ApiKey) -> ApiKey:
    """Stores a new key; answers it with its row key."""
    statement = (
        insert(api_keys)
        .values(
            key_id=key.key_id,
            secret_sha256=key.secret_sha256,
            user_id=key.user_id,
            scopes=scopes_to_text(key.scopes),
            admin=key.admin,
            display_name=key.display_name,
            create_time_us=key.create_time_us,
            expire_time_us=key.expire_time_us,
        )
        .returning(api_keys.c.row_key)
    )
    return dataclasses.replace(key, row_key=connection.execute(statement).scalar_one())


def revoke(connection: Connection, key_id: str, now_us: int) -> None:
    """Marks a key as revoked.

    Args:
        connection: A routing transaction.
        key_id: The key's id; one that is not there changes nothing.
        now_us: The time of it, in UTC microseconds.
    """
    connection.execute(update(api_keys).where(api_keys.c.key_id == key_id).values(revoke_time_us=now_us))


def _from_row(row: Mapping[Any, Any]) -> ApiKey:
    return ApiKey(
        key_id=row["key_id"],
        secret_sha256=bytes(row["secret_sha256"]),
        user_id=row["user_id"],
        scopes=scopes_from_text(row["scopes"]),
        admin=row["admin"],
        display_name=row["display_name"],
        create_time_us=row["create_time_us"],
        expire_time_us=row["expire_time_us"],
        revoke_time_us=row["revoke_time_us"],
        row_key=row["row_key"],
    )
