"""Serves the HTTP application without touching the process's signals."""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING

import uvicorn

from pointsman.cli.http_connections import Connections, GuardedProtocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp

    from pointsman.settings import HttpLimits

CLOSE_SECONDS = 2


class HttpServer(uvicorn.Server):
    """uvicorn in a process whose signals belong to somebody else."""

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
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=max(1, round(limits.idle_seconds)),
        timeout_graceful_shutdown=CLOSE_SECONDS,
    )
    return HttpServer(config)
