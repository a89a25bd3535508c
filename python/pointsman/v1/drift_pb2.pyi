import datetime

from google.api import annotations_pb2 as _annotations_pb2
from google.api import httpbody_pb2 as _httpbody_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from pointsman.v1 import key_pb2 as _key_pb2
from pointsman.v1 import rest_pb2 as _rest_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GroundTruthFormat(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    GROUND_TRUTH_FORMAT_UNSPECIFIED: _ClassVar[GroundTruthFormat]
    GROUND_TRUTH_FORMAT_CSV: _ClassVar[GroundTruthFormat]
    GROUND_TRUTH_FORMAT_TSV: _ClassVar[GroundTruthFormat]
    GROUND_TRUTH_FORMAT_JSON_LINES: _ClassVar[GroundTruthFormat]

class DriftTask(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DRIFT_TASK_UNSPECIFIED: _ClassVar[DriftTask]
    DRIFT_TASK_CLASSIFICATION: _ClassVar[DriftTask]
    DRIFT_TASK_REGRESSION: _ClassVar[DriftTask]

class AnalysisStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ANALYSIS_STATUS_UNSPECIFIED: _ClassVar[AnalysisStatus]
    ANALYSIS_STATUS_RUNNING: _ClassVar[AnalysisStatus]
    ANALYSIS_STATUS_SUCCEEDED: _ClassVar[AnalysisStatus]
    ANALYSIS_STATUS_FAILED: _ClassVar[AnalysisStatus]
    ANALYSIS_STATUS_CANCELLED: _ClassVar[AnalysisStatus]

class DriftStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DRIFT_STATUS_UNSPECIFIED: _ClassVar[DriftStatus]
    DRIFT_STATUS_OK: _ClassVar[DriftStatus]
    DRIFT_STATUS_WARNING: _ClassVar[DriftStatus]
    DRIFT_STATUS_ALERT: _ClassVar[DriftStatus]

class DriftOrigin(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DRIFT_ORIGIN_UNSPECIFIED: _ClassVar[DriftOrigin]
    DRIFT_ORIGIN_NONE: _ClassVar[DriftOrigin]
    DRIFT_ORIGIN_INPUTS: _ClassVar[DriftOrigin]
    DRIFT_ORIGIN_WORLD: _ClassVar[DriftOrigin]
    DRIFT_ORIGIN_SOME_VARIANTS: _ClassVar[DriftOrigin]
    DRIFT_ORIGIN_MODEL: _ClassVar[DriftOrigin]

class ReportFormat(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REPORT_FORMAT_UNSPECIFIED: _ClassVar[ReportFormat]
    REPORT_FORMAT_HTML: _ClassVar[ReportFormat]
    REPORT_FORMAT_JSON: _ClassVar[ReportFormat]

class Calibration(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CALIBRATION_UNSPECIFIED: _ClassVar[Calibration]
    CALIBRATION_ON: _ClassVar[Calibration]
    CALIBRATION_OFF: _ClassVar[Calibration]

class AnalysisFrequency(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ANALYSIS_FREQUENCY_UNSPECIFIED: _ClassVar[AnalysisFrequency]
    ANALYSIS_FREQUENCY_HOURLY: _ClassVar[AnalysisFrequency]
    ANALYSIS_FREQUENCY_DAILY: _ClassVar[AnalysisFrequency]
    ANALYSIS_FREQUENCY_WEEKLY: _ClassVar[AnalysisFrequency]

class PerformanceGranularity(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PERFORMANCE_GRANULARITY_UNSPECIFIED: _ClassVar[PerformanceGranularity]
    PERFORMANCE_GRANULARITY_HOURLY: _ClassVar[PerformanceGranularity]
    PERFORMANCE_GRANULARITY_DAILY: _ClassVar[PerformanceGranularity]
    PERFORMANCE_GRANULARITY_WEEKLY: _ClassVar[PerformanceGranularity]

class AlertFigure(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ALERT_FIGURE_UNSPECIFIED: _ClassVar[AlertFigure]
    ALERT_FIGURE_STATUS: _ClassVar[AlertFigure]
    ALERT_FIGURE_SCORE: _ClassVar[AlertFigure]
    ALERT_FIGURE_P_VALUE: _ClassVar[AlertFigure]
    ALERT_FIGURE_PERFORMANCE_DROP: _ClassVar[AlertFigure]
    ALERT_FIGURE_CLASS_RATE: _ClassVar[AlertFigure]

class AlertEventKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ALERT_EVENT_KIND_UNSPECIFIED: _ClassVar[AlertEventKind]
    ALERT_EVENT_KIND_FIRING: _ClassVar[AlertEventKind]
    ALERT_EVENT_KIND_ESCALATED: _ClassVar[AlertEventKind]
    ALERT_EVENT_KIND_REPEATED: _ClassVar[AlertEventKind]
    ALERT_EVENT_KIND_RECOVERED: _ClassVar[AlertEventKind]
    ALERT_EVENT_KIND_TEST: _ClassVar[AlertEventKind]
    ALERT_EVENT_KIND_ENDED: _ClassVar[AlertEventKind]

class AlertDeliveryStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ALERT_DELIVERY_STATUS_UNSPECIFIED: _ClassVar[AlertDeliveryStatus]
    ALERT_DELIVERY_STATUS_PENDING: _ClassVar[AlertDeliveryStatus]
    ALERT_DELIVERY_STATUS_DELIVERED: _ClassVar[AlertDeliveryStatus]
    ALERT_DELIVERY_STATUS_FAILED: _ClassVar[AlertDeliveryStatus]
    ALERT_DELIVERY_STATUS_GIVEN_UP: _ClassVar[AlertDeliveryStatus]
GROUND_TRUTH_FORMAT_UNSPECIFIED: GroundTruthFormat
GROUND_TRUTH_FORMAT_CSV: GroundTruthFormat
GROUND_TRUTH_FORMAT_TSV: GroundTruthFormat
GROUND_TRUTH_FORMAT_JSON_LINES: GroundTruthFormat
DRIFT_TASK_UNSPECIFIED: DriftTask
DRIFT_TASK_CLASSIFICATION: DriftTask
DRIFT_TASK_REGRESSION: DriftTask
ANALYSIS_STATUS_UNSPECIFIED: AnalysisStatus
ANALYSIS_STATUS_RUNNING: AnalysisStatus
ANALYSIS_STATUS_SUCCEEDED: AnalysisStatus
ANALYSIS_STATUS_FAILED: AnalysisStatus
ANALYSIS_STATUS_CANCELLED: AnalysisStatus
DRIFT_STATUS_UNSPECIFIED: DriftStatus
DRIFT_STATUS_OK: DriftStatus
DRIFT_STATUS_WARNING: DriftStatus
DRIFT_STATUS_ALERT: DriftStatus
DRIFT_ORIGIN_UNSPECIFIED: DriftOrigin
DRIFT_ORIGIN_NONE: DriftOrigin
DRIFT_ORIGIN_INPUTS: DriftOrigin
DRIFT_ORIGIN_WORLD: DriftOrigin
DRIFT_ORIGIN_SOME_VARIANTS: DriftOrigin
DRIFT_ORIGIN_MODEL: DriftOrigin
REPORT_FORMAT_UNSPECIFIED: ReportFormat
REPORT_FORMAT_HTML: ReportFormat
REPORT_FORMAT_JSON: ReportFormat
CALIBRATION_UNSPECIFIED: Calibration
CALIBRATION_ON: Calibration
CALIBRATION_OFF: Calibration
ANALYSIS_FREQUENCY_UNSPECIFIED: AnalysisFrequency
ANALYSIS_FREQUENCY_HOURLY: AnalysisFrequency
ANALYSIS_FREQUENCY_DAILY: AnalysisFrequency
ANALYSIS_FREQUENCY_WEEKLY: AnalysisFrequency
PERFORMANCE_GRANULARITY_UNSPECIFIED: PerformanceGranularity
PERFORMANCE_GRANULARITY_HOURLY: PerformanceGranularity
PERFORMANCE_GRANULARITY_DAILY: PerformanceGranularity
PERFORMANCE_GRANULARITY_WEEKLY: PerformanceGranularity
ALERT_FIGURE_UNSPECIFIED: AlertFigure
ALERT_FIGURE_STATUS: AlertFigure
ALERT_FIGURE_SCORE: AlertFigure
ALERT_FIGURE_P_VALUE: AlertFigure
ALERT_FIGURE_PERFORMANCE_DROP: AlertFigure
ALERT_FIGURE_CLASS_RATE: AlertFigure
ALERT_EVENT_KIND_UNSPECIFIED: AlertEventKind
ALERT_EVENT_KIND_FIRING: AlertEventKind
ALERT_EVENT_KIND_ESCALATED: AlertEventKind
ALERT_EVENT_KIND_REPEATED: AlertEventKind
ALERT_EVENT_KIND_RECOVERED: AlertEventKind
ALERT_EVENT_KIND_TEST: AlertEventKind
ALERT_EVENT_KIND_ENDED: AlertEventKind
ALERT_DELIVERY_STATUS_UNSPECIFIED: AlertDeliveryStatus
ALERT_DELIVERY_STATUS_PENDING: AlertDeliveryStatus
ALERT_DELIVERY_STATUS_DELIVERED: AlertDeliveryStatus
ALERT_DELIVERY_STATUS_FAILED: AlertDeliveryStatus
ALERT_DELIVERY_STATUS_GIVEN_UP: AlertDeliveryStatus

class LogPredictionRequest(_message.Message):
    __slots__ = ("model_id", "features", "prediction", "probabilities", "entity_id", "model_version", "latency_ms", "timestamp")
    class FeaturesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _struct_pb2.Value
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ...) -> None: ...
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    PREDICTION_FIELD_NUMBER: _ClassVar[int]
    PROBABILITIES_FIELD_NUMBER: _ClassVar[int]
    ENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    LATENCY_MS_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    features: _containers.MessageMap[str, _struct_pb2.Value]
    prediction: _struct_pb2.Value
    probabilities: _containers.RepeatedScalarFieldContainer[float]
    entity_id: str
    model_version: str
    latency_ms: float
    timestamp: _timestamp_pb2.Timestamp
    def __init__(self, model_id: _Optional[str] = ..., features: _Optional[_Mapping[str, _struct_pb2.Value]] = ..., prediction: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., probabilities: _Optional[_Iterable[float]] = ..., entity_id: _Optional[str] = ..., model_version: _Optional[str] = ..., latency_ms: _Optional[float] = ..., timestamp: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class LogPredictionResponse(_message.Message):
    __slots__ = ("prediction_id",)
    PREDICTION_ID_FIELD_NUMBER: _ClassVar[int]
    prediction_id: str
    def __init__(self, prediction_id: _Optional[str] = ...) -> None: ...

class GetPredictionsRequest(_message.Message):
    __slots__ = ("model_id", "limit", "offset", "start_date", "end_date", "has_ground_truth")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    START_DATE_FIELD_NUMBER: _ClassVar[int]
    END_DATE_FIELD_NUMBER: _ClassVar[int]
    HAS_GROUND_TRUTH_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    limit: int
    offset: int
    start_date: _timestamp_pb2.Timestamp
    end_date: _timestamp_pb2.Timestamp
    has_ground_truth: bool
    def __init__(self, model_id: _Optional[str] = ..., limit: _Optional[int] = ..., offset: _Optional[int] = ..., start_date: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_date: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., has_ground_truth: bool = ...) -> None: ...

class GetPredictionsResponse(_message.Message):
    __slots__ = ("predictions", "total", "notes")
    PREDICTIONS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    predictions: _containers.RepeatedCompositeFieldContainer[LoggedPrediction]
    total: int
    notes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, predictions: _Optional[_Iterable[_Union[LoggedPrediction, _Mapping]]] = ..., total: _Optional[int] = ..., notes: _Optional[_Iterable[str]] = ...) -> None: ...

class LoggedPrediction(_message.Message):
    __slots__ = ("prediction_id", "model_id", "model_version", "features", "prediction", "probabilities", "confidence", "entity_id", "latency_ms", "timestamp", "router_id", "actual_outcome")
    class FeaturesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _struct_pb2.Value
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ...) -> None: ...
    PREDICTION_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    PREDICTION_FIELD_NUMBER: _ClassVar[int]
    PROBABILITIES_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    ENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    LATENCY_MS_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    ROUTER_ID_FIELD_NUMBER: _ClassVar[int]
    ACTUAL_OUTCOME_FIELD_NUMBER: _ClassVar[int]
    prediction_id: str
    model_id: str
    model_version: str
    features: _containers.MessageMap[str, _struct_pb2.Value]
    prediction: _struct_pb2.Value
    probabilities: _containers.RepeatedScalarFieldContainer[float]
    confidence: float
    entity_id: str
    latency_ms: float
    timestamp: _timestamp_pb2.Timestamp
    router_id: str
    actual_outcome: _struct_pb2.Value
    def __init__(self, prediction_id: _Optional[str] = ..., model_id: _Optional[str] = ..., model_version: _Optional[str] = ..., features: _Optional[_Mapping[str, _struct_pb2.Value]] = ..., prediction: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., probabilities: _Optional[_Iterable[float]] = ..., confidence: _Optional[float] = ..., entity_id: _Optional[str] = ..., latency_ms: _Optional[float] = ..., timestamp: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., router_id: _Optional[str] = ..., actual_outcome: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ...) -> None: ...

class GetUnmatchedPredictionsRequest(_message.Message):
    __slots__ = ("model_id", "limit")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    limit: int
    def __init__(self, model_id: _Optional[str] = ..., limit: _Optional[int] = ...) -> None: ...

class GetUnmatchedPredictionsResponse(_message.Message):
    __slots__ = ("predictions", "notes")
    PREDICTIONS_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    predictions: _containers.RepeatedCompositeFieldContainer[LoggedPrediction]
    notes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, predictions: _Optional[_Iterable[_Union[LoggedPrediction, _Mapping]]] = ..., notes: _Optional[_Iterable[str]] = ...) -> None: ...

class AddGroundTruthRequest(_message.Message):
    __slots__ = ("model_id", "entity_id", "actual_outcome", "outcome_timestamp")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    ENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    ACTUAL_OUTCOME_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    entity_id: str
    actual_outcome: _struct_pb2.Value
    outcome_timestamp: _timestamp_pb2.Timestamp
    def __init__(self, model_id: _Optional[str] = ..., entity_id: _Optional[str] = ..., actual_outcome: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., outcome_timestamp: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class AddGroundTruthResponse(_message.Message):
    __slots__ = ("ground_truth_id", "matched")
    GROUND_TRUTH_ID_FIELD_NUMBER: _ClassVar[int]
    MATCHED_FIELD_NUMBER: _ClassVar[int]
    ground_truth_id: str
    matched: bool
    def __init__(self, ground_truth_id: _Optional[str] = ..., matched: bool = ...) -> None: ...

class UploadGroundTruthRequest(_message.Message):
    __slots__ = ("model_id", "records")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    records: _containers.RepeatedCompositeFieldContainer[GroundTruthRecord]
    def __init__(self, model_id: _Optional[str] = ..., records: _Optional[_Iterable[_Union[GroundTruthRecord, _Mapping]]] = ...) -> None: ...

class GroundTruthRecord(_message.Message):
    __slots__ = ("entity_id", "actual_outcome", "outcome_timestamp")
    ENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    ACTUAL_OUTCOME_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    entity_id: str
    actual_outcome: _struct_pb2.Value
    outcome_timestamp: _timestamp_pb2.Timestamp
    def __init__(self, entity_id: _Optional[str] = ..., actual_outcome: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., outcome_timestamp: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class UploadGroundTruthResponse(_message.Message):
    __slots__ = ("inserted", "matched", "corrected", "repeated")
    INSERTED_FIELD_NUMBER: _ClassVar[int]
    MATCHED_FIELD_NUMBER: _ClassVar[int]
    CORRECTED_FIELD_NUMBER: _ClassVar[int]
    REPEATED_FIELD_NUMBER: _ClassVar[int]
    inserted: int
    matched: int
    corrected: int
    repeated: int
    def __init__(self, inserted: _Optional[int] = ..., matched: _Optional[int] = ..., corrected: _Optional[int] = ..., repeated: _Optional[int] = ...) -> None: ...

class UploadGroundTruthFileRequest(_message.Message):
    __slots__ = ("model_id", "upload_id", "format", "offset", "chunk", "is_last", "is_abandoned")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    UPLOAD_ID_FIELD_NUMBER: _ClassVar[int]
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    IS_LAST_FIELD_NUMBER: _ClassVar[int]
    IS_ABANDONED_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    upload_id: str
    format: GroundTruthFormat
    offset: int
    chunk: bytes
    is_last: bool
    is_abandoned: bool
    def __init__(self, model_id: _Optional[str] = ..., upload_id: _Optional[str] = ..., format: _Optional[_Union[GroundTruthFormat, str]] = ..., offset: _Optional[int] = ..., chunk: _Optional[bytes] = ..., is_last: bool = ..., is_abandoned: bool = ...) -> None: ...

class UploadGroundTruthFileResponse(_message.Message):
    __slots__ = ("received_bytes", "row_count", "is_complete", "is_refused", "errors", "inserted", "corrected", "repeated", "matched", "chunk_bytes")
    RECEIVED_BYTES_FIELD_NUMBER: _ClassVar[int]
    ROW_COUNT_FIELD_NUMBER: _ClassVar[int]
    IS_COMPLETE_FIELD_NUMBER: _ClassVar[int]
    IS_REFUSED_FIELD_NUMBER: _ClassVar[int]
    ERRORS_FIELD_NUMBER: _ClassVar[int]
    INSERTED_FIELD_NUMBER: _ClassVar[int]
    CORRECTED_FIELD_NUMBER: _ClassVar[int]
    REPEATED_FIELD_NUMBER: _ClassVar[int]
    MATCHED_FIELD_NUMBER: _ClassVar[int]
    CHUNK_BYTES_FIELD_NUMBER: _ClassVar[int]
    received_bytes: int
    row_count: int
    is_complete: bool
    is_refused: bool
    errors: _containers.RepeatedCompositeFieldContainer[GroundTruthRowError]
    inserted: int
    corrected: int
    repeated: int
    matched: int
    chunk_bytes: int
    def __init__(self, received_bytes: _Optional[int] = ..., row_count: _Optional[int] = ..., is_complete: bool = ..., is_refused: bool = ..., errors: _Optional[_Iterable[_Union[GroundTruthRowError, _Mapping]]] = ..., inserted: _Optional[int] = ..., corrected: _Optional[int] = ..., repeated: _Optional[int] = ..., matched: _Optional[int] = ..., chunk_bytes: _Optional[int] = ...) -> None: ...

class GroundTruthRowError(_message.Message):
    __slots__ = ("line", "field", "description")
    LINE_FIELD_NUMBER: _ClassVar[int]
    FIELD_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    line: int
    field: str
    description: str
    def __init__(self, line: _Optional[int] = ..., field: _Optional[str] = ..., description: _Optional[str] = ...) -> None: ...

class TargetData(_message.Message):
    __slots__ = ("type", "values")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    type: DriftTask
    values: _struct_pb2.ListValue
    def __init__(self, type: _Optional[_Union[DriftTask, str]] = ..., values: _Optional[_Union[_struct_pb2.ListValue, _Mapping]] = ...) -> None: ...

class LabeledPredictions(_message.Message):
    __slots__ = ("probabilities", "predicted_labels", "actual_labels")
    PROBABILITIES_FIELD_NUMBER: _ClassVar[int]
    PREDICTED_LABELS_FIELD_NUMBER: _ClassVar[int]
    ACTUAL_LABELS_FIELD_NUMBER: _ClassVar[int]
    probabilities: _containers.RepeatedCompositeFieldContainer[_struct_pb2.ListValue]
    predicted_labels: _struct_pb2.ListValue
    actual_labels: _struct_pb2.ListValue
    def __init__(self, probabilities: _Optional[_Iterable[_Union[_struct_pb2.ListValue, _Mapping]]] = ..., predicted_labels: _Optional[_Union[_struct_pb2.ListValue, _Mapping]] = ..., actual_labels: _Optional[_Union[_struct_pb2.ListValue, _Mapping]] = ...) -> None: ...

class BaselineWindow(_message.Message):
    __slots__ = ("start", "end", "days")
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    DAYS_FIELD_NUMBER: _ClassVar[int]
    start: _timestamp_pb2.Timestamp
    end: _timestamp_pb2.Timestamp
    days: float
    def __init__(self, start: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., days: _Optional[float] = ...) -> None: ...

class CreateBaselineRequest(_message.Message):
    __slots__ = ("model_id", "version", "feature_data", "target_data", "labeled_predictions", "window")
    class FeatureDataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _struct_pb2.ListValue
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_struct_pb2.ListValue, _Mapping]] = ...) -> None: ...
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    FEATURE_DATA_FIELD_NUMBER: _ClassVar[int]
    TARGET_DATA_FIELD_NUMBER: _ClassVar[int]
    LABELED_PREDICTIONS_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    version: str
    feature_data: _containers.MessageMap[str, _struct_pb2.ListValue]
    target_data: TargetData
    labeled_predictions: LabeledPredictions
    window: BaselineWindow
    def __init__(self, model_id: _Optional[str] = ..., version: _Optional[str] = ..., feature_data: _Optional[_Mapping[str, _struct_pb2.ListValue]] = ..., target_data: _Optional[_Union[TargetData, _Mapping]] = ..., labeled_predictions: _Optional[_Union[LabeledPredictions, _Mapping]] = ..., window: _Optional[_Union[BaselineWindow, _Mapping]] = ...) -> None: ...

class CreateBaselineResponse(_message.Message):
    __slots__ = ("baseline_id", "sample_size", "notes")
    BASELINE_ID_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_SIZE_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    baseline_id: str
    sample_size: int
    notes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, baseline_id: _Optional[str] = ..., sample_size: _Optional[int] = ..., notes: _Optional[_Iterable[str]] = ...) -> None: ...

class Baseline(_message.Message):
    __slots__ = ("baseline_id", "model_id", "version", "active", "sample_size", "feature_data", "target_data", "created_at", "labeled_predictions", "class_labels")
    class FeatureDataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _struct_pb2.ListValue
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_struct_pb2.ListValue, _Mapping]] = ...) -> None: ...
    BASELINE_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ACTIVE_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_SIZE_FIELD_NUMBER: _ClassVar[int]
    FEATURE_DATA_FIELD_NUMBER: _ClassVar[int]
    TARGET_DATA_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    LABELED_PREDICTIONS_FIELD_NUMBER: _ClassVar[int]
    CLASS_LABELS_FIELD_NUMBER: _ClassVar[int]
    baseline_id: str
    model_id: str
    version: str
    active: bool
    sample_size: int
    feature_data: _containers.MessageMap[str, _struct_pb2.ListValue]
    target_data: TargetData
    created_at: _timestamp_pb2.Timestamp
    labeled_predictions: LabeledPredictions
    class_labels: _struct_pb2.ListValue
    def __init__(self, baseline_id: _Optional[str] = ..., model_id: _Optional[str] = ..., version: _Optional[str] = ..., active: bool = ..., sample_size: _Optional[int] = ..., feature_data: _Optional[_Mapping[str, _struct_pb2.ListValue]] = ..., target_data: _Optional[_Union[TargetData, _Mapping]] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., labeled_predictions: _Optional[_Union[LabeledPredictions, _Mapping]] = ..., class_labels: _Optional[_Union[_struct_pb2.ListValue, _Mapping]] = ...) -> None: ...

