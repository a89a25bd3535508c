"""Predictions that are logged, outcomes, and which prediction an outcome is of."""

from datetime import UTC, datetime, timedelta

import grpc
import pytest
from google.protobuf.json_format import MessageToDict
from sqlalchemy import update

from pointsman.domain.recording import hashed_entity
from pointsman.store import installation
from pointsman.store.database import Database
from pointsman.store.drift import predictions, waiting
from pointsman.store.drift.room import ModelRoom
from pointsman.store.schema import model_versions, routers
from pointsman.v1 import drift_pb2, model_pb2
from stage.lake import a_row

from .drift_by_hand import a_prediction, a_truth, begin_long_ago, moment, value

pytestmark = pytest.mark.usefixtures("logged_place")
LIST = drift_pb2.GetPredictionsRequest(model_id="cancer")
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def cancer(bench, cancer):
    begin_long_ago(bench.database_url)
    return cancer


def at(hours):
    return NOON + timedelta(hours=hours)


async def log(user, hours, entity_id="ann", **fields):
    answer = await user.drift.LogPrediction(
        a_prediction(entity_id=entity_id, timestamp=moment(at(hours)), **fields)
    )
    return answer.prediction_id


async def outcomes(user, **fields):
    """The outcome of each prediction, or None, by its id."""
    found = await user.drift.GetPredictions(drift_pb2.GetPredictionsRequest(model_id="cancer", **fields))
    return {
        one.prediction_id: one.actual_outcome.string_value if one.HasField("actual_outcome") else None
        for one in found.predictions
    }


async def test_a_logged_prediction_is_told_as_it_was_posted(cancer):
    posted = a_prediction(
        features={"age": 42, "income": 75000.5, "plan": "free", "member": True, "note": None},
        entity_id="customer_456",
        model_version="1",
        latency_ms=23,
        timestamp=moment(NOON),
    )
    prediction_id = (await cancer.drift.LogPrediction(posted)).prediction_id
    answer = await cancer.drift.GetPredictions(LIST)
    (told,) = answer.predictions
    assert answer.total == 1
    assert MessageToDict(told) == MessageToDict(posted) | {
        "predictionId": prediction_id,
        "confidence": 0.88,
    }


async def test_predictions_of_routers_are_there_beside_logged_ones(bench, cancer):
    logged = await log(cancer, 0)
    time_us = int(at(1).timestamp() * 1_000_000)
    rows = [
        a_row(
            time_us + number,
            number,
            router_id="cancer",
            model_id="cancer",
            entity_id="bob",
            prediction_label="approved",
            probabilities=[0.25, 0.75],
            confidence=0.75,
            f_age=40.0 + number,
        )
        for number in range(3)
    ]
    bench.replica.journal.predict(*rows[:2])
    bench.replica.journal.seal_predictions()
    bench.replica.journal.predict(rows[2])
    answer = await cancer.drift.GetPredictions(LIST)
    assert answer.total == 4
    told = [(one.prediction_id, one.router_id) for one in answer.predictions]
    assert told == [(row["prediction_id"], "cancer") for row in reversed(rows)] + [(logged, "")]
    newest = answer.predictions[0]
    assert (newest.features["age"].number_value, newest.confidence) == (42.0, 0.75)


async def test_predictions_of_a_router_that_the_caller_may_not_read_are_left_out(bench, cancer):
    bench.replica.journal.predict(a_row(bench.clock() - 1_000_000, 1, router_id="cancer", model_id="cancer"))
    await cancer.models.UpdateModelPermissions(
        model_pb2.UpdateModelPermissionsRequest(
            model_id="cancer", permissions=model_pb2.ModelPermissions(shared_user_ids=["ann"])
        )
    )
    logged = await log(cancer, 0)
    assert (await cancer.drift.GetPredictions(LIST)).total == 2
    answer = await bench.user("ann").drift.GetPredictions(LIST)
    assert [one.prediction_id for one in answer.predictions] == [logged]
    assert answer.total == 1


