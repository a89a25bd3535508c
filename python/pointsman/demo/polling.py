"""What the server says of the router while the demo's traffic runs."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pointsman.client import AsyncClient, RouterMetrics


@asynccontextmanager
async def polled_metrics(
    client: AsyncClient, router_id: str, pause_seconds: float
) -> AsyncIterator[list[RouterMetrics]]:
    """Asks for the server's live figures now and then while the context lasts; the list holds the latest.

    Args:
        client: Calls the server.
        router_id: The router.
        pause_seconds: How long it waits before it asks again.
    """
    latest: list[RouterMetrics] = []

    async def poll() -> None:
        while True:
            latest[:] = [await client.routers.metrics(router_id, live=True)]
            await asyncio.sleep(pause_seconds)

    task = asyncio.create_task(poll())
    try:
        yield latest
    finally:
        task.cancel()
