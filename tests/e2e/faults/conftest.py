"""One server for all faults: each test brings a router and backends of its own."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from stage.control import Control
from stage.raw_client import RawClient
from stage.recording_backend import RecordingBackend
from stage.scripted_backend import ScriptedBackend
from stage.server import Server

_NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("faults"))
    yield server
    server.end()


@pytest.fixture(scope="session")
def control(server: Server) -> Iterator[Control]:
    control = Control(server.grpc)
    yield control
    control.close()


@pytest.fixture
def router_id() -> str:
    return f"router-{next(_NUMBERS)}"


@pytest.fixture
def good() -> Iterator[RecordingBackend]:
    backend = RecordingBackend()
    yield backend
    backend.close()


@pytest.fixture
def bad() -> Iterator[ScriptedBackend]:
    backend = ScriptedBackend()
    yield backend
    backend.close()


@pytest.fixture
def router(control: Control, router_id: str, good: RecordingBackend, bad: ScriptedBackend) -> str:
    """A running router with one variant that behaves and one that will not."""
    control.route(router_id, {"good": good.target, "bad": bad.target})
    return router_id


@pytest.fixture
def client(server: Server) -> Iterator[RawClient]:
    with RawClient(server.grpc) as client:
        yield client


@pytest.fixture
def closing() -> Iterator[Callable[[Any], Any]]:
    """Closes what a test opens on its way."""
    opened: list[Any] = []

    def keep(thing: Any) -> Any:
        opened.append(thing)
        return thing

    yield keep
    for thing in reversed(opened):
        thing.close()
