"""Analyses: beginning them, how far they are, ending them, and what came out."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from pointsman.control.drift import models
from pointsman.control.drift.predictions import limit_of
from pointsman.domain.drift.alerts import AlertSettings
from pointsman.domain.drift.analyses import Analysis, AnalysisStatus, DriftResult, DriftStatus
from pointsman.domain.drift.baselines import Baseline
from pointsman.domain.drift.windows import AnalysisWindow, window_of
from pointsman.domain.keys import Principal
from pointsman.domain.models import Model
from pointsman.domain.values import MICROSECONDS_PER_SECOND
from pointsman.errors import FailedPreconditionError, NotFoundError
from pointsman.store import servers
from pointsman.store.database import Database
from pointsman.store.drift import alert_settings, analyses, baselines, results

DEADLINE_SECONDS = 3_600.0
"""How long an analysis may take, repeats included."""
DEFAULT_RESULTS = 50
LATEST = "latest"
"""Stands for the newest result."""


@dataclass(frozen=True)
class WindowQuestion:
    """Which window is asked for; times in UTC microseconds, None where it is not said."""

    start_us: int | None = None
    end_us: int | None = None
    days: float | None = None


class Analyses:
    """Begins and ends analyses, and tells of them; programs are started by the watch.

    Args:
        database: Where they are kept.
        clock: Answers the time in UTC microseconds.
    """

    def __init__(self, database: Database, clock: Callable[[], int]) -> None:
        self._database = database
        self._clock = clock

    def begin(self, caller: Principal, model_id: str, asked: WindowQuestion) -> tuple[Analysis, bool]:
        """Begins an analysis, unless one of the model runs.

        Args:
            caller: Who asks.
            model_id: The model.
            asked: Which window.

        Returns:
            The analysis, and whether it is new, so that its program must be started.

        Raises:
            FailedPreconditionError: There is no active baseline, or it has too few rows.
            InvalidArgumentError: The window is wrong.
            NotFoundError: There is no such model, or the caller may not know of it.
            PermissionDeniedError: It belongs to somebody else.
        """
        try:
            with self._database.write() as connection:
                return self._begin(connection, caller, model_id, asked)
        except IntegrityError:
            # Another server was asked for the same at this moment.
            with self._database.read() as connection:
                model = models.changeable(connection, caller, model_id)
                running = analyses.running_of(connection, model.row_key)
            if running is None:
                raise
            return running, False

    def _begin(
        self, connection: Connection, caller: Principal, model_id: str, asked: WindowQuestion
    ) -> tuple[Analysis, bool]:
        model = models.changeable(connection, caller, model_id)
        settings = alert_settings.of_model(connection, model.row_key)
        now_us = servers.clock_us(connection, self._clock())
        window = window_of(asked.start_us, asked.end_us, asked.days, settings.time_window_days, now_us)
        return begin(connection, model_id, model.row_key, settings, window, now_us)

    def find(self, caller: Principal, model_id: str, job_id: str) -> Analysis:
        """Answers how far an analysis is.

        Args:
            caller: Who asks.
            model_id: The model.
            job_id: The analysis's id.

        Raises:
            NotFoundError: The model has none of the id; or there is no such model.
        """
        with self._database.read() as connection:
            model = models.readable(connection, caller, model_id)
            return _of_model(connection, model, job_id)

    def cancel(self, caller: Principal, model_id: str, job_id: str) -> Analysis:
        """Ends an analysis without a result; one that has ended stays as it is.

        Args:
            caller: Who asks.
            model_id: The model.
            job_id: The analysis's id.

        Raises:
            NotFoundError: The model has none of the id; or there is no such model.
            PermissionDeniedError: The model belongs to somebody else.
        """
        with self._database.write() as connection:
            model = models.changeable(connection, caller, model_id)
            # Whoever starts it again at this moment has done so first, or finds it cancelled.
            found = _of_model(connection, model, job_id, locked=True)
            now_us = servers.clock_us(connection, self._clock())
            analyses.end(connection, found, AnalysisStatus.CANCELLED, now_us)
            return _of_model(connection, model, job_id)

    def latest_result(self, caller: Principal, model_id: str) -> DriftResult:
        """Answers the newest result of a model, with its figures.

        Raises:
            NotFoundError: There is none; or no such model, or the caller may not know of it.
        """
        with self._database.read() as connection:
            model = models.readable(connection, caller, model_id)
            found = results.latest(connection, model_id, model.row_key)
        if found is None:
            raise NotFoundError(
                f"model {model_id!r} has no result yet; Analyze makes one",
                reason="RESULT_NOT_FOUND",
                metadata={"model_id": model_id},
            )
        return found

    def result(self, caller: Principal, model_id: str, result_id: str) -> DriftResult:
        """Answers a result of a model, with its figures.

        Args:
            caller: Who asks.
            model_id: The model.
            result_id: The result; ``latest``, or empty, for the newest.

        Raises:
            NotFoundError: There is none; or no such model, or the caller may not know of it.
        """
        if result_id in ("", LATEST):
            return self.latest_result(caller, model_id)
        with self._database.read() as connection:
            model = models.readable(connection, caller, model_id)
            found = results.latest(connection, model_id, model.row_key, result_id)
        if found is None:
            raise NotFoundError(
                f"result {result_id[:64]!r} is none of model {model_id!r}; GetResults lists them",
                reason="RESULT_NOT_FOUND",
                metadata={"model_id": model_id, "result_id": result_id[:64]},
            )
        return found

    def newest_results(
        self, caller: Principal, model_id: str, limit: int, status: DriftStatus | None
    ) -> list[DriftResult]:
        """Lists results of a model without figures, newest first.

        Args:
            caller: Who asks.
            model_id: The model.
            limit: At most so many; 0 for the default.
            status: Only those of this status; None for all.

        Raises:
            InvalidArgumentError: The limit is wrong.
            NotFoundError: There is no such model, or the caller may not know of it.
        """
        most = limit_of(limit, DEFAULT_RESULTS)
        with self._database.read() as connection:
            model = models.readable(connection, caller, model_id)
            return results.newest(connection, model_id, model.row_key, most, status)


def begin(
    connection: Connection,
    model_id: str,
    model_key: int,
    settings: AlertSettings,
    window: AnalysisWindow,
    now_us: int,
) -> tuple[Analysis, bool]:
    """Begins an analysis, unless one of the model runs.

    Args:
        connection: A writing transaction.
        model_id: The model.
        model_key: Its row.
        settings: How its drift is judged.
        window: What is compared.
        now_us: The time by the database's clock.

    Returns:
        The analysis, and whether it is new, so that its program must be started.

    Raises:
        FailedPreconditionError: There is no active baseline, or it has too few rows.
    """
    running = analyses.running_of(connection, model_key)
    if running is not None:
        return running, False
    baseline = _comparable(connection, model_id, model_key, settings.min_baseline_sample_size)
    begun = Analysis(
        job_id="",
        model_id=model_id,
        model_key=model_key,
        baseline_key=baseline.row_key,
        status=AnalysisStatus.RUNNING,
        window_start_us=window.start_us,
        window_end_us=window.end_us,
        start_time_us=now_us,
        deadline_us=now_us + int(DEADLINE_SECONDS * MICROSECONDS_PER_SECOND),
        seen_us=now_us,
    )
    return replace(begun, job_id=analyses.add(connection, begun)), True


def _comparable(connection: Connection, model_id: str, model_key: int, least_rows: int) -> Baseline:
    baseline = baselines.active(connection, model_id, model_key)
    if baseline is None:
        raise FailedPreconditionError(
            f"model {model_id!r} has no active baseline to compare with; make one with CreateBaseline",
            reason="NO_BASELINE",
            metadata={"model_id": model_id},
        )
    if baseline.sample_size < least_rows:
        raise FailedPreconditionError(
            f"baseline {baseline.version!r} has {baseline.sample_size} rows, and min_baseline_sample_size is "
            f"{least_rows}; make a larger one with CreateBaseline, or lower that with UpdateAlertConfig",
            reason="BASELINE_TOO_SMALL",
            metadata={"model_id": model_id, "baseline_id": baseline.baseline_id},
        )
    return baseline


def _of_model(connection: Connection, model: Model, job_id: str, *, locked: bool = False) -> Analysis:
    found = analyses.find(connection, job_id, locked=locked)
    if found is None or found.model_key != model.row_key:
        raise NotFoundError(
            f"analysis {job_id[:64]!r} is none of model {model.model_id!r}",
            reason="ANALYSIS_NOT_FOUND",
            metadata={"model_id": model.model_id, "job_id": job_id[:64]},
        )
    return found
