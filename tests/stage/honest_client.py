"""An honest client beside an attack: it asks every 50 ms, in a process of its own, and keeps what came of it.

What it asks is a function that makes a function: the first is called once in the client's process and answers
the second, which asks once and raises when it is not answered. Some are here; a test may bring its own, if a
process that knows only its name can call it.
"""

import contextlib
import functools
import math
import multiprocessing
import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Self

import grpc

from .oip import INFER, infer_request, raw_method
from .process_memory import PeakMemory

Ask = Callable[[], object]
PERIOD_SECONDS = 0.05
PATIENCE_SECONDS = 10.0
START_SECONDS = 60.0
WARM_UP_CALLS = 10
_BEGIN, _TELL, _PAUSE = "begin", "tell", "pause"
"""What its process is asked."""

TIMES_QUIET = 5.0
ALLOWANCE_SECONDS = 0.02
BASE_BYTES = 256 << 20
RECOVERY_SECONDS = 2.0


@dataclass(frozen=True)
class Call:
    """One call: when it was made, how long it took, and why it failed, if it did."""

    started: float
    seconds: float
    failure: str = ""


@dataclass(frozen=True)
class Calls:
    """The calls of some time."""

    calls: Sequence[Call]

    @property
    def failures(self) -> list[str]:
        return [call.failure for call in self.calls if call.failure]

    @property
    def p99_seconds(self) -> float:
        """What all but one of a hundred calls took at most."""
        ordered = sorted(call.seconds for call in self.calls)
        return ordered[math.ceil(len(ordered) * 0.99) - 1]


class HonestClient:
    """Asks while it is entered; to be entered again costs no start of a process.

    Args:
        make_ask: Makes what asks once; is called in the client's process.
    """

    def __init__(self, make_ask: Callable[[], Ask]) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_run, args=(make_ask, theirs), daemon=True)
        self._process.start()
        theirs.close()
        self._calls: list[Call] = []

    def __enter__(self) -> Self:
        self._pipe.send(_BEGIN)
        assert self._pipe.poll(START_SECONDS), "the client does not start"
        self._pipe.recv()
        return self

    def __exit__(self, *_: object) -> None:
        self._pipe.send(_PAUSE)
        self._calls.clear()

    def calls(self, since: float, until: float = math.inf) -> Calls:
        """The calls that were begun in a time, by the monotonic clock, and have ended."""
        self._pipe.send(_TELL)
        self._calls += self._pipe.recv()
        return Calls([call for call in self._calls if since <= call.started < until])

    def close(self) -> None:
        """Ends its process."""
        self._process.kill()
        self._process.join()
        self._pipe.close()


def _run(make_ask: Callable[[], Ask], pipe: Connection) -> None:
    ask = make_ask()
    # Those who have ended it need no answer.
    with contextlib.suppress(EOFError):
        while True:
            assert pipe.recv() == _BEGIN
            for _ in range(WARM_UP_CALLS):
                ask()
            pipe.send(None)
            _ask_until_paused(ask, pipe)


def _ask_until_paused(ask: Ask, pipe: Connection) -> None:
    calls: list[Call] = []
    due = time.monotonic()
    while True:
        calls.append(_call(ask))
        # One that took long is followed by the next at once, not by all that were missed.
        due = max(due + PERIOD_SECONDS, time.monotonic())
        while pipe.poll(max(0.0, due - time.monotonic())):
            if pipe.recv() == _PAUSE:
                return
            pipe.send(calls)
            calls = []


def _call(ask: Ask) -> Call:
    started = time.monotonic()
    try:
        ask()
    except Exception as error:  # noqa: BLE001 - whatever it is, the call was not answered
        return Call(started, time.monotonic() - started, repr(error)[:500])
    return Call(started, time.monotonic() - started)


def infer(address: str, router_id: str, key: str = "", size: int = 8, gzip: bool = False) -> Ask:
    """Asks a router, with a message of about so many bytes."""
    compression = grpc.Compression.Gzip if gzip else grpc.Compression.NoCompression
    message = infer_request(router_id, bytes(size)).SerializeToString()
    return unary(address, INFER, message, key, compression)


def unary(
    address: str,
    path: str,
    message: bytes = b"",
    key: str = "",
    compression: grpc.Compression = grpc.Compression.NoCompression,
) -> Ask:
    """Calls a method with the bytes of a message."""
    channel = grpc.insecure_channel(address, [("grpc.use_local_subchannel_pool", 1)])
    call = raw_method(channel, path)
    metadata = (("x-api-key", key),) if key else ()
    return functools.partial(
        call, message, metadata=metadata, timeout=PATIENCE_SECONDS, compression=compression
    )


def get(url: str) -> Ask:
    """Asks by HTTP, on a new connection each time as orchestrators do; anything but 200 is no answer."""

    def ask() -> Any:
        with urllib.request.urlopen(url, timeout=PATIENCE_SECONDS) as answer:
            return answer.read()

    return ask


def withstands(
    attack: Callable[[], object],
    clients: Sequence[HonestClient],
    pid: int,
    budget_bytes: int,
    *,
    quiet_seconds: float = 3.0,
    attempts: int = 3,
) -> None:
    """Measures honest clients before, in and after an attack, and insists that they are served.

    Args:
        attack: Attacks, for some seconds, and ends what it began.
        clients: Those who are to be served all the while.
        pid: The server's process.
        budget_bytes: Its budget of bytes for messages.
        quiet_seconds: How long the time before the attack is measured.
        attempts: How often a late answer may be put down to what else the machine does: the attack is
            repeated, and what it does to answers is done each time. All else must be right every time.

    Raises:
        AssertionError: Calls were not answered or too late, memory grew, or the server did not recover.
    """
    for _ in range(attempts):
        late = _attacked(attack, clients, pid, budget_bytes, quiet_seconds)
        if not late:
            return
    raise AssertionError(late)


def _attacked(
    attack: Callable[[], object],
    clients: Sequence[HonestClient],
    pid: int,
    budget_bytes: int,
    quiet_seconds: float,
) -> list[str]:
    """Attacks once; answers which answers were late."""
    # Nothing is waited for here: these are the times that clients are watched for, before, in and after.
    quiet_began = time.monotonic()
    time.sleep(quiet_seconds)
    began = time.monotonic()
    with PeakMemory(pid) as memory:
        attack()
        ended = time.monotonic()
        time.sleep(RECOVERY_SECONDS)
        recovered = time.monotonic()
        time.sleep(1.0)
    finished = time.monotonic()
    late = []
    for client in clients:
        quiet, attacked = client.calls(quiet_began, began), client.calls(began, recovered)
        after = client.calls(recovered, finished)
        most = TIMES_QUIET * quiet.p99_seconds + ALLOWANCE_SECONDS
        measured = (
            f"quiet p99 {quiet.p99_seconds * 1e3:.1f} ms; attacked for {ended - began:.1f} s: "
            f"{len(attacked.calls)} calls, p99 {attacked.p99_seconds * 1e3:.1f} ms of {most * 1e3:.1f} ms; "
            f"after p99 {after.p99_seconds * 1e3:.1f} ms; peak {memory.peak_bytes >> 20} MiB"
        )
        print(measured)
        assert not quiet.failures, quiet.failures
        assert not attacked.failures, attacked.failures
        assert not after.failures, after.failures
        if max(attacked.p99_seconds, after.p99_seconds) > most:
            late.append(measured)
    assert memory.peak_bytes <= BASE_BYTES + budget_bytes, f"{memory.peak_bytes >> 20} MiB"
    return late
