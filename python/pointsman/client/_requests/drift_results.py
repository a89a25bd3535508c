"""Calls about analyses of drift, their results, and how drift is judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.api import httpbody_pb2

from pointsman.client._call import READ_TIMEOUT_SECONDS, REPORT_TIMEOUT_SECONDS, Call
from pointsman.client._fields import make
from pointsman.client._requests.common import DRIFT, moment, number, plain
from pointsman.client._requests.drift import list_value
from pointsman.client._types import AlertConfig, AnalysisJob, DriftResult
from pointsman.v1 import drift_pb2

if TYPE_CHECKING:
    from datetime import datetime

    from pointsman.client._types import (
        AlgorithmSettings,
        Calibration,
        DriftStatus,
        NotificationSettings,
        ScheduleSettings,
    )


def analyze(
    model_id: str, window_days: float | None, window_start: datetime | None, window_end: datetime | None
) -> Call[AnalysisJob]:
    """Starts an analysis.

    Args:
        model_id: The model.
        window_days: Days up to the window's end; None lets the schedule choose.
        window_start: Where the window begins; wins over its days.
        window_end: Where it ends; None means now.
    """
    request = make(
        drift_pb2.AnalyzeRequest,
        model_id=model_id,
        window_days=window_days,
        window_start=moment(window_start),
        window_end=moment(window_end),
    )
    return Call(
        DRIFT + "Analyze",
        request,
        drift_pb2.AnalysisJob,
        plain(AnalysisJob),
        timeout_seconds=READ_TIMEOUT_SECONDS,
    )


def get_analysis(model_id: str, job_id: str) -> Call[AnalysisJob]:
    """Asks how far an analysis is."""
    request = make(drift_pb2.GetAnalysisJobRequest, model_id=model_id, job_id=job_id)
    return Call(DRIFT + "GetAnalysisJob", request, drift_pb2.AnalysisJob, plain(AnalysisJob), is_read=True)


def cancel_analysis(model_id: str, job_id: str) -> Call[AnalysisJob]:
    """Ends an analysis without a result."""
    request = make(drift_pb2.CancelAnalysisRequest, model_id=model_id, job_id=job_id)
    return Call(DRIFT + "CancelAnalysis", request, drift_pb2.AnalysisJob, plain(AnalysisJob))


def latest_result(model_id: str) -> Call[DriftResult]:
    """Asks for the newest result of a model."""
    request = make(drift_pb2.GetLatestResultRequest, model_id=model_id)
    return Call(DRIFT + "GetLatestResult", request, drift_pb2.DriftResult, plain(DriftResult), is_read=True)


def list_results(model_id: str, limit: int, status: DriftStatus) -> Call[list[DriftResult]]:
    """Asks for results of a model, newest first, without figures.

    Args:
        model_id: The model.
        limit: At most so many; 0 lets the server choose.
        status: Only those of this status; unspecified for all.
    """
    request = make(drift_pb2.GetResultsRequest, model_id=model_id, limit=limit)
    request.status = number(request, "status", status)
    read = plain(DriftResult)
    return Call(
        DRIFT + "GetResults",
        request,
        drift_pb2.GetResultsResponse,
        lambda answer: [read(one) for one in answer.results],
        is_read=True,
    )


def get_report(model_id: str, result_id: str, as_json: bool) -> Call[str]:
    """Asks for the report of a result.

    Args:
        model_id: The model.
        result_id: The result; empty for the newest.
        as_json: Whether as JSON in place of a page.
    """
    request = make(drift_pb2.GetDriftReportRequest, model_id=model_id, result_id=result_id)
    request.format = drift_pb2.REPORT_FORMAT_JSON if as_json else drift_pb2.REPORT_FORMAT_HTML
    return Call(
        DRIFT + "GetDriftReport",
        request,
        httpbody_pb2.HttpBody,
        lambda answer: answer.data.decode(),
        is_read=True,
        timeout_seconds=REPORT_TIMEOUT_SECONDS,
    )


def get_alerts(model_id: str) -> Call[AlertConfig]:
    """Asks how drift of a model is judged."""
    request = make(drift_pb2.GetAlertConfigRequest, model_id=model_id)
    return Call(DRIFT + "GetAlertConfig", request, drift_pb2.AlertConfig, plain(AlertConfig), is_read=True)


def update_alerts(
    model_id: str,
    enabled: bool | None,
    algorithms: AlgorithmSettings | None,
    accuracy_drop_warning: float | None,
    accuracy_drop_alert: float | None,
    min_baseline_sample_size: int | None,
    notifications: NotificationSettings | None,
    schedule: ScheduleSettings | None,
    calibration: Calibration,
) -> Call[None]:
    """Changes how drift of a model is judged; None leaves what was.

    Args:
        model_id: The model.
        enabled: Whether alerts are told.
        algorithms: Which algorithms run, and by which thresholds.
        accuracy_drop_warning: From which loss of accuracy on it is a warning, a share.
        accuracy_drop_alert: From which loss of accuracy on it is an alert, a share.
        min_baseline_sample_size: Rows below which a baseline is not compared with.
        notifications: Who is told.
        schedule: When the model is analysed by itself.
        calibration: Whether figures are judged together; unspecified leaves what was.
    """
    request = make(
        drift_pb2.UpdateAlertConfigRequest,
        model_id=model_id,
        enabled=enabled,
        accuracy_drop_warning=accuracy_drop_warning,
        accuracy_drop_alert=accuracy_drop_alert,
        min_baseline_sample_size=min_baseline_sample_size,
    )
    request.calibration = number(request, "calibration", calibration)
    if algorithms is not None:
        if algorithms.enabled is not None:
            request.algorithms.enabled.CopyFrom(list_value("algorithms.enabled", algorithms.enabled))
        for name, one in (algorithms.overrides or {}).items():
            request.algorithms.overrides[name].CopyFrom(
                make(
                    drift_pb2.AlgorithmOverride,
                    warning_threshold=one.warning_threshold,
                    alert_threshold=one.alert_threshold,
                    params=one.params,
                )
            )
    if notifications is not None:
        told = make(drift_pb2.NotificationSettings, email=notifications.email, slack=notifications.slack)
        if notifications.recipients is not None:
            told.recipients.CopyFrom(list_value("notifications.recipients", notifications.recipients))
        request.notifications.CopyFrom(told)
    if schedule is not None:
        planned = make(
            drift_pb2.ScheduleSettings, enabled=schedule.enabled, time_window_days=schedule.time_window_days
        )
        planned.frequency = number(planned, "frequency", schedule.frequency)
        request.schedule.CopyFrom(planned)
    return Call(
        DRIFT + "UpdateAlertConfig",
        request,
        drift_pb2.UpdateAlertConfigResponse,
        lambda _: None,
        timeout_seconds=READ_TIMEOUT_SECONDS,
    )