async def test_pages_go_by_limit_and_offset_and_dates(cancer):
    ids = [await log(cancer, hours) for hours in range(5)]

    async def told(**fields):
        return list(await outcomes(cancer, **fields))

    assert await told(limit=2) == [ids[4], ids[3]]
    assert await told(limit=2, offset=2) == [ids[2], ids[1]]
    assert await told(start_date=moment(at(1)), end_date=moment(at(3))) == [ids[2], ids[1]]
    answer = await cancer.drift.GetPredictions(drift_pb2.GetPredictionsRequest(model_id="cancer", limit=2))
    assert answer.total == 5


async def test_an_outcome_is_of_the_latest_prediction_at_or_before_it(cancer):
    first, second, third = [await log(cancer, hours) for hours in (0, 2, 4)]
    answer = await cancer.drift.AddGroundTruth(a_truth("ann", "denied", at(3)))
    assert answer.matched
    assert await outcomes(cancer) == {third: None, second: "denied", first: None}
    await cancer.drift.AddGroundTruth(a_truth("ann", "approved", at(4)))
    assert await outcomes(cancer) == {third: "approved", second: "denied", first: None}


async def test_an_outcome_ahead_of_every_prediction_is_of_the_earliest_one(cancer):
    answer = await cancer.drift.AddGroundTruth(a_truth("ann", "denied", at(-1)))
    assert not answer.matched
    second, first = await log(cancer, 2), await log(cancer, 1)
    assert await outcomes(cancer) == {second: None, first: "denied"}


async def test_an_outcome_that_comes_late_is_matched_by_when_it_was_observed(cancer):
    first = await log(cancer, 0)
    second = await log(cancer, 5)
    await cancer.drift.AddGroundTruth(a_truth("ann", "denied", at(1)))
    assert await outcomes(cancer) == {second: None, first: "denied"}


async def test_a_repeated_outcome_changes_nothing_and_a_corrected_one_replaces_it(cancer):
    prediction_id = await log(cancer, 0)
    first = await cancer.drift.AddGroundTruth(a_truth("ann", "denied", at(1)))
    again = await cancer.drift.AddGroundTruth(a_truth("ann", "denied", at(1)))
    corrected = await cancer.drift.AddGroundTruth(a_truth("ann", "approved", at(1)))
    assert first.ground_truth_id == again.ground_truth_id == corrected.ground_truth_id
    assert await outcomes(cancer) == {prediction_id: "approved"}


async def test_of_several_outcomes_of_a_prediction_the_latest_holds(cancer):
    prediction_id = await log(cancer, 0)
    await cancer.drift.AddGroundTruth(a_truth("ann", "approved", at(3)))
    await cancer.drift.AddGroundTruth(a_truth("ann", "denied", at(2)))
    assert await outcomes(cancer) == {prediction_id: "approved"}


async def test_an_outcome_is_of_no_other_entity_s_prediction(cancer):
    prediction_id = await log(cancer, 0, "ann")
    answer = await cancer.drift.AddGroundTruth(a_truth("bob", "denied", at(1)))
    assert not answer.matched
    assert await outcomes(cancer) == {prediction_id: None}


async def test_an_outcome_is_of_a_prediction_whose_router_keeps_hashes_of_entities(bench, cancer):
    database = Database(bench.database_url)
    with database.read() as connection:
        key = installation.entity_key(connection)
    database.close()
    row = a_row(
        int(NOON.timestamp() * 1_000_000),
        1,
        router_id="cancer",
        model_id="cancer",
        entity_id=hashed_entity(key, "ann"),
        prediction_label="approved",
    )
    bench.replica.journal.predict(row)
    assert (await cancer.drift.AddGroundTruth(a_truth("ann", "denied", at(1)))).matched
    assert await outcomes(cancer) == {row["prediction_id"]: "denied"}


