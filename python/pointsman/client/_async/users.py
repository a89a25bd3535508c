"""The users of keys of the client for asyncio."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pointsman.client import _requests as requests
from pointsman.client._connection import AsyncConnection
from pointsman.client._types import ApiKey, User

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence


class AsyncUsers:
    """The users that are defined, as ``client.users``; only admins see them.

    ``client.definitions.apply`` defines and changes users.
    """

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def get(self, user_id: str) -> User:
        """Answers the definition of a user."""
        return await self._connection.send(requests.get_user(user_id))

    def list(self, *, page_size: int = 0) -> AsyncIterator[User]:
        """Goes through the users that are defined, by their ids."""
        return self._connection.pages(requests.list_users(page_size))

    async def delete(self, user_id: str, *, widen_keys: bool = False) -> Sequence[ApiKey]:
        """Deletes the definition of a user; its keys are bound by themselves only from then on.

        Args:
            user_id: The user.
            widen_keys: Delete it although keys in force may do more then; without it such a call is refused.

        Returns:
            The keys in force that may do more than before.
        """
        return await self._connection.send(requests.delete_user(user_id, widen_keys))
