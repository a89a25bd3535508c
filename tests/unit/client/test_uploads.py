"""What the client sends of a file, and how it goes on when something is in the way."""

import hashlib
from pathlib import Path
from typing import Any

import grpc
import pytest

from pointsman.client import Client, FailedPreconditionError, InvalidArgumentError
from pointsman.v1 import model_pb2

CONTENT = bytes(range(256)) * 10
CHUNK_BYTES = 1000


class Storing:
    """A server that keeps what it is sent."""

    def __init__(self, *, there: bytes = b"") -> None:
        self.received = bytearray(there)

    def __call__(self, request: model_pb2.UploadModelFileRequest) -> model_pb2.UploadModelFileResponse:
        assert request.offset <= len(self.received)
        self.received += request.chunk[len(self.received) - request.offset :]
        return model_pb2.UploadModelFileResponse(
            path="uploaded/x.onnx",
            received_bytes=len(self.received),
            is_complete=len(self.received) == request.size_bytes,
            chunk_bytes=CHUNK_BYTES,
        )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "model.onnx"
    path.write_bytes(CONTENT)
    return path


def upload(server: Any, path: Path, *replies: Any) -> Any:
    server.on("ModelService/UploadModelFile", *replies)
    with Client(server.address) as client:
        return client.models.upload(path)


def test_a_file_is_asked_for_then_sent_in_pieces(server: Any, path: Path) -> None:
    storing = Storing()
    uploaded = upload(server, path, storing)
    asked, *sent = server.asked("ModelService/UploadModelFile")
    assert (asked.sha256, asked.size_bytes) == (hashlib.sha256(CONTENT).hexdigest(), len(CONTENT))
    assert (asked.offset, asked.chunk) == (0, b"")
    assert [(piece.offset, len(piece.chunk)) for piece in sent] == [(0, 1000), (1000, 1000), (2000, 560)]
    assert storing.received == CONTENT
    assert (uploaded.path, uploaded.sha256, uploaded.was_there) == ("uploaded/x.onnx", asked.sha256, False)
    assert (uploaded.backend.path, uploaded.backend.sha256) == (uploaded.path, uploaded.sha256)


def test_only_what_the_server_lacks_is_sent(server: Any, path: Path) -> None:
    upload(server, path, Storing(there=CONTENT[:1500]))
    sent = server.asked("ModelService/UploadModelFile")[1:]
    assert [(piece.offset, len(piece.chunk)) for piece in sent] == [(1500, 1000), (2500, 60)]


def test_a_file_that_is_there_is_not_sent(server: Any, path: Path) -> None:
    assert upload(server, path, Storing(there=CONTENT)).was_there
    assert len(server.asked("ModelService/UploadModelFile")) == 1


def test_a_server_that_is_away_for_a_moment_is_asked_again(server: Any, path: Path, refusal: Any) -> None:
    storing = Storing()
    away = refusal(grpc.StatusCode.UNAVAILABLE)
    upload(server, path, storing, storing, away, away, away, storing)
    assert storing.received == CONTENT


def test_what_is_lost_at_the_server_is_sent_again(server: Any, path: Path, refusal: Any) -> None:
    storing = Storing()
    gap = refusal(grpc.StatusCode.FAILED_PRECONDITION, reason="UPLOAD_GAP")
    upload(server, path, storing, storing, gap, storing)
    assert storing.received == CONTENT
    with pytest.raises(FailedPreconditionError):
        upload(server, path, Storing(), gap)


def test_a_part_that_was_damaged_is_sent_anew_and_own_bytes_are_not(
    server: Any, path: Path, refusal: Any
) -> None:
    differs = refusal(grpc.StatusCode.INVALID_ARGUMENT, reason="UPLOAD_DIFFERS")
    fresh = Storing()
    upload(server, path, Storing(there=b"?" * 2000), differs, fresh)
    assert fresh.received == CONTENT
    with pytest.raises(InvalidArgumentError):
        upload(server, path, Storing(), differs)


@pytest.mark.parametrize(("content", "told"), [(b"", "is empty"), (CONTENT, "nothing was sent")])
def test_a_file_that_is_not_meant_is_refused_before_anything_is_sent(
    server: Any, path: Path, content: bytes, told: str
) -> None:
    path.write_bytes(content)
    with Client(server.address) as client, pytest.raises(ValueError, match=told):
        client.models.upload(path, sha256="ab" * 32)
    assert server.requests == []


def test_a_file_that_becomes_shorter_is_not_waited_for(server: Any, path: Path) -> None:
    def shorten(request: model_pb2.UploadModelFileRequest) -> model_pb2.UploadModelFileResponse:
        path.write_bytes(CONTENT[:10])
        return model_pb2.UploadModelFileResponse(received_bytes=0, chunk_bytes=CHUNK_BYTES)

    with pytest.raises(ValueError, match="became shorter"):
        upload(server, path, shorten)
