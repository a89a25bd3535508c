import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DecisionReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DECISION_REASON_UNSPECIFIED: _ClassVar[DecisionReason]
    DECISION_REASON_SLOT: _ClassVar[DecisionReason]
    DECISION_REASON_WEIGHT: _ClassVar[DecisionReason]
    DECISION_REASON_PIN: _ClassVar[DecisionReason]
    DECISION_REASON_PRODUCTION: _ClassVar[DecisionReason]

class RandomisedBy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RANDOMISED_BY_UNSPECIFIED: _ClassVar[RandomisedBy]
    RANDOMISED_BY_NOTHING: _ClassVar[RandomisedBy]
    RANDOMISED_BY_ENTITY: _ClassVar[RandomisedBy]
    RANDOMISED_BY_REQUEST: _ClassVar[RandomisedBy]

class FeedbackOutcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FEEDBACK_OUTCOME_UNSPECIFIED: _ClassVar[FeedbackOutcome]
    FEEDBACK_OUTCOME_APPLIED: _ClassVar[FeedbackOutcome]
    FEEDBACK_OUTCOME_DUPLICATE: _ClassVar[FeedbackOutcome]
    FEEDBACK_OUTCOME_CONFLICT: _ClassVar[FeedbackOutcome]
DECISION_REASON_UNSPECIFIED: DecisionReason
DECISION_REASON_SLOT: DecisionReason
DECISION_REASON_WEIGHT: DecisionReason
DECISION_REASON_PIN: DecisionReason
DECISION_REASON_PRODUCTION: DecisionReason
RANDOMISED_BY_UNSPECIFIED: RandomisedBy
RANDOMISED_BY_NOTHING: RandomisedBy
RANDOMISED_BY_ENTITY: RandomisedBy
RANDOMISED_BY_REQUEST: RandomisedBy
FEEDBACK_OUTCOME_UNSPECIFIED: FeedbackOutcome
FEEDBACK_OUTCOME_APPLIED: FeedbackOutcome
FEEDBACK_OUTCOME_DUPLICATE: FeedbackOutcome
FEEDBACK_OUTCOME_CONFLICT: FeedbackOutcome

class PredictRequest(_message.Message):
    __slots__ = ("router_id", "features", "entity_id", "variant")
    class FeaturesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _struct_pb2.Value
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ...) -> None: ...
    ROUTER_ID_FIELD_NUMBER: _ClassVar[int]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    ENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    router_id: str
    features: _containers.MessageMap[str, _struct_pb2.Value]
    entity_id: str
    variant: str
    def __init__(self, router_id: _Optional[str] = ..., features: _Optional[_Mapping[str, _struct_pb2.Value]] = ..., entity_id: _Optional[str] = ..., variant: _Optional[str] = ...) -> None: ...

