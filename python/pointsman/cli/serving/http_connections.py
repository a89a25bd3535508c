"""Keeps the HTTP port open for those who ask, whoever else holds connections open without asking.

uvicorn waits for a request's head, and for a client to take its answer, for ever. Here every connection has a
time for each, and past so many connections the oldest that has no request in progress is closed: who asks at
once is answered however many others are half open.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from pointsman.rest import patience

if TYPE_CHECKING:
    from uvicorn.config import Config
    from uvicorn.server import ServerState

    from pointsman.settings import HttpLimits

SWEEP_SECONDS = 0.05
"""How long new connections get to send what is on its way already, before old ones are closed for them."""

MOST_TIMES = 2
"""Past so many times the connections allowed, which a burst may reach, old ones are closed at once."""

_TOO_LATE = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class Connections:
    """The open connections, the oldest first: those that wait for a request, and those that answer one.

    Args:
        limits: How many there may be, and how long each step may take.
    """

    def __init__(self, limits: HttpLimits) -> None:
        self.limits = limits
        self._waiting: dict[GuardedProtocol, None] = {}
        self._answering: dict[GuardedProtocol, None] = {}
        self._sweep: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        """Counts the open connections."""
        return len(self._waiting) + len(self._answering)

    def add(self, connection: GuardedProtocol) -> None:
        """Takes a new connection in, for which an old one may have to go."""
        self._waiting[connection] = None
        most = self.limits.max_connections
        if len(self) > most * MOST_TIMES:
            self._close_oldest()
        elif len(self) > most and self._sweep is None:
            self._sweep = asyncio.get_running_loop().call_later(SWEEP_SECONDS, self._sweep_old)

    def begin_request(self, connection: GuardedProtocol) -> None:
        """Keeps a connection from being closed before those that ask nothing."""
        if self._waiting.pop(connection, 0) is None:
            self._answering[connection] = None

    def end_request(self, connection: GuardedProtocol) -> None:
        """Lets a connection wait for its next request."""
        if self._answering.pop(connection, 0) is None:
            self._waiting[connection] = None

    def remove(self, connection: GuardedProtocol) -> None:
        """Forgets a connection that is closed."""
        self._waiting.pop(connection, None)
        self._answering.pop(connection, None)

    def _sweep_old(self) -> None:
        self._sweep = None
        while len(self) > self.limits.max_connections:
            self._close_oldest()

    def _close_oldest(self) -> None:
        oldest = next(iter(self._waiting or self._answering))
        self.remove(oldest)
        oldest.transport.abort()


class GuardedProtocol(H11Protocol):
    """A connection that has a time for each head, each answer, and each pause between them.

    Args:
        connections: All connections of the port.
        config: uvicorn's configuration.
        server_state: What uvicorn's connections share.
        app_state: What the application's requests share.
        _loop: The loop; none means the running one.
    """

    def __init__(
        self,
        connections: Connections,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._all = connections
        self._limits = connections.limits
        self._timer: asyncio.TimerHandle | None = None
        self._is_answering = False
        self._is_head_begun = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Takes the connection in; its first head is due."""
        super().connection_made(transport)
        self._all.add(self)
        if not transport.is_closing():
            self._expect(self._limits.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets the connection."""
        if self._timer is not None:
            self._timer.cancel()
        self._all.remove(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Takes bytes; when they complete a head, its answer is due, and the rest of the head otherwise."""
        # The time for a head begins with its first byte: an open connection may be idle for longer.
        if not self._is_head_begun and not self._is_answering:
            self._is_head_begun = True
            self._expect(self._limits.head_seconds)
        super().data_received(data)
        self._follow()

    def on_response_complete(self) -> None:
        """Waits for the next request, which may be here already."""
        super().on_response_complete()
        self._is_answering = False
        self._is_head_begun = False
        self._all.end_request(self)
        if not self.transport.is_closing():
            self._expect(self._limits.idle_seconds)
        self._follow()

    def _follow(self) -> None:
        """Notices that a request has begun."""
        is_answering = self.cycle is not None and not self.cycle.response_complete
        if is_answering and not self._is_answering:
            self._is_answering = True
            self._all.begin_request(self)
            self._expect(self._limits.request_seconds)

    def _expect(self, seconds: float) -> None:
        """Gives the next step its time."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.loop.call_later(seconds, self._give_up)

    def _give_up(self) -> None:
        """Closes a connection whose step took too long."""
        if self._is_head_begun and not self._is_answering and not self.transport.is_closing():
            self.transport.write(_TOO_LATE)
            self.transport.close()
            # Should the client not even take these bytes.
            self._expect(self._limits.head_seconds)
            return
        # A file that comes piece by piece may take longer than an answer.
        if self._is_answering and (left := patience.seconds_left(self.scope, self.loop.time())):
            self._expect(left)
            return
        # What a client does not take would keep an orderly close waiting for ever.
        self.transport.abort()
