"""An outcome whose prediction is past its time is not taken for one of the entity's next prediction."""

from datetime import UTC, datetime, timedelta

import pytest

from pointsman.v1 import drift_pb2

from .by_hand import run_all
from .drift_by_hand import a_prediction, a_truth, begin_long_ago, moment
from .truth_uploads_by_hand import HEAD, run_jobs, upload

pytestmark = pytest.mark.usefixtures("logged_place")
KEPT_DAYS = 90


@pytest.fixture
def database_url(each_database_url):
    return each_database_url


@pytest.fixture
async def cancer(bench):
    await bench.local.register(version="1", backend=None)
    begin_long_ago(bench.database_url)
    return bench.local


@pytest.fixture
def day(bench):
    """Answers a day that is counted from when the test began."""
    begin = datetime.fromtimestamp(bench.clock() // 1_000_000, UTC)
    return lambda number: begin + timedelta(days=number)


async def log(user, entity_id, at):
    answer = await user.drift.LogPrediction(a_prediction(entity_id=entity_id, timestamp=moment(at)))
    return answer.prediction_id


async def outcomes(user, **fields):
    """The outcome of each prediction, or None, by its id."""
    found = await user.drift.GetPredictions(drift_pb2.GetPredictionsRequest(model_id="cancer", **fields))
    return {
        one.prediction_id: one.actual_outcome.string_value if one.HasField("actual_outcome") else None
        for one in found.predictions
    }


async def judged(user):
    """Of how many predictions the history knows the outcome."""
    found = await user.drift.GetPerformanceHistory(
        drift_pb2.GetPerformanceHistoryRequest(model_id="cancer", window_days=365)
    )
    return sum(point.sample_size for point in found.history)


def let_go(bench):
    run_jobs(bench, ["old-logged-predictions", "old-outcomes"], days=KEPT_DAYS)
    run_all(bench.plane, "lake-retention")


async def test_an_outcome_of_a_prediction_that_is_gone_is_not_of_the_next_one(bench, cancer, day):
    await log(cancer, "ann", day(0))
    bench.clock.advance_days(40)
    assert (await cancer.drift.AddGroundTruth(a_truth("ann", "denied", day(40)))).matched
    bench.clock.advance_days(KEPT_DAYS - 40 + 1)
    let_go(bench)
    later = await log(cancer, "ann", day(KEPT_DAYS))
    assert await outcomes(cancer) == {later: None}
    assert await outcomes(cancer, has_ground_truth=False) == {later: None}
    assert await judged(cancer) == 0


async def test_an_outcome_that_comes_when_its_prediction_is_gone_is_unmatched(bench, cancer, day):
    await log(cancer, "ann", day(0))
    bench.clock.advance_days(KEPT_DAYS + 1)
    let_go(bench)
    later = await log(cancer, "ann", day(KEPT_DAYS))
    told = await cancer.drift.AddGroundTruth(a_truth("ann", "denied", day(44)))
    assert not told.matched
    text = f"{HEAD}ann,approved,{day(43).isoformat()}\nann,approved,{day(KEPT_DAYS + 1).isoformat()}\n"
    assert (await upload(cancer, "u", text)).matched == 1
    assert await outcomes(cancer) == {later: "approved"}


async def test_one_that_is_observed_later_than_outcomes_come_is_of_the_next_one(bench, cancer, day):
    await log(cancer, "ann", day(0))
    bench.clock.advance_days(KEPT_DAYS + 1)
    let_go(bench)
    first, second = await log(cancer, "ann", day(50)), await log(cancer, "ann", day(51))
    assert (await cancer.drift.AddGroundTruth(a_truth("ann", "denied", day(46)))).matched
    assert await outcomes(cancer) == {second: None, first: "denied"}


async def test_what_a_model_has_not_lost_does_not_matter_to_it(bench, cancer, day):
    await bench.local.register("other", "1", backend=None)
    await bench.local.drift.LogPrediction(a_prediction("other", entity_id="ann", timestamp=moment(day(0))))
    bench.clock.advance_days(KEPT_DAYS + 1)
    let_go(bench)
    later = await log(cancer, "ann", day(50))
    assert (await cancer.drift.AddGroundTruth(a_truth("ann", "denied", day(1)))).matched
    assert await outcomes(cancer) == {later: "denied"}
