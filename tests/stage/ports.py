"""Ports that the system chose."""

import socket

_given: set[int] = set()


def free_port() -> int:
    """Answers a port that nothing listens on, and never the same again.

    A server remembers for a moment that nobody answered at an address; a port used twice would inherit that.
    """
    while True:
        with socket.create_server(("127.0.0.1", 0)) as holder:
            port: int = holder.getsockname()[1]
        if port not in _given:
            _given.add(port)
            return port


def free_ports(count: int) -> list[int]:
    """Answers different ports, for programs that cannot choose one themselves."""
    return [free_port() for _ in range(count)]
