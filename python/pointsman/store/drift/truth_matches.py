"""Which outcomes of an upload are of logged predictions."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, exists, func, select, text

from pointsman.store.drift import horizons
from pointsman.store.schema import drift_predictions, drift_truths

MAX_TIME_US = 2**63 - 1
_TRUTHS = drift_truths.c
_IN_UPLOADS = text("drift_truths.upload_key <> 0")
_ROWS_AT_A_TIME = 50_000


@dataclass(frozen=True)
class MatchPart:
    """Some outcomes of an upload.

    Attributes:
        logged: How many are of logged predictions.
        entity_ids: The entities of the others.
        entity_hashes: The hashes under which those may be recorded.
        before_us: Which predictions of theirs they may be of: those at or before this time.
    """

    logged: int
    entity_ids: list[str]
    entity_hashes: list[str]
    before_us: list[int]


def count_logged(connection: Connection, model_key: int, upload_key: int) -> int:
    """Answers how many outcomes of an upload are of logged predictions.

    Args:
        connection: A transaction.
        model_key: The model's row.
        upload_key: The upload's row.
    """
    is_logged = _is_logged(horizons.settled_us(connection, model_key))
    wanted = (_TRUTHS.upload_key == upload_key, _IN_UPLOADS, _TRUTHS.model_key == model_key, is_logged)
    return int(connection.execute(select(func.count()).select_from(drift_truths).where(*wanted)).scalar_one())


def in_parts(connection: Connection, model_key: int, upload_key: int) -> Iterator[MatchPart]:
    """Goes through the outcomes of an upload.

    Args:
        connection: A transaction, open until all are read.
        model_key: The model's row.
        upload_key: The upload's row.
    """
    after = 0
    settled_us = horizons.settled_us(connection, model_key)
    columns = (
        _TRUTHS.row_key,
        _TRUTHS.entity_id,
        _TRUTHS.entity_hash,
        _TRUTHS.outcome_time_us,
        _is_logged(settled_us).label("logged"),
    )
    of_upload = (_TRUTHS.upload_key == upload_key, _IN_UPLOADS, _TRUTHS.model_key == model_key)
    while True:
        statement = select(*columns).where(*of_upload, _TRUTHS.row_key > after)
        rows = connection.execute(statement.order_by(_TRUTHS.row_key).limit(_ROWS_AT_A_TIME)).all()
        if not rows:
            return
        others = [row for row in rows if not row.logged]
        yield MatchPart(
            len(rows) - len(others),
            [row.entity_id for row in others],
            [row.entity_hash for row in others],
            [MAX_TIME_US if row.outcome_time_us >= settled_us else row.outcome_time_us for row in others],
        )
        after = rows[-1].row_key


def _is_logged(settled_us: int) -> ColumnElement[bool]:
    """Answers SQL of whether an outcome is of a logged prediction, as ``lake/outcome_sql.py`` matches."""
    may_lead = _TRUTHS.outcome_time_us >= settled_us
    return exists().where(
        drift_predictions.c.model_key == _TRUTHS.model_key,
        drift_predictions.c.entity_id == _TRUTHS.entity_id,
        may_lead | (drift_predictions.c.time_us <= _TRUTHS.outcome_time_us),
    )