async def test_predictions_are_told_by_whether_their_outcome_is_known(cancer):
    known, unknown = await log(cancer, 0, "ann"), await log(cancer, 1, "bob")
    await cancer.drift.AddGroundTruth(a_truth("ann", "denied", at(2)))
    assert list(await outcomes(cancer, has_ground_truth=True)) == [known]
    assert list(await outcomes(cancer, has_ground_truth=False)) == [unknown]
    answer = await cancer.drift.GetUnmatchedPredictions(
        drift_pb2.GetUnmatchedPredictionsRequest(model_id="cancer")
    )
    assert [one.prediction_id for one in answer.predictions] == [unknown]


async def test_an_upload_says_what_became_of_its_records(cancer):
    await log(cancer, 0, "ann")

    def record(entity_id, outcome, hours):
        return drift_pb2.GroundTruthRecord(
            entity_id=entity_id, actual_outcome=value(outcome), outcome_timestamp=moment(at(hours))
        )

    request = drift_pb2.UploadGroundTruthRequest(
        model_id="cancer",
        records=[record("ann", "denied", 1), record("bob", "denied", 1), record("ann", "denied", 1)],
    )
    answer = await cancer.drift.UploadGroundTruth(request)
    assert (answer.inserted, answer.repeated, answer.corrected, answer.matched) == (2, 1, 0, 2)
    request.records[2].actual_outcome.CopyFrom(value("approved"))
    answer = await cancer.drift.UploadGroundTruth(request)
    assert (answer.inserted, answer.repeated, answer.corrected, answer.matched) == (0, 2, 1, 2)


async def test_an_upload_with_a_wrong_record_keeps_none_of_it(cancer, failing):
    await log(cancer, 0, "ann")
    request = drift_pb2.UploadGroundTruthRequest(
        model_id="cancer",
        records=[
            drift_pb2.GroundTruthRecord(entity_id="ann", actual_outcome=value("denied")),
            drift_pb2.GroundTruthRecord(entity_id="", actual_outcome=value("denied")),
        ],
    )
    failure = await failing(cancer.drift.UploadGroundTruth(request))
    assert failure.code is grpc.StatusCode.INVALID_ARGUMENT
    assert list(failure.fields) == ["records[1].entity_id"]
    assert set((await outcomes(cancer)).values()) == {None}


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"probabilities": []}, "probabilities"),
        ({"probabilities": [0.5, 0.6]}, "probabilities"),
        ({"probabilities": [0.5, float("nan")]}, "probabilities[1]"),
        ({"probabilities": [1.5, -0.5]}, "probabilities[0]"),
        ({"features": {"age": float("inf")}}, "features.age"),
        ({"features": {"age": [1, 2]}}, "features.age"),
        ({"prediction": None}, "prediction"),
        ({"timestamp": moment(datetime(2100, 1, 1, tzinfo=UTC))}, "timestamp"),
        ({"timestamp": moment(datetime(1980, 1, 1, tzinfo=UTC))}, "timestamp"),
        ({"latency_ms": -1}, "latency_ms"),
        ({"model_version": "not a version"}, "model_version"),
    ],
)
async def test_a_prediction_that_cannot_be_is_refused_with_its_field(cancer, failing, fields, field):
    if fields.get("features", {}).get("age") == float("inf"):
        request = a_prediction()
        request.features["age"].number_value = float("inf")
    else:
        request = a_prediction(**fields)
    failure = await failing(cancer.drift.LogPrediction(request))
    assert failure.code is grpc.StatusCode.INVALID_ARGUMENT
    assert list(failure.fields) == [field]
    assert (await cancer.drift.GetPredictions(LIST)).total == 0