class GetBaselinesRequest(_message.Message):
    __slots__ = ("model_id",)
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    def __init__(self, model_id: _Optional[str] = ...) -> None: ...

class GetBaselinesResponse(_message.Message):
    __slots__ = ("baselines",)
    BASELINES_FIELD_NUMBER: _ClassVar[int]
    baselines: _containers.RepeatedCompositeFieldContainer[Baseline]
    def __init__(self, baselines: _Optional[_Iterable[_Union[Baseline, _Mapping]]] = ...) -> None: ...

class GetActiveBaselineRequest(_message.Message):
    __slots__ = ("model_id",)
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    def __init__(self, model_id: _Optional[str] = ...) -> None: ...

class SetActiveBaselineRequest(_message.Message):
    __slots__ = ("model_id", "baseline_id")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    BASELINE_ID_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    baseline_id: str
    def __init__(self, model_id: _Optional[str] = ..., baseline_id: _Optional[str] = ...) -> None: ...

class SetActiveBaselineResponse(_message.Message):
    __slots__ = ("activated", "baseline_id")
    ACTIVATED_FIELD_NUMBER: _ClassVar[int]
    BASELINE_ID_FIELD_NUMBER: _ClassVar[int]
    activated: bool
    baseline_id: str
    def __init__(self, activated: bool = ..., baseline_id: _Optional[str] = ...) -> None: ...

