"""Puts the server together so that failures are clear, and takes it apart without losing calls."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from typing import TYPE_CHECKING

import structlog

import pointsman
from pointsman.cli.context import CommandError
from pointsman.cli.folders import open_data_dir, open_socket_path
from pointsman.cli.http_port import address_of, bind_failure, is_loopback, listen, make_http_server
from pointsman.cli.logs import set_up_logs
from pointsman.control.plane import ControlPlane
from pointsman.dataplane import (
    AddressInUseError,
    CoreDataPlane,
    InvalidServerConfigError,
    build_config,
    find_onnx_library,
)
from pointsman.errors import InvalidArgumentError, PointsmanError
from pointsman.rest import ServerState, create_app
from pointsman.store import api_keys
from pointsman.store.database import Database

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from pointsman.settings import Settings

CONTROL_STOP_SECONDS = 5.0
"""What the control plane gets to finish after the data plane has drained: no new calls reach it by then."""

log = structlog.get_logger("pointsman.server")


async def run_server(settings: Settings, ready_file: Path | None) -> None:
    """Serves until SIGTERM or SIGINT.

    Args:
        settings: What the server was told.
        ready_file: Where to write addresses and pid once it serves; None writes none.

    Raises:
        CommandError: It cannot start; the message says why and what to do.
    """
    set_up_logs(settings.log_level)
    ending = _watch_signals()
    with contextlib.ExitStack() as stack:
        data_dir = stack.enter_context(open_data_dir(settings.data_dir))
        socket_path = stack.enter_context(open_socket_path(data_dir))
        listener = stack.enter_context(listen(settings.http, "http"))
        data_plane = _start_data_plane(settings, data_dir, socket_path)
        grace_seconds = settings.grace_seconds
        try:
            async with _control_plane(settings, data_dir, data_plane, socket_path) as control:
                app = create_app(
                    ServerState(data_plane, ending.is_set, lambda: control.reason),
                    allowed_hosts=settings.allowed_hosts,
                    loopback=is_loopback(settings.http),
                )
                http = make_http_server(app)
                serving = asyncio.create_task(http.serve(sockets=[listener]))
                _announce(data_plane, control, address_of(listener), data_dir, ready_file)
                await ending.wait()
                log.info("draining", grace_seconds=grace_seconds)
                cut_off = await asyncio.to_thread(data_plane.stop, grace_seconds)
                log.info("drained", cut_off_calls=cut_off)
            http.should_exit = True
            await serving
        finally:
            await asyncio.to_thread(data_plane.stop, 0.0)
            _withdraw(ready_file)


def _withdraw(ready_file: Path | None) -> None:
    if ready_file is not None:
        ready_file.unlink(missing_ok=True)


def _watch_signals() -> asyncio.Event:
    """Answers an event that the first SIGTERM or SIGINT sets; a second one ends the process at once."""
    ending = asyncio.Event()

    def end(number: int) -> None:
        if ending.is_set():
            os._exit(128 + number)
        ending.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end, number)
    return ending


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
        message = bind_failure(settings.grpc, "grpc") if in_use else f"--grpc {settings.grpc}: {text}"
        raise CommandError(message) from error
    except (InvalidArgumentError, InvalidServerConfigError) as error:
        raise CommandError(str(error)) from error


@contextlib.asynccontextmanager
async def _control_plane(
    settings: Settings, data_dir: Path, data_plane: CoreDataPlane, socket_path: Path
) -> AsyncIterator[ControlPlane]:
    """Runs the control plane behind the data plane."""
    database_url = settings.database or f"sqlite:///{data_dir / 'pointsman.db'}"
    loopback = is_loopback(data_plane.grpc_address)
    try:
        control = ControlPlane(
            database_url,
            data_plane,
            socket_path,
            endpoint=settings.endpoint or data_plane.grpc_address,
            loopback=loopback,
        )
        await control.start()
    except PointsmanError as error:
        raise CommandError(str(error)) from error
    try:
        if control.ready and not loopback and not await asyncio.to_thread(_key_exists, database_url):
            raise CommandError(
                f"--grpc {settings.grpc} is reachable from other machines, but no API key exists; start once "
                "on 127.0.0.1, make a key with 'pointsman keys create --admin', then start here"
            )
        yield control
    finally:
        await control.stop(CONTROL_STOP_SECONDS)


def _key_exists(database_url: str) -> bool:
    """Answers whether a key was ever made."""
    database = Database(database_url, 1)
    try:
        with database.read() as connection:
            return api_keys.any_exists(connection)
    finally:
        database.close()


def _announce(
    data_plane: CoreDataPlane, control: ControlPlane, http: str, data_dir: Path, ready_file: Path | None
) -> None:
    """Says on standard error, and in the ready file, that the server serves and where."""
    grpc = data_plane.grpc_address
    if control.reason:
        access = f"the control plane is not ready: {control.reason}"
    elif control.open_access:
        access = "no API key exists, so every local caller is an admin"
    else:
        access = "callers need an API key"
    line = f"pointsman {pointsman.__version__}: gRPC on {grpc}, HTTP on {http}, data in {data_dir}; {access}"
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
    log.info("serving", grpc=grpc, http=http, data_dir=str(data_dir), version=pointsman.__version__)
    if ready_file is not None:
        facts = {
            "pid": os.getpid(),
            "grpc": grpc,
            "http": http,
            "data_dir": str(data_dir),
            "version": pointsman.__version__,
        }
        partial = ready_file.with_name(f"{ready_file.name}.{os.getpid()}")
        partial.write_text(json.dumps(facts) + "\n")
        partial.replace(ready_file)