async def test_past_so_many_logged_predictions_more_are_refused_and_they_are_counted_once(
    bench, cancer, failing, monkeypatch
):
    monkeypatch.setattr(bench.plane.parts.drift.predictions, "_log_room", ModelRoom(predictions, 3))
    counted, count = [], predictions.count

    def counting(connection, model_key):
        counted.append(model_key)
        return count(connection, model_key)

    monkeypatch.setattr(predictions, "count", counting)
    for _ in range(3):
        await cancer.drift.LogPrediction(a_prediction())
    assert len(counted) == 1
    failure = await failing(cancer.drift.LogPrediction(a_prediction()))
    assert failure.code is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_so_many_may_wait_for_the_lake_and_what_is_in_files_is_none_of_them(
    bench, cancer, failing, monkeypatch, logged_place
):
    monkeypatch.setattr(bench.plane.parts.drift.predictions, "_waiting_room", ModelRoom(waiting, 3))
    for _ in range(3):
        await cancer.drift.LogPrediction(a_prediction())
    if logged_place == "files":
        await cancer.drift.LogPrediction(a_prediction())
        return
    failure = await failing(cancer.drift.LogPrediction(a_prediction()))
    assert failure.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "wait to be written into the lake" in failure.message


async def test_a_regression_needs_no_probabilities_and_takes_none(cancer, failing):
    signature = model_pb2.Signature(task=model_pb2.TASK_REGRESSION)
    await cancer.register("price", "1", backend=None, signature=signature)
    await cancer.drift.LogPrediction(a_prediction("price", prediction=12.5, probabilities=[]))
    answer = await cancer.drift.GetPredictions(drift_pb2.GetPredictionsRequest(model_id="price"))
    assert not answer.predictions[0].HasField("confidence")
    failure = await failing(cancer.drift.LogPrediction(a_prediction("price", prediction=12.5)))
    assert list(failure.fields) == ["probabilities"]
    failure = await failing(
        cancer.drift.LogPrediction(a_prediction("price", prediction="many", probabilities=[]))
    )
    assert list(failure.fields) == ["prediction"]


async def test_an_unknown_model_is_not_found_and_the_answer_says_how_to_register_it(cancer, failing):
    failure = await failing(cancer.drift.LogPrediction(a_prediction("nobody")))
    assert (failure.code, failure.reason) == (grpc.StatusCode.NOT_FOUND, "MODEL_NOT_FOUND")
    assert "RegisterModelVersion registers one" in failure.message


async def test_what_is_kept_of_a_model_goes_with_its_last_version(cancer, failing):
    await cancer.register("short", "1", backend=None)
    await cancer.drift.LogPrediction(a_prediction("short"))
    await cancer.models.DeleteModelVersion(model_pb2.DeleteModelVersionRequest(model_id="short", version="1"))
    await cancer.register("short", "1", backend=None)
    answer = await cancer.drift.GetPredictions(drift_pb2.GetPredictionsRequest(model_id="short"))
    assert answer.total == 0


async def test_accuracy_goes_by_day_with_how_many_outcomes_are_known(bench, cancer):
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)

    async def made(days_ago, entity_id, outcome):
        time = midnight - timedelta(days=days_ago) + timedelta(hours=1)
        await cancer.drift.LogPrediction(a_prediction(entity_id=entity_id, timestamp=moment(time)))
        if outcome:
            await cancer.drift.AddGroundTruth(a_truth(entity_id, outcome, time + timedelta(minutes=1)))

    for number, outcome in enumerate(["approved", "approved", "denied", ""]):
        await made(2, f"e{number}", outcome)
    await made(1, "f", "")
    answer = await cancer.drift.GetPerformanceHistory(
        drift_pb2.GetPerformanceHistoryRequest(model_id="cancer")
    )
    first, second = answer.history
    assert first.timestamp.ToDatetime(UTC) == midnight - timedelta(days=2)
    assert (first.sample_size, first.prediction_count, first.coverage) == (3, 4, 0.75)
    assert first.accuracy == pytest.approx(2 / 3)
    assert not first.HasField("mae")
    assert (second.sample_size, second.coverage, second.HasField("accuracy")) == (0, 0.0, False)


