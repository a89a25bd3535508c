"""Programs of analyses: how they begin, end, are killed and started again, and the result they leave."""

import pytest

import pointsman_drift
from contract.drift_by_hand import (
    ANALYZE,
    LATEST,
    a_baseline,
    begun_by_hand,
    ended,
    features_of,
    figures_of,
    library_figures,
    log_rows,
)
from pointsman.control.drift.program.running import store
from pointsman.control.drift.watching import LOST_SECONDS
from pointsman.domain.drift.analyses import AnalysisStatus
from pointsman.domain.ports.analysing import AnalysisStart
from pointsman.store.database import Database
from pointsman.store.drift import analyses
from pointsman.v1 import drift_pb2
from stage.waiting import until


@pytest.fixture(autouse=True)
def programs():
    """Programs begin here as they do for users: how they begin and end is what these tests are about."""


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
    assert figures_of(result) == library_figures(library)
    assert {name: one.score for name, one in result.algorithms.items()} == {
        name: one["score"] for name, one in library["algorithms"].items()
    }
    assert library["status"] == "alert", "the shift is large"


async def test_a_second_request_answers_the_analysis_that_runs(cancer):
    await cancer.drift.CreateBaseline(a_baseline(features_of(1, 50)))
    first = await cancer.drift.Analyze(ANALYZE)
    second = await cancer.drift.Analyze(ANALYZE)
    assert first.job_id == second.job_id
    assert (await ended(cancer, first.job_id)).status == drift_pb2.ANALYSIS_STATUS_SUCCEEDED
    assert (await cancer.drift.Analyze(ANALYZE)).job_id != first.job_id


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