class AnalyzeRequest(_message.Message):
    __slots__ = ("model_id", "window_days", "window_start", "window_end")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    WINDOW_DAYS_FIELD_NUMBER: _ClassVar[int]
    WINDOW_START_FIELD_NUMBER: _ClassVar[int]
    WINDOW_END_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    window_days: float
    window_start: _timestamp_pb2.Timestamp
    window_end: _timestamp_pb2.Timestamp
    def __init__(self, model_id: _Optional[str] = ..., window_days: _Optional[float] = ..., window_start: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., window_end: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class AnalysisJob(_message.Message):
    __slots__ = ("job_id", "status", "started_at", "completed_at", "progress", "error", "result_id", "window_start", "window_end", "attempt", "model_id")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    COMPLETED_AT_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    RESULT_ID_FIELD_NUMBER: _ClassVar[int]
    WINDOW_START_FIELD_NUMBER: _ClassVar[int]
    WINDOW_END_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    status: AnalysisStatus
    started_at: _timestamp_pb2.Timestamp
    completed_at: _timestamp_pb2.Timestamp
    progress: float
    error: str
    result_id: str
    window_start: _timestamp_pb2.Timestamp
    window_end: _timestamp_pb2.Timestamp
    attempt: int
    model_id: str
    def __init__(self, job_id: _Optional[str] = ..., status: _Optional[_Union[AnalysisStatus, str]] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., completed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., progress: _Optional[float] = ..., error: _Optional[str] = ..., result_id: _Optional[str] = ..., window_start: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., window_end: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., attempt: _Optional[int] = ..., model_id: _Optional[str] = ...) -> None: ...

class GetAnalysisJobRequest(_message.Message):
    __slots__ = ("model_id", "job_id")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    job_id: str
    def __init__(self, model_id: _Optional[str] = ..., job_id: _Optional[str] = ...) -> None: ...

class CancelAnalysisRequest(_message.Message):
    __slots__ = ("model_id", "job_id")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    job_id: str
    def __init__(self, model_id: _Optional[str] = ..., job_id: _Optional[str] = ...) -> None: ...

class DriftResult(_message.Message):
    __slots__ = ("result_id", "model_id", "status", "algorithms", "created_at", "features", "insufficient_data", "not_measured", "job_id", "baseline_id", "window_start", "window_end", "reference_rows", "current_rows", "calibration", "notes", "performance", "slices", "origin")
    class AlgorithmsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: AlgorithmResult
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[AlgorithmResult, _Mapping]] = ...) -> None: ...
    class FeaturesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _struct_pb2.Struct
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...
    class PerformanceEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: PerformanceMetric
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[PerformanceMetric, _Mapping]] = ...) -> None: ...
    RESULT_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    ALGORITHMS_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    INSUFFICIENT_DATA_FIELD_NUMBER: _ClassVar[int]
    NOT_MEASURED_FIELD_NUMBER: _ClassVar[int]
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    BASELINE_ID_FIELD_NUMBER: _ClassVar[int]
    WINDOW_START_FIELD_NUMBER: _ClassVar[int]
    WINDOW_END_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_ROWS_FIELD_NUMBER: _ClassVar[int]
    CURRENT_ROWS_FIELD_NUMBER: _ClassVar[int]
    CALIBRATION_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    PERFORMANCE_FIELD_NUMBER: _ClassVar[int]
    SLICES_FIELD_NUMBER: _ClassVar[int]
    ORIGIN_FIELD_NUMBER: _ClassVar[int]
    result_id: str
    model_id: str
    status: DriftStatus
    algorithms: _containers.MessageMap[str, AlgorithmResult]
    created_at: _timestamp_pb2.Timestamp
    features: _containers.MessageMap[str, _struct_pb2.Struct]
    insufficient_data: _containers.RepeatedCompositeFieldContainer[Unjudged]
    not_measured: _containers.RepeatedCompositeFieldContainer[Unjudged]
    job_id: str
    baseline_id: str
    window_start: _timestamp_pb2.Timestamp
    window_end: _timestamp_pb2.Timestamp
    reference_rows: int
    current_rows: int
    calibration: Calibration
    notes: _containers.RepeatedScalarFieldContainer[str]
    performance: _containers.MessageMap[str, PerformanceMetric]
    slices: _containers.RepeatedCompositeFieldContainer[DriftSlice]
    origin: DriftOrigin
    def __init__(self, result_id: _Optional[str] = ..., model_id: _Optional[str] = ..., status: _Optional[_Union[DriftStatus, str]] = ..., algorithms: _Optional[_Mapping[str, AlgorithmResult]] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., features: _Optional[_Mapping[str, _struct_pb2.Struct]] = ..., insufficient_data: _Optional[_Iterable[_Union[Unjudged, _Mapping]]] = ..., not_measured: _Optional[_Iterable[_Union[Unjudged, _Mapping]]] = ..., job_id: _Optional[str] = ..., baseline_id: _Optional[str] = ..., window_start: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., window_end: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reference_rows: _Optional[int] = ..., current_rows: _Optional[int] = ..., calibration: _Optional[_Union[Calibration, str]] = ..., notes: _Optional[_Iterable[str]] = ..., performance: _Optional[_Mapping[str, PerformanceMetric]] = ..., slices: _Optional[_Iterable[_Union[DriftSlice, _Mapping]]] = ..., origin: _Optional[_Union[DriftOrigin, str]] = ...) -> None: ...