async def test_of_a_regression_the_errors_are_told(cancer):
    signature = model_pb2.Signature(task=model_pb2.TASK_REGRESSION)
    await cancer.register("price", "1", backend=None, signature=signature)
    now = datetime.now(UTC) - timedelta(minutes=5)
    for number, (answered, came_true) in enumerate([(1.0, 2.0), (5.0, "2")]):
        await cancer.drift.LogPrediction(
            a_prediction(
                "price",
                prediction=answered,
                probabilities=[],
                entity_id=f"e{number}",
                timestamp=moment(now),
            )
        )
        truth = a_truth(f"e{number}", came_true)
        truth.model_id = "price"
        await cancer.drift.AddGroundTruth(truth)
    answer = await cancer.drift.GetPerformanceHistory(
        drift_pb2.GetPerformanceHistoryRequest(
            model_id="price", granularity=drift_pb2.PERFORMANCE_GRANULARITY_HOURLY
        )
    )
    (point,) = answer.history
    assert (point.mae, point.rmse, point.sample_size) == (2.0, pytest.approx(5**0.5), 2)
    assert not point.HasField("accuracy")


async def test_a_step_whose_errors_overflow_has_no_mean_of_them_and_what_is_no_number_is_no_answer(
    bench, cancer
):
    signature = model_pb2.Signature(task=model_pb2.TASK_REGRESSION)
    await cancer.register("price", "1", backend=None, signature=signature)
    begin_long_ago(bench.database_url)
    noon = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=5)
    steps = [[3.0, float("inf"), float("nan")], [1e200, 1.0], [1.7e308, 1.7e308]]
    for day, answers in enumerate(steps):
        time_us = int((noon + timedelta(days=day)).timestamp() * 1_000_000)
        for number, answered in enumerate(answers):
            bench.replica.journal.predict(
                a_row(
                    *(time_us + number, 10 * day + number),
                    router_id="cancer",
                    model_id="price",
                    entity_id=f"e{day}{number}",
                    prediction_number=answered,
                )
            )
            truth = a_truth(f"e{day}{number}", 1.0)
            truth.model_id = "price"
            await cancer.drift.AddGroundTruth(truth)
    answer = await cancer.drift.GetPerformanceHistory(
        drift_pb2.GetPerformanceHistoryRequest(model_id="price")
    )
    told = [
        (
            point.sample_size,
            point.mae if point.HasField("mae") else None,
            point.rmse if point.HasField("rmse") else None,
        )
        for point in answer.history
    ]
    assert told == [(1, 2.0, 2.0), (2, 5e199, None), (2, None, None)]


async def test_records_of_a_former_model_of_the_id_are_none_of_its(bench, cancer):
    logged = await log(cancer, 0)
    row = a_row(
        int(NOON.timestamp() * 1_000_000),
        1,
        router_id="cancer",
        model_id="cancer",
        prediction_label="approved",
    )
    bench.replica.journal.predict(row)
    assert set(await outcomes(cancer)) == {logged, row["prediction_id"]}
    database = Database(bench.database_url)
    with database.write() as connection:
        connection.execute(update(model_versions).values(create_time_us=int(at(1).timestamp() * 1_000_000)))
    database.close()
    assert list(await outcomes(cancer)) == [logged]


async def test_records_of_a_former_router_of_the_id_are_told_to_admins_alone(bench, cancer):
    row = a_row(
        int(NOON.timestamp() * 1_000_000),
        1,
        router_id="cancer",
        model_id="cancer",
        prediction_label="approved",
    )
    bench.replica.journal.predict(row)
    await cancer.models.UpdateModelPermissions(
        model_pb2.UpdateModelPermissionsRequest(
            model_id="cancer", permissions=model_pb2.ModelPermissions(public=True)
        )
    )
    ann = bench.user("ann")
    database = Database(bench.database_url)
    for hours, told in ((-1, {row["prediction_id"]: None}), (1, {})):
        created_us = int(at(hours).timestamp() * 1_000_000)
        with database.write() as connection:
            connection.execute(update(routers).values(public=True, create_time_us=created_us))
        assert await outcomes(ann) == told
        assert await outcomes(cancer) == {row["prediction_id"]: None}
    database.close()
