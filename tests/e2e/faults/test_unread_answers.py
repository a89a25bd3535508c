"""Clients that have no room for the answers they ask for hold nobody else up."""

import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from stage.backend_process import BackendProcess
from stage.control import Control
from stage.oip import INFER, framed, infer_request, raw_method
from stage.raw_client import RawClient
from stage.recording_backend import LARGE
from stage.server import Server
from stage.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.alone, pytest.mark.timeout(90)]

ROUTER = "unread"
CONNECTIONS, CALLS_EACH = 4, 10
QUIET_CALLS, ATTACKED_CALLS = 60, 200
PAUSE_SECONDS = 0.05
CALL_SECONDS = 5.0
MOST_RESIDENT_BYTES = (256 + 256) << 20
"""256 MiB and the default of limits.body_budget_bytes."""
RECOVERY_SECONDS = 2.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server with one thread, so that all calls share its connections to backends."""
    server = Server(tmp_path, arguments=("--threads", "1"), is_fork=False)
    yield server
    server.end()


@pytest.fixture
def backend() -> Iterator[BackendProcess]:
    backend = BackendProcess()
    yield backend
    backend.close()


def call_honestly(channel: grpc.Channel, calls: int) -> list[float]:
    """Calls every 50 ms and answers how long each took; a call that fails fails the test."""
    infer = raw_method(channel, INFER)
    request = infer_request(ROUTER).SerializeToString()
    took = []
    begun = time.monotonic()
    for number in range(calls):
        # A pace: each call has its time, whatever the one before took.
        time.sleep(max(0.0, begun + number * PAUSE_SECONDS - time.monotonic()))
        started = time.monotonic()
        infer(request, timeout=CALL_SECONDS)
        took.append(time.monotonic() - started)
    return took


def percentile_99(values: list[float]) -> float:
    """The value at the rank."""
    return sorted(values)[math.ceil(0.99 * len(values)) - 1]


def resident_bytes(pid: int) -> int:
    """The memory of a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    [line] = [line for line in lines if line.startswith("VmRSS:")]
    return int(line.split()[1]) * 1024


def metric(server: Server, name: str) -> float:
    """One number of the metrics, of all its series together."""
    lines = server.get("/metrics")[1].splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))


def begin_large(client: RawClient) -> None:
    """Asks for a large answer that will not be taken."""
    request = infer_request(ROUTER)
    request.id = LARGE
    client.send(client.open(), framed(request.SerializeToString()), end=True)


def test_answers_that_nobody_takes_slow_no_honest_client(
    server: Server, backend: BackendProcess, closing: Callable[[Any], Any]
) -> None:
    control = closing(Control(server.grpc))
    control.route(ROUTER, {"one": backend.target, "two": backend.target})
    channel = closing(grpc.insecure_channel(server.grpc))
    call_honestly(channel, 1)
    quiet = percentile_99(call_honestly(channel, QUIET_CALLS))
    attackers = [closing(RawClient(server.grpc, stream_window=0)) for _ in range(CONNECTIONS)]
    for _ in range(CALLS_EACH):
        for attacker in attackers:
            begin_large(attacker)
    attacked = percentile_99(call_honestly(channel, ATTACKED_CALLS))
    assert attacked <= 5 * quiet + 0.02, (attacked, quiet)
    assert resident_bytes(server.process.pid) <= MOST_RESIDENT_BYTES
    for attacker in attackers:
        attacker.close()
    eventually(
        lambda: (
            metric(server, "pointsman_body_budget_held_bytes") == 0
            and metric(server, "pointsman_backend_in_flight_requests") == 0
        ),
        RECOVERY_SECONDS,
        "the end of the attack",
    )
    assert percentile_99(call_honestly(channel, QUIET_CALLS)) <= 5 * quiet + 0.02
