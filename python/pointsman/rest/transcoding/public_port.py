"""A client of the public gRPC port, for calls whose names are known at run time only."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import grpc
import grpc.aio

CONNECTIONS = 4
"""The control plane takes a sixteenth of its calls from one connection, and a quarter from one key."""

Metadata = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Answer:
    """What a call came back with.

    Attributes:
        message: The answer.
        trailers: The text metadata that came behind it.
    """

    message: Any
    trailers: Mapping[str, str]


class PublicPort:
    """Calls the public gRPC port as any client does. Made in a running event loop.

    Args:
        address: ``host:port``.
        max_message_bytes: The longest answer that is read.
    """

    def __init__(self, address: str, *, max_message_bytes: int) -> None:
        options = [
            ("grpc.max_receive_message_length", max_message_bytes),
            # The server says what is too long, in words.
            ("grpc.max_send_message_length", -1),
            # Channels to the same address would share one connection.
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.enable_retries", 0),
            ("grpc.enable_http_proxy", 0),
        ]
        self._channels = [grpc.aio.insecure_channel(address, options) for _ in range(CONNECTIONS)]
        self._turns = itertools.cycle(self._channels)

    async def call(
        self,
        rpc: str,
        request: Any,
        read: Callable[[bytes], Any],
        *,
        metadata: Metadata,
        timeout_seconds: float | None,
    ) -> Answer:
        """Makes one call. Cancelling it cancels the call at the server.

        Args:
            rpc: The path of the method.
            request: The message to send.
            read: Reads the bytes of the answer.
            metadata: What goes with the call.
            timeout_seconds: The deadline; None leaves it to the server.

        Returns:
            The answer.

        Raises:
            grpc.aio.AioRpcError: The call failed.
        """
        method = next(self._turns).unary_unary(
            rpc, request_serializer=_serialised, response_deserializer=read
        )
        call = method(request, metadata=tuple(metadata), timeout=timeout_seconds)
        message = await call
        trailers = await call.trailing_metadata()
        texts = {str(name): value for name, value in trailers or () if isinstance(value, str)}
        return Answer(message, texts)

    async def close(self) -> None:
        """Ends the connections, and calls in progress with them."""
        await asyncio.gather(*(channel.close() for channel in self._channels))


def _serialised(message: Any) -> bytes:
    serialised: bytes = message.SerializeToString()
    return serialised
