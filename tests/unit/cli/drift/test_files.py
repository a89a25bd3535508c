"""Files of outcomes, predictions and baselines, and what is wrong with them, by line."""

from pathlib import Path
from typing import Any

import grpc
import pytest
from click.testing import CliRunner, Result

from pointsman.cli import app
from pointsman.v1 import drift_pb2

UPLOAD = "DriftService/UploadGroundTruthFile"
Reply = drift_pb2.UploadGroundTruthFileResponse


def taking(request: drift_pb2.UploadGroundTruthFileRequest) -> Reply:
    """Takes whole lines of what comes, of a file of two outcomes."""
    length = len(request.chunk) if request.is_last else request.chunk.rfind(b"\n") + 1
    return Reply(
        received_bytes=request.offset + length,
        row_count=2,
        is_complete=request.is_last,
        inserted=2,
        matched=1,
        chunk_bytes=50,
    )


def run(server: Any, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["drift", *arguments, "--server", server.address])


@pytest.mark.parametrize(
    ("name", "options", "written"),
    [
        ("truth.csv", (), drift_pb2.GROUND_TRUTH_FORMAT_CSV),
        ("truth.tsv", (), drift_pb2.GROUND_TRUTH_FORMAT_TSV),
        ("truth.jsonl", (), drift_pb2.GROUND_TRUTH_FORMAT_JSON_LINES),
        ("truth", ("--format", "csv"), drift_pb2.GROUND_TRUTH_FORMAT_CSV),
    ],
)
def test_a_file_of_outcomes_is_sent_as_it_is_in_parts(
    server: Any, tmp_path: Path, name: str, options: tuple[str, ...], written: int
) -> None:
    server.on(UPLOAD, taking)
    file = tmp_path / name
    content = b"entity_id,actual_outcome\n" + b"somebody,yes\n" * 20
    file.write_bytes(content)
    result = run(server, "ground-truth", "upload", "cancer", str(file), *options)
    told = "2 outcomes: 2 inserted, 0 corrected, 0 repeated; 1 of the new ones matched\n"
    assert result.stdout == told, result.output
    first, *parts = server.asked(UPLOAD)
    assert (first.model_id, first.chunk, first.is_last) == ("cancer", b"", False)
    assert {part.format for part in parts} == {written}
    assert {part.upload_id for part in parts} == {first.upload_id}
    taken = b""
    for part in parts:
        assert part.offset == len(taken)
        assert len(part.chunk) <= 50
        taken += part.chunk if part.is_last else part.chunk[: part.chunk.rfind(b"\n") + 1]
    assert taken == content
    assert [part.is_last for part in parts] == [False] * (len(parts) - 1) + [True]


def test_wrong_rows_are_told_line_by_line(server: Any, tmp_path: Path) -> None:
    errors = [
        drift_pb2.GroundTruthRowError(line=3, field="entity_id", description="is empty"),
        drift_pb2.GroundTruthRowError(line=5, description="has 1 cells"),
    ]
    server.on(UPLOAD, Reply(chunk_bytes=1000), Reply(is_refused=True, errors=errors))
    file = tmp_path / "truth.csv"
    file.write_text("entity_id,actual_outcome\n")
    result = run(server, "ground-truth", "upload", "cancer", str(file))
    assert result.exit_code == 1
    assert "nothing is kept\nline 3: entity_id: is empty\nline 5: has 1 cells" in result.stderr


def test_an_upload_that_breaks_is_abandoned(server: Any, tmp_path: Path, refusal: Any) -> None:
    file = tmp_path / "truth.csv"
    file.write_text("entity_id,actual_outcome\n")
    gone = refusal(grpc.StatusCode.NOT_FOUND)
    server.on(UPLOAD, Reply(chunk_bytes=1000), gone, Reply(is_refused=True))
    result = run(server, "ground-truth", "upload", "cancer", str(file))
    assert result.exit_code == 1
    assert result.stderr
    assert server.asked(UPLOAD)[-1].is_abandoned


@pytest.mark.parametrize(
    ("file", "options", "said"),
    [("nowhere.csv", (), "cannot be read"), ("truth", ("--format", "xml"), "'xml' is no format")],
)
def test_a_file_that_cannot_be_sent_is_said(
    server: Any, tmp_path: Path, file: str, options: tuple[str, ...], said: str
) -> None:
    server.on(UPLOAD, Reply(chunk_bytes=1000))
    (tmp_path / "truth").write_text("")
    result = run(server, "ground-truth", "upload", "cancer", str(tmp_path / file), *options)
    assert result.exit_code != 0
    assert said in result.stderr


def test_predictions_are_logged_line_by_line(server: Any, tmp_path: Path) -> None:
    server.on("DriftService/LogPrediction", drift_pb2.LogPredictionResponse(prediction_id="p"))
    file = tmp_path / "predictions.jsonl"
    file.write_text('{"features": {"age": 42}, "prediction": "yes", "probabilities": [0.2, 0.8]}\n' * 2)
    assert run(server, "log", "cancer", str(file)).stdout == "2 predictions are logged\n"
    asked = server.asked("DriftService/LogPrediction")
    assert [one.features["age"].number_value for one in asked] == [42, 42]


def test_a_table_becomes_a_baseline_with_its_target_apart(server: Any, tmp_path: Path) -> None:
    server.on("DriftService/CreateBaseline", drift_pb2.CreateBaselineResponse(baseline_id="b1"))
    file = tmp_path / "training.csv"
    file.write_text("age,plan,came_true\n25,a,yes\n30,b,no\n")
    result = run(
        server, "baseline", "create", "cancer", str(file), "--version", "v1", "--target", "came_true"
    )
    assert result.stdout == "b1\n", result.output
    (asked,) = server.asked("DriftService/CreateBaseline")
    assert sorted(asked.feature_data) == ["age", "plan"]
    assert [value.number_value for value in asked.feature_data["age"].values] == [25, 30]
    assert [value.string_value for value in asked.target_data.values.values] == ["yes", "no"]
    assert asked.target_data.type == drift_pb2.DRIFT_TASK_CLASSIFICATION


def test_blocks_are_read_as_the_rest_api_has_them(server: Any, tmp_path: Path) -> None:
    server.on("DriftService/CreateBaseline", drift_pb2.CreateBaselineResponse(baseline_id="b1"))
    file = tmp_path / "baseline.json"
    file.write_text(
        """{"featureData": {"age": [25, 30, null]},
            "targetData": {"type": "classification", "values": ["approved", "denied"]},
            "labeledPredictions": {"probabilities": [[0.1, 0.9], [0.7, 0.3]],
                                   "predictedLabels": ["approved", "denied"],
                                   "actualLabels": ["approved", "denied"]}}"""
    )
    result = run(server, "baseline", "create", "cancer", str(file), "--version", "v1")
    assert result.exit_code == 0, result.output
    (asked,) = server.asked("DriftService/CreateBaseline")
    assert list(asked.feature_data) == ["age"]
    assert asked.feature_data["age"].values[2].HasField("null_value")
    assert len(asked.labeled_predictions.probabilities) == 2
    assert asked.target_data.values.values[0].string_value == "approved"


def test_a_line_of_predictions_that_is_too_deep_is_named(server: Any, tmp_path: Path) -> None:
    (tmp_path / "deep.jsonl").write_text("[" * 100_000 + "\n")
    result = run(server, "log", "cancer", str(tmp_path / "deep.jsonl"))
    assert result.exit_code == 1
    assert "line 1: has too many lists and objects in one another" in result.stderr
