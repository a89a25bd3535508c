"""Sends calls over a channel: with deadline and key, repeating reads, turning bad answers into errors."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TypeVar, cast

import grpc

from pointsman.client._call import Call, Page, call_metadata, channel_options, is_repeated, pause_seconds
from pointsman.client._errors import error_from_status

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

# grpc.aio comes with grpc; to import it by name would run it in programs that never use it, too.
T = TypeVar("T")


class Connection:
    """Sends calls and waits for each; safe to share between threads."""

    def __init__(
        self,
        server: str,
        *,
        api_key: str | None,
        timeout_seconds: float,
        credentials: grpc.ChannelCredentials | None,
    ) -> None:
        options = channel_options(server)
        self._channel: grpc.Channel = (
            grpc.secure_channel(server, credentials, options)
            if credentials
            else grpc.insecure_channel(server, options)
        )
        self._metadata = call_metadata(api_key)
        self._timeout_seconds = timeout_seconds
        self._stubs: dict[str, Callable[..., Any]] = {}

    def send(self, call: Call[T]) -> T:
        """Sends a call; a read is repeated while the server cannot be reached and time is left."""
        ends = time.monotonic() + max(self._timeout_seconds, call.timeout_seconds or 0.0)
        stub = self._stub(call)
        attempt = 0
        while True:
            left_seconds = max(ends - time.monotonic(), 0.0)
            try:
                return call.convert(stub(call.request, timeout=left_seconds, metadata=self._metadata))
            except grpc.RpcError as error:
                pause = pause_seconds(attempt)
                attempt += 1
                if is_repeated(call, error.code(), attempt) and time.monotonic() + pause < ends:
                    time.sleep(pause)
                    continue
                trailing = cast("Any", error.trailing_metadata())
                raise error_from_status(error.code(), error.details(), trailing) from error

    def pages(self, at_page: Callable[[str], Call[Page[T]]]) -> Iterator[T]:
        """Goes through all pages of a list, asking for each when it is reached."""
        token = ""
        while True:
            page = self.send(at_page(token))
            yield from page.items
            token = page.next_page_token
            if not token:
                return

    def close(self) -> None:
        """Closes the channel; calls in flight are cancelled."""
        self._channel.close()

    def _stub(self, call: Call[Any]) -> Callable[..., Any]:
        return _stub(self._channel, self._stubs, call)


class AsyncConnection:
    """Sends calls on an event loop."""

    def __init__(
        self,
        server: str,
        *,
        api_key: str | None,
        timeout_seconds: float,
        credentials: grpc.ChannelCredentials | None,
    ) -> None:
        options = channel_options(server)
        self._channel: grpc.aio.Channel = (
            grpc.aio.secure_channel(server, credentials, options)
            if credentials
            else grpc.aio.insecure_channel(server, options)
        )
        self._metadata = call_metadata(api_key)
        self._timeout_seconds = timeout_seconds
        self._stubs: dict[str, Callable[..., Any]] = {}

    async def send(self, call: Call[T]) -> T:
        """Sends a call; a read is repeated while the server cannot be reached and time is left."""
        ends = time.monotonic() + max(self._timeout_seconds, call.timeout_seconds or 0.0)
        stub = self._stub(call)
        attempt = 0
        while True:
            left_seconds = max(ends - time.monotonic(), 0.0)
            try:
                return call.convert(await stub(call.request, timeout=left_seconds, metadata=self._metadata))
            except grpc.aio.AioRpcError as error:
                pause = pause_seconds(attempt)
                attempt += 1
                if is_repeated(call, error.code(), attempt) and time.monotonic() + pause < ends:
                    import asyncio

                    await asyncio.sleep(pause)
                    continue
                trailing = cast("Any", error.trailing_metadata())
                raise error_from_status(error.code(), error.details(), trailing) from error

    async def pages(self, at_page: Callable[[str], Call[Page[T]]]) -> AsyncIterator[T]:
        """Goes through all pages of a list, asking for each when it is reached."""
        token = ""
        while True:
            page = await self.send(at_page(token))
            for item in page.items:
                yield item
            token = page.next_page_token
            if not token:
                return

    async def close(self) -> None:
        """Closes the channel; calls in flight are cancelled."""
        await self._channel.close()

    def _stub(self, call: Call[Any]) -> Callable[..., Any]:
        return _stub(self._channel, self._stubs, call)


def _stub(
    channel: grpc.Channel | grpc.aio.Channel, stubs: dict[str, Callable[..., Any]], call: Call[Any]
) -> Callable[..., Any]:
    """Answers the channel's function for a method, made once."""
    stub = stubs.get(call.method)
    if stub is None:
        stub = channel.unary_unary(
            call.method,
            request_serializer=type(call.request).SerializeToString,
            response_deserializer=call.response.FromString,
        )
        stubs[call.method] = stub
    return stub
