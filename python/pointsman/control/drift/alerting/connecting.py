"""Connects to targets of messages: the one place where they are checked, for all channels.

A name is resolved once, and one of the addresses that were checked is connected to. So nothing changes
between the check and the connection, whoever answers for the name.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator

from pointsman.domain.drift.alerting.addresses import AllowedTargets, refusal

Resolver = Callable[[str, int], list[str]]
"""Answers the addresses of a host, as the system would connect to them."""

_CONNECT_SECONDS = 5.0


class RefusedTargetError(Exception):
    """A target has an address that nothing is sent to; the message says which.

    Attributes:
        reason: The same for whoever may not know where the target is.
    """

    reason = "its address is refused, for it is not public; an operator can add it to alerts.allowed_targets"


def resolve(host: str, port: int) -> list[str]:
    """Answers the addresses of a host, each once; numbers in any form that the system takes are hosts.

    Raises:
        OSError: The name has none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Connector:
    """Opens connections to checked addresses.

    Args:
        allowed: What may be connected to although it is in no public network.
        timeout_seconds: How long a connection may be open, from its beginning to its end.
        resolver: Answers the addresses of a host.
        authorities: Certificates of authorities that are trusted beside the system's, in PEM.
    """

    def __init__(
        self,
        allowed: AllowedTargets,
        timeout_seconds: float,
        resolver: Resolver = resolve,
        authorities: str = "",
    ) -> None:
        self._allowed = allowed
        self.timeout_seconds = timeout_seconds
        self._resolver = resolver
        self._authorities = authorities

    def trust(self) -> ssl.SSLContext:
        """Answers whose certificates are accepted; of the system's authorities those that it has now."""
        context = ssl.create_default_context()
        if self._authorities:
            context.load_verify_locations(cadata=self._authorities)
        return context

    def addresses(self, host: str, port: int) -> list[str]:
        """Answers the addresses of a host, all of which may be connected to.

        Args:
            host: A name or an address.
            port: The port.

        Raises:
            RefusedTargetError: One of them may not be: a name that leads to one is not trusted with another.
            OSError: The name has no address.
        """
        found = self._resolver(host, port)
        if not found:
            raise OSError(f"{host} has no address")
        for address in found:
            reason = refusal(address)
            if reason and not self._allowed.allow(host, address, port):
                raise RefusedTargetError(
                    f"{host}:{port} is refused: {reason}; an operator can add it to alerts.allowed_targets"
                )
        return found

    @contextlib.contextmanager
    def open(self, host: str, port: int) -> Iterator[socket.socket]:
        """Opens a connection, which is cut when its time is up, whoever sends or waits on it then.

        Args:
            host: A name or an address.
            port: The port.

        Raises:
            RefusedTargetError: It may not be connected to.
            OSError: It cannot be.
        """
        ends = time.monotonic() + self.timeout_seconds
        with self._first(self.addresses(host, port), port, ends) as connected:
            # TLS takes the socket over; what cuts the connection holds one of its own.
            handle = connected.dup()
            cut = threading.Timer(max(0.0, ends - time.monotonic()), _shut, (handle,))
            cut.daemon = True
            cut.start()
            try:
                yield connected
            finally:
                cut.cancel()
                cut.join()
                handle.close()

    def _first(self, addresses: list[str], port: int, ends: float) -> socket.socket:
        failure = OSError("no address was tried in time")
        for address in addresses:
            left = ends - time.monotonic()
            if left <= 0:
                break
            try:
                # A literal address: nothing is resolved again.
                connected = socket.create_connection((address, port), min(left, _CONNECT_SECONDS))
            except OSError as error:
                failure = error
            else:
                connected.settimeout(max(0.1, ends - time.monotonic()))
                return connected
        raise failure


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
