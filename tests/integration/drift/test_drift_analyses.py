"""Analyses: a program compares a window with the active baseline and writes what the library says."""

import json
from datetime import UTC, datetime, timedelta

import grpc
import pytest
from google.protobuf.json_format import MessageToDict

import pointsman_drift
from contract.drift_by_hand import (
    a_baseline,
    begin_long_ago,
    begun_by_hand,
    ended,
    features_of,
    log_rows,
    result_by_hand,
)
from pointsman.control.drift.program.running import store
from pointsman.control.drift.watching import LOST_SECONDS
from pointsman.domain.drift.analyses import AnalysisStatus
from pointsman.domain.ports.analysing import AnalysisStart
from pointsman.store.database import Database
from pointsman.store.drift import analyses
from pointsman.v1 import drift_pb2
from stage.lake import a_row
from stage.waiting import until

ANALYZE = drift_pb2.AnalyzeRequest(model_id="cancer")
LATEST = drift_pb2.GetLatestResultRequest(model_id="cancer")


@pytest.fixture(autouse=True)
def programs():
    """Programs begin here as they do for users: how they begin and end is what these tests are about."""


@pytest.fixture
def cancer(bench, cancer):
    begin_long_ago(bench.database_url)
    return cancer


def figures_of(result):
    """The figures of a result by feature and algorithm, as plain values."""
    return {name: MessageToDict(feature) for name, feature in result.features.items()}


def same_figures(told, library):
    expected = {name: feature["algorithms"] for name, feature in library["features"].items()}
    # As JSON has it: lists for tuples.
    assert told == json.loads(json.dumps(expected))


async def test_a_result_is_the_library_s_own_of_the_same_rows(cancer):
    before, after = features_of(1, 200), features_of(2, 150, shift=1.5)
    await cancer.drift.CreateBaseline(a_baseline(before))
    await log_rows(cancer, after)
    begun = await cancer.drift.Analyze(ANALYZE)
    assert begun.status == drift_pb2.ANALYSIS_STATUS_RUNNING
    job = await ended(cancer, begun.job_id)
    assert job.status == drift_pb2.ANALYSIS_STATUS_SUCCEEDED, job.error
    assert job.progress == 1.0
    result = await cancer.drift.GetLatestResult(LATEST)
    library = pointsman_drift.compare(before, after).to_dict()
    assert result.result_id == job.result_id
    assert drift_pb2.DriftStatus.Name(result.status) == f"DRIFT_STATUS_{library['status'].upper()}"
    assert (result.reference_rows, result.current_rows) == (200, 150)
    same_figures(figures_of(result), library)
    assert {name: one.score for name, one in result.algorithms.items()} == {
        name: one["score"] for name, one in library["algorithms"].items()
    }
    assert library["status"] == "alert", "the shift is large"


async def test_predictions_of_routers_are_compared_without_being_logged(bench, cancer):
    before = features_of(1, 120)
    after = features_of(3, 90)
    await cancer.drift.CreateBaseline(a_baseline(before))
    now_us = bench.clock()
    rows = [
        a_row(
            now_us - 3_600_000_000 + number,
            number,
            router_id="cancer",
            model_id="cancer",
            f_age=after["age"][number],
            f_plan=after["plan"][number],
        )
        for number in range(90)
    ]
    # Some in files, some in the journal alone.
    bench.replica.journal.predict(*rows[:50])
    bench.replica.journal.seal_predictions()
    bench.replica.journal.predict(*rows[50:70])
    await log_rows(cancer, {name: values[70:] for name, values in after.items()})
    job = await ended(cancer, (await cancer.drift.Analyze(ANALYZE)).job_id)
    assert job.status == drift_pb2.ANALYSIS_STATUS_SUCCEEDED, job.error
    result = await cancer.drift.GetLatestResult(LATEST)
    assert result.current_rows == 90
    library = pointsman_drift.compare(before, after).to_dict()
    same_figures(figures_of(result), library)


async def test_a_second_request_answers_the_analysis_that_runs(cancer):
    await cancer.drift.CreateBaseline(a_baseline(features_of(1, 50)))
    first = await cancer.drift.Analyze(ANALYZE)
    second = await cancer.drift.Analyze(ANALYZE)
    assert first.job_id == second.job_id
    assert (await ended(cancer, first.job_id)).status == drift_pb2.ANALYSIS_STATUS_SUCCEEDED
    assert (await cancer.drift.Analyze(ANALYZE)).job_id != first.job_id


