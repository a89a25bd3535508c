"""Which outcomes of an upload are of entities that have logged predictions."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, exists, func, select, text

from pointsman.store.schema import drift_predictions, drift_truths

_TRUTHS = drift_truths.c
_IN_UPLOADS = text("drift_truths.upload_key <> 0")
_LOGGED = exists().where(
    drift_predictions.c.model_key == _TRUTHS.model_key, drift_predictions.c.entity_id == _TRUTHS.entity_id
)
_ROWS_AT_A_TIME = 50_000


@dataclass(frozen=True)
class MatchPart:
    """Some outcomes of an upload.

    Attributes:
        logged: How many are of entities with logged predictions.
        entity_ids: The entities of the others.
        entity_hashes: The hashes under which those may be recorded.
    """

    logged: int
    entity_ids: list[str]
    entity_hashes: list[str]


def count_logged(connection: Connection, model_key: int, upload_key: int) -> int:
    """Answers how many outcomes of an upload are of entities with logged predictions.

    Args:
        connection: A transaction.
        model_key: The model's row.
        upload_key: The upload's row.
    """
    wanted = (_TRUTHS.upload_key == upload_key, _IN_UPLOADS, _TRUTHS.model_key == model_key, _LOGGED)
    return int(connection.execute(select(func.count()).select_from(drift_truths).where(*wanted)).scalar_one())


def in_parts(connection: Connection, model_key: int, upload_key: int) -> Iterator[MatchPart]:
    """Goes through the outcomes of an upload.

    Args:
        connection: A transaction, open until all are read.
        model_key: The model's row.
        upload_key: The upload's row.
    """
    after = 0
    columns = (_TRUTHS.row_key, _TRUTHS.entity_id, _TRUTHS.entity_hash, _LOGGED.label("logged"))
    of_upload = (_TRUTHS.upload_key == upload_key, _IN_UPLOADS, _TRUTHS.model_key == model_key)
    while True:
        statement = select(*columns).where(*of_upload, _TRUTHS.row_key > after)
        rows = connection.execute(statement.order_by(_TRUTHS.row_key).limit(_ROWS_AT_A_TIME)).all()
        if not rows:
            return
        others = [row for row in rows if not row.logged]
        yield MatchPart(
            len(rows) - len(others), [row.entity_id for row in others], [row.entity_hash for row in others]
        )
        after = rows[-1].row_key
