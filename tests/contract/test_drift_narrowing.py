"""To look up outcomes of a time's entities tells the same as to read all outcomes."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict

from pointsman.domain.recording import hashed_entity
from pointsman.lake.models import descriptions
from pointsman.store import installation
from pointsman.store.database import Database
from pointsman.v1 import drift_pb2
from stage.lake import a_row

from .drift_by_hand import a_prediction, a_truth, begin_long_ago, moment


def key_of(bench):
    database = Database(bench.database_url)
    with database.read() as connection:
        key = installation.entity_key(connection)
    database.close()
    return key


async def fill(bench, cancer, begin, *, hashes):
    """Predictions that were logged and recorded over ten days, some of nobody, and outcomes around them."""
    draw, key = random.Random(5), key_of(bench)

    def when():
        return begin + timedelta(hours=draw.randrange(240))

    rows = []
    for number in range(30):
        entity = draw.choice(["", "ann", "bob", "cid", "dan"])
        probabilities = draw.choice([[0.1, 0.9], [0.8, 0.2]])
        label = ("denied", "approved")[probabilities[1] > 0.5]
        if number % 3:
            posted = a_prediction(prediction=label, probabilities=probabilities, timestamp=moment(when()))
            posted.entity_id = entity
            await cancer.drift.LogPrediction(posted)
        else:
            recorded = hashed_entity(key, entity) if hashes and entity else entity
            row = {"prediction_label": label, "probabilities": probabilities, "entity_id": recorded}
            time_us = int(when().timestamp() * 1e6)
            rows.append(a_row(time_us, number, router_id="cancer", model_id="cancer", **row))
    bench.replica.journal.predict(*sorted(rows[:6], key=lambda row: row["time_us"]))
    bench.replica.journal.seal_predictions()
    bench.replica.journal.predict(*sorted(rows[6:], key=lambda row: row["time_us"]))
    for _ in range(25):
        entity, label = draw.choice(["ann", "bob", "cid", "eve"]), draw.choice(["denied", "approved"])
        await cancer.drift.AddGroundTruth(a_truth(entity, label, when()))


@pytest.mark.parametrize("hashes", [False, True])
async def test_pages_and_histories_are_the_same_either_way(bench, cancer, monkeypatch, hashes):
    begin_long_ago(bench.database_url)
    begin = datetime.now(UTC) - timedelta(days=11)
    await fill(bench, cancer, begin, hashes=hashes)
    asked: list[dict[str, Any]] = [
        {},
        {"start_date": moment(begin + timedelta(days=3)), "end_date": moment(begin + timedelta(days=6))},
    ]
    told = []
    for most in (0, 20_000):
        monkeypatch.setattr(descriptions, "_MOST_ENTITIES", most)
        for window in asked:
            for known in (True, False):
                wanted = drift_pb2.GetPredictionsRequest(
                    model_id="cancer", has_ground_truth=known, limit=1000, **window
                )
                told.append(MessageToDict(await cancer.drift.GetPredictions(wanted)))
        for number in (5, 30):
            steps = drift_pb2.GetPerformanceHistoryRequest(model_id="cancer", window_days=number)
            told.append(MessageToDict(await cancer.drift.GetPerformanceHistory(steps)))
    half = len(told) // 2
    assert told[:half] == told[half:]
    matched, unknown = told[0], told[1]
    assert matched["total"] + unknown["total"] == 30
    assert matched["total"] > 5, "too few outcomes for the comparison to say anything"
    assert {one["entityId"] for one in matched["predictions"]} <= {"ann", "bob", "cid"} or hashes
