"""Serves the HTTP application without touching the process's signals."""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING

import uvicorn

from pointsman.cli.serving.http_connections import Connections, GuardedProtocol

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from starlette.types import ASGIApp

    from pointsman.settings import HttpLimits

CLOSE_SECONDS = 2
ACCEPTED_AT_ONCE = 32
"""Connections that the loop takes in before it reads from others: in a burst, who has asked already would
otherwise be closed as one that asks nothing.
"""
WAITING_CONNECTIONS = 2048
"""Connections that may wait to be taken in."""


class HttpServer(uvicorn.Server):
    """uvicorn in a process whose signals belong to somebody else."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begins to listen; more may wait than are taken in at once."""
        await super().startup(sockets)
        for listener in sockets or []:
            listener.listen(WAITING_CONNECTIONS)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leaves the signals alone."""
        yield


def make_http_server(app: ASGIApp, limits: HttpLimits) -> HttpServer:
    """Makes the server; it ends when its ``should_exit`` is set.

    Args:
        app: What answers.
        limits: How many connections there may be, and how long each step may take.

    Returns:
        A server that has not begun.
    """
    config = uvicorn.Config(
        app,
        # A class is expected where only something that makes connections is needed.
        http=functools.partial(GuardedProtocol, Connections(limits)),  # type: ignore[arg-type]
        lifespan="off",
        backlog=ACCEPTED_AT_ONCE,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=max(1, round(limits.idle_seconds)),
        timeout_graceful_shutdown=CLOSE_SECONDS,
    )
    return HttpServer(config)
