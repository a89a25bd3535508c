"""Sends calls over a channel: with deadline and key, repeating reads, turning bad answers into errors."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar, cast

import grpc

from pointsman.client._call import Call, Page, call_metadata, channel_options, is_repeated, pause_seconds
from pointsman.client._errors import ClientError, error_from_status

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator

# grpc.aio comes with grpc, asyncio with grpc.aio; to import them by name here would run them in programs that
# never use them, too.
T = TypeVar("T")

ROWS_AT_A_TIME = 100


def check_concurrency(concurrency: int) -> None:
    """Checks how many calls may be under way at a time.

    Raises:
        ValueError: It is less than one.
    """
    if concurrency < 1:
        raise ValueError(f"concurrency: {concurrency} calls at a time send nothing; it is at least 1")


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

    def send_all(self, calls: Iterable[Call[T]], concurrency: int) -> list[T | ClientError]:
        """Sends many calls, several at a time; one that fails answers its error and loses no other.

        Args:
            calls: The calls. They are gone through once before any is sent, so that what cannot be sent is
                said while nothing has happened yet.
            concurrency: How many are under way at a time, at least 1.

        Returns:
            The answers, in the order of the calls.
        """
        check_concurrency(concurrency)
        count = sum(1 for _ in calls)
        waiting = enumerate(calls)
        taking = threading.Lock()
        stopped = threading.Event()
        outcomes: dict[int, T | ClientError] = {}

        def work() -> None:
            while not stopped.is_set():
                with taking:
                    taken = next(waiting, None)
                if taken is None:
                    return
                place, call = taken
                try:
                    outcomes[place] = self.send(call)
                except ClientError as error:
                    outcomes[place] = error

        with ThreadPoolExecutor(max(min(concurrency, count), 1)) as workers:
            try:
                for worker in [workers.submit(work) for _ in range(min(concurrency, count))]:
                    worker.result()
            finally:
                stopped.set()
        return [outcomes[place] for place in range(count)]

    def pages(self, at_page: Callable[[str], Call[Page[T]]]) -> Iterator[T]:
        """Goes through all pages of a list, asking for each when it is reached."""
        token = ""
        while True:
            page = self.send(at_page(token))
            yield from page.items
            token = page.next_page_token
            if not token:
                return

    def wait(self, seconds: float) -> None:
        """Lets time pass."""
        time.sleep(seconds)

    def work(self, function: Callable[[], T]) -> T:
        """Runs what takes a while by itself, such as reading a file."""
        return function()

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

    async def send_all(self, calls: Iterable[Call[T]], concurrency: int) -> list[T | ClientError]:
        """Sends many calls, several at a time; one that fails answers its error and loses no other.

        Args:
            calls: The calls. They are gone through once before any is sent, so that what cannot be sent is
                said while nothing has happened yet.
            concurrency: How many are under way at a time, at least 1.

        Returns:
            The answers, in the order of the calls.
        """
        import asyncio

        check_concurrency(concurrency)
        count = 0
        for _ in calls:
            count += 1
            if count % ROWS_AT_A_TIME == 0:
                await asyncio.sleep(0)  # other tasks of the loop shall not wait for a long table
        waiting = enumerate(calls)
        outcomes: dict[int, T | ClientError] = {}

        async def work() -> None:
            for place, call in waiting:
                try:
                    outcomes[place] = await self.send(call)
                except ClientError as error:
                    outcomes[place] = error

        async with asyncio.TaskGroup() as tasks:
            for _ in range(min(concurrency, count)):
                tasks.create_task(work())
        return [outcomes[place] for place in range(count)]

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

    async def wait(self, seconds: float) -> None:
        """Lets time pass."""
        import asyncio

        await asyncio.sleep(seconds)

    async def work(self, function: Callable[[], T]) -> T:
        """Runs what takes a while by itself, such as reading a file, beside the event loop."""
        import asyncio

        return await asyncio.to_thread(function)

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
