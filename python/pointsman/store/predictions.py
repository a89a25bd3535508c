"""Recorded predictions in SQL."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, exists, func, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from pointsman.domain.pages import Page, decode_token, encode_token
from pointsman.domain.predictions import DecisionReason, Prediction, RandomisedBy, RecordedFeedback
from pointsman.store.documents import dump_value, load_value
from pointsman.store.schema import feedback, predictions

MAX_DOCUMENT_CHARS = 65_536
"""Longer features are not kept: one call must not weigh as much as a thousand others."""


@dataclass(frozen=True)
class PredictionFilter:
    """Which predictions of a router are asked for; times in UTC microseconds, the end excluded."""

    variant: str = ""
    entity_id: str = ""
    start_time_us: int | None = None
    end_time_us: int | None = None
    has_feedback: bool | None = None


def add_many(connection: Connection, rows: Sequence[tuple[int, Prediction]]) -> None:
    """Stores predictions with their routers' row keys; those that are stored already stay as they are."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(predictions).on_conflict_do_nothing()
    connection.execute(statement, [_columns(router_key, prediction) for router_key, prediction in rows])


def find(connection: Connection, router_key: int, router_id: str, prediction_id: str) -> Prediction | None:
    """Finds a prediction of a router with its feedback; None when there is none."""
    row = connection.execute(
        select(predictions).where(
            predictions.c.prediction_id == prediction_id, predictions.c.router_key == router_key
        )
    ).one_or_none()
    return None if row is None else _load(connection, router_id, [row])[0]


def list_page(
    connection: Connection,
    router_key: int,
    router_id: str,
    wanted: PredictionFilter,
    *,
    page_size: int,
    page_token: str,
) -> Page[Prediction]:
    """Lists predictions of a router with their feedback, newest first.

    Args:
        connection: A transaction.
        router_key: The router's row key.
        router_id: Its id.
        wanted: Which of them.
        page_size: At most so many.
        page_token: Where the page before ended.

    Raises:
        InvalidArgumentError: The token is not valid.
    """
    filters = ("predictions", router_key, wanted)
    after = decode_token(page_token, filters, (int, int))
    columns = predictions.c
    statement = select(predictions).where(columns.router_key == router_key)
    if wanted.variant:
        statement = statement.where(columns.variant == wanted.variant)
    if wanted.entity_id:
        statement = statement.where(columns.entity_id == wanted.entity_id)
    if wanted.start_time_us is not None:
        statement = statement.where(columns.time_us >= wanted.start_time_us)
    if wanted.end_time_us is not None:
        statement = statement.where(columns.time_us < wanted.end_time_us)
    if wanted.has_feedback is not None:
        has_any = exists().where(feedback.c.prediction_id == columns.prediction_id)
        statement = statement.where(has_any if wanted.has_feedback else ~has_any)
    if after is not None:
        statement = statement.where(tuple_(columns.time_us, columns.sequence) < after)
    statement = statement.order_by(columns.time_us.desc(), columns.sequence.desc()).limit(page_size + 1)
    rows = connection.execute(statement).all()
    token = ""
    if len(rows) > page_size:
        last = rows[page_size - 1]
        token = encode_token((last.time_us, last.sequence), filters)
    return Page(tuple(_load(connection, router_id, rows[:page_size])), token)


def count(connection: Connection, router_key: int) -> int:
    """Counts the predictions of a router."""
    statement = select(func.count()).select_from(predictions).where(predictions.c.router_key == router_key)
    return int(connection.execute(statement).scalar_one())


def remove_oldest(connection: Connection, router_key: int, row_count: int) -> int:
    """Deletes the oldest predictions of a router; answers how many."""
    oldest = (
        select(predictions.c.sequence)
        .where(predictions.c.router_key == router_key)
        .order_by(predictions.c.time_us, predictions.c.sequence)
        .limit(row_count)
    )
    return connection.execute(delete(predictions).where(predictions.c.sequence.in_(oldest))).rowcount


def _columns(router_key: int, prediction: Prediction) -> dict[str, Any]:
    return {
        "prediction_id": prediction.prediction_id,
        "router_key": router_key,
        "variant": prediction.variant,
        "model_id": prediction.model_id,
        "model_version": prediction.model_version,
        # PostgreSQL keeps no NUL characters.
        "entity_id": prediction.entity_id.replace("\x00", "\ufffd"),
        "time_us": prediction.time_us,
        "generation": prediction.generation,
        "propensity": prediction.propensity,
        "reason": prediction.reason.value,
        "randomised_by": prediction.randomised_by.value,
        "status_code": prediction.status_code,
        "overhead_ns": prediction.overhead_ns,
        "backend_latency_ns": prediction.backend_latency_ns,
        "request_id": prediction.request_id.replace("\x00", "\ufffd"),
        "features": _document(prediction.features) if prediction.features else None,
        "prediction": _document(prediction.prediction) if prediction.has_prediction else None,
        "probabilities": _document(prediction.probabilities) if prediction.probabilities else None,
    }


def _document(value: Any) -> str | None:
    text = dump_value(value)
    return text if len(text) <= MAX_DOCUMENT_CHARS else None


def _load(connection: Connection, router_id: str, rows: Sequence[Row[*tuple[Any, ...]]]) -> list[Prediction]:
    values: dict[str, list[RecordedFeedback]] = {}
    ids = [row.prediction_id for row in rows]
    for start in range(0, len(ids), _IDS_PER_QUERY):
        statement = (
            select(feedback.c.prediction_id, feedback.c.metric, feedback.c.value, feedback.c.observe_time_us)
            .where(feedback.c.prediction_id.in_(ids[start : start + _IDS_PER_QUERY]))
            .order_by(feedback.c.prediction_id, feedback.c.metric)
        )
        for prediction_id, metric, value, observe_time_us in connection.execute(statement):
            values.setdefault(prediction_id, []).append(RecordedFeedback(metric, value, observe_time_us))
    return [_from_row(router_id, row._mapping, values.get(row.prediction_id, ())) for row in rows]


# Below the number of parameters that every build of SQLite takes.
_IDS_PER_QUERY = 500


def _from_row(router_id: str, row: Mapping[Any, Any], values: Sequence[RecordedFeedback]) -> Prediction:
    return Prediction(
        prediction_id=row["prediction_id"],
        router_id=router_id,
        variant=row["variant"],
        model_id=row["model_id"],
        model_version=row["model_version"],
        time_us=row["time_us"],
        entity_id=row["entity_id"],
        generation=row["generation"],
        propensity=row["propensity"],
        reason=DecisionReason(row["reason"]),
        randomised_by=RandomisedBy(row["randomised_by"]),
        status_code=row["status_code"],
        overhead_ns=row["overhead_ns"],
        backend_latency_ns=row["backend_latency_ns"],
        request_id=row["request_id"],
        features=load_value(row["features"]) if row["features"] else {},
        prediction=load_value(row["prediction"]) if row["prediction"] else None,
        has_prediction=row["prediction"] is not None,
        probabilities=tuple(map(_number, json.loads(row["probabilities"]))) if row["probabilities"] else (),
        feedback=tuple(values),
    )


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)
