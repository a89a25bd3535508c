"""A server whose model answers what it is sent, and a client that speaks plain HTTP."""

import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from stage.control import Control
from stage.recording_backend import RecordingBackend
from stage.server import Server


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Http:
    """Plain HTTP to a server's port."""

    def __init__(self, address: str, key: str = "") -> None:
        self.address = address
        self.headers = {"X-API-Key": key} if key else {}

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        named = self.headers | {name.replace("_", "-"): value for name, value in headers.items()}
        if content is not None and "content-type" not in {name.lower() for name in named}:
            named["Content-Type"] = "application/json"
        connection = http.client.HTTPConnection(self.address, timeout=30)
        try:
            connection.request(method, path, content, named)
            answer = connection.getresponse()
            got = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, got, answer.read())
        finally:
            connection.close()


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