class DriftSlice(_message.Message):
    __slots__ = ("by", "value", "is_rest", "status", "n", "m", "features", "reason")
    class FeaturesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _struct_pb2.Struct
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...
    BY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    IS_REST_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    N_FIELD_NUMBER: _ClassVar[int]
    M_FIELD_NUMBER: _ClassVar[int]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    by: str
    value: str
    is_rest: bool
    status: DriftStatus
    n: int
    m: int
    features: _containers.MessageMap[str, _struct_pb2.Struct]
    reason: str
    def __init__(self, by: _Optional[str] = ..., value: _Optional[str] = ..., is_rest: bool = ..., status: _Optional[_Union[DriftStatus, str]] = ..., n: _Optional[int] = ..., m: _Optional[int] = ..., features: _Optional[_Mapping[str, _struct_pb2.Struct]] = ..., reason: _Optional[str] = ...) -> None: ...

class PerformanceMetric(_message.Message):
    __slots__ = ("reference", "estimate", "lower", "upper", "realised", "inside_band", "sample_size", "compared", "compared_lower", "compared_upper")
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    ESTIMATE_FIELD_NUMBER: _ClassVar[int]
    LOWER_FIELD_NUMBER: _ClassVar[int]
    UPPER_FIELD_NUMBER: _ClassVar[int]
    REALISED_FIELD_NUMBER: _ClassVar[int]
    INSIDE_BAND_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_SIZE_FIELD_NUMBER: _ClassVar[int]
    COMPARED_FIELD_NUMBER: _ClassVar[int]
    COMPARED_LOWER_FIELD_NUMBER: _ClassVar[int]
    COMPARED_UPPER_FIELD_NUMBER: _ClassVar[int]
    reference: float
    estimate: float
    lower: float
    upper: float
    realised: float
    inside_band: bool
    sample_size: int
    compared: float
    compared_lower: float
    compared_upper: float
    def __init__(self, reference: _Optional[float] = ..., estimate: _Optional[float] = ..., lower: _Optional[float] = ..., upper: _Optional[float] = ..., realised: _Optional[float] = ..., inside_band: bool = ..., sample_size: _Optional[int] = ..., compared: _Optional[float] = ..., compared_lower: _Optional[float] = ..., compared_upper: _Optional[float] = ...) -> None: ...

