"""A full disk: feedback is refused, predictions are answered and their loss is counted; room heals it."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from tritonclient.grpc import service_pb2

from pointsman.v1 import prediction_pb2, router_pb2
from stage.control import Control
from stage.crash.backend import RowBackend
from stage.crash.traffic import infer_bytes
from stage.oip import infer_bytes as call_infer
from stage.oip import receipt
from stage.server import Server
from stage.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

DISK_BYTES = 32 * 1024 * 1024
CHUNK = bytes(64 * 1024)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder with a ``data`` folder that is a disk of its own."""
    disk = tmp_path / "data"
    disk.mkdir(mode=0o700)
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    options = f"size={DISK_BYTES},mode=0700"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", disk], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"this machine mounts no tmpfs: {mounted.stderr.strip()}")
    yield tmp_path
    subprocess.run(["umount", "--lazy", disk], check=True)


@pytest.fixture
def server(small_disk: Path, backend: RowBackend) -> Iterator[Server]:
    server = Server(small_disk)
    yield server
    server.kill()


@pytest.fixture
def control(server: Server, backend: RowBackend) -> Iterator[Control]:
    control = Control(server.grpc)
    control.route("r", {"a": backend.target, "b": backend.target})
    yield control
    control.close()


def fill(disk: Path) -> Path:
    """Takes all the room there is."""
    place = disk / "filling"
    with place.open("ab", buffering=0) as file:
        for piece in (CHUNK, bytes(1)):
            try:
                while True:
                    file.write(piece)
            except OSError:
                continue
    return place


def predict(control: Control) -> str:
    answer = service_pb2.ModelInferResponse.FromString(call_infer(control.channel, infer_bytes("r", 1)))
    return receipt(answer)["prediction_id"]


def feed_back(control: Control, prediction_id: str) -> grpc.StatusCode:
    request = prediction_pb2.RecordFeedbackRequest(prediction_id=prediction_id, value=1)
    try:
        control.predictions.RecordFeedback(request)
    except grpc.RpcError as error:
        return error.code()
    return grpc.StatusCode.OK


def is_found(control: Control, prediction_id: str) -> Any:
    request = router_pb2.GetPredictionRequest(router_id="r", prediction_id=prediction_id)
    try:
        return control.routers.GetPrediction(request)
    except grpc.RpcError:
        return None


def dropped(server: Server) -> int:
    """Predictions that the metrics say are lost."""
    _, text = server.get("/metrics")
    counts = re.findall(r'^pointsman_journal_dropped_total\{log="predictions"\} (\d+)', text, re.MULTILINE)
    return int(counts[0])


def test_a_full_disk_refuses_feedback_and_drops_records_until_there_is_room(
    server: Server, control: Control
) -> None:
    early = predict(control)
    assert feed_back(control, early) is grpc.StatusCode.OK
    eventually(lambda: is_found(control, early))

    filling = fill(server.data_dir)
    unknown = predict(control)
    full = grpc.StatusCode.UNAVAILABLE
    eventually(lambda: feed_back(control, predict(control)) is full, what="feedback refused")
    eventually(lambda: predict(control) and dropped(server) > 0, what="dropped predictions counted")
    assert feed_back(control, unknown) is full

    filling.unlink()
    eventually(lambda: feed_back(control, unknown) is grpc.StatusCode.OK, what="feedback taken again")
    late = predict(control)
    eventually(lambda: is_found(control, late), what="records taken again")
    assert is_found(control, early).feedback[0].value == 1
    figures = control.metrics("r")
    assert figures.dropped_record_count > 0
    assert figures.total.requests_by_code.keys() == {"OK"}
    server.end()
