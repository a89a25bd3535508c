"""Serves the HTTP application without touching the process's signals."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp

MAX_CONCURRENT_REQUESTS = 256
CLOSE_SECONDS = 2


class HttpServer(uvicorn.Server):
    """uvicorn in a process whose signals belong to somebody else."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leaves the signals alone."""
        yield


def make_http_server(app: ASGIApp) -> HttpServer:
    """Makes the server; it ends when its ``should_exit`` is set."""
    config = uvicorn.Config(
        app,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=MAX_CONCURRENT_REQUESTS,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=CLOSE_SECONDS,
    )
    return HttpServer(config)
