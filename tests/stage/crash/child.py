"""The server in a child of the zygote: as users run it, but for files that forget and a few questions."""

import functools
import json
import math
import os
import resource
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

from pointsman.cli.line.context import CommandError
from pointsman.cli.serving import running, server
from pointsman.cli.serving.started import StartedServer
from pointsman.control.jobs.ending import Ending
from pointsman.control.jobs.job import JobContext
from pointsman.control.options import ControlOptions
from pointsman.control.plane import ControlPlane
from pointsman.dataplane.config import build_config
from pointsman.errors import PositionGoneError
from pointsman.settings import Settings

from . import extension, points

SHIP_SECONDS = 50.0
MESSAGE_BYTES = 65_536


def serve(request: dict[str, Any], channel: socket.socket) -> None:
    """Serves until it is killed or asked to end.

    Args:
        request: ``folder``, ``journal`` and ``options`` of the server, its ``environment``, and what is
            ``patched``.
        channel: Where it says that it serves, and is asked questions.
    """
    os.environ.update(request["environment"])
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    folder = Path(request["folder"])
    with (folder / "server.log").open("ab") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    points.install()
    _forget_unsynced(request["journal"])
    # Patched by name, for mock says so when the name is no longer there.
    options = functools.partial(_options, request["options"])
    mock.patch.object(running, "ControlOptions", options).start()
    for name, value in request["patched"].items():
        mock.patch(name, value).start()
    announce = running._announce

    def tell(started: StartedServer, control: ControlPlane) -> None:
        announce(started, control)
        threading.Thread(target=_answer, args=(channel, started, control), daemon=True).start()

    running._announce = tell
    settings = Settings(data_dir=folder / "data", grpc="127.0.0.1:0", http="127.0.0.1:0", threads=2)
    try:
        server.run_server(settings, None)
    except CommandError as error:
        if "volatile" in str(error):
            raise RuntimeError(f"the extension is no test build; run: {extension.BUILD}") from error
        raise


def _options(wanted: dict[str, Any], **usual: Any) -> ControlOptions:
    """The options of users, but for some."""
    return ControlOptions(**(usual | wanted))


def _forget_unsynced(journal: dict[str, Any]) -> None:
    def build_volatile(*arguments: Any, **named: Any) -> str:
        config = json.loads(build_config(*arguments, **named))
        config["journal"] |= {"volatile": True, **journal}
        return json.dumps(config)

    mock.patch.object(server, "build_config", build_volatile).start()


def _answer(channel: socket.socket, started: StartedServer, control: ControlPlane) -> None:
    """Says where the server is, then answers questions; without anybody who asks, the process ends."""
    channel.send(json.dumps({"grpc": started.replica.grpc_address, "reason": control.reason}).encode())
    questions: dict[str, Callable[..., dict[str, Any]]] = {
        "settle": _settle,
        "ship": _ship,
        "tail": _tail,
        "work": _work,
    }
    while message := channel.recv(MESSAGE_BYTES):
        asked = json.loads(message)
        try:
            answer = questions[asked.pop("question")](started.replica, control, **asked)
        except Exception as error:  # noqa: BLE001 - whoever asks shall see it
            answer = {"failure": repr(error)}
        channel.send(json.dumps(answer).encode())
    os._exit(1)


def _settle(_: Any, control: ControlPlane) -> dict[str, Any]:
    """Has all acknowledged feedback applied."""
    control.parts.applier.apply_now()
    return {}


def _ship(replica: Any, control: ControlPlane) -> dict[str, Any]:
    """Has all predictions registered."""
    position = replica.seal_predictions()
    return {"shipped": control.parts.lake.registration.wait_for(position, SHIP_SECONDS), "position": position}


def _work(_: Any, control: ControlPlane, jobs: list[str]) -> dict[str, Any]:
    """Does periodic work, one job after the other, each until it is done."""
    for name in jobs:
        ending = Ending(threading.Event(), math.inf, time.monotonic)
        while control.jobs.job(name).run(JobContext(name, control.parts.database, 0, ending)):
            pass
    return {}


def _tail(replica: Any, _: ControlPlane, router_id: str, position: int, into: str) -> dict[str, Any]:
    """Writes a ``TailAnswer`` of what is not registered yet."""
    from pointsman.v1 import record_pb2

    query = record_pb2.TailQuery(from_position=position, router_id=router_id)
    try:
        Path(into).write_bytes(replica.read_tail(query.SerializeToString()))
    except PositionGoneError:
        return {"gone": True}
    return {"gone": False}
