"""Feedback: once each, counted once, never for what is not ours."""

import asyncio
import math

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from pointsman.v1 import prediction_pb2, router_pb2

APPLIED = prediction_pb2.FEEDBACK_OUTCOME_APPLIED
DUPLICATE = prediction_pb2.FEEDBACK_OUTCOME_DUPLICATE
CONFLICT = prediction_pb2.FEEDBACK_OUTCOME_CONFLICT


@pytest.fixture
def bring(bench, cancer):
    async def bring(prediction_id, value, metric="", **fields):
        answer = await cancer.predictions.RecordFeedback(
            prediction_pb2.RecordFeedbackRequest(
                prediction_id=prediction_id, value=value, metric=metric, **fields
            )
        )
        return answer.outcome

    return bring


@pytest.fixture
def figures(cancer):
    async def figures():
        return await cancer.routers.GetRouterMetrics(router_pb2.GetRouterMetricsRequest(router_id="cancer"))

    return figures


async def test_the_first_value_stays(bench, bring, figures):
    prediction_id = bench.data_plane.prediction_id("cancer", "lr")
    assert await bring(prediction_id, 1) == APPLIED
    assert await bring(prediction_id, 1) == DUPLICATE
    assert await bring(prediction_id, 0, "reward") == CONFLICT
    assert await bring(prediction_id, 0, "clicked") == APPLIED
    lr = (await figures()).variants[0]
    assert (lr.feedback_count, lr.mean_reward) == (2, 1)
    assert [(f.metric, f.count, f.mean) for f in lr.feedback] == [("clicked", 1, 0), ("reward", 1, 1)]


async def test_totals_add_up_per_variant_and_over_all(bench, bring, figures):
    for number in range(10):
        variant = "lr" if number < 6 else "gb"
        await bring(bench.data_plane.prediction_id("cancer", variant, epoch=number), number)
    answer = await figures()
    assert [(v.variant, v.feedback_count, v.mean_reward) for v in answer.variants] == [
        ("lr", 6, 2.5),
        ("gb", 4, 7.5),
    ]
    assert (answer.total.feedback_count, answer.total.mean_reward) == (10, 4.5)


async def test_many_at_once_are_each_counted_once(bench, bring, figures):
    ids = [bench.data_plane.prediction_id("cancer", "lr", epoch=number) for number in range(200)]
    outcomes = await asyncio.gather(*(bring(prediction_id, 1) for prediction_id in ids * 2))
    assert outcomes.count(APPLIED) == 200
    assert outcomes.count(DUPLICATE) == 200
    assert (await figures()).variants[0].feedback_count == 200


async def test_in_one_batch_the_first_to_come_wins(bench, bring):
    prediction_id = bench.data_plane.prediction_id("cancer", "lr")
    outcomes = await asyncio.gather(*(bring(prediction_id, value) for value in (3, 3, 4)))
    assert outcomes == [APPLIED, DUPLICATE, CONFLICT]


async def test_a_pinned_call_takes_feedback_outside_the_totals(bench, bring, figures):
    assert await bring(bench.data_plane.prediction_id("cancer", "lr", pinned=True), 1) == APPLIED
    assert (await figures()).total.feedback_count == 0
    assert not (await figures()).total.HasField("mean_reward")


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"prediction_id": ""}, "prediction_id"),
        ({"prediction_id": "forged"}, "prediction_id"),
        ({"prediction_id": "x" * 2000}, "prediction_id"),
        ({"metric": "not a name"}, "metric"),
        ({"value": math.nan}, "value"),
        ({"value": math.inf}, "value"),
        ({"value": 1e200}, "value"),
        ({"observe_time": Timestamp(nanos=-1)}, "observe_time"),
    ],
)
async def test_wrong_feedback_is_refused_by_the_field(bench, bring, failing, fields, path):
    given = {"prediction_id": bench.data_plane.prediction_id("cancer", "lr"), "value": 1.0} | fields
    failure = await failing(bring(**given))
    assert failure.code is grpc.StatusCode.INVALID_ARGUMENT
    assert list(failure.fields) == [path]


async def test_feedback_ends_after_ninety_days(bench, bring, failing):
    prediction_id = bench.data_plane.prediction_id("cancer", "lr")
    bench.clock.advance_days(89)
    assert await bring(prediction_id, 1) == APPLIED
    bench.clock.advance_days(2)
    failure = await failing(bring(prediction_id, 1))
    assert failure.code is grpc.StatusCode.FAILED_PRECONDITION
    assert "90 days" in failure.message


async def test_a_later_router_of_the_same_id_takes_no_feedback_of_the_former(bench, cancer, bring, failing):
    prediction_id = bench.data_plane.prediction_id("cancer", "lr")
    await cancer.routers.DeleteRouter(router_pb2.DeleteRouterRequest(router_id="cancer"))
    assert (await failing(bring(prediction_id, 1))).code is grpc.StatusCode.NOT_FOUND
    await cancer.create()
    assert (await failing(bring(prediction_id, 1))).code is grpc.StatusCode.NOT_FOUND


async def test_one_bad_apple_does_not_spoil_its_batch(bench, cancer):
    outsider = bench.user("outsider")

    def request(epoch):
        prediction_id = bench.data_plane.prediction_id("cancer", "lr", epoch=epoch)
        return prediction_pb2.RecordFeedbackRequest(prediction_id=prediction_id, value=1)

    answers = await asyncio.gather(
        *(
            (outsider if number % 2 else cancer).predictions.RecordFeedback(request(number))
            for number in range(20)
        ),
        return_exceptions=True,
    )
    assert [getattr(answer, "outcome", None) for answer in answers] == [APPLIED, None] * 10


async def test_old_feedback_is_deleted_and_its_totals_stay(bench, bring, figures):
    await bring(bench.data_plane.prediction_id("cancer", "lr"), 1)
    bench.clock.advance_days(92)
    await bench.plane._lanes.write(bench.plane._upkeep.round)
    with bench.plane._database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM feedback").scalar_one() == 0
    assert (await figures()).total.feedback_count == 1
