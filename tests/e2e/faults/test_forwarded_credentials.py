"""Credentials of clients: withheld from every backend but those that the operator names."""

import json
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from stage.control import Control
from stage.oip import infer_bytes, infer_request
from stage.recording_backend import RecordingBackend
from stage.server import Server, refused_start

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(90)]


@pytest.fixture
def trusted() -> Iterator[RecordingBackend]:
    backend = RecordingBackend()
    yield backend
    backend.close()


@pytest.fixture
def own_server(tmp_path: Path, trusted: RecordingBackend) -> Iterator[Server]:
    named = {trusted.target: ["authorization"]}
    server = Server(tmp_path, settings={"forward_metadata": json.dumps(named)})
    yield server
    server.end()


def test_a_named_backend_gets_what_is_named_and_others_nothing(
    own_server: Server, trusted: RecordingBackend, good: RecordingBackend
) -> None:
    control = Control(own_server.grpc)
    control.route("r", {"trusted": trusted.target, "other": good.target})
    metadata = [("authorization", "Bearer of-the-backend"), ("cookie", "a=b")]
    with grpc.insecure_channel(own_server.grpc) as channel:
        for version in ("trusted", "other"):
            message = infer_request("r", model_version=version).SerializeToString()
            infer_bytes(channel, message, metadata=metadata)
    control.close()
    assert trusted.seen[0].metadata["authorization"] == "Bearer of-the-backend"
    assert "cookie" not in trusted.seen[0].metadata
    assert "authorization" not in good.seen[0].metadata
    assert "of-the-backend" not in own_server.log()


def test_a_name_that_cannot_go_on_keeps_the_server_from_starting(tmp_path: Path) -> None:
    (tmp_path / "pointsman.toml").write_text('[forward_metadata]\n"a:1" = ["x-api-key"]\n')
    said = refused_start(tmp_path, "--data-dir", str(tmp_path / "data"))
    assert "forward_metadata" in said
    assert "x-api-key" in said
