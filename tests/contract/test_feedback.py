"""Feedback of the journal is applied once; feedback that the data plane passes on finds its prediction."""

import asyncio
import math

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from pointsman.v1 import prediction_pb2, record_pb2, router_pb2

from .by_hand import run_all

APPLIED = prediction_pb2.FEEDBACK_OUTCOME_APPLIED
DUPLICATE = prediction_pb2.FEEDBACK_OUTCOME_DUPLICATE
CONFLICT = prediction_pb2.FEEDBACK_OUTCOME_CONFLICT
RECORDED = prediction_pb2.FEEDBACK_OUTCOME_RECORDED
CORRECTED = prediction_pb2.FEEDBACK_OUTCOME_CORRECTED
WAIT_APPLIED = prediction_pb2.FEEDBACK_WAIT_APPLIED


def an_entry(bench, number, value=1.0, variant="lr", **fields):
    """An entry of the journal, as the data plane makes it after its checks."""
    values = {
        "prediction_id": f"p{number}",
        "metric": "reward",
        "value": value,
        "observe_time_us": 7,
        "router_id": "cancer",
        "variant": variant,
        "propensity": 0.5,
        "prediction_time_us": bench.clock(),
        "counted": True,
        "receive_time_us": 8,
    }
    return record_pb2.FeedbackEntry(**(values | fields))


@pytest.fixture
def bring(cancer):
    async def bring(prediction_id="", value=1.0, metric="", user=None, **fields):
        fields.setdefault("wait", WAIT_APPLIED)
        answer = await (user or cancer).predictions.RecordFeedback(
            prediction_pb2.RecordFeedbackRequest(
                prediction_id=prediction_id, value=value, metric=metric, **fields
            )
        )
        return answer.outcome

    return bring


@pytest.fixture
def figures(cancer):
    async def figures():
        # The journal's feedback is of predictions that no lake has: the totals in SQL know it.
        request = router_pb2.GetRouterMetricsRequest(router_id="cancer", live=True)
        return await cancer.routers.GetRouterMetrics(request)

    return figures


async def test_what_the_journal_acknowledged_is_in_the_next_read(bench, cancer, figures):
    for number in range(10):
        variant = "lr" if number < 6 else "gb"
        bench.replica.journal.bring(an_entry(bench, number, number, variant))
        assert (await figures()).total.feedback_count == number + 1
    answer = await figures()
    assert [(v.variant, v.feedback_count, v.mean_reward) for v in answer.variants] == [
        ("lr", 6, 2.5),
        ("gb", 4, 7.5),
    ]
    assert (answer.total.feedback_count, answer.total.mean_reward) == (10, 4.5)


async def test_the_data_plane_learns_what_came_of_each_and_may_forget_it(bench, cancer):
    journal = bench.replica.journal
    journal.bring(
        an_entry(bench, 1, 3),
        an_entry(bench, 1, 3),
        an_entry(bench, 1, 4),
        an_entry(bench, 1, 5, corrects=True),
        an_entry(bench, 2, router_id="gone"),
    )
    assert await asyncio.to_thread(journal.wait_for_feedback, 500)
    assert list(journal.outcomes.values()) == [
        APPLIED,
        DUPLICATE,
        CONFLICT,
        CORRECTED,
        prediction_pb2.FEEDBACK_OUTCOME_UNSPECIFIED,
    ]


async def test_an_entry_that_the_database_refuses_holds_up_no_other(bench, cancer, figures):
    bench.replica.journal.bring(
        *(an_entry(bench, number) for number in range(5)),
        an_entry(bench, 5, row=2**31),
        an_entry(bench, 6, math.nan),
        *(an_entry(bench, number) for number in range(7, 10)),
    )
    count = (await figures()).total.feedback_count
    assert count == 8
    assert bench.replica.journal.feedback_released == 1000