class AlgorithmResult(_message.Message):
    __slots__ = ("drift", "score", "feature", "slice")
    DRIFT_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    FEATURE_FIELD_NUMBER: _ClassVar[int]
    SLICE_FIELD_NUMBER: _ClassVar[int]
    drift: bool
    score: float
    feature: str
    slice: str
    def __init__(self, drift: bool = ..., score: _Optional[float] = ..., feature: _Optional[str] = ..., slice: _Optional[str] = ...) -> None: ...

class Unjudged(_message.Message):
    __slots__ = ("feature", "algorithm", "reason", "n", "m")
    FEATURE_FIELD_NUMBER: _ClassVar[int]
    ALGORITHM_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    N_FIELD_NUMBER: _ClassVar[int]
    M_FIELD_NUMBER: _ClassVar[int]
    feature: str
    algorithm: str
    reason: str
    n: int
    m: int
    def __init__(self, feature: _Optional[str] = ..., algorithm: _Optional[str] = ..., reason: _Optional[str] = ..., n: _Optional[int] = ..., m: _Optional[int] = ...) -> None: ...

class GetLatestResultRequest(_message.Message):
    __slots__ = ("model_id",)
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    def __init__(self, model_id: _Optional[str] = ...) -> None: ...

class GetResultsRequest(_message.Message):
    __slots__ = ("model_id", "limit", "status")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    limit: int
    status: DriftStatus
    def __init__(self, model_id: _Optional[str] = ..., limit: _Optional[int] = ..., status: _Optional[_Union[DriftStatus, str]] = ...) -> None: ...

class GetResultsResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[DriftResult]
    def __init__(self, results: _Optional[_Iterable[_Union[DriftResult, _Mapping]]] = ...) -> None: ...

class GetDriftReportRequest(_message.Message):
    __slots__ = ("model_id", "result_id", "format")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    RESULT_ID_FIELD_NUMBER: _ClassVar[int]
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    result_id: str
    format: ReportFormat
    def __init__(self, model_id: _Optional[str] = ..., result_id: _Optional[str] = ..., format: _Optional[_Union[ReportFormat, str]] = ...) -> None: ...

class GetAlertConfigRequest(_message.Message):
    __slots__ = ("model_id",)
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    def __init__(self, model_id: _Optional[str] = ...) -> None: ...

class AlertConfig(_message.Message):
    __slots__ = ("model_id", "enabled", "algorithms", "accuracy_drop_warning", "accuracy_drop_alert", "min_baseline_sample_size", "notifications", "schedule", "calibration")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    ALGORITHMS_FIELD_NUMBER: _ClassVar[int]
    ACCURACY_DROP_WARNING_FIELD_NUMBER: _ClassVar[int]
    ACCURACY_DROP_ALERT_FIELD_NUMBER: _ClassVar[int]
    MIN_BASELINE_SAMPLE_SIZE_FIELD_NUMBER: _ClassVar[int]
    NOTIFICATIONS_FIELD_NUMBER: _ClassVar[int]
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    CALIBRATION_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    enabled: bool
    algorithms: AlgorithmSettings
    accuracy_drop_warning: float
    accuracy_drop_alert: float
    min_baseline_sample_size: int
    notifications: NotificationSettings
    schedule: ScheduleSettings
    calibration: Calibration
    def __init__(self, model_id: _Optional[str] = ..., enabled: bool = ..., algorithms: _Optional[_Union[AlgorithmSettings, _Mapping]] = ..., accuracy_drop_warning: _Optional[float] = ..., accuracy_drop_alert: _Optional[float] = ..., min_baseline_sample_size: _Optional[int] = ..., notifications: _Optional[_Union[NotificationSettings, _Mapping]] = ..., schedule: _Optional[_Union[ScheduleSettings, _Mapping]] = ..., calibration: _Optional[_Union[Calibration, str]] = ...) -> None: ...

class UpdateAlertConfigRequest(_message.Message):
    __slots__ = ("model_id", "enabled", "algorithms", "accuracy_drop_warning", "accuracy_drop_alert", "min_baseline_sample_size", "notifications", "schedule", "calibration")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    ALGORITHMS_FIELD_NUMBER: _ClassVar[int]
    ACCURACY_DROP_WARNING_FIELD_NUMBER: _ClassVar[int]
    ACCURACY_DROP_ALERT_FIELD_NUMBER: _ClassVar[int]
    MIN_BASELINE_SAMPLE_SIZE_FIELD_NUMBER: _ClassVar[int]
    NOTIFICATIONS_FIELD_NUMBER: _ClassVar[int]
    SCHEDULE_FIELD_NUMBER: _ClassVar[int]
    CALIBRATION_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    enabled: bool
    algorithms: AlgorithmSettings
    accuracy_drop_warning: float
    accuracy_drop_alert: float
    min_baseline_sample_size: int
    notifications: NotificationSettings
    schedule: ScheduleSettings
    calibration: Calibration
    def __init__(self, model_id: _Optional[str] = ..., enabled: bool = ..., algorithms: _Optional[_Union[AlgorithmSettings, _Mapping]] = ..., accuracy_drop_warning: _Optional[float] = ..., accuracy_drop_alert: _Optional[float] = ..., min_baseline_sample_size: _Optional[int] = ..., notifications: _Optional[_Union[NotificationSettings, _Mapping]] = ..., schedule: _Optional[_Union[ScheduleSettings, _Mapping]] = ..., calibration: _Optional[_Union[Calibration, str]] = ...) -> None: ...

class UpdateAlertConfigResponse(_message.Message):
    __slots__ = ("updated",)
    UPDATED_FIELD_NUMBER: _ClassVar[int]
    updated: bool
    def __init__(self, updated: bool = ...) -> None: ...

