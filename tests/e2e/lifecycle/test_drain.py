"""The end of a server: calls in flight are finished, everybody is told, the exit code is 0."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from stage.control import Control
from stage.oip import INFER, framed, infer_request, raw_method
from stage.raw_client import RawClient
from stage.recording_backend import RecordingBackend, echo
from stage.server import Server
from stage.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
SERVING = health_pb2.HealthCheckResponse.SERVING


class SlowBackend(RecordingBackend):
    """Answers when it is let."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.release = threading.Event()
        super().__init__(self._slow)

    def _slow(self, message: bytes, context: grpc.ServicerContext) -> bytes:
        self.entered.release()
        self.release.wait(60)
        return echo(message, context)


@pytest.fixture
def backend() -> Iterator[SlowBackend]:
    backend = SlowBackend()
    yield backend
    backend.release.set()
    backend.close()


Start = Callable[..., Server]


@pytest.fixture
def start(tmp_path: Path, backend: SlowBackend) -> Iterator[Start]:
    """Starts a server with a router over the backend."""
    started: list[Server] = []

    def run(**settings: str) -> Server:
        server = Server(tmp_path, settings=settings, is_fork=False)
        started.append(server)
        control = Control(server.grpc)
        control.route("r", {"a": backend.target, "b": backend.target})
        control.close()
        return server

    yield run
    for server in started:
        server.kill()


def begin_call(client: RawClient, backend: SlowBackend) -> int:
    stream = client.open()
    client.send(stream, framed(infer_request("r", id="mine").SerializeToString()), end=True)
    assert backend.entered.acquire(timeout=20)
    return stream


def test_calls_in_flight_are_finished_and_everybody_is_told(start: Start, backend: SlowBackend) -> None:
    server = start()
    with RawClient(server.grpc) as client, grpc.insecure_channel(server.grpc) as channel:
        statuses: list[int] = []
        watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(), timeout=60)
        statuses.append(next(watch).status)
        stream = begin_call(client, backend)
        assert server.get("/readyz")[0] == 200
        server.terminate()
        statuses.append(next(watch).status)
        assert statuses == [SERVING, NOT_SERVING]
        while not client.is_going_away:
            client.receive()
        assert eventually(lambda: server.get("/health")[0] == 503)
        assert server.process.poll() is None
        backend.release.set()
        answer = client.answer(stream)
        assert answer.status == 0
        assert b"mine" in answer.data
    assert server.wait() == 0
    assert '"cut_off_calls": 0' in server.log()


def test_no_new_connection_is_taken_while_draining(start: Start, backend: SlowBackend) -> None:
    server = start()
    with RawClient(server.grpc) as client:
        stream = begin_call(client, backend)
        server.terminate()
        while not client.is_going_away:
            client.receive()

        def is_refused() -> bool:
            try:
                with RawClient(server.grpc) as other:
                    other.wait_for_close()
            except OSError:
                return True
            return other.is_closed

        assert eventually(is_refused)
        backend.release.set()
        assert client.answer(stream).status == 0
    assert server.wait() == 0


def test_idle_server_with_open_connections_and_a_watch_ends_at_once(start: Start) -> None:
    server = start()
    with RawClient(server.grpc) as client, grpc.insecure_channel(server.grpc) as channel:
        watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(), timeout=60)
        next(watch)
        server.terminate()
        assert server.wait(15) == 0
        client.wait_for_close()


def test_call_that_does_not_end_is_cut_off_after_the_grace(start: Start, backend: SlowBackend) -> None:
    server = start(grace_seconds="0.5")
    with RawClient(server.grpc) as client:
        begin_call(client, backend)
        began = time.monotonic()
        server.terminate()
        assert server.wait(20) == 0
        # A busy machine makes it longer, never shorter.
        assert time.monotonic() - began > 0.5
    assert '"cut_off_calls": 1' in server.log()


def test_second_signal_ends_at_once(start: Start, backend: SlowBackend) -> None:
    server = start()
    with RawClient(server.grpc) as client:
        begin_call(client, backend)
        server.terminate()
        while not client.is_going_away:
            client.receive()
        server.terminate()
        assert server.wait(10) == 143


def test_large_answer_under_way_is_finished(start: Start, backend: SlowBackend) -> None:
    server = start()
    payload = b"z" * (4 << 20)
    request = infer_request("r", payload).SerializeToString()
    done: list[int] = []

    def call() -> None:
        options = [("grpc.max_receive_message_length", -1)]
        with grpc.insecure_channel(server.grpc, options) as channel:
            done.append(len(raw_method(channel, INFER)(request, timeout=60)))

    caller = threading.Thread(target=call)
    caller.start()
    assert backend.entered.acquire(timeout=20)
    server.terminate()
    eventually(lambda: "draining" in server.log())
    backend.release.set()
    caller.join()
    assert done
    assert done[0] > len(payload)
    assert server.wait() == 0
