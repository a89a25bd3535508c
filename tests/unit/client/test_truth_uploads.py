"""Files of outcomes that the client sends: all of them, from whatever stream."""

import io
from typing import Any

import grpc
import pytest

from pointsman.client import AsyncClient, Client, GroundTruthFormat
from pointsman.v1 import drift_pb2

UPLOAD = "DriftService/UploadGroundTruthFile"
CONTENT = b"entity_id,actual_outcome\n" + b"somebody,yes\n" * 40


class Trickle(io.RawIOBase):
    """A stream that answers fewer bytes than are asked for, as pipes and sockets do."""

    def __init__(self, content: bytes, most: int) -> None:
        super().__init__()
        self._rest = content
        self._most = most

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        length = self._most if size < 0 else min(size, self._most)
        found, self._rest = self._rest[:length], self._rest[length:]
        return found


class Waiting(Trickle):
    """A stream that does not wait for bytes that are not there yet."""

    def read(self, size: int = -1) -> bytes:
        return super().read(size) or None  # type: ignore[return-value]


def stream(kind: type[Trickle], most: int) -> Any:
    return kind(CONTENT, most)


def taking(request: drift_pb2.UploadGroundTruthFileRequest) -> drift_pb2.UploadGroundTruthFileResponse:
    length = len(request.chunk) if request.is_last else request.chunk.rfind(b"\n") + 1
    return drift_pb2.UploadGroundTruthFileResponse(
        received_bytes=request.offset + length, is_complete=request.is_last, chunk_bytes=100
    )


def arrived(server: Any) -> bytes:
    found = b""
    for request in server.asked(UPLOAD):
        if not request.is_abandoned:
            assert request.offset <= len(found)
            found = found[: request.offset] + request.chunk
    return found


@pytest.mark.parametrize("most", [1, 7, 100, 10_000])
def test_a_stream_that_answers_few_bytes_at_a_time_is_sent_to_its_end(server: Any, most: int) -> None:
    server.on(UPLOAD, taking)
    with Client(server.address) as made:
        made.drift.upload_ground_truth_file("m", stream(Trickle, most), GroundTruthFormat.CSV)
    assert arrived(server) == CONTENT


async def test_the_asynchronous_client_sends_such_a_stream_to_its_end_too(server: Any) -> None:
    server.on(UPLOAD, taking)
    async with AsyncClient(server.address) as made:
        await made.drift.upload_ground_truth_file("m", stream(Trickle, 7), GroundTruthFormat.CSV)
    assert arrived(server) == CONTENT


def test_a_stream_that_does_not_wait_is_refused_and_not_taken_for_its_end(server: Any) -> None:
    server.on(UPLOAD, taking)
    with Client(server.address) as made, pytest.raises(ValueError, match="open it so that reading waits"):
        made.drift.upload_ground_truth_file("m", stream(Waiting, 7), GroundTruthFormat.CSV)
    assert server.asked(UPLOAD)[-1].is_abandoned


def test_an_upload_whose_last_answer_is_lost_is_what_the_server_has(server: Any, refusal: Any) -> None:
    taken = drift_pb2.UploadGroundTruthFileResponse(is_complete=True, inserted=7)
    begun = drift_pb2.UploadGroundTruthFileResponse(chunk_bytes=10_000)
    server.on(UPLOAD, begun, refusal(grpc.StatusCode.INTERNAL), taken)
    with Client(server.address) as made:
        report = made.drift.upload_ground_truth_file("m", stream(Trickle, 10_000), GroundTruthFormat.CSV)
    assert server.asked(UPLOAD)[-1].is_abandoned
    assert (report.is_complete, report.inserted) == (True, 7)
