"""A server whose model answers what it is sent, and a client that speaks plain HTTP."""

from collections.abc import Iterator

import pytest

from stage.control import Control
from stage.plain_http import Http
from stage.recording_backend import RecordingBackend
from stage.server import Server

__all__ = ["Http"]


@pytest.fixture(scope="module")
def backend() -> Iterator[RecordingBackend]:
    backend = RecordingBackend()
    yield backend
    backend.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, backend: RecordingBackend) -> Iterator[Server]:
    """A server with the router `echo` of two variants that answer what they are sent."""
    server = Server(tmp_path_factory.mktemp("server"))
    control = Control(server.grpc)
    control.route("echo", {"a": backend.target, "b": backend.target})
    control.close()
    yield server
    server.end()


@pytest.fixture(scope="module")
def http_(server: Server) -> Http:
    return Http(server.http)
