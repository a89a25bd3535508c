"""Analyses of drift and their results, of the client for asyncio."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pointsman.client import _requests as requests
from pointsman.client._connection import AsyncConnection
from pointsman.client._types import (
    AlertConfig,
    AlgorithmSettings,
    AnalysisJob,
    Calibration,
    DriftResult,
    DriftStatus,
    NotificationSettings,
    ScheduleSettings,
)

if TYPE_CHECKING:
    from datetime import datetime


class AsyncDriftResults:
    """Analyses, their results, and how drift is judged."""

    _connection: AsyncConnection

    async def analyze(
        self,
        model_id: str,
        *,
        window_days: float | None = None,
        window_start: datetime | None = None,
        window_end: datetime | None = None,
    ) -> AnalysisJob:
        """Starts an analysis of a window against the active baseline, and does not wait for it.

        Args:
            model_id: The model.
            window_days: Days up to the window's end; None means those of the schedule, at first 7.
            window_start: Where the window begins; wins over its days.
            window_end: Where it ends; None means now.

        Returns:
            The analysis; while one of the model runs, that one.

        Raises:
            FailedPreconditionError: There is no active baseline, or it has too few rows.
        """
        return await self._connection.send(requests.analyze(model_id, window_days, window_start, window_end))

    async def analysis(self, model_id: str, job_id: str) -> AnalysisJob:
        """Answers how far an analysis is."""
        return await self._connection.send(requests.get_analysis(model_id, job_id))

    async def cancel_analysis(self, model_id: str, job_id: str) -> AnalysisJob:
        """Ends an analysis without a result; one that has ended stays as it is."""
        return await self._connection.send(requests.cancel_analysis(model_id, job_id))

    async def latest_result(self, model_id: str) -> DriftResult:
        """Answers the newest result of a model, with its figures.

        Raises:
            NotFoundError: There is none; or no such model, or the caller may not know of it.
        """
        return await self._connection.send(requests.latest_result(model_id))

    async def results(
        self, model_id: str, *, limit: int = 0, status: DriftStatus = DriftStatus.UNSPECIFIED
    ) -> list[DriftResult]:
        """Lists results of a model without figures, newest first.

        Args:
            model_id: The model.
            limit: At most so many; 0 means 50.
            status: Only those of this status.
        """
        return await self._connection.send(requests.list_results(model_id, limit, status))

    async def report(self, model_id: str, result_id: str = "", *, as_json: bool = False) -> str:
        """Answers the report of a result: one page of HTML that needs no network, below 2 MB.

        Args:
            model_id: The model.
            result_id: The result; empty for the newest.
            as_json: Answers the same content as JSON, nothing cut.

        Raises:
            FailedPreconditionError: The server lacks the package that draws.
            NotFoundError: There is no such result; or no such model, or the caller may not know of it.
        """
        return await self._connection.send(requests.get_report(model_id, result_id, as_json))

    async def alerts(self, model_id: str) -> AlertConfig:
        """Answers how drift of a model is judged and told, with defaults where nothing was set."""
        return await self._connection.send(requests.get_alerts(model_id))

    async def update_alerts(
        self,
        model_id: str,
        *,
        enabled: bool | None = None,
        algorithms: AlgorithmSettings | None = None,
        accuracy_drop_warning: float | None = None,
        accuracy_drop_alert: float | None = None,
        min_baseline_sample_size: int | None = None,
        notifications: NotificationSettings | None = None,
        schedule: ScheduleSettings | None = None,
        calibration: Calibration = Calibration.UNSPECIFIED,
    ) -> None:
        """Changes how drift of a model is judged and told; what is not given stays as it is.

        Args:
            model_id: The model.
            enabled: Whether alerts are told.
            algorithms: Which algorithms run, and by which thresholds.
            accuracy_drop_warning: From which loss of accuracy on it is a warning, a share.
            accuracy_drop_alert: From which loss of accuracy on it is an alert, a share.
            min_baseline_sample_size: Rows below which a baseline is not compared with.
            notifications: Who is told.
            schedule: When the model is analysed by itself.
            calibration: Whether figures are judged together.
        """
        await self._connection.send(
            requests.update_alerts(
                model_id,
                enabled,
                algorithms,
                accuracy_drop_warning,
                accuracy_drop_alert,
                min_baseline_sample_size,
                notifications,
                schedule,
                calibration,
            )
        )
