"""Of which models an erasure is, of which logged predictions are in files, and how many went."""

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from pointsman.store.schema import logged_erasures

_COLUMNS = logged_erasures.c


class LoggedErasure(NamedTuple):
    """What is to be deleted from files of a model.

    Attributes:
        last_number: Predictions with greater numbers were logged later, and stay.
    """

    model_key: int
    last_number: int


def ask(connection: Connection, erasure_key: int, model_keys: Collection[int], last_number: int) -> None:
    """Keeps that an erasure is of files of models, as long as it is kept itself.

    Args:
        connection: A writing transaction.
        erasure_key: The erasure's key.
        model_keys: The models' rows.
        last_number: The greatest number of a prediction that is to be deleted.
    """
    if not model_keys:
        return
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(logged_erasures)
    later = statement.excluded.last_number
    again = statement.on_conflict_do_update(
        index_elements=[_COLUMNS.erasure_key, _COLUMNS.model_key],
        set_={"last_number": later},
        where=later > _COLUMNS.last_number,
    )
    rows = [
        {"erasure_key": erasure_key, "model_key": key, "last_number": last_number, "prediction_count": 0}
        for key in sorted(model_keys)
    ]
    connection.execute(again, rows)


def of(connection: Connection, erasure_key: int) -> list[LoggedErasure]:
    """Answers what is to be deleted from files by an erasure.

    Args:
        connection: A transaction.
        erasure_key: The erasure's key.
    """
    statement = select(_COLUMNS.model_key, _COLUMNS.last_number).where(_COLUMNS.erasure_key == erasure_key)
    return [LoggedErasure(*row) for row in connection.execute(statement.order_by(_COLUMNS.model_key))]


def add_count(connection: Connection, erasure_key: int, model_key: int, count: int) -> None:
    """Adds to what is deleted.

    Args:
        connection: A writing transaction.
        erasure_key: The erasure's key.
        model_key: The model's row.
        count: How many more predictions are deleted.
    """
    this = (_COLUMNS.erasure_key == erasure_key, _COLUMNS.model_key == model_key)
    added = _COLUMNS.prediction_count + count
    connection.execute(update(logged_erasures).where(*this).values(prediction_count=added))


def total(connection: Connection, erasure_key: int) -> int:
    """Answers how many predictions were deleted from files by an erasure, by all servers.

    Args:
        connection: A transaction.
        erasure_key: The erasure's key.
    """
    counted = select(func.coalesce(func.sum(_COLUMNS.prediction_count), 0))
    return int(connection.execute(counted.where(_COLUMNS.erasure_key == erasure_key)).scalar_one())
