"""Requests of the drift service, as a client without ours would make them."""

import json
import random
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import ListValue, Value
from google.protobuf.timestamp_pb2 import Timestamp
from sqlalchemy import update

from pointsman.control.convert.values import value_of
from pointsman.control.drift.program.running import store
from pointsman.domain.drift.analyses import Analysis, AnalysisStatus
from pointsman.store import models
from pointsman.store.database import Database
from pointsman.store.drift import analyses, baselines
from pointsman.store.schema import model_versions, routers
from pointsman.v1 import drift_pb2
from stage.waiting import seen

from .conftest import Bench, User

CLASSES = ("denied", "approved")
ANALYZE = drift_pb2.AnalyzeRequest(model_id="cancer")
LATEST = drift_pb2.GetLatestResultRequest(model_id="cancer")


def listed(values: Iterable[Any]) -> ListValue:
    return ListValue(values=[value_of(value) for value in values])


def moment(time: datetime) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(time)
    return stamp


def features_of(seed: int, rows: int, shift: float = 0.0) -> dict[str, list[Any]]:
    """Two columns, of which the numbers are moved by a shift of so many standard deviations."""
    draw = random.Random(seed)
    return {
        "age": [draw.gauss(40 + 10 * shift, 10) for _ in range(rows)],
        "plan": [draw.choice(["free", "paid", "trial"]) for _ in range(rows)],
    }


def a_prediction(model_id: str = "cancer", **fields: Any) -> drift_pb2.LogPredictionRequest:
    """A prediction of a classifier, as the documentation of the API has it."""
    features: Mapping[str, Any] = fields.pop("features", {"age": 42, "income": 75000})
    prediction = fields.pop("prediction", "approved")
    fields.setdefault("probabilities", [0.12, 0.88])
    return drift_pb2.LogPredictionRequest(
        model_id=model_id,
        features={name: value_of(value) for name, value in features.items()},
        prediction=value_of(prediction),
        **fields,
    )


def a_baseline(
    columns: Mapping[str, Sequence[Any]], version: str = "v1", model_id: str = "cancer", **fields: Any
) -> drift_pb2.CreateBaselineRequest:
    return drift_pb2.CreateBaselineRequest(
        model_id=model_id,
        version=version,
        feature_data={name: listed(values) for name, values in columns.items()},
        **fields,
    )


def labeled(
    probabilities: Sequence[Sequence[float]], predicted: Sequence[Any], actual: Sequence[Any]
) -> drift_pb2.LabeledPredictions:
    return drift_pb2.LabeledPredictions(
        probabilities=[listed(row) for row in probabilities],
        predicted_labels=listed(predicted),
        actual_labels=listed(actual),
    )


def drawn(seed: int, rows: int, errors: float = 0.0) -> tuple[list[list[float]], list[str], list[str]]:
    """Probabilities of the classes, the likelier class, and what came true, turned around in a share."""
    draw = random.Random(seed)
    scores = [draw.betavariate(2, 2) for _ in range(rows)]
    truths = [(draw.random() < score) != (draw.random() < errors) for score in scores]
    return (
        [[1 - score, score] for score in scores],
        [CLASSES[score >= 0.5] for score in scores],
        [CLASSES[truth] for truth in truths],
    )


def a_truth(entity_id: str, outcome: Any, at: datetime | None = None) -> drift_pb2.AddGroundTruthRequest:
    return drift_pb2.AddGroundTruthRequest(
        model_id="cancer",
        entity_id=entity_id,
        actual_outcome=value_of(outcome),
        outcome_timestamp=None if at is None else moment(at),
    )


async def log_rows(user: User, columns: Mapping[str, Sequence[Any]], **fields: Any) -> None:
    names = list(columns)
    for row in zip(*columns.values(), strict=True):
        await user.drift.LogPrediction(a_prediction(features=dict(zip(names, row, strict=True)), **fields))


async def tell(user: User, outcomes: Mapping[str, Any], at: datetime | None = None) -> None:
    """Tells outcomes by entity."""
    if not outcomes:
        return
    records = [
        drift_pb2.GroundTruthRecord(
            entity_id=entity,
            actual_outcome=value_of(outcome),
            outcome_timestamp=None if at is None else moment(at),
        )
        for entity, outcome in outcomes.items()
    ]
    await user.drift.UploadGroundTruth(drift_pb2.UploadGroundTruthRequest(model_id="cancer", records=records))


async def ended(user: User, job_id: str, seconds: float = 60) -> drift_pb2.AnalysisJob:
    """Waits until an analysis has ended."""
    asked = drift_pb2.GetAnalysisJobRequest(model_id="cancer", job_id=job_id)

    async def look() -> drift_pb2.AnalysisJob | None:
        job: drift_pb2.AnalysisJob = await user.drift.GetAnalysisJob(asked)
        return None if job.status == drift_pb2.ANALYSIS_STATUS_RUNNING else job

    return await seen(look, seconds, f"the end of analysis {job_id}")


def value(content: Any) -> Value:
    return value_of(content)


def begun_by_hand(bench: Bench, model_id: str, *, ahead_seconds: int = 0) -> str:
    """An analysis that runs elsewhere, and is not missed for so long: no program of it is started here."""
    database = Database(bench.database_url)
    with database.write() as connection:
        model = models.find(connection, model_id)
        assert model is not None
        baseline = baselines.active(connection, model_id, model.row_key)
        assert baseline is not None
        now_us = bench.clock()
        analysis = Analysis(
            job_id="",
            model_id=model_id,
            model_key=model.row_key,
            baseline_key=baseline.row_key,
            status=AnalysisStatus.RUNNING,
            window_start_us=now_us - 1_000_000,
            window_end_us=now_us,
            start_time_us=now_us,
            deadline_us=now_us + 600_000_000,
            seen_us=now_us + ahead_seconds * 1_000_000,
        )
        job_id = analyses.add(connection, analysis)
    database.close()
    return job_id


def result_by_hand(bench: Bench, model_id: str, status: str = "ok", features: Iterable[str] = ()) -> None:
    """The result of such an analysis, as its program writes it, with features of that status."""
    job_id = begun_by_hand(bench, model_id)
    database = Database(bench.database_url)
    with database.read() as connection:
        analysis = analyses.find(connection, job_id)
    assert analysis is not None
    body: dict[str, object] = {
        "status": status,
        "calibration": "on",
        "seed": 0,
        "referenceRows": 40,
        "currentRows": 0,
        "algorithms": {},
        "features": {name: {"status": status, "algorithms": {}} for name in features},
        "insufficientData": [],
        "notMeasured": [],
    }
    assert store(database, analysis, body, [], bench.clock)
    database.close()


def figures_of(result: drift_pb2.DriftResult) -> dict[str, Any]:
    """The figures of a result by feature and algorithm, as plain values."""
    return {name: MessageToDict(feature) for name, feature in result.features.items()}


def library_figures(found: Mapping[str, Any]) -> dict[str, Any]:
    """The same of what the library says as a dictionary, with lists for tuples."""
    figures = {name: feature["algorithms"] for name, feature in found["features"].items()}
    plain: dict[str, Any] = json.loads(json.dumps(figures))
    return plain


def begin_long_ago(database_url: str) -> None:
    """Has models and routers be there since before all that tests record of them."""
    database = Database(database_url)
    with database.write() as connection:
        connection.execute(update(model_versions).values(create_time_us=1))
        connection.execute(update(routers).values(create_time_us=1))
    database.close()
