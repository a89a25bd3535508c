"""Starts the server in the order that makes failures clear and lets calls be answered first.

The data plane comes before everything that takes time to import or to connect to: from the moment it runs,
calls are answered from the routing state on disk.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

from pointsman.cli.line import late
from pointsman.cli.line.context import CommandError
from pointsman.cli.serving.folders import open_data_dir, open_socket_path
from pointsman.cli.serving.listening import bind_failure, listen
from pointsman.cli.serving.log_formats import log_format
from pointsman.cli.serving.started import EndSignal, StartedServer
from pointsman.dataplane import (
    AddressInUseError,
    InvalidServerConfigError,
    LocalReplica,
    build_config,
    find_onnx_library,
)
from pointsman.errors import InvalidArgumentError

if TYPE_CHECKING:
    from pathlib import Path

    from pointsman.settings import Settings


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
        replica = _start_replica(settings, data_dir, socket_path)
        stack.callback(replica.stop, 0.0)
        if ready_file is not None:
            stack.callback(ready_file.unlink, missing_ok=True)
        started = StartedServer(settings, data_dir, socket_path, listener, replica, end, ready_file)

        import asyncio

        with late.without("rich"):
            # It would import it for tracebacks in colours, which are none of our log's.
            import structlog  # noqa: F401
        from pointsman.cli.serving.running import run_until_end

        asyncio.run(run_until_end(started))


def _start_replica(settings: Settings, data_dir: Path, socket_path: Path) -> LocalReplica:
    """Starts the replica: from here on calls are answered, from the state on disk if there is one."""
    onnx_library = settings.onnx_library or find_onnx_library()
    try:
        config = build_config(
            settings,
            data_dir=data_dir,
            control_socket=socket_path,
            onnx_library=onnx_library,
            log_format=log_format(settings.log_format, sys.stderr, os.environ),
        )
        return LocalReplica(config)
    except AddressInUseError as error:
        text = str(error)
        in_use = "in use" in text.lower()
        message = (
            bind_failure(settings.grpc, "grpc") if in_use else f"--grpc {text.removeprefix('grpc_address: ')}"
        )
        raise CommandError(message) from error
    except (InvalidArgumentError, InvalidServerConfigError) as error:
        raise CommandError(str(error)) from error
