"""Analyses, their results, and how drift is judged, as messages."""

from collections.abc import Iterable, Mapping
from typing import Any

from google.protobuf.struct_pb2 import Struct

from pointsman.control.convert.drift import bound_from, list_from, list_to, metric_to
from pointsman.control.convert.enums import EnumMap
from pointsman.control.convert.times import timestamp_of
from pointsman.control.convert.values import value_of
from pointsman.control.drift.analyses import WindowQuestion
from pointsman.domain.drift.alerts import AlertChanges, AlertSettings, AlgorithmOverride, Frequency
from pointsman.domain.drift.analyses import Analysis, AnalysisStatus, DriftOrigin, DriftResult, DriftStatus
from pointsman.errors import InvalidArgumentError
from pointsman.v1 import drift_pb2

ANALYSIS_STATUS = EnumMap(AnalysisStatus, drift_pb2.AnalysisStatus, "ANALYSIS_STATUS_")
DRIFT_STATUS = EnumMap(DriftStatus, drift_pb2.DriftStatus, "DRIFT_STATUS_")
DRIFT_ORIGIN = EnumMap(DriftOrigin, drift_pb2.DriftOrigin, "DRIFT_ORIGIN_")
FREQUENCY = EnumMap(Frequency, drift_pb2.AnalysisFrequency, "ANALYSIS_FREQUENCY_")


def window_from(request: drift_pb2.AnalyzeRequest) -> WindowQuestion:
    """Reads which window is asked for."""
    return WindowQuestion(
        start_us=bound_from(request, "window_start"),
        end_us=bound_from(request, "window_end"),
        days=request.window_days if request.HasField("window_days") else None,
    )


def baseline_window_from(request: drift_pb2.CreateBaselineRequest) -> WindowQuestion:
    """Reads of which window a baseline is to be made.

    Raises:
        InvalidArgumentError: Data are given beside it, or a time is none.
    """
    for block in ("target_data", "labeled_predictions"):
        if request.HasField(block):
            raise InvalidArgumentError.at(block, "is given beside window; leave one out")
    if request.feature_data:
        raise InvalidArgumentError.at("feature_data", "is given beside window; leave one out")
    window = request.window
    return WindowQuestion(
        start_us=bound_from(window, "start", "window.start"),
        end_us=bound_from(window, "end", "window.end"),
        days=window.days if window.HasField("days") else None,
    )


def analysis_to(analysis: Analysis) -> drift_pb2.AnalysisJob:
    """Makes the message of an analysis."""
    end_us = analysis.end_time_us
    return drift_pb2.AnalysisJob(
        job_id=analysis.job_id,
        model_id=analysis.model_id,
        status=ANALYSIS_STATUS.number(analysis.status),
        started_at=timestamp_of(analysis.start_time_us),
        completed_at=None if end_us is None else timestamp_of(end_us),
        progress=analysis.progress,
        error=analysis.error,
        result_id=analysis.result_id,
        window_start=timestamp_of(analysis.window_start_us),
        window_end=timestamp_of(analysis.window_end_us),
        attempt=analysis.attempt,
    )


def result_to(result: DriftResult) -> drift_pb2.DriftResult:
    """Makes the message of a result; figures only where it has them."""
    message = drift_pb2.DriftResult(
        result_id=result.result_id,
        model_id=result.model_id,
        status=DRIFT_STATUS.number(result.status),
        created_at=timestamp_of(result.create_time_us),
        job_id=result.job_id,
        baseline_id=result.baseline_id,
        window_start=timestamp_of(result.window_start_us),
        window_end=timestamp_of(result.window_end_us),
        notes=result.notes,
    )
    if not (body := result.body):
        return message
    message.reference_rows = body["referenceRows"]
    message.current_rows = body["currentRows"]
    is_calibrated = body["calibration"] == "on"
    message.calibration = drift_pb2.CALIBRATION_ON if is_calibrated else drift_pb2.CALIBRATION_OFF
    for name, top in body["algorithms"].items():
        entry = message.algorithms[name]
        entry.drift, entry.score, entry.feature = top["drift"], top["score"], top["feature"]
        if (part := top.get("slice")) is not None:
            entry.slice = f"{_by(part)} = {part['value'] or ''}"
    for name, feature in body["features"].items():
        message.features[name].CopyFrom(_figures(feature))
    # Results of earlier releases have neither.
    groups = (*body.get("groups", ()), *body.get("insufficientGroups", ()))
    # Values that are not told one by one are a slice also where there are none.
    message.slices.extend(_slice_to(group) for group in groups if "slice" in group and group["m"])
    if "origin" in body:
        message.origin = DRIFT_ORIGIN.number(DriftOrigin(body["origin"]))
    for name, metric in body.get("performance", {}).items():
        message.performance[name].CopyFrom(metric_to(metric))
    message.insufficient_data.extend(_unjudged(body["insufficientData"]))
    message.not_measured.extend(_unjudged(body["notMeasured"]))
    return message


def is_json_from(request: drift_pb2.GetDriftReportRequest) -> bool:
    """Reads whether a report is wanted as JSON.

    Raises:
        InvalidArgumentError: It is wanted in a form that there is not.
    """
    if request.format not in drift_pb2.ReportFormat.values():
        raise InvalidArgumentError.at("format", f"{request.format} is no form of a report; html and json are")
    return bool(request.format == drift_pb2.REPORT_FORMAT_JSON)


