"""``drift analyze --wait`` says by its exit code what came out."""

import json
from datetime import datetime
from typing import Any

import grpc
import pytest
from click.testing import CliRunner, Result
from google.protobuf.struct_pb2 import Struct

from pointsman.cli import app
from pointsman.v1 import drift_pb2


def run(server: Any, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["drift", *arguments, "--server", server.address])


def a_job(status: Any, **fields: Any) -> drift_pb2.AnalysisJob:
    return drift_pb2.AnalysisJob(job_id="j1", model_id="cancer", status=status, **fields)


def a_result(status: Any) -> drift_pb2.DriftResult:
    result = drift_pb2.DriftResult(
        result_id="r1",
        model_id="cancer",
        status=status,
        reference_rows=200,
        current_rows=150,
        job_id="j1",
        calibration=drift_pb2.CALIBRATION_ON,
    )
    figures = Struct()
    figures.update({"ks_test": {"drift": True, "score": 0.18, "pValue": 0.001, "status": "warning"}})
    result.features["age"].CopyFrom(figures)
    return result


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (drift_pb2.DRIFT_STATUS_OK, 0),
        (drift_pb2.DRIFT_STATUS_WARNING, 3),
        (drift_pb2.DRIFT_STATUS_ALERT, 4),
    ],
)
def test_the_exit_code_says_how_much_drifts(server: Any, status: Any, code: int) -> None:
    server.on("DriftService/Analyze", a_job(drift_pb2.ANALYSIS_STATUS_RUNNING))
    server.on("DriftService/GetAnalysisJob", a_job(drift_pb2.ANALYSIS_STATUS_SUCCEEDED))
    server.on("DriftService/GetLatestResult", a_result(status))
    result = run(server, "analyze", "cancer", "--days", "3", "--wait")
    assert result.exit_code == code, result.output
    assert ["age", "ks_test", "warning", "0.18", "0.001"] in [
        line.split() for line in result.stdout.splitlines()
    ]
    (asked,) = server.asked("DriftService/Analyze")
    assert (asked.model_id, asked.window_days) == ("cancer", 3.0)


def test_changes_that_detectors_saw_are_listed_by_their_times(server: Any) -> None:
    result = a_result(drift_pb2.DRIFT_STATUS_ALERT)
    times = ["2026-11-01T12:00:00Z", "2026-11-02T12:00:00.5Z"]
    told: dict[str, Any] = {
        "drift": True,
        "score": 25,
        "pValue": None,
        "status": "alert",
        "details": {"changes": times},
    }
    quiet: dict[str, Any] = {
        "drift": False,
        "score": 0,
        "pValue": None,
        "status": "ok",
        "details": {"changes": []},
    }
    result.features["age"].update({"adwin": told, "page_hinkley": quiet})
    server.on("DriftService/GetLatestResult", result)
    shown = run(server, "results", "cancer", "--latest").stdout
    (line,) = (line for line in shown.splitlines() if line.strip().startswith("changed"))
    days = [datetime.fromisoformat(at).astimezone().strftime("%Y-%m-%d %H:%M:%S") for at in times]
    assert line.split(maxsplit=1)[1] == f"age by adwin: {', '.join(days)} (of 25 the newest)"


def test_an_analysis_that_fails_is_exit_code_1_with_its_reason(server: Any) -> None:
    failed = a_job(drift_pb2.ANALYSIS_STATUS_FAILED, error="feature 'age': no")
    server.on("DriftService/Analyze", failed)
    result = run(server, "analyze", "cancer", "--wait")
    assert result.exit_code == 1
    assert "analysis j1 of model 'cancer' failed: feature 'age': no" in result.stderr


def test_without_wait_the_job_is_named(server: Any) -> None:
    server.on("DriftService/Analyze", a_job(drift_pb2.ANALYSIS_STATUS_RUNNING))
    assert run(server, "analyze", "cancer").stdout == "analysis j1 is running\n"
    told = json.loads(run(server, "analyze", "cancer", "-o", "json").stdout)
    assert (told["job_id"], told["status"]) == ("j1", "running")


def test_a_missing_baseline_is_said_in_the_words_of_the_line(server: Any, refusal: Any) -> None:
    said = "model 'cancer' has no active baseline to compare with; make one with CreateBaseline"
    server.on("DriftService/Analyze", refusal(grpc.StatusCode.FAILED_PRECONDITION, said, "NO_BASELINE"))
    result = run(server, "analyze", "cancer")
    assert result.exit_code == 1
    assert "'pointsman drift baseline create'" in result.stderr