async def test_a_restart_goes_on_where_the_database_is(bench, cancer, figures):
    journal = bench.replica.journal
    journal.bring(*(an_entry(bench, number) for number in range(5)))
    await figures()
    from pointsman.control.journals.applier import Applier

    # The journal still has everything, as after a crash between the transaction and the release.
    again = [an_entry(bench, number) for number in range(5)]
    journal.feedback = [(100 * (number + 1), entry) for number, entry in enumerate(again)]
    journal.bring(an_entry(bench, 9))
    applier = Applier(bench.plane.parts.database, bench.replica, bench.plane.parts.keeper, bench.clock)
    await asyncio.to_thread(applier.apply_now)
    assert (await figures()).total.feedback_count == 6


async def test_feedback_for_an_entity_is_about_its_latest_prediction(bench, cancer, bring):
    first = bench.replica.predict("cancer", "lr", entity_id="u1")
    bench.replica.journal.seal_predictions()
    second = bench.replica.predict("cancer", "gb", entity_id="u1")
    bench.replica.predict("cancer", "gb", entity_id="u2")
    request = prediction_pb2.RecordFeedbackRequest(
        router_id="cancer", entity_id="u1", value=2, wait=WAIT_APPLIED
    )
    answer = await cancer.predictions.RecordFeedback(request)
    assert (answer.outcome, answer.prediction_id) == (APPLIED, second)
    assert first != second
    assert await bring(second, 2) == DUPLICATE
    assert await bring(second, 3) == CONFLICT


async def test_an_entity_that_is_recorded_hashed_is_found_and_one_that_is_not_recorded_is_refused(
    bench, cancer, bring, failing
):
    from pointsman.domain.recording import hashed_entity

    async def record_entities(entity):
        router = router_pb2.Router(router_id="cancer", recording=router_pb2.Recording(entity=entity))
        await cancer.routers.UpdateRouter(router_pb2.UpdateRouterRequest(router=router))

    await record_entities(router_pb2.ENTITY_RECORDING_HMAC)
    hashed = hashed_entity(bench.replica.entity_key, "u1")
    bench.replica.predict("cancer", "lr", entity_id=hashed)
    assert await bring(router_id="cancer", entity_id="u1") == APPLIED
    failure = await failing(bring(router_id="cancer", entity_id="u2"))
    assert (failure.code, failure.reason) == (grpc.StatusCode.NOT_FOUND, "PREDICTION_NOT_FOUND")
    await record_entities(router_pb2.ENTITY_RECORDING_NONE)
    failure = await failing(bring(router_id="cancer", entity_id="u1"))
    assert (failure.code, failure.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "ENTITIES_NOT_RECORDED")


async def test_without_waiting_the_answer_is_recorded(bench, bring, figures):
    prediction_id = bench.replica.prediction_id("cancer", "lr")
    assert await bring(prediction_id, wait=prediction_pb2.FEEDBACK_WAIT_UNSPECIFIED) == RECORDED
    assert await bring(prediction_id, wait=prediction_pb2.FEEDBACK_WAIT_DURABLE) == RECORDED
    assert (await figures()).total.feedback_count == 1


async def test_each_value_of_a_batch_is_answered_by_itself(bench, cancer):
    outsider = bench.user("outsider")
    known = bench.replica.predict("cancer", "lr", entity_id="u1")
    batch = [
        {"prediction_id": known, "value": 1},
        {"router_id": "cancer", "entity_id": "u1", "value": 1},
        {"router_id": "cancer", "entity_id": "nobody", "value": 1},
        {"prediction_id": "forged", "value": 1},
        {"prediction_id": known, "value": 1, "observe_time": Timestamp(nanos=-1)},
        {"prediction_id": known, "value": 2, "row": 1},
    ]
    request = prediction_pb2.BatchRecordFeedbackRequest(feedback=batch, wait=WAIT_APPLIED)
    results = (await cancer.predictions.BatchRecordFeedback(request)).results
    assert [(result.outcome, result.code) for result in results] == [
        (APPLIED, 0),
        (DUPLICATE, 0),
        (0, grpc.StatusCode.NOT_FOUND.value[0]),
        (0, grpc.StatusCode.INVALID_ARGUMENT.value[0]),
        (0, grpc.StatusCode.INVALID_ARGUMENT.value[0]),
        (APPLIED, 0),
    ]
    assert results[3].message.startswith("prediction_id: ")
    hidden = (await outsider.predictions.BatchRecordFeedback(request)).results[0]
    assert hidden.code == grpc.StatusCode.NOT_FOUND.value[0]


