"""Ports that the system chose."""

import socket


def free_ports(count: int) -> list[int]:
    """Answers ports that nothing listens on, for programs that cannot choose one themselves."""
    holders = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [holder.getsockname()[1] for holder in holders]
    finally:
        for holder in holders:
            holder.close()