class PredictResponse(_message.Message):
    __slots__ = ("prediction_id", "router_id", "variant", "model_id", "model_version", "prediction", "probabilities", "outputs", "propensity", "reason", "generation", "latency")
    class OutputsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _struct_pb2.Value
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ...) -> None: ...
    PREDICTION_ID_FIELD_NUMBER: _ClassVar[int]
    ROUTER_ID_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    PREDICTION_FIELD_NUMBER: _ClassVar[int]
    PROBABILITIES_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    PROPENSITY_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    LATENCY_FIELD_NUMBER: _ClassVar[int]
    prediction_id: str
    router_id: str
    variant: str
    model_id: str
    model_version: str
    prediction: _struct_pb2.Value
    probabilities: _containers.RepeatedScalarFieldContainer[float]
    outputs: _containers.MessageMap[str, _struct_pb2.Value]
    propensity: float
    reason: DecisionReason
    generation: int
    latency: _duration_pb2.Duration
    def __init__(self, prediction_id: _Optional[str] = ..., router_id: _Optional[str] = ..., variant: _Optional[str] = ..., model_id: _Optional[str] = ..., model_version: _Optional[str] = ..., prediction: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., probabilities: _Optional[_Iterable[float]] = ..., outputs: _Optional[_Mapping[str, _struct_pb2.Value]] = ..., propensity: _Optional[float] = ..., reason: _Optional[_Union[DecisionReason, str]] = ..., generation: _Optional[int] = ..., latency: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class RecordFeedbackRequest(_message.Message):
    __slots__ = ("prediction_id", "metric", "value", "observe_time")
    PREDICTION_ID_FIELD_NUMBER: _ClassVar[int]
    METRIC_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    OBSERVE_TIME_FIELD_NUMBER: _ClassVar[int]
    prediction_id: str
    metric: str
    value: float
    observe_time: _timestamp_pb2.Timestamp
    def __init__(self, prediction_id: _Optional[str] = ..., metric: _Optional[str] = ..., value: _Optional[float] = ..., observe_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class RecordFeedbackResponse(_message.Message):
    __slots__ = ("outcome",)
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    outcome: FeedbackOutcome
    def __init__(self, outcome: _Optional[_Union[FeedbackOutcome, str]] = ...) -> None: ...

class PredictionRecord(_message.Message):
    __slots__ = ("prediction_id", "router_id", "variant", "model_id", "model_version", "entity_id", "time", "generation", "propensity", "reason", "randomised_by", "status_code", "overhead", "backend_latency", "request_id", "features", "prediction", "probabilities", "feedback")
    class FeaturesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _struct_pb2.Value
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ...) -> None: ...
    PREDICTION_ID_FIELD_NUMBER: _ClassVar[int]
    ROUTER_ID_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    ENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    PROPENSITY_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    RANDOMISED_BY_FIELD_NUMBER: _ClassVar[int]
    STATUS_CODE_FIELD_NUMBER: _ClassVar[int]
    OVERHEAD_FIELD_NUMBER: _ClassVar[int]
    BACKEND_LATENCY_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    PREDICTION_FIELD_NUMBER: _ClassVar[int]
    PROBABILITIES_FIELD_NUMBER: _ClassVar[int]
    FEEDBACK_FIELD_NUMBER: _ClassVar[int]
    prediction_id: str
    router_id: str
    variant: str
    model_id: str
    model_version: str
    entity_id: str
    time: _timestamp_pb2.Timestamp
    generation: int
    propensity: float
    reason: DecisionReason
    randomised_by: RandomisedBy
    status_code: int
    overhead: _duration_pb2.Duration
    backend_latency: _duration_pb2.Duration
    request_id: str
    features: _containers.MessageMap[str, _struct_pb2.Value]
    prediction: _struct_pb2.Value
    probabilities: _containers.RepeatedScalarFieldContainer[float]
    feedback: _containers.RepeatedCompositeFieldContainer[Feedback]
    def __init__(self, prediction_id: _Optional[str] = ..., router_id: _Optional[str] = ..., variant: _Optional[str] = ..., model_id: _Optional[str] = ..., model_version: _Optional[str] = ..., entity_id: _Optional[str] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., generation: _Optional[int] = ..., propensity: _Optional[float] = ..., reason: _Optional[_Union[DecisionReason, str]] = ..., randomised_by: _Optional[_Union[RandomisedBy, str]] = ..., status_code: _Optional[int] = ..., overhead: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., backend_latency: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., request_id: _Optional[str] = ..., features: _Optional[_Mapping[str, _struct_pb2.Value]] = ..., prediction: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., probabilities: _Optional[_Iterable[float]] = ..., feedback: _Optional[_Iterable[_Union[Feedback, _Mapping]]] = ...) -> None: ...

class Feedback(_message.Message):
    __slots__ = ("metric", "value", "observe_time")
    METRIC_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    OBSERVE_TIME_FIELD_NUMBER: _ClassVar[int]
    metric: str
    value: float
    observe_time: _timestamp_pb2.Timestamp
    def __init__(self, metric: _Optional[str] = ..., value: _Optional[float] = ..., observe_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
