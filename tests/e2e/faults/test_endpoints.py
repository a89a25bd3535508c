"""Several endpoints behind one variant: a dead one is left out, a new one is taken up."""

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest

from stage.backend_process import BackendProcess
from stage.control import Control
from stage.oip import infer, infer_request
from stage.recording_backend import RecordingBackend
from stage.server import Server
from stage.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(90)]


@dataclass
class Caller:
    """Calls a router without a pause and keeps when a call failed, and when the last that ended began."""

    address: str
    router_id: str
    calls: int = 0
    last_began: float = 0.0
    failures: list[tuple[float, str]] = field(default_factory=list)
    _ended: threading.Event = field(default_factory=threading.Event)

    def start(self) -> "Caller":
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return self

    def stop(self) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        request = infer_request(self.router_id, model_version="many")
        options = [("grpc.use_local_subchannel_pool", 1)]
        with grpc.insecure_channel(self.address, options) as channel:
            while not self._ended.is_set():
                started = time.monotonic()
                try:
                    infer(channel, request, timeout=10)
                except grpc.RpcError as error:
                    self.failures.append((started, f"{error.code()}: {error.details()}"))
                self.last_began = started
                self.calls += 1


@pytest.mark.alone
def test_one_of_three_endpoints_killed_fails_no_call_after_the_first_second(
    server: Server,
    control: Control,
    router_id: str,
    good: RecordingBackend,
    closing: Callable[[Any], Any],
) -> None:
    endpoints = [closing(BackendProcess()) for _ in range(3)]
    target = ",".join(endpoint.target for endpoint in endpoints)
    control.route(router_id, {"many": target, "other": good.target})
    callers = [Caller(server.grpc, router_id).start() for _ in range(4)]
    try:
        eventually(lambda: all(caller.calls > 50 for caller in callers))
        killed = time.monotonic()
        endpoints[1].kill()
        settled = killed + 1.0
        eventually(
            lambda: all(caller.last_began > settled + 3 for caller in callers), 30, "calls for three seconds"
        )
        before = [caller.calls for caller in callers]
        closing(BackendProcess(endpoints[1].port))
        eventually(
            lambda: all(caller.calls > count + 50 for caller, count in zip(callers, before, strict=True))
        )
    finally:
        for caller in callers:
            caller.stop()
    failures = [failure for caller in callers for failure in caller.failures]
    assert [failure for failure in failures if failure[0] > settled] == []
    assert [failure for failure in failures if failure[0] < killed - 0.5] == []
    assert len(failures) <= 2 * len(callers), failures


def test_endpoint_that_comes_back_gets_calls_again(
    server: Server,
    control: Control,
    router_id: str,
    good: RecordingBackend,
    closing: Callable[[Any], Any],
) -> None:
    first, second = RecordingBackend(), RecordingBackend()
    closing(first)
    control.route(router_id, {"many": f"{first.target},{second.target}", "other": good.target})
    request = infer_request(router_id, model_version="many")
    channel = closing(grpc.insecure_channel(server.grpc, [("grpc.use_local_subchannel_pool", 1)]))

    def both_are_called(*backends: RecordingBackend) -> bool:
        infer(channel, request)
        return all(backend.seen for backend in backends)

    eventually(lambda: both_are_called(first, second))
    second.close()
    with contextlib.suppress(grpc.RpcError):
        # This one may still meet the connection that is breaking.
        infer(channel, request)
    for _ in range(50):
        infer(channel, request)
    again = closing(RecordingBackend(port=second.port))
    eventually(lambda: both_are_called(again))


def test_calls_go_to_the_endpoint_with_the_fewest_in_flight(
    server: Server, control: Control, router_id: str, good: RecordingBackend, closing: Callable[[Any], Any]
) -> None:
    release = threading.Event()
    whole = good.behaviour

    def slow(message: bytes, context: grpc.ServicerContext) -> bytes:
        release.wait(20)
        return whole(message, context)

    busy, free = closing(RecordingBackend(slow)), closing(RecordingBackend())
    control.route(router_id, {"many": f"{busy.target},{free.target}", "other": good.target})
    request = infer_request(router_id, model_version="many").SerializeToString()
    channel = closing(grpc.insecure_channel(server.grpc, [("grpc.use_local_subchannel_pool", 1)]))
    call = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
    waiting = []
    while not busy.seen:
        waiting.append(call.future(request, timeout=30))
        eventually(lambda: sum(len(backend.seen) for backend in (busy, free)) >= len(waiting))
    # One call hangs at the busy endpoint now; one after another, all others go to the free one.
    for _ in range(30):
        call(request, timeout=10)
    assert len(busy.seen) == 1
    release.set()
    for future in waiting:
        future.result()
