"""Servers that end their connections in order: Envoy and nginx after requests, a gRPC server after a time."""

import socket
import string
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from benches.load.contestants import HERE as LOAD
from benches.load.contestants import find_envoy, read_listener_address
from benches.load.processes import ROOT, START_SECONDS, HarnessError, Program

HERE = Path(__file__).parent


class Model(NamedTuple):
    """A model that peers stand before: how long it takes, and the backend that answers for it."""

    delay_ms: int
    port: int


def start_envoy(stack: ExitStack, folder: Path, model: Model, most_requests: int) -> str:
    """Starts an Envoy that ends a connection after so many requests; answers its address."""
    config = _fill(HERE / "envoy.yaml", folder, {"port": model.port, "most_requests": most_requests})
    return run_envoy(stack, folder, config, "closing-envoy")


def start_envoy_in_between(stack: ExitStack, folder: Path, peer: str) -> str:
    """Starts an Envoy that forwards to a peer, as pointsman does; answers its address."""
    port = peer.rpartition(":")[2]
    config = _fill(LOAD / "envoy.yaml", folder, {"port_a": port, "port_b": port})
    return run_envoy(stack, folder, config, "envoy-in-between")


def run_envoy(stack: ExitStack, folder: Path, config: Path, name: str) -> str:
    """Starts an Envoy with one worker on a configuration file; answers its listener's address."""
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
    return read_listener_address(program.wait_for_file(admin_file))


def start_nginx(stack: ExitStack, folder: Path, model: Model, most_requests: int) -> str:
    """Starts an nginx that ends a connection after so many requests; answers its address.

    Raises:
        HarnessError: It is not there or does not listen in time.
    """
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        port = chosen.getsockname()[1]
    names = {"port": port, "backend_port": model.port, "most_requests": most_requests, "folder": folder}
    config = _fill(HERE / "nginx.conf", folder, names)
    command = ["nginx", "-p", folder, "-e", folder / "nginx-error.log", "-c", config]
    try:
        program = stack.enter_context(Program("nginx", command, folder / "nginx.log"))
    except FileNotFoundError as error:
        raise HarnessError("nginx: not installed; install it, or leave it out by --without nginx") from error
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            # The pace of trying again; there is a deadline.
            time.sleep(0.02)
        else:
            return f"127.0.0.1:{port}"
    raise HarnessError(f"nginx: does not listen: {program.read_log()}")


def start_ageing_server(stack: ExitStack, folder: Path, model: Model, age_ms: int) -> str:
    """Starts a gRPC server whose connections live so long, as slow as a model; answers its address."""
    command = [sys.executable, "-m", "benches.orderly_ends.ageing_server", age_ms, model.delay_ms]
    program = stack.enter_context(Program("grpc server", command, folder / "grpc-server.log", cwd=ROOT))
    [port] = program.read_ports()
    return f"127.0.0.1:{port}"


def _fill(template: Path, folder: Path, names: Mapping[str, object]) -> Path:
    """Writes a configuration with its places filled in."""
    path = folder / f"{template.parent.name}-{template.name}"
    path.write_text(string.Template(template.read_text()).substitute(names))
    return path


def read_nginx_version() -> str:
    """Answers it for the report."""
    said = subprocess.run(["nginx", "-v"], capture_output=True, text=True, check=False)
    return said.stderr.rpartition("/")[2].strip()
