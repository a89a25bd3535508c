"""Logged predictions that are in no file of the lake yet: what is to be written, and then goes from here."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, select

from pointsman.domain.drift.predictions import LoggedPrediction
from pointsman.domain.values import MICROSECONDS_PER_DAY
from pointsman.store.drift.predictions import loaded
from pointsman.store.schema import drift_predictions, models

_COLUMNS = drift_predictions.c
_KEYS_PER_QUERY = 500


class WaitingModel(NamedTuple):
    """A model with predictions that wait.

    Attributes:
        row_count: How many.
    """

    model_key: int
    row_count: int


class WaitingRow(NamedTuple):
    """A prediction that waits.

    Attributes:
        number: Its number, which later ones exceed.
    """

    number: int
    prediction: LoggedPrediction


def count(connection: Connection, model_key: int) -> int:
    """Answers how many predictions of a model wait.

    Args:
        connection: A transaction.
        model_key: The model's row.
    """
    statement = select(func.count()).where(_COLUMNS.model_key == model_key)
    return int(connection.execute(statement).scalar_one())


def last_key(connection: Connection) -> int:
    """Answers the greatest number of a prediction of any model that waits; 0 where there is none."""
    return connection.execute(select(func.max(_COLUMNS.row_key))).scalar_one_or_none() or 0


def by_model(connection: Connection, least: int, before_us: int | None = None) -> list[WaitingModel]:
    """Answers the models of which so many predictions wait; not those that are gone.

    Args:
        connection: A transaction.
        least: So many at least.
        before_us: Counts those from before this time alone; None for all.
    """
    counted = select(_COLUMNS.model_key, func.count().label("row_count")).group_by(_COLUMNS.model_key)
    if before_us is not None:
        counted = counted.where(_COLUMNS.time_us < before_us)
    waiting = counted.having(func.count() >= least).subquery()
    # A model that is gone has a name that no model can have: its rows are being deleted.
    there = select(waiting).join(models, models.c.row_key == waiting.c.model_key)
    rows = connection.execute(there.where(models.c.model_id.not_like("-%")).order_by(waiting.c.model_key))
    return [WaitingModel(*row) for row in rows]


def by_day(connection: Connection, model_key: int) -> dict[int, int]:
    """Answers how many predictions of a model wait of each day of UTC, counted from 1970.

    Args:
        connection: A transaction.
        model_key: The model's row.
    """
    day = _COLUMNS.time_us // MICROSECONDS_PER_DAY
    statement = select(day, func.count()).where(_COLUMNS.model_key == model_key).group_by(day)
    return {int(number): int(counted) for number, counted in connection.execute(statement)}


def of_day(
    connection: Connection, model_key: int, day: int, most_rows: int, most_chars: int
) -> list[WaitingRow]:
    """Answers the predictions of a model and day that came first.

    Args:
        connection: A transaction.
        model_key: The model's row.
        day: The day of UTC, counted from 1970.
        most_rows: So many at most.
        most_chars: No more when their features have so many characters.
    """
    start_us = day * MICROSECONDS_PER_DAY
    this = (
        _COLUMNS.model_key == model_key,
        _COLUMNS.time_us >= start_us,
        _COLUMNS.time_us < start_us + MICROSECONDS_PER_DAY,
    )
    # Numbers are in the index, so that only the rows that are answered are read.
    first = select(_COLUMNS.row_key).where(*this).order_by(_COLUMNS.row_key).limit(most_rows)
    numbers = list(connection.execute(first).scalars())
    found: list[WaitingRow] = []
    chars = 0
    for start in range(0, len(numbers), _KEYS_PER_QUERY):
        some = select(drift_predictions).where(_COLUMNS.row_key.in_(numbers[start : start + _KEYS_PER_QUERY]))
        for row in connection.execute(some.order_by(_COLUMNS.row_key)).mappings():
            chars += len(row["features"])
            if found and chars > most_chars:
                return found
            found.append(WaitingRow(row["row_key"], loaded(row)))
    return found


def take(connection: Connection, numbers: Sequence[int]) -> bool:
    """Deletes predictions that are in a file; answers whether all of them were still there.

    When not, the transaction must not be kept: the file has rows that somebody deleted meanwhile.

    Args:
        connection: A writing transaction.
        numbers: Their numbers.
    """
    taken = 0
    for start in range(0, len(numbers), _KEYS_PER_QUERY):
        these: Collection[int] = numbers[start : start + _KEYS_PER_QUERY]
        taken += connection.execute(delete(drift_predictions).where(_COLUMNS.row_key.in_(these))).rowcount
    return taken == len(numbers)


def model_id(connection: Connection, model_key: int, *, hold: bool = False) -> str | None:
    """Answers a model's id; None when it is gone.

    Args:
        connection: A transaction; a writing one where the model is to be held.
        model_key: The model's row.
        hold: Whether to keep it from being deleted until the transaction ends.
    """
    there = (models.c.row_key == model_key, models.c.model_id.not_like("-%"))
    statement = select(models.c.model_id).where(*there)
    held = statement.with_for_update(read=True) if hold else statement
    return connection.execute(held).scalar_one_or_none()