async def test_a_window_without_rows_says_that_nothing_could_be_judged(cancer):
    await cancer.drift.CreateBaseline(a_baseline(features_of(1, 50)))
    job = await ended(cancer, (await cancer.drift.Analyze(ANALYZE)).job_id)
    assert job.status == drift_pb2.ANALYSIS_STATUS_SUCCEEDED, job.error
    result = await cancer.drift.GetLatestResult(LATEST)
    assert result.status == drift_pb2.DRIFT_STATUS_WARNING
    assert {one.feature for one in result.insufficient_data} == {"age", "plan", "(predictions)"}
    assert not result.features


async def test_without_a_large_enough_baseline_nothing_is_analysed(cancer, failing):
    failure = await failing(cancer.drift.Analyze(ANALYZE))
    assert (failure.code, failure.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "NO_BASELINE")
    await cancer.drift.CreateBaseline(a_baseline({"age": list(range(29))}))
    failure = await failing(cancer.drift.Analyze(ANALYZE))
    assert failure.reason == "BASELINE_TOO_SMALL"
    assert "29 rows" in failure.message
    await cancer.drift.UpdateAlertConfig(
        drift_pb2.UpdateAlertConfigRequest(model_id="cancer", min_baseline_sample_size=29)
    )
    job = await ended(cancer, (await cancer.drift.Analyze(ANALYZE)).job_id)
    assert job.status == drift_pb2.ANALYSIS_STATUS_SUCCEEDED, job.error


async def test_a_cancelled_analysis_has_no_result_and_stays_cancelled(cancer, failing):
    await cancer.drift.CreateBaseline(a_baseline(features_of(1, 50)))
    begun = await cancer.drift.Analyze(ANALYZE)
    named = drift_pb2.CancelAnalysisRequest(model_id="cancer", job_id=begun.job_id)
    cancelled = await cancer.drift.CancelAnalysis(named)
    assert cancelled.status == drift_pb2.ANALYSIS_STATUS_CANCELLED
    again = await cancer.drift.CancelAnalysis(named)
    assert again.completed_at == cancelled.completed_at
    assert (await ended(cancer, begun.job_id)).status == drift_pb2.ANALYSIS_STATUS_CANCELLED
    assert (await failing(cancer.drift.GetLatestResult(LATEST))).reason == "RESULT_NOT_FOUND"


async def test_a_killed_program_is_started_again_once_and_then_fails(bench, cancer):
    await cancer.drift.CreateBaseline(a_baseline(features_of(1, 50)))
    runner = bench.plane.parts.drift._runner

    def kill(job_id, attempt):
        process, _ = runner._processes[AnalysisStart(job_id, attempt)]
        process.kill()

    begun = await cancer.drift.Analyze(ANALYZE)
    kill(begun.job_id, 1)
    job = await ended(cancer, begun.job_id)
    assert (job.status, job.attempt) == (drift_pb2.ANALYSIS_STATUS_SUCCEEDED, 2), job.error

    begun = await cancer.drift.Analyze(ANALYZE)
    kill(begun.job_id, 1)
    asked = drift_pb2.GetAnalysisJobRequest(model_id="cancer", job_id=begun.job_id)
    await until(lambda: AnalysisStart(begun.job_id, 2) in runner.known(), 30, "a second start")
    kill(begun.job_id, 2)
    job = await ended(cancer, begun.job_id)
    assert job.status == drift_pb2.ANALYSIS_STATUS_FAILED
    assert "ended 2 times without a result (signal 9" in job.error
    assert (await cancer.drift.GetAnalysisJob(asked)).attempt == 2


async def test_the_window_s_times_win_over_its_days_and_those_over_the_schedule_s(cancer):
    await cancer.drift.CreateBaseline(a_baseline(features_of(1, 50)))
    await cancer.drift.UpdateAlertConfig(
        drift_pb2.UpdateAlertConfigRequest(
            model_id="cancer", schedule=drift_pb2.ScheduleSettings(time_window_days=3)
        )
    )

    async def length(**fields):
        job = await cancer.drift.Analyze(drift_pb2.AnalyzeRequest(model_id="cancer", **fields))
        await cancer.drift.CancelAnalysis(
            drift_pb2.CancelAnalysisRequest(model_id="cancer", job_id=job.job_id)
        )
        return job.window_end.ToDatetime(UTC) - job.window_start.ToDatetime(UTC)

    start = datetime.now(UTC) - timedelta(days=20)
    end = start + timedelta(hours=5)
    assert await length() == timedelta(days=3)
    assert await length(window_days=0.5) == timedelta(hours=12)
    assert await length(window_days=0.5, window_end=end) == timedelta(hours=12)
    assert await length(window_days=0.5, window_start=start, window_end=end) == timedelta(hours=5)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"window_days": 0}, "window_days"),
        ({"window_days": float("nan")}, "window_days"),
        ({"window_end": datetime(2100, 1, 1, tzinfo=UTC)}, "window_end"),
        (
            {
                "window_start": datetime(2026, 2, 1, tzinfo=UTC),
                "window_end": datetime(2026, 1, 1, tzinfo=UTC),
            },
            "window_start",
        ),
    ],
)
async def test_a_window_that_cannot_be_is_refused_with_its_field(cancer, failing, fields, field):
    await cancer.drift.CreateBaseline(a_baseline(features_of(1, 50)))
    failure = await failing(cancer.drift.Analyze(drift_pb2.AnalyzeRequest(model_id="cancer", **fields)))
    assert failure.code is grpc.StatusCode.INVALID_ARGUMENT
    assert list(failure.fields) == [field]