async def test_a_pinned_call_takes_feedback_outside_the_totals(bench, bring, figures):
    assert await bring(bench.replica.prediction_id("cancer", "lr", pinned=True)) == APPLIED
    assert (await figures()).total.feedback_count == 0


@pytest.mark.parametrize(
    ("row_limit", "row", "said"),
    [(3, 7, "which had the rows 0 to 2"), (1, 1, "which had one row; leave it out, or send 0")],
)
async def test_a_row_that_the_prediction_did_not_have_is_refused(bench, bring, failing, row_limit, row, said):
    of_three = bench.replica.prediction_id("cancer", "lr", row_limit=row_limit)
    failure = await failing(bring(of_three, row=row))
    assert failure.code is grpc.StatusCode.INVALID_ARGUMENT
    assert said in failure.fields["row"]
    assert await bring(of_three, row=row_limit - 1) == APPLIED
    unknown = bench.replica.prediction_id("cancer", "lr", epoch=1)
    assert await bring(unknown, row=row) == APPLIED


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"prediction_id": ""}, "prediction_id"),
        ({"prediction_id": "forged"}, "prediction_id"),
        ({"prediction_id": "x" * 2000}, "prediction_id"),
        ({"entity_id": "u"}, "entity_id"),
        ({"router_id": "other"}, "router_id"),
        ({"metric": "not a name"}, "metric"),
        ({"value": math.nan}, "value"),
        ({"value": math.inf}, "value"),
        ({"value": 1e200}, "value"),
        ({"row": -1}, "row"),
        ({"observe_time": Timestamp(nanos=-1)}, "observe_time"),
        ({"observe_time": Timestamp(seconds=4_102_444_800)}, "observe_time"),
        ({"observe_time": Timestamp(seconds=-6_406_000_000)}, "observe_time"),
        ({"wait": 9}, "wait"),
        ({"prediction_id": "", "router_id": "no name", "entity_id": "u"}, "router_id"),
    ],
)
async def test_wrong_feedback_is_refused_by_the_field(bench, bring, failing, fields, path):
    given = {"prediction_id": bench.replica.prediction_id("cancer", "lr")} | fields
    failure = await failing(bring(**given))
    assert failure.code is grpc.StatusCode.INVALID_ARGUMENT
    assert list(failure.fields) == [path]


@pytest.mark.parametrize(
    ("metric", "value", "path"),
    [
        ("clicked", 1, None),
        ("clicked", 0.5, "value"),
        ("count", 3, None),
        ("count", -1, "value"),
        ("score", 5, None),
        ("score", 5.5, "value"),
        ("score", -1.5, "value"),
        ("other", 1, "metric"),
    ],
)
async def test_a_router_takes_the_metrics_that_it_declares(
    bench, cancer, bring, failing, metric, value, path
):
    metrics = [
        router_pb2.MetricDefinition(name="clicked", type=router_pb2.METRIC_TYPE_BINARY),
        router_pb2.MetricDefinition(name="count", type=router_pb2.METRIC_TYPE_COUNT),
        router_pb2.MetricDefinition(name="score", min_value=-1, max_value=5),
    ]
    router = router_pb2.Router(router_id="cancer", metrics=metrics)
    await cancer.routers.UpdateRouter(router_pb2.UpdateRouterRequest(router=router))
    call = bring(bench.replica.prediction_id("cancer", "lr"), value, metric)
    if path is None:
        assert await call == APPLIED
    else:
        assert list((await failing(call)).fields) == [path]


