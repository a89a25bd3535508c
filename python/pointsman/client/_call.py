"""One call as data: what is asked of which method, and what becomes of the answer.

The synchronous and the asynchronous client send the same calls; they differ in waiting only.
"""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import grpc
from google.protobuf.message import Message

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

DEFAULT_SERVER = "127.0.0.1:8500"
DEFAULT_TIMEOUT_SECONDS = 10.0
DEPLOY_TIMEOUT_SECONDS = 40.0
"""Longer than the 30 s that a server tries to put a router into service."""
READ_TIMEOUT_SECONDS = 30.0
"""A read over months of records takes its time."""
REPORT_TIMEOUT_SECONDS = 90.0
"""A report is drawn while no other is."""
ERASE_TIMEOUT_SECONDS = 600.0
"""Every file with rows of the entity is written anew."""
FILE_TIMEOUT_SECONDS = 120.0
"""The last piece of a file is answered when all of it is on the disk; a large model loads for long."""

TEST_TIMEOUT_SECONDS = 30.0
"""A file may have to be loaded before its model is asked."""

READ_ATTEMPTS = 3
"""How often a read is sent at most."""
FIRST_PAUSE_SECONDS = 0.1


@dataclass(frozen=True)
class Call(Generic[T_co]):
    """A unary call."""

    method: str
    """The full path, for example ``/pointsman.v1.RouterService/GetRouter``."""
    request: Message
    response: type[Message]
    convert: Callable[[Any], T_co]
    is_read: bool = False
    """Whether it may come twice: only then is it repeated when the server cannot be reached."""
    timeout_seconds: float | None = None
    """What it needs when the client's own timeout is too short for it."""


@dataclass(frozen=True)
class Page(Generic[T]):
    """A page of a list."""

    items: list[T]
    next_page_token: str


def call_metadata(api_key: str | None) -> tuple[tuple[str, str], ...]:
    """Answers the metadata that goes with every call."""
    return (("x-api-key", api_key),) if api_key else ()


_WEB_SCHEMES = frozenset({"http", "https", "grpc", "grpcs", "tcp"})


def address_fault(server: str) -> str:
    """Answers what is wrong with a server's address, and the way out; nothing when it can be called."""
    scheme, separator, rest = server.partition("://")
    if not separator or scheme.lower() not in _WEB_SCHEMES:
        return ""
    address = rest.partition("/")[0] or "HOST:PORT"
    return f"{server!r} begins with {scheme}://; name only host and port of the gRPC port, such as {address}"


def channel_options(server: str) -> list[tuple[str, int]]:
    """Answers the channel's options: answers of any size, and no proxy on the way to this machine itself.

    Raises:
        ValueError: The address is one of another kind.
    """
    if fault := address_fault(server):
        raise ValueError(f"server: {fault}")
    options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    if _is_loopback(server):
        options.append(("grpc.enable_http_proxy", 0))
    return options


def is_repeated(call: Call[Any], code: grpc.StatusCode, attempts: int) -> bool:
    """Answers whether a call that failed may be sent again: a read that did not reach the server.

    Args:
        call: The call, which says whether it is a read.
        code: The gRPC status code that it failed with.
        attempts: How often it was sent so far; a read is sent three times at most.
    """
    return call.is_read and code is grpc.StatusCode.UNAVAILABLE and attempts < READ_ATTEMPTS


def pause_seconds(attempt: int) -> float:
    """Answers how long to wait before a read is repeated: twice as long each time, spread at random."""
    return FIRST_PAUSE_SECONDS * float(2**attempt) * random.uniform(0.5, 1.5)


def _is_loopback(server: str) -> bool:
    host = server.rpartition(":")[0].strip("[]")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