class AlgorithmSettings(_message.Message):
    __slots__ = ("enabled", "overrides")
    class OverridesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: AlgorithmOverride
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[AlgorithmOverride, _Mapping]] = ...) -> None: ...
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    OVERRIDES_FIELD_NUMBER: _ClassVar[int]
    enabled: _struct_pb2.ListValue
    overrides: _containers.MessageMap[str, AlgorithmOverride]
    def __init__(self, enabled: _Optional[_Union[_struct_pb2.ListValue, _Mapping]] = ..., overrides: _Optional[_Mapping[str, AlgorithmOverride]] = ...) -> None: ...

class AlgorithmOverride(_message.Message):
    __slots__ = ("warning_threshold", "alert_threshold", "params")
    class ParamsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    WARNING_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    ALERT_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    PARAMS_FIELD_NUMBER: _ClassVar[int]
    warning_threshold: float
    alert_threshold: float
    params: _containers.ScalarMap[str, float]
    def __init__(self, warning_threshold: _Optional[float] = ..., alert_threshold: _Optional[float] = ..., params: _Optional[_Mapping[str, float]] = ...) -> None: ...

class NotificationSettings(_message.Message):
    __slots__ = ("email", "slack", "recipients")
    EMAIL_FIELD_NUMBER: _ClassVar[int]
    SLACK_FIELD_NUMBER: _ClassVar[int]
    RECIPIENTS_FIELD_NUMBER: _ClassVar[int]
    email: bool
    slack: bool
    recipients: _struct_pb2.ListValue
    def __init__(self, email: bool = ..., slack: bool = ..., recipients: _Optional[_Union[_struct_pb2.ListValue, _Mapping]] = ...) -> None: ...

class ScheduleSettings(_message.Message):
    __slots__ = ("enabled", "frequency", "time_window_days")
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    FREQUENCY_FIELD_NUMBER: _ClassVar[int]
    TIME_WINDOW_DAYS_FIELD_NUMBER: _ClassVar[int]
    enabled: bool
    frequency: AnalysisFrequency
    time_window_days: float
    def __init__(self, enabled: bool = ..., frequency: _Optional[_Union[AnalysisFrequency, str]] = ..., time_window_days: _Optional[float] = ...) -> None: ...

class GetPerformanceHistoryRequest(_message.Message):
    __slots__ = ("model_id", "window_days", "granularity")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    WINDOW_DAYS_FIELD_NUMBER: _ClassVar[int]
    GRANULARITY_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    window_days: float
    granularity: PerformanceGranularity
    def __init__(self, model_id: _Optional[str] = ..., window_days: _Optional[float] = ..., granularity: _Optional[_Union[PerformanceGranularity, str]] = ...) -> None: ...

class GetPerformanceHistoryResponse(_message.Message):
    __slots__ = ("history", "notes", "divergence", "concept_drift")
    class DivergenceEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: Divergence
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[Divergence, _Mapping]] = ...) -> None: ...
    HISTORY_FIELD_NUMBER: _ClassVar[int]
    NOTES_FIELD_NUMBER: _ClassVar[int]
    DIVERGENCE_FIELD_NUMBER: _ClassVar[int]
    CONCEPT_DRIFT_FIELD_NUMBER: _ClassVar[int]
    history: _containers.RepeatedCompositeFieldContainer[PerformancePoint]
    notes: _containers.RepeatedScalarFieldContainer[str]
    divergence: _containers.MessageMap[str, Divergence]
    concept_drift: bool
    def __init__(self, history: _Optional[_Iterable[_Union[PerformancePoint, _Mapping]]] = ..., notes: _Optional[_Iterable[str]] = ..., divergence: _Optional[_Mapping[str, Divergence]] = ..., concept_drift: bool = ...) -> None: ...

class Divergence(_message.Message):
    __slots__ = ("concept_drift", "outside", "periods", "inside_share", "direction")
    CONCEPT_DRIFT_FIELD_NUMBER: _ClassVar[int]
    OUTSIDE_FIELD_NUMBER: _ClassVar[int]
    PERIODS_FIELD_NUMBER: _ClassVar[int]
    INSIDE_SHARE_FIELD_NUMBER: _ClassVar[int]
    DIRECTION_FIELD_NUMBER: _ClassVar[int]
    concept_drift: bool
    outside: int
    periods: int
    inside_share: float
    direction: str
    def __init__(self, concept_drift: bool = ..., outside: _Optional[int] = ..., periods: _Optional[int] = ..., inside_share: _Optional[float] = ..., direction: _Optional[str] = ...) -> None: ...

class PerformancePoint(_message.Message):
    __slots__ = ("timestamp", "accuracy", "sample_size", "mae", "rmse", "prediction_count", "coverage", "metrics")
    class MetricsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: PerformanceMetric
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[PerformanceMetric, _Mapping]] = ...) -> None: ...
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    ACCURACY_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_SIZE_FIELD_NUMBER: _ClassVar[int]
    MAE_FIELD_NUMBER: _ClassVar[int]
    RMSE_FIELD_NUMBER: _ClassVar[int]
    PREDICTION_COUNT_FIELD_NUMBER: _ClassVar[int]
    COVERAGE_FIELD_NUMBER: _ClassVar[int]
    METRICS_FIELD_NUMBER: _ClassVar[int]
    timestamp: _timestamp_pb2.Timestamp
    accuracy: float
    sample_size: int
    mae: float
    rmse: float
    prediction_count: int
    coverage: float
    metrics: _containers.MessageMap[str, PerformanceMetric]
    def __init__(self, timestamp: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., accuracy: _Optional[float] = ..., sample_size: _Optional[int] = ..., mae: _Optional[float] = ..., rmse: _Optional[float] = ..., prediction_count: _Optional[int] = ..., coverage: _Optional[float] = ..., metrics: _Optional[_Mapping[str, PerformanceMetric]] = ...) -> None: ...

