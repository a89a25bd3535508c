"""From which time on an outcome of a model may be of a later prediction.

Predictions go when their time has come. An outcome of one that is gone finds none at or before it, and would
be taken for one that came ahead of the entity's next prediction. So whoever deletes predictions raises the
model's horizon in the same transaction.
"""

from collections.abc import Mapping

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from pointsman.store.schema import drift_horizons, models

_COLUMNS = drift_horizons.c


def settled_us(connection: Connection, model_key: int) -> int:
    """Answers from which time on outcomes may be of later predictions, in UTC microseconds; 0 for any.

    Args:
        connection: A transaction.
        model_key: The model's row.
    """
    statement = select(_COLUMNS.settled_us).where(_COLUMNS.model_key == model_key)
    return connection.execute(statement).scalar_one_or_none() or 0


def raise_to(connection: Connection, settled: Mapping[int, int]) -> None:
    """Raises horizons; one that is later already stays.

    Args:
        connection: A writing transaction.
        settled: By model's row the time, in UTC microseconds.
    """
    if not settled:
        return
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(drift_horizons)
    later = statement.excluded.settled_us
    raised = statement.on_conflict_do_update(
        index_elements=[_COLUMNS.model_key], set_={"settled_us": later}, where=later > _COLUMNS.settled_us
    )
    # In one order, so that two who raise several do not wait for each other.
    connection.execute(raised, [{"model_key": key, "settled_us": settled[key]} for key in sorted(settled)])


def raise_of_models(connection: Connection, settled: Mapping[str, int]) -> None:
    """Raises the horizons of models by their ids; those that are not there have none.

    Args:
        connection: A writing transaction.
        settled: By model the time, in UTC microseconds.
    """
    named = select(models.c.model_id, models.c.row_key).where(models.c.model_id.in_(settled))
    found = connection.execute(named).all() if settled else []
    raise_to(connection, {row_key: settled[model_id] for model_id, row_key in found})
