"""Recorded predictions through the router service, from files and from the journal alike; live figures."""

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from pointsman.v1 import prediction_pb2, router_pb2, snapshot_pb2

START = 1_790_000_000


@pytest.fixture
def record(bench, cancer):
    """Records prediction ``number``; every third ends a segment, so that reads go over files and journal."""
    start_us = bench.clock()

    def record(number, **fields):
        variant = "lr" if number % 2 else "gb"
        fields.setdefault("time_us", start_us + number * 1_000_000)
        fields.setdefault("entity_id", f"u{number % 3}")
        prediction_id = bench.replica.predict("cancer", variant, **fields)
        if number % 3 == 2:
            bench.replica.journal.seal_predictions()
        return prediction_id

    return record


@pytest.fixture
def listed(cancer):
    async def listed(**filters):
        answer = await cancer.routers.ListPredictions(
            router_pb2.ListPredictionsRequest(router_id="cancer", **filters)
        )
        return [prediction.prediction_id for prediction in answer.predictions], answer.next_page_token

    return listed


async def test_what_was_answered_before_is_listed_newest_first(record, listed):
    ids: list[str] = []
    for number in range(7):
        ids.insert(0, record(number))
        assert (await listed())[0] == ids


async def test_a_prediction_is_found_by_its_id_with_its_feedback(bench, cancer, record):
    for number in range(5):
        prediction_id = record(number, confidence=0.75, prediction_label="malignant")
        await cancer.predictions.RecordFeedback(
            prediction_pb2.RecordFeedbackRequest(prediction_id=prediction_id, value=number)
        )
        found = await cancer.routers.GetPrediction(
            router_pb2.GetPredictionRequest(router_id="cancer", prediction_id=prediction_id)
        )
        assert (found.prediction_id, found.entity_id, found.confidence) == (
            prediction_id,
            f"u{number % 3}",
            0.75,
        )
        assert found.prediction.string_value == "malignant"
        assert [(value.metric, value.value) for value in found.feedback] == [("reward", number)]


async def test_filters(cancer, record, listed):
    ids = [record(number) for number in range(7)]
    assert (await listed(variant="lr"))[0] == [ids[5], ids[3], ids[1]]
    assert (await listed(entity_id="u2"))[0] == [ids[5], ids[2]]
    await cancer.predictions.RecordFeedback(
        prediction_pb2.RecordFeedbackRequest(prediction_id=ids[4], value=1)
    )
    assert (await listed(has_feedback=True))[0] == [ids[4]]
    assert len((await listed(has_feedback=False))[0]) == 6
    oldest = {"order": router_pb2.PREDICTION_ORDER_OLDEST_FIRST}
    assert (await listed(**oldest))[0] == ids


async def test_a_window_leaves_out_what_is_before_it_and_from_its_end_on(bench, record, listed):
    ids = [record(number) for number in range(7)]
    rows = [int(row["time_us"]) for _, row in bench.replica.journal.rows]
    start_us = rows[-1] - 6_000_000

    def at(number):
        seconds, micros = divmod(start_us + number * 1_000_000, 1_000_000)
        return Timestamp(seconds=seconds, nanos=micros * 1000)

    assert (await listed(start_time=at(2), end_time=at(4)))[0] == [ids[3], ids[2]]


async def test_pages_are_stable_while_predictions_arrive(record, listed):
    ids = [record(number) for number in range(10)]
    seen, token = [], ""
    for page in range(10):
        found, token = await listed(page_size=3, page_token=token)
        seen += found
        if not token:
            break
        record(100 + page)
        await listed()
    assert seen == ids[::-1]


async def test_an_unknown_prediction_is_not_found(bench, cancer, record, failing):
    record(1)
    other = bench.replica.prediction_id("cancer", "lr")
    for prediction_id in ("missing", "with\x00nul", other):
        request = router_pb2.GetPredictionRequest(router_id="cancer", prediction_id=prediction_id)
        failure = await failing(cancer.routers.GetPrediction(request))
        assert failure.code is grpc.StatusCode.NOT_FOUND
        assert failure.reason == "PREDICTION_NOT_FOUND"


async def test_a_later_router_of_the_same_id_does_not_show_what_the_former_recorded(cancer, record, listed):
    record(0)
    await cancer.routers.DeleteRouter(router_pb2.DeleteRouterRequest(router_id="cancer"))
    await cancer.create()
    assert (await listed())[0] == []


def histogram(*counts):
    bounds = [0.001, 0.01, 0.1]
    return snapshot_pb2.Histogram(bounds_seconds=bounds, counts=counts, sum_seconds=0.005 * sum(counts))


async def test_figures_list_every_variant_and_the_total(bench, cancer):
    bench.replica.counters["cancer"] = snapshot_pb2.RouterCounters(
        router_id="cancer",
        variants=[
            snapshot_pb2.VariantCounters(
                variant="lr",
                requests_by_code=[90, 0, 0, 0, 4] + [0] * 9 + [6],
                pinned_count=3,
                overhead=histogram(100, 0, 0, 0),
                backend=histogram(0, 50, 50, 0),
            )
        ],
        dropped_record_count=5,
        cut_record_counts={"max_body_bytes": 3},
        start_time_us=START * 1_000_000,
        generation=12,
    )
    request = router_pb2.GetRouterMetricsRequest(router_id="cancer", live=True)
    answer = await cancer.routers.GetRouterMetrics(request)
    lr, gb = answer.variants
    assert (lr.request_count, lr.error_count, lr.pinned_request_count) == (100, 10, 3)
    assert dict(lr.requests_by_code) == {"OK": 90, "DEADLINE_EXCEEDED": 4, "UNAVAILABLE": 6}
    assert (lr.effective_share, lr.served_share) == (pytest.approx(0.7), 1)
    assert (gb.variant, gb.request_count, gb.served_share) == ("gb", 0, 0)
    assert gb.effective_share == pytest.approx(0.3)
    assert lr.backend.p50_seconds == pytest.approx(0.01)
    assert lr.backend.p90_seconds == pytest.approx(0.01 + 0.09 * 0.8)
    assert lr.overhead.p99_seconds == pytest.approx(0.00099)
    assert lr.overhead.mean_seconds == pytest.approx(0.005)
    assert answer.total.request_count == 100
    assert answer.total.backend == lr.backend
    assert (answer.generation, answer.dropped_record_count) == (12, 5)
    assert dict(answer.cut_record_counts) == {"max_body_bytes": 3}
    assert answer.count_start_time.seconds == answer.start_time.seconds == START
    assert answer.live
