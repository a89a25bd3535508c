"""The HTTP port on a socket: who asks is answered, whoever else holds connections open."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from starlette.types import Receive, Scope, Send

from pointsman.cli.serving.http_port import make_http_server
from pointsman.settings import HttpLimits

pytestmark = pytest.mark.timeout(30)

HALF = b"GET /livez HTTP/1.1\r\nhost: 127"
WHOLE = b"GET /livez HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"
LONG = 3600.0

Client = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[[], Awaitable[Client]]


class App:
    """Answers with a body of some length, once it may."""

    def __init__(self, length: int = 2) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        self.ended = asyncio.Event()
        self._length = length

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.gate.wait()
        headers = [(b"content-length", str(self._length).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        left = self._length
        while left:
            piece = min(left, 65_536)
            left -= piece
            await send({"type": "http.response.body", "body": bytes(piece), "more_body": left > 0})
        self.ended.set()


@asynccontextmanager
async def serving(app: App, limits: HttpLimits) -> AsyncIterator[Connect]:
    """Serves on a port of the system's choice; clients are closed in the end."""
    server = make_http_server(app, limits)
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    host, port = listener.getsockname()
    running = asyncio.create_task(server.serve(sockets=[listener]))
    clients: list[Client] = []

    async def connect() -> Client:
        clients.append(await asyncio.open_connection(host, port))
        return clients[-1]

    yield connect
    for _, writer in clients:
        writer.close()
    server.should_exit = True
    await running


async def ask(client: Client) -> bytes:
    reader, writer = client
    writer.write(WHOLE)
    head = await reader.readuntil(b"\r\n\r\n")
    await reader.readexactly(2)
    return head.split(b"\r\n")[0]


async def is_closed(client: Client) -> bool:
    """Waits for the end of a connection and answers that it came."""
    try:
        return await client[0].read() == b""
    except ConnectionError:
        return True


async def test_half_requests_past_the_limit_make_room_and_who_asks_is_answered() -> None:
    limits = HttpLimits(max_connections=8, head_seconds=LONG)
    async with serving(App(), limits) as connect:
        half = []
        for _ in range(60):
            half.append(await connect())
            half[-1][1].write(HALF)
            assert await ask(await connect()) == b"HTTP/1.1 200 OK"
        closed = await asyncio.wait_for(asyncio.gather(*(is_closed(client) for client in half[:52])), 10)
        assert all(closed), "the oldest go first"
        reader, writer = half[-1]
        writer.write(b".0.0.1\r\n\r\n")
        assert await reader.readline() == b"HTTP/1.1 200 OK\r\n", "the newest stay"


async def test_who_asked_before_a_burst_is_answered_though_the_loop_was_busy_all_the_while() -> None:
    async with serving(App(), HttpLimits(max_connections=64, head_seconds=LONG)) as connect:
        address = (await connect())[1].get_extra_info("peername")
        with contextlib.ExitStack() as stack:
            # Nothing is awaited here: all of them wait to be taken in when the loop goes on.
            honest = stack.enter_context(socket.create_connection(address, 5))
            honest.sendall(WHOLE)
            for _ in range(400):
                stack.enter_context(socket.create_connection(address, 5)).sendall(HALF)
            assert (await asyncio.to_thread(honest.recv, 100)).startswith(b"HTTP/1.1 200 OK\r\n")


async def test_a_request_in_progress_is_not_closed_for_those_that_ask_nothing() -> None:
    app = App()
    async with serving(app, HttpLimits(max_connections=4, head_seconds=LONG)) as connect:
        app.gate.clear()
        slow = await connect()
        slow[1].write(WHOLE)
        half = [await connect() for _ in range(40)]
        for _, writer in half:
            writer.write(HALF)
        await asyncio.wait_for(asyncio.gather(*(is_closed(client) for client in half[:36])), 10)
        app.gate.set()
        assert await slow[0].readline() == b"HTTP/1.1 200 OK\r\n"


async def test_a_head_that_stays_unfinished_is_ended_with_a_status() -> None:
    async with serving(App(), HttpLimits(head_seconds=0.1)) as connect:
        reader, writer = await connect()
        writer.write(HALF)
        assert (await reader.read()).startswith(b"HTTP/1.1 408 ")
        silent = await connect()
        assert await is_closed(silent)


async def test_a_head_that_begins_after_a_pause_has_its_own_time() -> None:
    async with serving(App(), HttpLimits(head_seconds=0.1, idle_seconds=LONG)) as connect:
        client = await connect()
        assert await ask(client) == b"HTTP/1.1 200 OK"
        client[1].write(HALF)
        assert (await client[0].read()).startswith(b"HTTP/1.1 408 ")


async def test_an_idle_connection_is_closed_and_one_in_use_is_not() -> None:
    app = App()
    async with serving(app, HttpLimits(head_seconds=0.1, idle_seconds=0.2)) as connect:
        idle, busy = await connect(), await connect()
        assert await ask(idle) == b"HTTP/1.1 200 OK"
        app.gate.clear()
        busy[1].write(WHOLE)
        assert await is_closed(idle)
        app.gate.set()
        assert await busy[0].readline() == b"HTTP/1.1 200 OK\r\n", "its answer took longer than both times"


async def test_a_client_that_does_not_take_its_answer_is_closed() -> None:
    app = App(length=64 << 20)
    async with serving(app, HttpLimits(request_seconds=0.2)) as connect:
        reader, writer = await connect()
        transport = writer.transport
        assert isinstance(transport, asyncio.Transport)
        transport.pause_reading()
        writer.write(WHOLE)
        await asyncio.wait_for(app.ended.wait(), 10)
        transport.resume_reading()
        received = 0
        with contextlib.suppress(ConnectionError):
            while piece := await reader.read(1 << 20):
                received += len(piece)
        assert received < 64 << 20, "the rest never came"