async def test_a_router_may_allow_corrections(bench, cancer, bring, figures):
    prediction_id = bench.replica.prediction_id("cancer", "lr")
    await bring(prediction_id, 1)
    assert await bring(prediction_id, 3) == CONFLICT
    router = router_pb2.Router(router_id="cancer", allow_feedback_corrections=True)
    await cancer.routers.UpdateRouter(router_pb2.UpdateRouterRequest(router=router))
    assert await bring(prediction_id, 3) == CORRECTED
    total = (await figures()).total
    assert (total.feedback_count, total.mean_reward) == (1, 3)


async def test_feedback_ends_after_ninety_days(bench, bring, failing):
    prediction_id = bench.replica.prediction_id("cancer", "lr")
    bench.clock.advance_days(89)
    assert await bring(prediction_id) == APPLIED
    bench.clock.advance_days(2)
    failure = await failing(bring(prediction_id))
    assert failure.code is grpc.StatusCode.FAILED_PRECONDITION
    assert "90 days" in failure.message


async def test_a_router_that_is_made_again_under_its_id_is_another_one(bench, cancer):
    incarnations = [bench.replica.routers["cancer"].incarnation]
    for _ in range(3):
        await cancer.routers.DeleteRouter(router_pb2.DeleteRouterRequest(router_id="cancer"))
        await cancer.create()
        incarnations.append(bench.replica.routers["cancer"].incarnation)
    assert len(set(incarnations)) == 4


async def test_feedback_is_taken_whose_prediction_a_clock_that_is_behind_made(bench, cancer, bring, figures):
    behind_us = bench.clock() - 2 * 3_600_000_000
    assert await bring(bench.replica.prediction_id("cancer", "lr", time_us=behind_us)) == APPLIED
    bench.replica.predict("cancer", "lr", entity_id="u1", time_us=behind_us)
    assert await bring(router_id="cancer", entity_id="u1") == APPLIED
    assert (await figures()).total.feedback_count == 2
    listed = await cancer.routers.ListPredictions(router_pb2.ListPredictionsRequest(router_id="cancer"))
    assert [len(row.feedback) for row in listed.predictions] == [1]


async def test_a_later_router_of_the_same_id_takes_no_feedback_of_the_former(bench, cancer, bring, failing):
    prediction_id = bench.replica.prediction_id("cancer", "lr")
    await cancer.routers.DeleteRouter(router_pb2.DeleteRouterRequest(router_id="cancer"))
    assert (await failing(bring(prediction_id))).code is grpc.StatusCode.NOT_FOUND
    await cancer.create()
    assert (await failing(bring(prediction_id))).code is grpc.StatusCode.NOT_FOUND


async def test_a_full_journal_is_said_to_be_full(bench, bring, failing):
    bench.replica.journal.full = "the journal is full; make room"
    failure = await failing(bring(bench.replica.prediction_id("cancer", "lr")))
    assert failure.code is grpc.StatusCode.UNAVAILABLE
    assert failure.message == "the journal is full; make room"


async def test_old_feedback_is_deleted_once_the_lake_has_it_and_its_totals_stay(bench, bring):
    await bring(bench.replica.prediction_id("cancer", "lr"))

    def count():
        with bench.plane.parts.database.read() as connection:
            return connection.exec_driver_sql("SELECT count(*) FROM feedback").scalar_one()

    bench.clock.advance_days(92)
    run_all(bench.plane, "old-feedback")
    assert count() == 1
    assert bench.plane.parts.lake.upkeep.export_feedback() == 1
    run_all(bench.plane, "old-feedback")
    assert count() == 0
    with bench.plane.parts.database.read() as connection:
        assert connection.exec_driver_sql("SELECT sum(count) FROM feedback_totals").scalar_one() == 1