class AlertRule(_message.Message):
    __slots__ = ("name", "figure", "algorithm", "features", "least_features", "window_days", "tiers", "repeat_hours", "state", "metric")
    NAME_FIELD_NUMBER: _ClassVar[int]
    FIGURE_FIELD_NUMBER: _ClassVar[int]
    ALGORITHM_FIELD_NUMBER: _ClassVar[int]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    LEAST_FEATURES_FIELD_NUMBER: _ClassVar[int]
    WINDOW_DAYS_FIELD_NUMBER: _ClassVar[int]
    TIERS_FIELD_NUMBER: _ClassVar[int]
    REPEAT_HOURS_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    METRIC_FIELD_NUMBER: _ClassVar[int]
    name: str
    figure: AlertFigure
    algorithm: str
    features: _containers.RepeatedScalarFieldContainer[str]
    least_features: int
    window_days: float
    tiers: _containers.RepeatedCompositeFieldContainer[AlertTier]
    repeat_hours: float
    state: AlertState
    metric: str
    def __init__(self, name: _Optional[str] = ..., figure: _Optional[_Union[AlertFigure, str]] = ..., algorithm: _Optional[str] = ..., features: _Optional[_Iterable[str]] = ..., least_features: _Optional[int] = ..., window_days: _Optional[float] = ..., tiers: _Optional[_Iterable[_Union[AlertTier, _Mapping]]] = ..., repeat_hours: _Optional[float] = ..., state: _Optional[_Union[AlertState, _Mapping]] = ..., metric: _Optional[str] = ...) -> None: ...

class AlertTier(_message.Message):
    __slots__ = ("name", "threshold", "status", "channels", "recipients")
    NAME_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    RECIPIENTS_FIELD_NUMBER: _ClassVar[int]
    name: str
    threshold: float
    status: DriftStatus
    channels: _containers.RepeatedScalarFieldContainer[str]
    recipients: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, name: _Optional[str] = ..., threshold: _Optional[float] = ..., status: _Optional[_Union[DriftStatus, str]] = ..., channels: _Optional[_Iterable[str]] = ..., recipients: _Optional[_Iterable[str]] = ...) -> None: ...

class AlertState(_message.Message):
    __slots__ = ("firing", "tier", "since", "alert_id", "judged", "reason", "looked_at", "muted_until")
    FIRING_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    ALERT_ID_FIELD_NUMBER: _ClassVar[int]
    JUDGED_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    LOOKED_AT_FIELD_NUMBER: _ClassVar[int]
    MUTED_UNTIL_FIELD_NUMBER: _ClassVar[int]
    firing: bool
    tier: str
    since: _timestamp_pb2.Timestamp
    alert_id: str
    judged: bool
    reason: str
    looked_at: _timestamp_pb2.Timestamp
    muted_until: _timestamp_pb2.Timestamp
    def __init__(self, firing: bool = ..., tier: _Optional[str] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., alert_id: _Optional[str] = ..., judged: bool = ..., reason: _Optional[str] = ..., looked_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., muted_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GetAlertRulesRequest(_message.Message):
    __slots__ = ("model_id",)
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    def __init__(self, model_id: _Optional[str] = ...) -> None: ...

class AlertRules(_message.Message):
    __slots__ = ("model_id", "rules", "is_default", "channels")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    RULES_FIELD_NUMBER: _ClassVar[int]
    IS_DEFAULT_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    rules: _containers.RepeatedCompositeFieldContainer[AlertRule]
    is_default: bool
    channels: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, model_id: _Optional[str] = ..., rules: _Optional[_Iterable[_Union[AlertRule, _Mapping]]] = ..., is_default: bool = ..., channels: _Optional[_Iterable[str]] = ...) -> None: ...

class UpdateAlertRulesRequest(_message.Message):
    __slots__ = ("model_id", "rules")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    RULES_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    rules: _containers.RepeatedCompositeFieldContainer[AlertRule]
    def __init__(self, model_id: _Optional[str] = ..., rules: _Optional[_Iterable[_Union[AlertRule, _Mapping]]] = ...) -> None: ...

class SendTestAlertRequest(_message.Message):
    __slots__ = ("model_id", "channels", "recipients")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    RECIPIENTS_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    channels: _containers.RepeatedScalarFieldContainer[str]
    recipients: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, model_id: _Optional[str] = ..., channels: _Optional[_Iterable[str]] = ..., recipients: _Optional[_Iterable[str]] = ...) -> None: ...

class MuteAlertsRequest(_message.Message):
    __slots__ = ("model_id", "rule", "until")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    rule: str
    until: _timestamp_pb2.Timestamp
    def __init__(self, model_id: _Optional[str] = ..., rule: _Optional[str] = ..., until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class AlertEvent(_message.Message):
    __slots__ = ("event_id", "model_id", "kind", "rule", "tier", "alert_id", "result_id", "summary", "created_at", "deliveries")
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    TIER_FIELD_NUMBER: _ClassVar[int]
    ALERT_ID_FIELD_NUMBER: _ClassVar[int]
    RESULT_ID_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    DELIVERIES_FIELD_NUMBER: _ClassVar[int]
    event_id: str
    model_id: str
    kind: AlertEventKind
    rule: str
    tier: str
    alert_id: str
    result_id: str
    summary: str
    created_at: _timestamp_pb2.Timestamp
    deliveries: _containers.RepeatedCompositeFieldContainer[AlertDelivery]
    def __init__(self, event_id: _Optional[str] = ..., model_id: _Optional[str] = ..., kind: _Optional[_Union[AlertEventKind, str]] = ..., rule: _Optional[str] = ..., tier: _Optional[str] = ..., alert_id: _Optional[str] = ..., result_id: _Optional[str] = ..., summary: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., deliveries: _Optional[_Iterable[_Union[AlertDelivery, _Mapping]]] = ...) -> None: ...

class AlertDelivery(_message.Message):
    __slots__ = ("delivery_id", "channel", "recipient", "status", "attempts", "reason", "tried_at", "next_at")
    DELIVERY_ID_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    RECIPIENT_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    TRIED_AT_FIELD_NUMBER: _ClassVar[int]
    NEXT_AT_FIELD_NUMBER: _ClassVar[int]
    delivery_id: str
    channel: str
    recipient: str
    status: AlertDeliveryStatus
    attempts: int
    reason: str
    tried_at: _timestamp_pb2.Timestamp
    next_at: _timestamp_pb2.Timestamp
    def __init__(self, delivery_id: _Optional[str] = ..., channel: _Optional[str] = ..., recipient: _Optional[str] = ..., status: _Optional[_Union[AlertDeliveryStatus, str]] = ..., attempts: _Optional[int] = ..., reason: _Optional[str] = ..., tried_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., next_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GetAlertEventsRequest(_message.Message):
    __slots__ = ("model_id", "limit", "rule")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    limit: int
    rule: str
    def __init__(self, model_id: _Optional[str] = ..., limit: _Optional[int] = ..., rule: _Optional[str] = ...) -> None: ...

class GetAlertEventsResponse(_message.Message):
    __slots__ = ("events",)
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[AlertEvent]
    def __init__(self, events: _Optional[_Iterable[_Union[AlertEvent, _Mapping]]] = ...) -> None: ...
