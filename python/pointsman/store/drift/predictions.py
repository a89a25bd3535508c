"""Predictions that no router made: taken into SQL, where they are until files of the lake have them.

What reads rows answers those of SQL, beside which those of files are to be read in one transaction.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, RowMapping, delete, exists, func, insert, select

from pointsman.domain.drift.predictions import LoggedPrediction
from pointsman.domain.values import MICROSECONDS_PER_DAY
from pointsman.store.documents import dump_value, load_value
from pointsman.store.drift.ids import new_id
from pointsman.store.recording import logged_files
from pointsman.store.schema import drift_predictions, models


class PageRow(NamedTuple):
    """Where a row of a page is found.

    Attributes:
        router_id: The router that recorded it; empty for one that was logged.
    """

    prediction_id: str
    row: int
    time_us: int
    router_id: str
    entity_id: str


class Gone(NamedTuple):
    """What was deleted.

    Attributes:
        last_us: When the newest of the predictions was made, in UTC microseconds.
    """

    model_key: int
    last_us: int


_COLUMNS = drift_predictions.c
_ROWS_AT_A_TIME = 10_000
_IDS_PER_QUERY = 500


def add(connection: Connection, model_key: int, prediction: LoggedPrediction) -> str:
    """Stores a prediction; answers its id.

    Args:
        connection: A writing transaction.
        model_key: The model's row.
        prediction: The prediction, whose id is not looked at.
    """
    prediction_id = new_id()
    connection.execute(
        insert(drift_predictions).values(
            prediction_id=prediction_id,
            model_key=model_key,
            model_version=prediction.model_version,
            time_us=prediction.time_us,
            entity_id=prediction.entity_id,
            features=dump_value(prediction.features),
            prediction=dump_value(prediction.prediction),
            probabilities=dump_value(prediction.probabilities) if prediction.probabilities else "",
            confidence=prediction.confidence,
            latency_ms=prediction.latency_ms,
        )
    )
    return prediction_id


def count(connection: Connection, model_key: int) -> int:
    """Answers how many predictions of a model are kept, those in files of the lake included."""
    statement = select(func.count()).where(_COLUMNS.model_key == model_key)
    return int(connection.execute(statement).scalar_one()) + logged_files.row_count(connection, model_key)


def last_key(connection: Connection) -> int:
    """Answers a number that none of a prediction of any model exceeds; 0 where there is none."""
    waiting = connection.execute(select(func.max(_COLUMNS.row_key))).scalar_one_or_none() or 0
    return max(waiting, logged_files.last_number(connection))


def between(
    connection: Connection, model_key: int, start_us: int, end_us: int
) -> Iterator[list[LoggedPrediction]]:
    """Goes through a model's predictions of a time, in parts, oldest first.

    Args:
        connection: A transaction, open until all are read.
        model_key: The model's row.
        start_us: From this time on.
        end_us: Before this time.
    """
    after: tuple[int, int] | None = None
    while True:
        statement = select(drift_predictions).where(*_of_time(model_key, start_us, end_us))
        if after is not None:
            time_us, row_key = after
            later = (_COLUMNS.time_us > time_us) | (
                (_COLUMNS.time_us == time_us) & (_COLUMNS.row_key > row_key)
            )
            statement = statement.where(_COLUMNS.time_us >= time_us, later)
        statement = statement.order_by(_COLUMNS.time_us, _COLUMNS.row_key).limit(_ROWS_AT_A_TIME)
        rows: Sequence[RowMapping] = connection.execute(statement).mappings().all()
        if rows:
            yield [loaded(row) for row in rows]
        if len(rows) < _ROWS_AT_A_TIME:
            return
        after = (rows[-1]["time_us"], rows[-1]["row_key"])


def heads(
    connection: Connection, model_key: int, entity_ids: Sequence[str] | None = None
) -> Iterator[list[LoggedPrediction]]:
    """Goes through a model's predictions in parts, without features, probabilities and latency.

    Args:
        connection: A transaction, open until all are read.
        model_key: The model's row.
        entity_ids: Only those of these entities; None for all.
    """
    statement = select(
        _COLUMNS.row_key,
        _COLUMNS.prediction_id,
        _COLUMNS.model_version,
        _COLUMNS.time_us,
        _COLUMNS.prediction,
        _COLUMNS.confidence,
        _COLUMNS.entity_id,
    ).where(_COLUMNS.model_key == model_key)
    if entity_ids is not None:
        for start in range(0, len(entity_ids), _IDS_PER_QUERY):
            named = _COLUMNS.entity_id.in_(entity_ids[start : start + _IDS_PER_QUERY])
            yield [_head(row) for row in connection.execute(statement.where(named))]
        return
    after = 0
    while True:
        part = statement.where(_COLUMNS.row_key > after).order_by(_COLUMNS.row_key).limit(_ROWS_AT_A_TIME)
        rows = connection.execute(part).all()
        yield [_head(row) for row in rows]
        if len(rows) < _ROWS_AT_A_TIME:
            return
        after = rows[-1].row_key


def find_many(
    connection: Connection, model_key: int, prediction_ids: Sequence[str]
) -> dict[str, LoggedPrediction]:
    """Finds predictions of a model by their ids; those that are not there are left out.

    Args:
        connection: A transaction.
        model_key: The model's row.
        prediction_ids: Their ids.
    """
    found: dict[str, LoggedPrediction] = {}
    for start in range(0, len(prediction_ids), _IDS_PER_QUERY):
        named = _COLUMNS.prediction_id.in_(prediction_ids[start : start + _IDS_PER_QUERY])
        rows = connection.execute(
            select(drift_predictions).where(_COLUMNS.model_key == model_key, named)
        ).mappings()
        found |= {row["prediction_id"]: loaded(row) for row in rows}
    return found


def remove_before(connection: Connection, time_us: int, most: int) -> Gone | None:
    """Deletes the oldest predictions of a model that has some from before a time; None where none has.

    Args:
        connection: A transaction.
        time_us: The time, in UTC microseconds.
        most: How many at a time.
    """
    is_old = exists().where(_COLUMNS.model_key == models.c.row_key, _COLUMNS.time_us < time_us)
    model_key = connection.execute(select(models.c.row_key).where(is_old).limit(1)).scalar_one_or_none()
    if model_key is None:
        return None
    old = select(_COLUMNS.row_key, _COLUMNS.time_us).where(
        _COLUMNS.model_key == model_key, _COLUMNS.time_us < time_us
    )
    rows = connection.execute(old.order_by(_COLUMNS.time_us).limit(most)).all()
    for start in range(0, len(rows), _IDS_PER_QUERY):
        row_keys = [row.row_key for row in rows[start : start + _IDS_PER_QUERY]]
        connection.execute(delete(drift_predictions).where(_COLUMNS.row_key.in_(row_keys)))
    return Gone(model_key, rows[-1].time_us)


def count_between(connection: Connection, model_key: int, start_us: int, end_us: int) -> int:
    """Answers how many predictions of a model are of a time.

    Args:
        connection: A transaction.
        model_key: The model's row.
        start_us: From this time on.
        end_us: Before this time.
    """
    this = _of_time(model_key, start_us, end_us)
    return int(connection.execute(select(func.count()).where(*this)).scalar_one())


def counts_by_day(connection: Connection, model_key: int, start_us: int, end_us: int) -> dict[int, int]:
    """Answers how many predictions of a model are of each day of UTC, counted from 1970, of a time.

    Args:
        connection: A transaction.
        model_key: The model's row.
        start_us: From this time on.
        end_us: Before this time.
    """
    day = _COLUMNS.time_us // MICROSECONDS_PER_DAY
    this = _of_time(model_key, start_us, end_us)
    rows = connection.execute(select(day, func.count()).where(*this).group_by(day))
    return {int(number): int(counted) for number, counted in rows}


def entities_between(
    connection: Connection, model_key: int, start_us: int, end_us: int, most: int
) -> list[str]:
    """Answers the entities of a model's predictions of a time, at most so many.

    Args:
        connection: A transaction.
        model_key: The model's row.
        start_us: From this time on.
        end_us: Before this time.
        most: At most so many.
    """
    this = _of_time(model_key, start_us, end_us)
    named = select(_COLUMNS.entity_id).where(*this, _COLUMNS.entity_id != "").distinct().limit(most)
    return list(connection.execute(named).scalars())


def newest(connection: Connection, model_key: int, start_us: int, end_us: int, most: int) -> list[PageRow]:
    """Answers the newest predictions of a model and a time, newest first, of one time by their ids.

    Args:
        connection: A transaction.
        model_key: The model's row.
        start_us: From this time on.
        end_us: Before this time.
        most: At most so many.
    """
    this = _of_time(model_key, start_us, end_us)
    statement = select(_COLUMNS.prediction_id, _COLUMNS.time_us, _COLUMNS.entity_id).where(*this)
    rows = connection.execute(statement.order_by(_COLUMNS.time_us.desc(), _COLUMNS.prediction_id).limit(most))
    return [PageRow(prediction_id, 0, time_us, "", entity_id) for prediction_id, time_us, entity_id in rows]


def remove_of_model(connection: Connection, model_key: int, most: int) -> int:
    """Deletes some predictions of a model; answers how many.

    Args:
        connection: A transaction.
        model_key: The model's row.
        most: How many at a time.
    """
    some = select(_COLUMNS.row_key).where(_COLUMNS.model_key == model_key).limit(most)
    return connection.execute(delete(drift_predictions).where(_COLUMNS.row_key.in_(some))).rowcount


def remove_of_entity(connection: Connection, model_keys: Sequence[int], entity_id: str) -> int:
    """Deletes all predictions of an entity; answers how many.

    Args:
        connection: A writing transaction.
        model_keys: The models' rows.
        entity_id: The entity, as clients name it.
    """
    this = (_COLUMNS.model_key.in_(model_keys), _COLUMNS.entity_id == entity_id)
    return connection.execute(delete(drift_predictions).where(*this)).rowcount


def _head(row: Any) -> LoggedPrediction:
    return LoggedPrediction(
        prediction_id=row.prediction_id,
        model_version=row.model_version,
        time_us=row.time_us,
        prediction=load_value(row.prediction),
        confidence=row.confidence,
        entity_id=row.entity_id,
    )


def loaded(row: Any) -> LoggedPrediction:
    """Reads a whole row."""
    return LoggedPrediction(
        prediction_id=row["prediction_id"],
        model_version=row["model_version"],
        time_us=row["time_us"],
        features=load_value(row["features"]),
        prediction=load_value(row["prediction"]),
        probabilities=tuple(load_value(row["probabilities"])) if row["probabilities"] else (),
        confidence=row["confidence"],
        entity_id=row["entity_id"],
        latency_ms=row["latency_ms"],
    )


def _of_time(model_key: int, start_us: int, end_us: int) -> tuple[ColumnElement[bool], ...]:
    return (_COLUMNS.model_key == model_key, _COLUMNS.time_us >= start_us, _COLUMNS.time_us < end_us)
