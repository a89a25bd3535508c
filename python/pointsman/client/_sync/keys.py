# Generated from _async/keys.py by scripts/generate_client.py: edit that file, then make generate.
"""The keys of the client that waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pointsman.client import _requests as requests
from pointsman.client._connection import Connection
from pointsman.client._types import ApiKey, NewApiKey, Scope

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime


class Keys:
    """The API keys, as ``client.keys``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def create(
        self,
        *,
        user_id: str = "",
        scopes: Sequence[Scope] = (),
        admin: bool = False,
        display_name: str = "",
        expire_time: datetime | None = None,
    ) -> NewApiKey:
        """Makes a key; its secret is in this answer and nowhere else.

        Args:
            user_id: Whom it shall belong to; empty means the caller. Another user's needs an admin.
            scopes: What it may do; at least one, except for an admin key.
            admin: Whether it may do everything; only an admin can make such a key.
            display_name: A name for people.
            expire_time: When it shall end by itself; None means never.

        Returns:
            The key and its secret.
        """
        return self._connection.send(requests.create_key(user_id, scopes, admin, display_name, expire_time))

    def list(self, *, user_id: str = "", page_size: int = 0) -> Iterator[ApiKey]:
        """Goes through the keys: an admin sees all, others their own."""
        return self._connection.pages(requests.list_keys(user_id, page_size))

    def revoke(self, key_id: str) -> ApiKey:
        """Revokes a key; it is refused everywhere within seconds."""
        return self._connection.send(requests.revoke_key(key_id))
