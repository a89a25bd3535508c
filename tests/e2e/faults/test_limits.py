"""Limits, set low: past each a call is refused with the limit's name, and room made is room again."""

import threading
from collections.abc import Iterator

import grpc
import pytest

from stage.control import Control
from stage.oip import framed, infer_request
from stage.raw_client import RawClient
from stage.recording_backend import RecordingBackend, echo
from stage.server import Server
from stage.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(90)]

RESOURCE_EXHAUSTED = grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]
OK = 0
LIMITS = {
    "limits__max_connections": "6",
    "limits__max_in_flight_per_backend": "2",
    "limits__max_queued_per_backend": "1",
    "limits__max_message_bytes": "100000",
    "limits__max_connection_age_seconds": "2",
    "limits__connection_age_jitter_share": "0",
    "limits__default_deadline_seconds": "20",
}


class Gated(RecordingBackend):
    """Answers while its gate is open."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        super().__init__(self._answer)

    def _answer(self, message: bytes, context: grpc.ServicerContext) -> bytes:
        self.gate.wait(30)
        return echo(message, context)


@pytest.fixture(scope="module")
def gated() -> Iterator[Gated]:
    backend = Gated()
    yield backend
    backend.gate.set()
    backend.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, gated: Gated) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("limits"), settings=LIMITS)
    control = Control(server.grpc)
    control.route("r", {"a": gated.target, "b": gated.target})
    control.close()
    yield server
    server.end()


def request(size: int = 8) -> bytes:
    return framed(infer_request("r", b"y" * size).SerializeToString())


def test_calls_past_a_backends_limit_wait_and_past_the_queue_are_refused(
    server: Server, client: RawClient, gated: Gated
) -> None:
    gated.gate.clear()
    streams = []
    for _ in range(8):
        streams.append(client.open())
        client.send(streams[-1], request(), end=True)
    refused: list[int] = []
    while len(refused) < 5:
        client.receive()
        refused = [stream for stream in streams if client.has_answered(stream)]
    for stream in refused:
        assert client.answer(stream).status == RESOURCE_EXHAUSTED
        assert "per_backend" in client.answer(stream).message
    gated.gate.set()
    for stream in streams:
        if stream not in refused:
            assert client.answer(stream).status == OK
    assert client.call(request()).status == OK


def test_message_size_is_what_the_setting_says(client: RawClient) -> None:
    assert client.call(request(90_000)).status == OK
    answer = client.call(request(100_001))
    assert answer.status == RESOURCE_EXHAUSTED
    assert "100000" in answer.message


def test_connection_past_the_limit_is_closed_and_taken_once_another_has_gone(server: Server) -> None:
    def is_served() -> bool:
        try:
            with RawClient(server.grpc) as late:
                return late.call(request()).status == OK
        except (OSError, AssertionError):
            return False

    eventually(is_served)
    others = [RawClient(server.grpc) for _ in range(6)]
    try:
        eventually(lambda: not is_served())
    finally:
        for other in others:
            other.close()
    eventually(is_served)


def test_old_connection_is_asked_to_go_and_its_calls_are_finished(client: RawClient, gated: Gated) -> None:
    gated.gate.clear()
    seen = len(gated.seen)
    stream = client.open()
    client.send(stream, request(), end=True)
    eventually(lambda: len(gated.seen) > seen)
    while not client.is_going_away:
        client.receive()
    gated.gate.set()
    assert client.answer(stream).status == OK
    client.wait_for_close()
