"""Uploads of outcomes in SQL: how far each is, when it is seen, and what is deleted after it."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, exists, func, insert, select, text, update

from pointsman.domain.drift.truth_files import FilePlace, RowFault, TruthFormat
from pointsman.domain.drift.truth_uploads import TruthUpload, UploadStatus
from pointsman.store.documents import dump_value, load_value
from pointsman.store.schema import drift_truth_uploads, drift_truths

_COLUMNS = drift_truth_uploads.c
_OPEN = _COLUMNS.status == UploadStatus.OPEN.value
_REFUSED = _COLUMNS.status == UploadStatus.REFUSED.value
_BROUGHT = exists().where(drift_truths.c.upload_key == _COLUMNS.row_key, text("drift_truths.upload_key <> 0"))

# The rows of the upload in a part, and what each replaced: what could be seen before it was complete.
_REPLACED = """
DELETE FROM drift_truths WHERE row_key IN (
  SELECT old.row_key FROM drift_truths AS new
  JOIN drift_truths AS old ON old.model_key = new.model_key AND old.entity_id = new.entity_id
    AND old.outcome_time_us = new.outcome_time_us AND old.upload_key <> new.upload_key
  LEFT JOIN drift_truth_uploads AS former ON former.row_key = old.upload_key
  WHERE new.upload_key = :upload_key AND new.upload_key <> 0
    AND new.row_key > :after AND new.row_key <= :last
    AND (old.upload_key = 0 OR former.place < :place)
)
"""


def find(
    connection: Connection, model_key: int, upload_id: str, *, locked: bool = False
) -> TruthUpload | None:
    """Finds an upload of a model.

    Args:
        connection: A transaction.
        model_key: The model's row.
        upload_id: Names it.
        locked: Whether nobody else shall change it before the transaction ends.
    """
    wanted = (_COLUMNS.model_key == model_key, _COLUMNS.upload_id == upload_id)
    statement = select(drift_truth_uploads).where(*wanted)
    row = connection.execute(statement.with_for_update() if locked else statement).mappings().one_or_none()
    return None if row is None else _loaded(row)


def open_ones(connection: Connection) -> list[tuple[int, int]]:
    """Answers the uploads of all models that are not complete, the longest idle first: rows and times."""
    statement = select(_COLUMNS.row_key, _COLUMNS.update_us).where(_OPEN).order_by(_COLUMNS.update_us)
    return [(row_key, update_us) for row_key, update_us in connection.execute(statement)]


def begin(connection: Connection, model_key: int, upload: TruthUpload) -> int:
    """Stores an upload that begins; answers its row.

    Args:
        connection: A writing transaction.
        model_key: The model's row.
        upload: The upload.

    Raises:
        sqlalchemy.exc.IntegrityError: The model has one of this name.
    """
    values = {
        "model_key": model_key,
        "upload_id": upload.upload_id,
        "format": upload.kind.value,
        "begin_us": upload.begin_us,
        "kept_before": upload.kept_before,
        **_progress(upload, upload.begin_us),
    }
    statement = insert(drift_truth_uploads).values(values).returning(_COLUMNS.row_key)
    return int(connection.execute(statement).scalar_one())


def advance(connection: Connection, upload: TruthUpload, now_us: int) -> None:
    """Stores how far an upload is that is not complete.

    Args:
        connection: The transaction that stores what it brought.
        upload: The upload as it is now.
        now_us: The time.
    """
    this = _COLUMNS.row_key == upload.row_key
    connection.execute(update(drift_truth_uploads).where(this).values(_progress(upload, now_us)))


def complete(connection: Connection, model_key: int, upload: TruthUpload, now_us: int) -> None:
    """Makes all that an upload brought visible at once.

    Args:
        connection: A writing transaction.
        model_key: The model's row.
        upload: The upload as it is at its end.
        now_us: The time.

    Raises:
        sqlalchemy.exc.IntegrityError: Another one of the model became complete at this moment.
    """
    last = select(func.coalesce(func.max(_COLUMNS.place), 0) + 1).where(_COLUMNS.model_key == model_key)
    place = connection.execute(last).scalar_one()
    is_empty = upload.inserted + upload.corrected == 0
    values = _progress(upload, now_us) | {"place": place, "unsettled_from": None if is_empty else 0}
    connection.execute(update(drift_truth_uploads).where(_COLUMNS.row_key == upload.row_key).values(values))


def refuse(connection: Connection, row_keys: Sequence[int], why: str, now_us: int) -> None:
    """Ends uploads that are not complete, of which nothing more will come.

    Args:
        connection: A writing transaction.
        row_keys: The uploads' rows.
        why: What whoever asks is told.
        now_us: The time.
    """
    this = (_COLUMNS.row_key.in_(row_keys), _OPEN)
    faults = dump_value([asdict(RowFault(0, "", why))])
    connection.execute(
        update(drift_truth_uploads)
        .where(*this)
        .values(status=UploadStatus.REFUSED.value, faults=faults, update_us=now_us)
    )


def forget_faulty(connection: Connection, model_keys: Sequence[int]) -> None:
    """Forgets what was said of rows that were wrong, which may quote them; such uploads never end well.

    Args:
        connection: A writing transaction.
        model_keys: The models' rows.
    """
    this = (_COLUMNS.model_key.in_(model_keys), _COLUMNS.faults != "[]")
    faults = dump_value([asdict(RowFault(0, "", "rows were wrong, and what was said of them was erased"))])
    connection.execute(
        update(drift_truth_uploads).where(*this).values(status=UploadStatus.REFUSED.value, faults=faults)
    )


def of_models(connection: Connection, model_keys: Sequence[int]) -> None:
    """Deletes the uploads of models; what they brought must be deleted already.

    Args:
        connection: A writing transaction.
        model_keys: The models' rows.
    """
    connection.execute(delete(drift_truth_uploads).where(_COLUMNS.model_key.in_(model_keys)))


def refused_with_rows(connection: Connection) -> int | None:
    """Answers an upload that was refused and of which something is left; None for none."""
    statement = select(_COLUMNS.row_key).where(_REFUSED, _BROUGHT).order_by(_COLUMNS.row_key).limit(1)
    return connection.execute(statement).scalar_one_or_none()


def settle(connection: Connection, most: int) -> bool:
    """Deletes some of what complete uploads have replaced; answers whether there may be more.

    Uploads are settled in the order in which they became complete, so that the one that is seen stays.

    Args:
        connection: A writing transaction.
        most: How many of an upload's rows are looked at.
    """
    unsettled = _COLUMNS.unsettled_from.is_not(None)
    columns = (_COLUMNS.row_key, _COLUMNS.unsettled_from, _COLUMNS.place)
    statement = select(*columns).where(unsettled).order_by(_COLUMNS.model_key, _COLUMNS.place).limit(1)
    found = connection.execute(statement.with_for_update()).one_or_none()
    if found is None:
        return False
    upload_key, after, place = found
    brought = select(drift_truths.c.row_key).where(
        drift_truths.c.upload_key == upload_key,
        text("drift_truths.upload_key <> 0"),
        drift_truths.c.row_key > after,
    )
    part = connection.execute(brought.order_by(drift_truths.c.row_key).limit(most)).scalars().all()
    last: int | None = None
    if part:
        last = part[-1]
        values = {"upload_key": upload_key, "after": after, "last": last, "place": place}
        connection.execute(text(_REPLACED), values)
    connection.execute(
        update(drift_truth_uploads).where(_COLUMNS.row_key == upload_key).values(unsettled_from=last)
    )
    return True


def any_there(connection: Connection) -> bool:
    """Answers whether there are any uploads."""
    return connection.execute(select(_COLUMNS.row_key).limit(1)).scalar_one_or_none() is not None


def remove_ended(connection: Connection, time_us: int) -> int:
    """Deletes uploads that ended before a time and of which nothing is left; answers how many.

    Args:
        connection: A writing transaction.
        time_us: The time, in UTC microseconds.
    """
    ended = (~_OPEN, _COLUMNS.update_us < time_us, _COLUMNS.unsettled_from.is_(None), ~_BROUGHT)
    return connection.execute(delete(drift_truth_uploads).where(*ended)).rowcount


def _progress(upload: TruthUpload, now_us: int) -> dict[str, Any]:
    return {
        "status": upload.status.value,
        "update_us": now_us,
        "byte_count": upload.place.byte,
        "line_count": upload.place.line,
        "columns": dump_value(list(upload.place.columns)),
        "faults": dump_value([asdict(fault) for fault in upload.faults]),
        "row_count": upload.row_count,
        "inserted": upload.inserted,
        "corrected": upload.corrected,
        "repeated": upload.repeated,
    }


def _loaded(row: RowMapping) -> TruthUpload:
    return TruthUpload(
        row_key=row["row_key"],
        upload_id=row["upload_id"],
        kind=TruthFormat(row["format"]),
        status=UploadStatus(row["status"]),
        place=FilePlace(row["byte_count"], row["line_count"], tuple(load_value(row["columns"]))),
        begin_us=row["begin_us"],
        kept_before=row["kept_before"],
        row_count=row["row_count"],
        inserted=row["inserted"],
        corrected=row["corrected"],
        repeated=row["repeated"],
        faults=tuple(RowFault(**fault) for fault in load_value(row["faults"])),
    )
