"""Drift over a real server: its own predictions and logged ones, a result, and what outlives a crash."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

import pointsman_drift
from pointsman.client import (
    AnalysisJob,
    AnalysisStatus,
    Client,
    GroundTruth,
    LabeledPredictions,
    ModelVersion,
    OnnxBackend,
    Recording,
    Router,
    Signature,
    Task,
    TensorSpec,
    Variant,
)
from stage.server import Server
from stage.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

FEATURES = ["income", "age"]
ROUTED, LOGGED = 80, 60


def write_model(folder: Path) -> None:
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType
    from sklearn.linear_model import LogisticRegression

    random = np.random.default_rng(3)
    rows = random.normal(size=(300, 2)).astype(np.float32)
    model = LogisticRegression().fit(rows, (rows.sum(axis=1) > 0).astype(int))
    inputs = [("x", FloatTensorType([None, 2]))]
    made = to_onnx(model, initial_types=inputs, options={"zipmap": False})
    (folder / "loans.onnx").write_bytes(made.SerializeToString())


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[Client]:
    write_model(server.models_dir)
    with Client(server.grpc) as client:
        signature = Signature(
            task=Task.CLASSIFICATION,
            inputs=[TensorSpec("x", "FP32", [-1, 2], features=FEATURES)],
            labels=["no", "yes"],
        )
        client.models.register(ModelVersion("loans", "1", OnnxBackend("loans.onnx"), signature))
        client.routers.create(
            Router(
                "loans",
                variants=[Variant("only", "loans", "1", 100.0)],
                recording=Recording(),
                allow_single=True,
            )
        )
        client.routers.deploy("loans")
        yield client


def ended(client: Client, job: AnalysisJob, model_id: str = "loans") -> AnalysisJob:
    def look() -> AnalysisJob | None:
        found = client.drift.analysis(model_id, job.job_id)
        return None if found.status is AnalysisStatus.RUNNING else found

    return eventually(look, 150, "the end of the analysis")


def columns(seed: int, rows: int, shift: float) -> dict[str, list[float]]:
    """Columns of numbers that the model's tensors hold exactly, as records have them."""
    random = np.random.default_rng(seed)
    return {name: random.normal(shift, 1, rows).astype(np.float32).tolist() for name in FEATURES}


def rows_of(table: dict[str, list[float]]) -> list[dict[str, float]]:
    return [dict(zip(table, values, strict=True)) for values in zip(*table.values(), strict=True)]


def test_a_result_is_that_of_the_library_over_routed_and_logged_predictions(client: Client) -> None:
    before, after = columns(1, 400, 0.0), columns(2, ROUTED + LOGGED, 0.8)
    labels = LabeledPredictions([[0.1, 0.9], [0.7, 0.3]], ["yes", "no"], ["yes", "no"])
    client.drift.create_baseline("loans", "v1", before, labeled_predictions=labels)
    for number, row in enumerate(rows_of(after)):
        if number < ROUTED:
            client.predict("loans", row, entity_id=f"e{number}")
        else:
            client.drift.log_prediction(
                "loans", row, "yes", probabilities=[0.2, 0.8], entity_id=f"e{number}", latency_ms=2.5
            )
    listed = client.drift.predictions("loans", limit=1000)
    assert (listed.total, len(listed.predictions), listed.notes) == (ROUTED + LOGGED, 140, ())

    job = ended(client, client.drift.analyze("loans"))
    assert (job.status, job.attempt) == (AnalysisStatus.SUCCEEDED, 1), job.error
    result = client.drift.latest_result("loans")
    library = pointsman_drift.compare(before, after).to_dict()
    assert result.status.value == library["status"] == "alert"
    assert (result.reference_rows, result.current_rows) == (400, ROUTED + LOGGED)
    assert sorted(result.features) == sorted(FEATURES)
    for name, feature in library["features"].items():
        for algorithm, figure in feature["algorithms"].items():
            told = result.features[name][algorithm]
            assert {key: told[key] for key in ("score", "pValue", "status")} == {
                key: figure[key] for key in ("score", "pValue", "status")
            }, (name, algorithm)


