# Generated from _async/users.py by scripts/generate_client.py: edit that file, then make generate.
"""The users of keys of the client that waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pointsman.client import _requests as requests
from pointsman.client._connection import Connection
from pointsman.client._types import ApiKey, User

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Users:
    """The users that are defined, as ``client.users``; only admins see them.

    ``client.definitions.apply`` defines and changes users.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, user_id: str) -> User:
        """Answers the definition of a user."""
        return self._connection.send(requests.get_user(user_id))

    def list(self, *, page_size: int = 0) -> Iterator[User]:
        """Goes through the users that are defined, by their ids."""
        return self._connection.pages(requests.list_users(page_size))

    def delete(self, user_id: str, *, widen_keys: bool = False) -> Sequence[ApiKey]:
        """Deletes the definition of a user; its keys are bound by themselves only from then on.

        Args:
            user_id: The user.
            widen_keys: Delete it although keys in force may do more then; without it such a call is refused.

        Returns:
            The keys in force that may do more than before.
        """
        return self._connection.send(requests.delete_user(user_id, widen_keys))
