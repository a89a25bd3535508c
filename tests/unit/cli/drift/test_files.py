"""Files of outcomes, predictions and baselines, and what is wrong with them, by line."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pointsman.cli import app
from pointsman.v1 import drift_pb2

UPLOADED = drift_pb2.UploadGroundTruthResponse(inserted=2, matched=1)


def run(server: Any, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["drift", *arguments, "--server", server.address])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "truth.csv",
            "entity_id,actual_outcome,outcome_timestamp\na,yes,2026-05-16T12:00:00Z\nb,no,\n",
        ),
        (
            "truth.jsonl",
            '{"entityId": "a", "actualOutcome": "yes", "outcomeTimestamp": "2026-05-16T12:00:00Z"}\n'
            '{"entity_id": "b", "actual_outcome": "no"}\n',
        ),
    ],
)
def test_outcomes_are_read_from_csv_and_json_lines(server: Any, tmp_path: Path, name: str, text: str) -> None:
    server.on("DriftService/UploadGroundTruth", UPLOADED)
    file = tmp_path / name
    file.write_text(text)
    result = run(server, "ground-truth", "upload", "cancer", str(file))
    assert result.stdout == "2 outcomes: 2 inserted, 0 corrected, 0 repeated, 1 matched\n", result.output
    (asked,) = server.asked("DriftService/UploadGroundTruth")
    first, second = asked.records
    assert (first.entity_id, first.actual_outcome.string_value) == ("a", "yes")
    assert first.outcome_timestamp.ToJsonString() == "2026-05-16T12:00:00Z"
    assert not second.HasField("outcome_timestamp")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("entity_id,actual_outcome\na,yes\n,no\n", "line 3: entity_id is empty"),
        ("entity_id,actual_outcome\na\n", "line 2: has another number of cells"),
        ("entity_id,outcome\na,yes\n", "line 2: 'outcome' is not known"),
        (
            "entity_id,actual_outcome,outcome_timestamp\na,yes,2026-05-16\n",
            "line 2: outcome_timestamp: '2026-05-16' names no time of day",
        ),
    ],
)
def test_a_wrong_line_is_named_and_nothing_is_sent(server: Any, tmp_path: Path, text: str, said: str) -> None:
    server.on("DriftService/UploadGroundTruth", UPLOADED)
    file = tmp_path / "truth.csv"
    file.write_text(text)
    result = run(server, "ground-truth", "upload", "cancer", str(file))
    assert result.exit_code == 1
    assert said in result.stderr
    assert not server.asked("DriftService/UploadGroundTruth")


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