def test_outcomes_become_accuracy(client: Client) -> None:
    now = datetime.now(UTC)
    predicted = client.drift.predictions("loans", limit=1000).predictions
    truths = [
        GroundTruth(one.entity_id, "yes" if number % 4 else "no", now) for number, one in enumerate(predicted)
    ]
    report = client.drift.upload_ground_truth("loans", truths)
    assert (report.inserted, report.matched) == (len(truths), len(truths))
    again = client.drift.upload_ground_truth("loans", truths)
    assert (again.inserted, again.repeated) == (0, len(truths))
    right = sum(
        str(one.prediction) == truth.actual_outcome for one, truth in zip(predicted, truths, strict=True)
    )
    points = client.drift.performance("loans", window_days=2).history
    assert sum(point.sample_size for point in points) == len(truths)
    accuracy = sum(point.accuracy * point.sample_size for point in points if point.accuracy is not None)
    assert accuracy == pytest.approx(right)


def programs_of(server: Server) -> list[int]:
    """The processes that analyse for a server."""
    listed = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(server.process.pid)], capture_output=True, text=True
    ).stdout
    return [int(line.split()[0]) for line in listed.splitlines() if "control.drift.program" in line]


def test_an_analysis_outlives_its_server_and_a_killed_program_is_tried_again(tmp_path: Path) -> None:
    server = Server(tmp_path)
    with Client(server.grpc) as client:
        client.models.register(ModelVersion("credit", "1"))
        client.drift.create_baseline("credit", "v1", columns(1, 100, 0.0))
        for row in rows_of(columns(2, 40, 0.0)):
            client.drift.log_prediction("credit", row, "yes", probabilities=[0.2, 0.8])
        job = client.drift.analyze("credit")
        (program,) = eventually(lambda: programs_of(server), 10, "the program")
        server.kill()
        # The program goes on without its server; a machine that fails takes both.
        os.kill(program, signal.SIGKILL)
    server = Server(tmp_path, grpc=server.grpc)
    try:
        with Client(server.grpc) as client:
            found = ended(client, job, "credit")
            assert (found.status, found.attempt) == (AnalysisStatus.SUCCEEDED, 2), found.error
            assert client.drift.latest_result("credit").job_id == job.job_id
            assert len(client.drift.results("credit")) == 1
    finally:
        server.end()


def test_the_command_s_exit_code_says_the_status(client: Client, server: Server) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pointsman", "--server", server.grpc, "drift", "analyze", "loans", "--wait"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 4, done.stdout + done.stderr
    assert "alert" in done.stdout


def test_a_window_without_predictions_is_told_and_is_no_all_clear(client: Client) -> None:
    past = datetime.now(UTC) - timedelta(days=300)
    job = client.drift.analyze("loans", window_end=past)
    assert ended(client, job).status is AnalysisStatus.SUCCEEDED
    result = client.drift.latest_result("loans")
    assert (result.status.value, result.current_rows) == ("warning", 0)
    assert {one.feature for one in result.insufficient_data} == {*FEATURES, "(predictions)"}


def test_what_a_router_answered_is_a_baseline_by_which_answers_are_judged(client: Client) -> None:
    made = client.drift.create_baseline_of_window("loans", "v2-window", days=2)
    assert (made.sample_size, made.notes) == (ROUTED + LOGGED, ())
    client.drift.activate_baseline("loans", made.baseline_id)
    baseline = client.drift.active_baseline("loans")
    assert list(baseline.class_labels) == ["no", "yes"]
    job = ended(client, client.drift.analyze("loans", window_days=2))
    assert job.status is AnalysisStatus.SUCCEEDED, job.error
    result = client.drift.latest_result("loans")
    assert result.status.value == "ok", "the window is compared with itself"
    assert {"(label)", "(score)", "(confidence)", "(predictions)"} <= set(result.features)
    assert set(result.features["(predictions)"]) >= {"accuracy_drop", "cbpe"}
    accuracy = result.performance["accuracy"]
    assert accuracy.realised == accuracy.reference
    assert accuracy.sample_size == ROUTED + LOGGED
    history = client.drift.performance("loans", window_days=2)
    assert not history.concept_drift
    assert all("accuracy" in point.metrics for point in history.history)
