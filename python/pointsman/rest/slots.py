"""Bounds the requests in progress; whether the server is alive is answered whatever else goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pointsman.rest.problems import Problem, problem_response

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.types import ASGIApp, Receive, Scope, Send


class Slots:
    """ASGI middleware that answers 503 past so many requests at a time.

    Args:
        app: What answers the others.
        most: Requests at a time.
        exempt: Paths that are always answered: an orchestrator that asks whether the server lives must not
            be told that it is busy, and who reads a file slowly takes no place from others.
    """

    def __init__(self, app: ASGIApp, *, most: int, exempt: Collection[str]) -> None:
        self._app = app
        self._most = most
        self._exempt = frozenset(exempt)
        self._taken = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, or refuses it."""
        if scope["type"] != "http" or scope["path"] in self._exempt:
            await self._app(scope, receive, send)
            return
        if self._taken >= self._most:
            await problem_response(_busy(self._most), scope)(scope, receive, send)
            return
        self._taken += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._taken -= 1


def _busy(most: int) -> Problem:
    detail = f"{most} requests are in progress (http_limits.max_requests); try again in a second"
    return Problem("RESOURCE_EXHAUSTED", detail, status=503, headers={"retry-after": "1"})