def settings_to(
    model_id: str, settings: AlertSettings, default_algorithms: Iterable[str]
) -> drift_pb2.AlertConfig:
    """Makes the message of what holds for a model.

    Args:
        model_id: The model.
        settings: What holds.
        default_algorithms: The algorithms that run where none is named.
    """
    enabled = default_algorithms if settings.algorithms is None else settings.algorithms
    return drift_pb2.AlertConfig(
        model_id=model_id,
        enabled=settings.enabled,
        algorithms=drift_pb2.AlgorithmSettings(
            enabled=list_to(list(enabled)),
            overrides={
                name: drift_pb2.AlgorithmOverride(
                    warning_threshold=one.warning_threshold,
                    alert_threshold=one.alert_threshold,
                    params=one.params,
                )
                for name, one in settings.overrides.items()
            },
        ),
        accuracy_drop_warning=settings.accuracy_drop_warning,
        accuracy_drop_alert=settings.accuracy_drop_alert,
        min_baseline_sample_size=settings.min_baseline_sample_size,
        notifications=drift_pb2.NotificationSettings(
            email=settings.email, slack=settings.slack, recipients=list_to(settings.recipients)
        ),
        schedule=drift_pb2.ScheduleSettings(
            enabled=settings.schedule_enabled,
            frequency=FREQUENCY.number(settings.frequency),
            time_window_days=settings.time_window_days,
        ),
        calibration=drift_pb2.CALIBRATION_ON if settings.calibrated else drift_pb2.CALIBRATION_OFF,
    )


def changes_from(request: drift_pb2.UpdateAlertConfigRequest) -> AlertChanges:
    """Reads what shall be changed.

    Raises:
        InvalidArgumentError: A list holds something else than texts, or an enumeration another number.
    """
    algorithms, told, schedule = request.algorithms, request.notifications, request.schedule
    calibrations = {
        drift_pb2.CALIBRATION_UNSPECIFIED: None,
        drift_pb2.CALIBRATION_ON: True,
        drift_pb2.CALIBRATION_OFF: False,
    }
    if request.calibration not in calibrations:
        raise InvalidArgumentError.at("calibration", f"{request.calibration} is neither on nor off")
    return AlertChanges(
        enabled=_set(request, "enabled"),
        algorithms=_texts(algorithms, "enabled", "algorithms.enabled"),
        overrides={
            name: AlgorithmOverride(
                _set(one, "warning_threshold"), _set(one, "alert_threshold"), dict(one.params)
            )
            for name, one in algorithms.overrides.items()
        },
        accuracy_drop_warning=_set(request, "accuracy_drop_warning"),
        accuracy_drop_alert=_set(request, "accuracy_drop_alert"),
        min_baseline_sample_size=_set(request, "min_baseline_sample_size"),
        email=_set(told, "email"),
        slack=_set(told, "slack"),
        recipients=_texts(told, "recipients", "notifications.recipients"),
        schedule_enabled=_set(schedule, "enabled"),
        frequency=FREQUENCY.word(schedule.frequency, "schedule.frequency"),
        time_window_days=_set(schedule, "time_window_days"),
        calibrated=calibrations[request.calibration],
    )


def _figures(feature: Mapping[str, Any]) -> Struct:
    return Struct(fields={algorithm: value_of(figure) for algorithm, figure in feature["algorithms"].items()})


def _slice_to(group: Mapping[str, Any]) -> drift_pb2.DriftSlice:
    part = group["slice"]
    status = DriftStatus(group["status"]) if "status" in group else None
    return drift_pb2.DriftSlice(
        by=_by(part),
        value=part["value"],
        is_rest=part["isRest"],
        status=DRIFT_STATUS.number(status) if status else drift_pb2.DRIFT_STATUS_UNSPECIFIED,
        n=group["n"],
        m=group["m"],
        features={name: _figures(feature) for name, feature in group.get("features", {}).items()},
        reason=group.get("reason", ""),
    )


def _by(part: Mapping[str, Any]) -> str:
    """Answers by what a slice is, whose column has a name in parentheses."""
    return str(part["column"]).strip("()")


def _unjudged(entries: Iterable[Mapping[str, Any]]) -> list[drift_pb2.Unjudged]:
    """Makes messages of what is not judged; of slices their own entry says it, or the feature's name does."""
    return [
        drift_pb2.Unjudged(
            **{name: value for name, value in entry.items() if name != "slice"}
            | {"feature": _told_name(entry)}
        )
        for entry in entries
    ]


def _told_name(entry: Mapping[str, Any]) -> str:
    name, part = str(entry["feature"]), entry.get("slice")
    return name if part is None else f"{name} ({_by(part)} = {part['value'] or ''})"


def _set(message: Any, field: str) -> Any:
    return getattr(message, field) if message.HasField(field) else None


def _texts(message: Any, field: str, path: str) -> tuple[str, ...] | None:
    if not message.HasField(field):
        return None
    found: list[str] = []
    for index, value in enumerate(list_from(getattr(message, field))):
        if not isinstance(value, str):
            raise InvalidArgumentError.at(f"{path}[{index}]", f"{value!r} is no text")
        found.append(value)
    return tuple(found)