async def test_a_feature_that_routers_record_with_another_type_fails_the_analysis(bench, cancer):
    await cancer.drift.CreateBaseline(a_baseline({"age": [f"{number} years" for number in range(40)]}))
    bench.replica.journal.predict(
        a_row(bench.clock() - 1_000_000, 1, router_id="cancer", model_id="cancer", f_age=40.0)
    )
    job = await ended(cancer, (await cancer.drift.Analyze(ANALYZE)).job_id)
    assert job.status == drift_pb2.ANALYSIS_STATUS_FAILED
    assert job.error.startswith("feature 'age': the baseline has values of the kind text")


async def test_values_of_another_kind_count_as_missing_and_are_told_of(cancer):
    await cancer.drift.CreateBaseline(a_baseline({"age": list(range(40))}))
    await log_rows(cancer, {"age": [*range(40), "old", True]})
    job = await ended(cancer, (await cancer.drift.Analyze(ANALYZE)).job_id)
    assert job.status == drift_pb2.ANALYSIS_STATUS_SUCCEEDED, job.error
    result = await cancer.drift.GetLatestResult(LATEST)
    assert list(result.notes) == [
        "feature 'age': 2 values are no number, as the baseline has them, and count as missing"
    ]
    assert result.features["age"]["missing_values"]["value"] == pytest.approx(2 / 42)


async def test_results_are_listed_newest_first_and_by_status(bench, cancer):
    await cancer.drift.CreateBaseline(a_baseline(features_of(1, 50)))
    for status in ("ok", "alert", "ok"):
        result_by_hand(bench, "cancer", status)

    async def listed(**fields):
        answer = await cancer.drift.GetResults(drift_pb2.GetResultsRequest(model_id="cancer", **fields))
        return [one.status for one in answer.results]

    ok, alert = drift_pb2.DRIFT_STATUS_OK, drift_pb2.DRIFT_STATUS_ALERT
    assert await listed() == [ok, alert, ok]
    assert await listed(limit=2) == [ok, alert]
    assert await listed(status=alert) == [alert]


async def test_what_a_program_says_after_another_was_started_is_not_kept(bench, cancer):
    await cancer.drift.CreateBaseline(a_baseline(features_of(1, 50)))
    job_id = begun_by_hand(bench, "cancer")
    database = Database(bench.database_url)
    with database.write() as connection:
        first = analyses.find(connection, job_id)
        assert first is not None
        assert analyses.start_again(connection, first, crashed=True, now_us=bench.clock())
    body: dict[str, object] = {"status": "ok"}
    assert not store(database, first, body, [], bench.clock)
    with database.write() as connection:
        assert not analyses.see(connection, first, 0.5, bench.clock())
        assert not analyses.end(connection, first, AnalysisStatus.FAILED, bench.clock(), "late")
        second = analyses.find(connection, job_id)
        assert second is not None
        assert second.status is AnalysisStatus.RUNNING
    database.close()


async def test_an_analysis_whose_server_is_gone_is_started_again_by_another(bench, cancer):
    await cancer.drift.CreateBaseline(a_baseline(features_of(1, 50)))
    job_id = begun_by_hand(bench, "cancer")
    bench.clock.offset_us += int((LOST_SECONDS + 1) * 1_000_000)
    job = await ended(cancer, job_id)
    assert (job.status, job.attempt) == (drift_pb2.ANALYSIS_STATUS_SUCCEEDED, 2), job.error


async def test_an_analysis_past_its_deadline_fails(bench, cancer):
    await cancer.drift.CreateBaseline(a_baseline(features_of(1, 50)))
    job_id = begun_by_hand(bench, "cancer")
    bench.clock.offset_us += 601_000_000
    job = await ended(cancer, job_id)
    assert job.status == drift_pb2.ANALYSIS_STATUS_FAILED
    assert "deadline" in job.error
