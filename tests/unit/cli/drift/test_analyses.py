"""``drift analyze --wait`` says by its exit code what came out."""

import json
from datetime import datetime
from typing import Any

import grpc
import pytest
from click.testing import CliRunner, Result
from google.protobuf.struct_pb2 import Struct
from google.protobuf.timestamp_pb2 import Timestamp

from pointsman.cli import app
from pointsman.v1 import drift_pb2


def run(server: Any, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["drift", *arguments, "--server", server.address])


def a_job(status: Any, **fields: Any) -> drift_pb2.AnalysisJob:
    return drift_pb2.AnalysisJob(**{"job_id": "j1", "model_id": "cancer", "status": status, **fields})


def of_window(start: str, end: str, began: str = "2026-11-30T12:00:00Z") -> dict[str, Timestamp]:
    """The times of a job."""
    stamps = {"window_start": start, "window_end": end, "started_at": began}
    found = {name: Timestamp() for name in stamps}
    for name, text in stamps.items():
        found[name].FromJsonString(text)
    return found


LAST_DAYS = of_window("2026-11-27T12:00:00Z", "2026-11-30T12:00:00Z")
OCTOBER = of_window("2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z")
OF_OCTOBER = ("--since", "2026-10-01T00:00:00Z", "--until", "2026-11-01T00:00:00Z")


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
    server.on("DriftService/Analyze", a_job(drift_pb2.ANALYSIS_STATUS_RUNNING, **LAST_DAYS))
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


RUNNING, SUCCEEDED = drift_pb2.ANALYSIS_STATUS_RUNNING, drift_pb2.ANALYSIS_STATUS_SUCCEEDED


def test_an_analysis_of_another_window_ends_before_the_wanted_one_begins(server: Any) -> None:
    server.on(
        "DriftService/Analyze",
        a_job(RUNNING, job_id="other", **LAST_DAYS),
        a_job(RUNNING, **OCTOBER),
    )
    server.on(
        "DriftService/GetAnalysisJob",
        a_job(drift_pb2.ANALYSIS_STATUS_FAILED, job_id="other"),
        a_job(SUCCEEDED, **OCTOBER),
    )
    server.on("DriftService/GetLatestResult", a_result(drift_pb2.DRIFT_STATUS_ALERT))
    result = run(server, "analyze", "cancer", *OF_OCTOBER, "--wait")
    assert result.exit_code == 4, result.output
    assert "analysis other of model 'cancer' runs, of another window (2026-11-27" in result.stderr
    assert "yours begins when it has ended" in result.stderr
    assert [one.job_id for one in server.asked("DriftService/GetAnalysisJob")] == ["other", "j1"]
    first, second = server.asked("DriftService/Analyze")
    assert first == second


def test_without_wait_an_analysis_of_another_window_is_no_success(server: Any) -> None:
    server.on("DriftService/Analyze", a_job(RUNNING, job_id="other", **LAST_DAYS))
    result = run(server, "analyze", "cancer", *OF_OCTOBER)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "yours has not begun. With --wait it begins when that one has ended" in result.stderr


def test_a_turn_that_never_comes_is_an_error(server: Any) -> None:
    server.on("DriftService/Analyze", a_job(SUCCEEDED, job_id="other", **LAST_DAYS))
    result = run(server, "analyze", "cancer", *OF_OCTOBER, "--wait")
    assert result.exit_code == 1
    assert "5 analyses of other windows came before yours" in result.stderr
    assert len(server.asked("DriftService/Analyze")) == 5


@pytest.mark.parametrize(
    ("line", "times", "is_it"),
    [
        ((), OCTOBER, True),
        (("--days", "3"), LAST_DAYS, True),
        (("--days", "7"), LAST_DAYS, False),
        (("--days", "31"), OCTOBER, False),
        (("--since", "2026-11-27T12:00:00Z"), LAST_DAYS, True),
        (("--since", "2026-10-01T00:00:00Z"), OCTOBER, False),
        (("--until", "2026-11-01T00:00:00Z"), OCTOBER, True),
        (("--until", "2026-11-02T00:00:00Z"), OCTOBER, False),
        (OF_OCTOBER, OCTOBER, True),
    ],
)
def test_an_analysis_is_of_the_window_that_is_named(
    server: Any, line: tuple[str, ...], times: dict[str, Timestamp], is_it: bool
) -> None:
    server.on("DriftService/Analyze", a_job(RUNNING, **times))
    assert run(server, "analyze", "cancer", *line).exit_code == (0 if is_it else 1)
