"""Drift on PostgreSQL, by two servers at once: one analysis, one active baseline, one outcome of a time."""

import asyncio
from datetime import UTC, datetime, timedelta

import grpc
import pytest

from contract.drift_by_hand import (
    LATEST,
    a_baseline,
    a_prediction,
    a_truth,
    begun_by_hand,
    drawn,
    ended,
    features_of,
    log_rows,
    moment,
    tell,
)
from pointsman.store.database import Database
from pointsman.store.drift import analyses
from pointsman.v1 import drift_pb2
from stage.waiting import until


@pytest.fixture
async def users(east, west):
    await east.local.register("cancer", "1", backend=None)
    return east.local, west.local


async def test_what_one_server_takes_the_other_tells_and_compares(users):
    east, west = users
    await east.drift.CreateBaseline(a_baseline(features_of(1, 60)))
    await log_rows(east, features_of(2, 40))
    assert (await west.drift.GetPredictions(drift_pb2.GetPredictionsRequest(model_id="cancer"))).total == 40
    asked = drift_pb2.AnalyzeRequest(model_id="cancer")
    first, second = await asyncio.gather(east.drift.Analyze(asked), west.drift.Analyze(asked))
    assert first.job_id == second.job_id
    job = await ended(west, first.job_id)
    assert job.status == drift_pb2.ANALYSIS_STATUS_SUCCEEDED, job.error
    assert (await west.drift.GetLatestResult(LATEST)).current_rows == 40
    assert await west.drift.GetLatestResult(LATEST) == await east.drift.GetLatestResult(LATEST)


async def test_of_first_baselines_made_at_once_one_is_active(users):
    made = [
        user.drift.CreateBaseline(a_baseline(features_of(1, 40), f"v{number}"))
        for number, user in enumerate([*users] * 4)
    ]
    await asyncio.gather(*made)
    found = await users[0].drift.GetBaselines(drift_pb2.GetBaselinesRequest(model_id="cancer"))
    assert len(found.baselines) == 8
    assert [one.active for one in found.baselines].count(True) == 1
    chosen = [one.baseline_id for one in found.baselines]
    await asyncio.gather(
        *(
            user.drift.SetActiveBaseline(
                drift_pb2.SetActiveBaselineRequest(model_id="cancer", baseline_id=baseline_id)
            )
            for user, baseline_id in zip([*users] * 4, chosen, strict=True)
        )
    )
    found = await users[1].drift.GetBaselines(drift_pb2.GetBaselinesRequest(model_id="cancer"))
    assert [one.active for one in found.baselines].count(True) == 1


async def test_a_version_that_two_servers_make_at_once_is_one_of_them_s(users):
    made = await asyncio.gather(
        *(user.drift.CreateBaseline(a_baseline(features_of(1, 40))) for user in users),
        return_exceptions=True,
    )
    refused = [one for one in made if isinstance(one, grpc.aio.AioRpcError)]
    assert [one.code() for one in refused] == [grpc.StatusCode.ALREADY_EXISTS]


async def test_an_outcome_that_two_servers_bring_at_once_is_kept_once(users):
    time = datetime.now(UTC) - timedelta(hours=1)
    brought = await asyncio.gather(
        *(user.drift.AddGroundTruth(a_truth("ann", "denied", time)) for user in [*users] * 4)
    )
    assert len({one.ground_truth_id for one in brought}) == 1


async def test_answers_outcomes_and_baselines_of_windows_are_the_same_for_both(users):
    east, west = users
    scores, predicted, actual = drawn(5, 60)
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    start = midnight - timedelta(hours=12)
    for number in range(60):
        await users[number % 2].drift.LogPrediction(
            a_prediction(
                features={"age": number},
                prediction=predicted[number],
                probabilities=scores[number],
                entity_id=f"e{number}",
                timestamp=moment(start + timedelta(seconds=number)),
            )
        )
    await tell(west, {f"e{number}": actual[number] for number in range(60)})
    made = await east.drift.CreateBaseline(
        drift_pb2.CreateBaselineRequest(
            model_id="cancer", version="v1", window=drift_pb2.BaselineWindow(days=2)
        )
    )
    assert made.sample_size == 60
    begun = await west.drift.Analyze(drift_pb2.AnalyzeRequest(model_id="cancer", window_days=2))
    job = await ended(east, begun.job_id)
    assert job.status == drift_pb2.ANALYSIS_STATUS_SUCCEEDED, job.error
    result = await east.drift.GetLatestResult(LATEST)
    right = sum(map(str.__eq__, predicted, actual)) / 60
    assert result.performance["accuracy"].realised == result.performance["accuracy"].reference == right
    asked = drift_pb2.GetPerformanceHistoryRequest(model_id="cancer")
    (point,) = (await west.drift.GetPerformanceHistory(asked)).history
    assert (point.accuracy, point.metrics["accuracy"].realised) == (right, right)


def is_awaited(database):
    """Whether anybody waits for a lock that somebody else has."""
    waiting = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND wait_event_type = 'Lock'"
    )
    with database.read() as connection:
        return connection.exec_driver_sql(waiting).scalar_one() > 0


async def test_an_analysis_is_cancelled_while_another_server_starts_it_again(east, users, url):
    await users[0].drift.CreateBaseline(a_baseline(features_of(1, 40)))
    job_id = begun_by_hand(east, "cancer")
    database = Database(url)
    with database.write() as connection:
        found = analyses.find(connection, job_id)
        assert found is not None
        assert analyses.start_again(connection, found, crashed=False, now_us=east.clock())
        asked = drift_pb2.CancelAnalysisRequest(model_id="cancer", job_id=job_id)
        cancelling = asyncio.ensure_future(users[1].drift.CancelAnalysis(asked))
        await until(lambda: is_awaited(database), 20, "a cancellation that waits for the restart")
    assert (await cancelling).status == drift_pb2.ANALYSIS_STATUS_CANCELLED
    database.close()
