"""The routers of the client for asyncio."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pointsman.client import _requests as requests
from pointsman.client._async.router_records import AsyncRouterRecords
from pointsman.client._async.router_traffic import AsyncRouterTraffic
from pointsman.client._connection import AsyncConnection
from pointsman.client._types import Deployment, Router, RouterPermissions, RouterStatus, Strategy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence


class AsyncRouters(AsyncRouterTraffic, AsyncRouterRecords):
    """The routers, as ``client.routers``."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def create(self, router: Router, *, validate_only: bool = False) -> Router:
        """Creates a router in status registered.

        Args:
            router: Its id and its variants. An admin may name another user as its owner.
            validate_only: Check only; change nothing.

        Returns:
            The router as it was created.

        Example::

            variants = [Variant("lr", "cancer", "1", 70), Variant("gb", "cancer", "2", 30)]
            await client.routers.create(Router("cancer", variants=variants))
        """
        return await self._connection.send(requests.create_router(router, validate_only))

    async def get(self, router_id: str) -> Router:
        """Answers one router."""
        return await self._connection.send(requests.get_router(router_id))

    def list(
        self,
        *,
        status: RouterStatus = RouterStatus.UNSPECIFIED,
        strategy: Strategy = Strategy.UNSPECIFIED,
        owner: str = "",
        tag: str = "",
        page_size: int = 0,
    ) -> AsyncIterator[Router]:
        """Goes through the routers that the caller may read, ordered by id.

        Args:
            status: Only routers in this status.
            strategy: Only routers of this strategy.
            owner: Only routers of this user.
            tag: Only routers with this tag.
            page_size: How many to ask for at a time; 0 lets the server choose.

        Returns:
            An iterator that asks for the next page when it is reached.
        """
        return self._connection.pages(requests.list_routers(status, strategy, owner, tag, page_size))

    async def update(self, router: Router, fields: Sequence[str], *, validate_only: bool = False) -> Router:
        """Changes the named fields of a router; on a running one they take effect at once.

        Args:
            router: The router with its new values. When its etag is set and old, the update is refused.
            fields: Names of fields of :class:`Router` that are not the server's to set, but for
                ``router_id``, ``strategy`` and ``permissions``; ``owner`` hands it over to another user.
            validate_only: Check only; change nothing.

        Returns:
            The router after the change.

        Example::

            router = await client.routers.get("cancer")
            changed = dataclasses.replace(router, description="Spring trial")
            await client.routers.update(changed, ["description"])
        """
        return await self._connection.send(requests.update_router(router, fields, validate_only))

    async def delete(self, router_id: str, *, etag: str = "") -> None:
        """Deletes a router; a running one is stopped first."""
        await self._connection.send(requests.delete_router(router_id, etag))

    async def deploy(self, router_id: str, *, etag: str = "") -> Deployment:
        """Puts a router into service and answers when it is running or has failed, within 40 s."""
        return await self._connection.send(requests.deploy_router(router_id, etag))

    async def start(self, router_id: str, *, etag: str = "") -> Deployment:
        """Puts a stopped router back into service."""
        return await self._connection.send(requests.start_router(router_id, etag))

    async def stop(self, router_id: str, *, etag: str = "") -> Router:
        """Takes a running router out of service; its configuration stays."""
        return await self._connection.send(requests.stop_router(router_id, etag))

    async def set_permissions(
        self, router_id: str, permissions: RouterPermissions, *, etag: str = ""
    ) -> Router:
        """Sets who may read and call a router, replacing what was set before.

        Args:
            router_id: The router.
            permissions: All of them; whoever is not among ``shared_user_ids`` is not shared with any more.
            etag: When set and old, the change is refused.

        Returns:
            The router with its new permissions.

        Raises:
            AbortedError: The etag is old.
            InvalidArgumentError: A user id is not well-formed.
            NotFoundError: There is no such router, or the caller may not know of it.
            PermissionDeniedError: The caller may not change the router.
        """
        return await self._connection.send(requests.set_permissions(router_id, permissions, etag))
