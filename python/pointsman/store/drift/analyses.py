"""Analyses in SQL: one of a model runs at a time, and only its last start writes.

A row that runs is changed under two conditions, that it still runs and that its attempt is the writer's. So a
program that was given up and lives on writes nothing, whoever started another one meanwhile.
"""

from typing import Any

from sqlalchemy import Connection, RowMapping, Select, case, delete, insert, select, update

from pointsman.domain.drift.analyses import Analysis, AnalysisStatus
from pointsman.store.drift.ids import new_id
from pointsman.store.schema import drift_analyses, drift_results, models

_COLUMNS = drift_analyses.c
MAX_KEPT = 1_000
"""Analyses of a model that are kept, with their results."""
_MAX_ERROR_CHARS = 2_000
_SELECT = (
    select(drift_analyses, models.c.model_id, drift_results.c.result_id)
    .join(models, models.c.row_key == _COLUMNS.model_key)
    .outerjoin(drift_results, drift_results.c.analysis_key == _COLUMNS.row_key)
)


def add(connection: Connection, analysis: Analysis) -> str:
    """Stores an analysis that begins, and lets go of the model's oldest beyond a thousand; answers its id.

    Args:
        connection: A writing transaction.
        analysis: The analysis, whose id is not looked at.

    Raises:
        sqlalchemy.exc.IntegrityError: One of the model runs.
    """
    job_id = new_id()
    of_model = _COLUMNS.model_key == analysis.model_key
    last = select(_COLUMNS.row_key).where(of_model).order_by(_COLUMNS.row_key.desc())
    row_key = connection.execute(last.offset(MAX_KEPT - 1).limit(1)).scalar_one_or_none()
    if row_key is not None:
        # Their results go with them.
        connection.execute(delete(drift_analyses).where(of_model, _COLUMNS.row_key <= row_key))
    connection.execute(
        insert(drift_analyses).values(
            job_id=job_id,
            model_key=analysis.model_key,
            baseline_key=analysis.baseline_key,
            status=AnalysisStatus.RUNNING.value,
            window_start_us=analysis.window_start_us,
            window_end_us=analysis.window_end_us,
            start_time_us=analysis.start_time_us,
            deadline_us=analysis.deadline_us,
            seen_us=analysis.seen_us,
            attempt=1,
            crashes=0,
            progress=0.0,
            error="",
        )
    )
    return job_id


def find(connection: Connection, job_id: str, *, locked: bool = False) -> Analysis | None:
    """Finds an analysis.

    Args:
        connection: A transaction; a writing one to lock.
        job_id: The analysis's id.
        locked: Whether nobody else shall start it again or end it before the transaction ends.
    """
    statement = _SELECT.where(_COLUMNS.job_id == job_id)
    return _first(connection, statement.with_for_update(of=drift_analyses) if locked else statement)


def running_of(connection: Connection, model_key: int) -> Analysis | None:
    """Finds the analysis of a model that runs."""
    running = _COLUMNS.status == AnalysisStatus.RUNNING.value
    return _first(connection, _SELECT.where(_COLUMNS.model_key == model_key, running))


def running(connection: Connection) -> list[Analysis]:
    """Answers all analyses that run, oldest first."""
    statement = _SELECT.where(_COLUMNS.status == AnalysisStatus.RUNNING.value).order_by(_COLUMNS.row_key)
    return [_loaded(row) for row in connection.execute(statement).mappings()]


def hold(connection: Connection, analysis: Analysis) -> int | None:
    """Sees to it that nobody ends an analysis before the transaction does.

    Args:
        connection: A writing transaction.
        analysis: The analysis as it was read.

    Returns:
        Its row; None where it does not run any more, or was started again.
    """
    statement = select(_COLUMNS.row_key).where(*_this(analysis)).with_for_update()
    return connection.execute(statement).scalar_one_or_none()


def see(connection: Connection, analysis: Analysis, progress: float, now_us: int) -> bool:
    """Notes that an analysis shows life, and how far it is; answers False where it shall end.

    Args:
        connection: A writing transaction.
        analysis: The analysis as its program was given it.
        progress: 0 to 1; it never goes back.
        now_us: The time by the database's clock.
    """
    further = case((_COLUMNS.progress < progress, progress), else_=_COLUMNS.progress)
    statement = update(drift_analyses).where(*_this(analysis)).values(seen_us=now_us, progress=further)
    return connection.execute(statement).rowcount == 1


def start_again(connection: Connection, analysis: Analysis, *, crashed: bool, now_us: int) -> bool:
    """Notes that an analysis is started another time; answers False where somebody else has done it.

    Args:
        connection: A writing transaction.
        analysis: The analysis as it was read.
        crashed: Whether its program ended without a word, and not because its server did.
        now_us: The time by the database's clock.
    """
    values = {
        "attempt": analysis.attempt + 1,
        "crashes": analysis.crashes + crashed,
        "seen_us": now_us,
    }
    return connection.execute(update(drift_analyses).where(*_this(analysis)).values(values)).rowcount == 1


def end(
    connection: Connection, analysis: Analysis, status: AnalysisStatus, now_us: int, error: str = ""
) -> bool:
    """Ends an analysis that runs; answers False where it had ended, or was started again.

    Args:
        connection: A writing transaction.
        analysis: The analysis as it was read.
        status: How it ends.
        now_us: The time by the database's clock.
        error: Why it failed.
    """
    values: dict[str, Any] = {
        "status": status.value,
        "end_time_us": now_us,
        "error": error[:_MAX_ERROR_CHARS],
    }
    if status is AnalysisStatus.SUCCEEDED:
        values["progress"] = 1.0
    return connection.execute(update(drift_analyses).where(*_this(analysis)).values(values)).rowcount == 1


def abandon(connection: Connection, job_id: str, attempt: int) -> None:
    """Notes that an analysis is not looked after any more, so that whoever looks next starts it again.

    Args:
        connection: A transaction.
        job_id: The analysis's id.
        attempt: The start of it that was watched.
    """
    this = (_COLUMNS.job_id == job_id, _COLUMNS.attempt == attempt)
    connection.execute(update(drift_analyses).where(*this).values(seen_us=0))


def _this(analysis: Analysis) -> tuple[Any, ...]:
    return (
        _COLUMNS.job_id == analysis.job_id,
        _COLUMNS.attempt == analysis.attempt,
        _COLUMNS.status == AnalysisStatus.RUNNING.value,
    )


def _first(connection: Connection, statement: Select[Any]) -> Analysis | None:
    row = connection.execute(statement).mappings().one_or_none()
    return None if row is None else _loaded(row)


def _loaded(row: RowMapping) -> Analysis:
    return Analysis(
        job_id=row["job_id"],
        model_id=row["model_id"],
        model_key=row["model_key"],
        baseline_key=row["baseline_key"],
        status=AnalysisStatus(row["status"]),
        window_start_us=row["window_start_us"],
        window_end_us=row["window_end_us"],
        start_time_us=row["start_time_us"],
        deadline_us=row["deadline_us"],
        seen_us=row["seen_us"],
        end_time_us=row["end_time_us"],
        attempt=row["attempt"],
        crashes=row["crashes"],
        progress=row["progress"],
        error=row["error"],
        result_id=row["result_id"] or "",
    )
