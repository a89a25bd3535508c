"""One server and one backend for a file of tests, where the file brings none of its own."""

from collections.abc import Iterator

import pytest

from stage.recording_backend import RecordingBackend
from stage.server import Server


@pytest.fixture(scope="module")
def backend() -> Iterator[RecordingBackend]:
    backend = RecordingBackend()
    yield backend
    backend.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("server"))
    yield server
    server.end()
