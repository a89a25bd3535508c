"""Listens on an address, and says clearly why not."""

from __future__ import annotations

import errno
import ipaddress
import socket

from pointsman.cli.line.context import CommandError
from pointsman.settings import split_address


def listen(address: str, setting: str) -> socket.socket:
    """Listens on an address.

    Args:
        address: ``host:port``; port 0 lets the system choose.
        setting: The setting it comes from, for the error.

    Returns:
        The listening socket.

    Raises:
        CommandError: The address is in use or not ours.
    """
    host, port = split_address(address)
    try:
        family, _, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(place[:2], family=family, backlog=512)
    except OSError as error:
        raise CommandError(bind_failure(address, setting, error)) from error


def bind_failure(address: str, setting: str, error: OSError | None = None) -> str:
    """Says why an address cannot be listened on, and the way out.

    Args:
        address: ``host:port`` as it was set.
        setting: The setting it comes from, as its flag without dashes.
        error: What the system said; None when all that is known is that the address is in use.

    Returns:
        One line for people, which names the flag.
    """
    if error is None or error.errno == errno.EADDRINUSE:
        return (
            f"{address} is in use: stop what listens there, or choose another with --{setting} (port 0: any)"
        )
    reason = (error.strerror or str(error)).lower()
    return f"--{setting} {address} cannot be listened on: {reason}"


def address_of(listener: socket.socket) -> str:
    """Answers ``host:port`` of a listening socket, the port as the system chose it."""
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def is_loopback(address: str) -> bool:
    """Answers whether ``host:port`` can be reached from this machine only."""
    host, _ = split_address(address)
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def callable_address(address: str) -> str:
    """Answers where clients reach ``host:port``: under this machine's name when it listens everywhere."""
    host, port = split_address(address)
    return f"{socket.gethostname()}:{port}" if host in {"0.0.0.0", "::"} else address


def own_address(address: str) -> str:
    """Answers where this process itself reaches ``host:port``: on loopback when it listens everywhere."""
    host, port = split_address(address)
    return {"0.0.0.0": f"127.0.0.1:{port}", "::": f"[::1]:{port}"}.get(host, address)
