"""Results of analyses in SQL."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, insert, select

from pointsman.domain.drift.analyses import Analysis, DriftResult, DriftStatus
from pointsman.store.documents import dump_value, load_value
from pointsman.store.drift.ids import new_id
from pointsman.store.schema import drift_analyses, drift_baselines, drift_results

_COLUMNS = drift_results.c
_HEAD = (
    select(
        _COLUMNS.result_id,
        _COLUMNS.status,
        _COLUMNS.create_time_us,
        drift_analyses.c.job_id,
        drift_baselines.c.baseline_id,
        drift_analyses.c.window_start_us,
        drift_analyses.c.window_end_us,
    )
    .join(drift_analyses, drift_analyses.c.row_key == _COLUMNS.analysis_key)
    .join(drift_baselines, drift_baselines.c.row_key == drift_analyses.c.baseline_key)
)


def add(
    connection: Connection,
    analysis: Analysis,
    analysis_key: int,
    body: Mapping[str, Any],
    notes: Sequence[str],
    now_us: int,
) -> str:
    """Stores what came out of an analysis; answers its id.

    Args:
        connection: A writing transaction, the one in which the analysis ends.
        analysis: The analysis.
        analysis_key: Its row.
        body: What the library said.
        notes: What to know of the rows.
        now_us: The time by the database's clock.

    Raises:
        ValueError: The body holds a number that JSON has none for.
    """
    result_id = new_id()
    connection.execute(
        insert(drift_results).values(
            result_id=result_id,
            model_key=analysis.model_key,
            analysis_key=analysis_key,
            status=DriftStatus(body["status"]).value,
            body=dump_value(body),
            notes=dump_value(list(notes)),
            create_time_us=now_us,
        )
    )
    return result_id


def latest(connection: Connection, model_id: str, model_key: int, result_id: str = "") -> DriftResult | None:
    """Finds the newest result of a model, or a certain one, with its figures.

    Args:
        connection: A transaction.
        model_id: The model.
        model_key: The model's row.
        result_id: The result; empty for the newest.
    """
    statement = (
        _HEAD.add_columns(_COLUMNS.body, _COLUMNS.notes)
        .where(_COLUMNS.model_key == model_key)
        .order_by(_COLUMNS.row_key.desc())
        .limit(1)
    )
    if result_id:
        statement = statement.where(_COLUMNS.result_id == result_id)
    row = connection.execute(statement).one_or_none()
    if row is None:
        return None
    *head, body, notes = row
    return DriftResult(
        **vars(_loaded(head, model_id)) | {"body": load_value(body), "notes": tuple(load_value(notes))}
    )


def newest(
    connection: Connection, model_id: str, model_key: int, limit: int, status: DriftStatus | None
) -> list[DriftResult]:
    """Answers results of a model without figures, newest first.

    Args:
        connection: A transaction.
        model_id: The model.
        model_key: Its row.
        limit: At most so many.
        status: Only those of this status; None for all.
    """
    statement = _HEAD.where(_COLUMNS.model_key == model_key)
    if status is not None:
        statement = statement.where(_COLUMNS.status == status.value)
    rows = connection.execute(statement.order_by(_COLUMNS.row_key.desc()).limit(limit))
    return [_loaded(row, model_id) for row in rows]


def _loaded(row: Sequence[Any], model_id: str) -> DriftResult:
    result_id, status, create_time_us, job_id, baseline_id, start_us, end_us = row
    return DriftResult(
        result_id, model_id, DriftStatus(status), create_time_us, job_id, baseline_id, start_us, end_us
    )
