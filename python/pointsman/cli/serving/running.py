"""Runs the control plane and the HTTP port beside the data plane, and takes all down without losing calls."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from typing import TYPE_CHECKING

import structlog

import pointsman
from pointsman.cli.line import garbage
from pointsman.cli.line.context import CommandError
from pointsman.cli.serving.alert_channels import channels_of
from pointsman.cli.serving.folders import sqlite_url
from pointsman.cli.serving.http_port import make_http_server
from pointsman.cli.serving.listening import address_of, callable_address, is_loopback, own_address
from pointsman.cli.serving.log_formats import log_format
from pointsman.cli.serving.logs import set_up_logs
from pointsman.control.access.bootstrap import any_key_exists
from pointsman.control.folders import ControlFolders
from pointsman.control.options import ControlOptions
from pointsman.control.plane import ControlPlane
from pointsman.dataplane.config import lake_dir
from pointsman.dataplane.core import NativeCore
from pointsman.domain.drift.truth_uploads import TruthUploadLimits
from pointsman.domain.uploads import UploadLimits, chunk_bytes
from pointsman.errors import PointsmanError
from pointsman.rest import ServerState, api_routes, create_app
from pointsman.rest.transcoding import BodyBudget, Gateway, PublicPort

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pointsman.cli.serving.started import StartedServer

CONTROL_STOP_SECONDS = 5.0
"""What the control plane gets to finish after the data plane has drained: no new calls reach it by then."""

ANSWER_SHARE = 0.95
"""The part of the time for an HTTP request that a call of the API gets, so that its end can still be told."""

log = structlog.get_logger("pointsman.server")


async def run_until_end(started: StartedServer) -> None:
    """Serves until the end signal, then drains.

    Args:
        started: The running data plane and what goes with it.

    Raises:
        CommandError: The control plane refuses to run; the message says why and what to do.
    """
    settings = started.settings
    set_up_logs(settings.log_level, log_format(settings.log_format, sys.stderr, os.environ))
    ending = _end_event(started)
    replica = started.replica
    async with _public_port(started) as port, _control_plane(started) as control:
        loopback = is_loopback(settings.http)
        limits = settings.http_limits
        app = create_app(
            ServerState(
                replica,
                ending.is_set,
                control_reason=lambda: control.reason,
                refused=lambda: control.degraded,
                left_behind_journals=control.left_behind_journals,
                control_metrics=control.metrics,
            ),
            allowed_hosts=settings.allowed_hosts,
            loopback=loopback,
            max_requests=limits.max_requests,
            api=api_routes(
                Gateway(
                    port,
                    BodyBudget(limits.max_body_bytes, limits.body_budget_bytes),
                    limits.request_seconds * ANSWER_SHARE,
                    # While no key exists every local caller is an admin, and callers of this port are none.
                    need_key=not loopback,
                    upload_seconds=limits.upload_seconds,
                )
            ),
        )
        http = make_http_server(app, limits)
        serving = asyncio.create_task(http.serve(sockets=[started.http_listener]))
        garbage.look_as_usual()
        _announce(started, control)
        await ending.wait()
        log.info("draining", grace_seconds=started.settings.grace_seconds)
        cut_off = await asyncio.to_thread(replica.stop, started.settings.grace_seconds)
        log.info("drained", cut_off_calls=cut_off)
    http.should_exit = True
    await serving


def _end_event(started: StartedServer) -> asyncio.Event:
    """Answers an event that the end signal sets, even one that came before."""
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    started.end.tell = lambda: loop.call_soon_threadsafe(ending.set)
    if started.end.came:
        ending.set()
    return ending


@contextlib.asynccontextmanager
async def _public_port(started: StartedServer) -> AsyncIterator[PublicPort]:
    """Connects to the public gRPC port, as the API's requests are answered."""
    address = own_address(started.replica.grpc_address)
    port = PublicPort(address, max_message_bytes=started.settings.limits.max_message_bytes)
    try:
        yield port
    finally:
        await port.close()


@contextlib.asynccontextmanager
async def _control_plane(started: StartedServer) -> AsyncIterator[ControlPlane]:
    """Runs the control plane behind the data plane."""
    settings, replica = started.settings, started.replica
    database_url = settings.database or sqlite_url(started.data_dir)
    loopback = is_loopback(replica.grpc_address)
    try:
        control = ControlPlane(
            database_url,
            NativeCore(),
            replica,
            ControlFolders(started.data_dir, started.socket_path, lake_dir(settings, started.data_dir)),
            endpoint=settings.endpoint or callable_address(replica.grpc_address),
            loopback=loopback,
            options=ControlOptions(
                retention_days=settings.lake.retention_days,
                retention_bytes=settings.lake.retention_bytes,
                lake_query_memory_bytes=settings.lake.query_memory_bytes,
                uploads=UploadLimits(
                    settings.uploads.max_file_bytes,
                    settings.uploads.max_unfinished,
                    settings.uploads.reserve_bytes,
                    chunk_bytes(settings.limits.max_message_bytes),
                ),
                alerts=channels_of(settings.alerts),
                ground_truth=TruthUploadLimits(
                    settings.ground_truth.max_file_bytes,
                    settings.ground_truth.max_unfinished,
                    chunk_bytes(settings.limits.max_message_bytes),
                ),
            ),
        )
        await control.start()
    except PointsmanError as error:
        raise CommandError(str(error)) from error
    try:
        if control.ready and not loopback and not await asyncio.to_thread(any_key_exists, database_url):
            raise CommandError(
                f"--grpc {settings.grpc} is reachable from other machines, but no API key exists; start once "
                "on 127.0.0.1, make a key with 'pointsman keys create --admin', then start here"
            )
        yield control
    finally:
        await control.stop(CONTROL_STOP_SECONDS)


def _announce(started: StartedServer, control: ControlPlane) -> None:
    """Says on standard error, and in the ready file, that the server serves and where."""
    if control.reason:
        access = f"the control plane is not ready: {control.reason}"
    elif control.open_access:
        access = "no API key exists, so every local caller is an admin"
    else:
        access = "callers need an API key"
    facts = {
        "grpc": started.replica.grpc_address,
        "http": address_of(started.http_listener),
        "data_dir": str(started.data_dir),
        "version": pointsman.__version__,
        "build": started.replica.build_kind,
    }
    slower = "" if facts["build"] == "release" else f" ({facts['build']} build, slower than a release)"
    places = f"gRPC on {facts['grpc']}, HTTP on {facts['http']}, data in {facts['data_dir']}"
    sys.stderr.write(f"pointsman {pointsman.__version__}{slower}: {places}; {access}\n")
    sys.stderr.flush()
    log.info("serving", **facts)
    ready_file = started.ready_file
    if ready_file is not None:
        partial = ready_file.with_name(f"{ready_file.name}.{os.getpid()}")
        partial.write_text(json.dumps({"pid": os.getpid(), **facts}) + "\n")
        partial.replace(ready_file)
