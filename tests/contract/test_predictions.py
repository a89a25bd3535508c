"""Recorded predictions and live figures."""

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.struct_pb2 import ListValue, Struct, Value
from google.protobuf.timestamp_pb2 import Timestamp

from pointsman.v1 import prediction_pb2, router_pb2, snapshot_pb2

START = 1_790_000_000


def a_record(number, **fields):
    values = {
        "prediction_id": f"p{number:04}",
        "router_id": "cancer",
        "variant": "lr" if number % 2 else "gb",
        "model_id": "cancer",
        "model_version": "1" if number % 2 else "2",
        "entity_id": f"u{number % 3}",
        "time": Timestamp(seconds=START + number, nanos=123_000),
        "generation": 7,
        "propensity": 0.7,
        "reason": prediction_pb2.DECISION_REASON_SLOT,
        "randomised_by": prediction_pb2.RANDOMISED_BY_ENTITY,
        "overhead": Duration(nanos=40_000),
        "backend_latency": Duration(seconds=1, nanos=5),
        "request_id": f"r{number}",
    }
    return prediction_pb2.PredictionRecord(**(values | fields))


@pytest.fixture
def listed(cancer):
    async def listed(**filters):
        answer = await cancer.routers.ListPredictions(
            router_pb2.ListPredictionsRequest(router_id="cancer", **filters)
        )
        return [prediction.prediction_id for prediction in answer.predictions], answer.next_page_token

    return listed


async def test_a_prediction_is_read_back_whole(bench, cancer):
    record = a_record(
        1,
        features={
            "age": Value(number_value=50.5),
            "name": Value(string_value="é\x00"),
            "none": Value(null_value=0),
            "flag": Value(bool_value=True),
            "list": Value(list_value=ListValue(values=[Value(number_value=1)])),
            "map": Value(struct_value=Struct(fields={"a": Value(string_value="b")})),
        },
        prediction=Value(string_value="malignant"),
        probabilities=[0.25, 0.75],
    )
    bench.data_plane.records.append(record)
    found = await cancer.routers.GetPrediction(
        router_pb2.GetPredictionRequest(router_id="cancer", prediction_id="p0001")
    )
    assert found == record


async def test_what_was_answered_before_is_listed_newest_first(bench, listed):
    bench.data_plane.records += [a_record(number) for number in (2, 0, 1)]
    assert (await listed())[0] == ["p0002", "p0001", "p0000"]


async def test_filters(bench, cancer, listed):
    bench.data_plane.records += [a_record(number) for number in range(6)]
    assert (await listed(variant="lr"))[0] == ["p0005", "p0003", "p0001"]
    assert (await listed(entity_id="u2"))[0] == ["p0005", "p0002"]
    window = {"start_time": Timestamp(seconds=START + 2), "end_time": Timestamp(seconds=START + 4)}
    assert (await listed(**window))[0] == ["p0003", "p0002"]
    prediction_id = bench.data_plane.prediction_id("cancer", "lr")
    bench.data_plane.records.append(a_record(9, prediction_id=prediction_id))
    await cancer.predictions.RecordFeedback(
        prediction_pb2.RecordFeedbackRequest(prediction_id=prediction_id, value=1)
    )
    assert (await listed(has_feedback=True))[0] == [prediction_id]
    assert len((await listed(has_feedback=False))[0]) == 6
    found = await cancer.routers.GetPrediction(
        router_pb2.GetPredictionRequest(router_id="cancer", prediction_id=prediction_id)
    )
    assert [(value.metric, value.value) for value in found.feedback] == [("reward", 1)]


async def test_pages_are_stable_while_predictions_arrive(bench, listed):
    bench.data_plane.records += [a_record(number) for number in range(10)]
    seen, token = [], ""
    for page in range(10):
        ids, token = await listed(page_size=3, page_token=token)
        seen += ids
        if not token:
            break
        bench.data_plane.records.append(a_record(100 + page))
        await listed()
    assert seen == [f"p{number:04}" for number in reversed(range(10))]


async def test_predictions_at_the_same_time_are_all_paged(bench, listed):
    same = Timestamp(seconds=START)
    bench.data_plane.records += [a_record(number, time=same) for number in range(7)]
    seen, token = await listed(page_size=2)
    while token:
        ids, token = await listed(page_size=2, page_token=token)
        seen += ids
    assert sorted(seen) == [f"p{number:04}" for number in range(7)]


async def test_the_same_record_twice_is_one(bench, listed):
    bench.data_plane.records += [a_record(1), a_record(1)]
    assert (await listed())[0] == ["p0001"]


async def test_records_of_no_router_are_left_out(bench, listed):
    bench.data_plane.records += [a_record(1, router_id="gone"), a_record(2, prediction_id=""), a_record(3)]
    assert (await listed())[0] == ["p0003"]


async def test_an_unknown_prediction_is_not_found(bench, cancer, failing):
    for prediction_id in ("missing", "with\x00nul"):
        request = router_pb2.GetPredictionRequest(router_id="cancer", prediction_id=prediction_id)
        failure = await failing(cancer.routers.GetPrediction(request))
        assert failure.code is grpc.StatusCode.NOT_FOUND
        assert failure.reason == "PREDICTION_NOT_FOUND"


async def test_no_more_than_the_limit_are_kept(tmp_path, data_plane):
    from pointsman.control.recorder import Recorder
    from pointsman.store.database import Database

    from .conftest import Bench, Clock, start_plane

    plane = start_plane(tmp_path, data_plane)
    await plane.start()
    async with grpc.aio.insecure_channel(f"unix:{tmp_path / 'control.sock'}") as channel:
        user = Bench(plane, data_plane, channel, Clock(), "", tmp_path).local
        await user.register(version="1")
        await user.register(version="2")
        await user.create()
    await plane.stop(0)
    database = Database(f"sqlite:///{tmp_path / 'pointsman.db'}")
    recorder = Recorder(database, data_plane, interval_seconds=1, rows_per_second=10, rows_per_router=100)
    data_plane.records += [a_record(number) for number in range(1000)]
    recorder.flush()
    with database.read() as connection:
        kept = connection.exec_driver_sql("SELECT prediction_id FROM predictions ORDER BY 1").scalars().all()
    database.close()
    assert 100 <= len(kept) <= 102
    assert kept[-1] == "p0999"
    assert kept == [f"p{number:04}" for number in range(1000 - len(kept), 1000)]


def histogram(*counts):
    bounds = [0.001, 0.01, 0.1]
    return snapshot_pb2.Histogram(bounds_seconds=bounds, counts=counts, sum_seconds=0.005 * sum(counts))


async def test_figures_list_every_variant_and_the_total(bench, cancer):
    bench.data_plane.counters["cancer"] = snapshot_pb2.RouterCounters(
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
        start_time_us=START * 1_000_000,
        generation=12,
    )
    answer = await cancer.routers.GetRouterMetrics(router_pb2.GetRouterMetricsRequest(router_id="cancer"))
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
    assert answer.count_start_time.seconds == START
