"""Starts the server in the order that makes failures clear and lets calls be answered first.

The data plane comes before everything that takes time to import or to connect to: from the moment it runs,
calls are answered from the routing state on disk.
"""

from __future__ import annotations

import contextlib
import os
import signal
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pointsman.cli.context import CommandError
from pointsman.cli.folders import open_data_dir, open_socket_path
from pointsman.cli.listening import bind_failure, listen
from pointsman.dataplane import (
    AddressInUseError,
    CoreDataPlane,
    InvalidServerConfigError,
    build_config,
    find_onnx_library,
)
from pointsman.errors import InvalidArgumentError

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from pathlib import Path
    from types import FrameType

    from pointsman.settings import Settings


@dataclass
class EndSignal:
    """The wish to end: the first SIGTERM or SIGINT drains, a second one ends the process at once."""

    came: bool = False
    tell: Callable[[], object] | None = field(default=None)
    """Called when it comes, from the main thread."""

    def watch(self) -> None:
        """Takes the process's SIGTERM and SIGINT."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        if self.came:
            os._exit(128 + number)
        self.came = True
        if self.tell is not None:
            self.tell()


@dataclass(frozen=True)
class StartedServer:
    """What runs once calls are answered, and what the rest is built from."""

    settings: Settings
    data_dir: Path
    socket_path: Path
    """Where the control plane shall listen for the data plane."""
    http_listener: socket.socket
    data_plane: CoreDataPlane
    end: EndSignal
    ready_file: Path | None


def run_server(settings: Settings, ready_file: Path | None) -> None:
    """Serves until SIGTERM or SIGINT.

    Args:
        settings: What the server was told.
        ready_file: Where to write addresses and pid once it serves; None writes none.

    Raises:
        CommandError: It cannot start; the message says why and what to do.
    """
    end = EndSignal()
    end.watch()
    with contextlib.ExitStack() as stack:
        data_dir = stack.enter_context(open_data_dir(settings.data_dir))
        socket_path = stack.enter_context(open_socket_path(data_dir))
        listener = stack.enter_context(listen(settings.http, "http"))
        data_plane = _start_data_plane(settings, data_dir, socket_path)
        stack.callback(data_plane.stop, 0.0)
        if ready_file is not None:
            stack.callback(ready_file.unlink, missing_ok=True)
        started = StartedServer(settings, data_dir, socket_path, listener, data_plane, end, ready_file)

        import asyncio

        from pointsman.cli.running import run_until_end

        asyncio.run(run_until_end(started))


def _start_data_plane(settings: Settings, data_dir: Path, socket_path: Path) -> CoreDataPlane:
    """Starts the data plane: from here on calls are answered, from the state on disk if there is one."""
    onnx_library = settings.onnx_library or find_onnx_library()
    try:
        config = build_config(
            settings, data_dir=data_dir, control_socket=socket_path, onnx_library=onnx_library
        )
        return CoreDataPlane(config)
    except AddressInUseError as error:
        text = str(error)
        in_use = "in use" in text.lower()
        message = (
            bind_failure(settings.grpc, "grpc") if in_use else f"--grpc {text.removeprefix('grpc_address: ')}"
        )
        raise CommandError(message) from error
    except (InvalidArgumentError, InvalidServerConfigError) as error:
        raise CommandError(str(error)) from error
