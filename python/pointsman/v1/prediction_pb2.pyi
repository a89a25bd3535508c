import datetime

from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from pointsman.v1 import key_pb2 as _key_pb2
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
    DECISION_REASON_FALLBACK: _ClassVar[DecisionReason]
    DECISION_REASON_OVERRIDE: _ClassVar[DecisionReason]
    DECISION_REASON_RULE: _ClassVar[DecisionReason]
    DECISION_REASON_DEFAULT: _ClassVar[DecisionReason]
    DECISION_REASON_BANDIT: _ClassVar[DecisionReason]
    DECISION_REASON_EXPLORATION: _ClassVar[DecisionReason]
    DECISION_REASON_SHADOW: _ClassVar[DecisionReason]

class RandomisedBy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RANDOMISED_BY_UNSPECIFIED: _ClassVar[RandomisedBy]
    RANDOMISED_BY_NOTHING: _ClassVar[RandomisedBy]
    RANDOMISED_BY_ENTITY: _ClassVar[RandomisedBy]
    RANDOMISED_BY_REQUEST: _ClassVar[RandomisedBy]

class FeedbackWait(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FEEDBACK_WAIT_UNSPECIFIED: _ClassVar[FeedbackWait]
    FEEDBACK_WAIT_DURABLE: _ClassVar[FeedbackWait]
    FEEDBACK_WAIT_APPLIED: _ClassVar[FeedbackWait]

class FeedbackOutcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FEEDBACK_OUTCOME_UNSPECIFIED: _ClassVar[FeedbackOutcome]
    FEEDBACK_OUTCOME_APPLIED: _ClassVar[FeedbackOutcome]
    FEEDBACK_OUTCOME_DUPLICATE: _ClassVar[FeedbackOutcome]
    FEEDBACK_OUTCOME_CONFLICT: _ClassVar[FeedbackOutcome]
    FEEDBACK_OUTCOME_RECORDED: _ClassVar[FeedbackOutcome]
    FEEDBACK_OUTCOME_CORRECTED: _ClassVar[FeedbackOutcome]

class RecordedContent(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RECORDED_CONTENT_UNSPECIFIED: _ClassVar[RecordedContent]
    RECORDED_CONTENT_ALL: _ClassVar[RecordedContent]
    RECORDED_CONTENT_NONE: _ClassVar[RecordedContent]
    RECORDED_CONTENT_CUT: _ClassVar[RecordedContent]
    RECORDED_CONTENT_UNREADABLE: _ClassVar[RecordedContent]

class ReplayVerdict(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REPLAY_VERDICT_UNSPECIFIED: _ClassVar[ReplayVerdict]
    REPLAY_VERDICT_AGREES: _ClassVar[ReplayVerdict]
    REPLAY_VERDICT_DISAGREES: _ClassVar[ReplayVerdict]
    REPLAY_VERDICT_NOT_REPLAYABLE: _ClassVar[ReplayVerdict]

class NotReplayable(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NOT_REPLAYABLE_UNSPECIFIED: _ClassVar[NotReplayable]
    NOT_REPLAYABLE_PINNED: _ClassVar[NotReplayable]
    NOT_REPLAYABLE_REVISION_GONE: _ClassVar[NotReplayable]
    NOT_REPLAYABLE_ENTITY_HASHED: _ClassVar[NotReplayable]
    NOT_REPLAYABLE_ENTITY_NOT_RECORDED: _ClassVar[NotReplayable]
    NOT_REPLAYABLE_DRAW_NOT_RECORDED: _ClassVar[NotReplayable]
    NOT_REPLAYABLE_INPUTS_NOT_RECORDED: _ClassVar[NotReplayable]
    NOT_REPLAYABLE_ALLOCATION_NOT_KEPT: _ClassVar[NotReplayable]
    NOT_REPLAYABLE_UNKNOWN: _ClassVar[NotReplayable]
    NOT_REPLAYABLE_RULES: _ClassVar[NotReplayable]
    NOT_REPLAYABLE_METADATA_NOT_RECORDED: _ClassVar[NotReplayable]
DECISION_REASON_UNSPECIFIED: DecisionReason
DECISION_REASON_SLOT: DecisionReason
DECISION_REASON_WEIGHT: DecisionReason
DECISION_REASON_PIN: DecisionReason
DECISION_REASON_PRODUCTION: DecisionReason
DECISION_REASON_FALLBACK: DecisionReason
DECISION_REASON_OVERRIDE: DecisionReason
DECISION_REASON_RULE: DecisionReason
DECISION_REASON_DEFAULT: DecisionReason
DECISION_REASON_BANDIT: DecisionReason
DECISION_REASON_EXPLORATION: DecisionReason
DECISION_REASON_SHADOW: DecisionReason
RANDOMISED_BY_UNSPECIFIED: RandomisedBy
RANDOMISED_BY_NOTHING: RandomisedBy
RANDOMISED_BY_ENTITY: RandomisedBy
RANDOMISED_BY_REQUEST: RandomisedBy
FEEDBACK_WAIT_UNSPECIFIED: FeedbackWait
FEEDBACK_WAIT_DURABLE: FeedbackWait
FEEDBACK_WAIT_APPLIED: FeedbackWait
FEEDBACK_OUTCOME_UNSPECIFIED: FeedbackOutcome
FEEDBACK_OUTCOME_APPLIED: FeedbackOutcome
FEEDBACK_OUTCOME_DUPLICATE: FeedbackOutcome
FEEDBACK_OUTCOME_CONFLICT: FeedbackOutcome
FEEDBACK_OUTCOME_RECORDED: FeedbackOutcome
FEEDBACK_OUTCOME_CORRECTED: FeedbackOutcome
RECORDED_CONTENT_UNSPECIFIED: RecordedContent
RECORDED_CONTENT_ALL: RecordedContent
RECORDED_CONTENT_NONE: RecordedContent
RECORDED_CONTENT_CUT: RecordedContent
RECORDED_CONTENT_UNREADABLE: RecordedContent
REPLAY_VERDICT_UNSPECIFIED: ReplayVerdict
REPLAY_VERDICT_AGREES: ReplayVerdict
REPLAY_VERDICT_DISAGREES: ReplayVerdict
REPLAY_VERDICT_NOT_REPLAYABLE: ReplayVerdict
NOT_REPLAYABLE_UNSPECIFIED: NotReplayable
NOT_REPLAYABLE_PINNED: NotReplayable
NOT_REPLAYABLE_REVISION_GONE: NotReplayable
NOT_REPLAYABLE_ENTITY_HASHED: NotReplayable
NOT_REPLAYABLE_ENTITY_NOT_RECORDED: NotReplayable
NOT_REPLAYABLE_DRAW_NOT_RECORDED: NotReplayable
NOT_REPLAYABLE_INPUTS_NOT_RECORDED: NotReplayable
NOT_REPLAYABLE_ALLOCATION_NOT_KEPT: NotReplayable
NOT_REPLAYABLE_UNKNOWN: NotReplayable
NOT_REPLAYABLE_RULES: NotReplayable
NOT_REPLAYABLE_METADATA_NOT_RECORDED: NotReplayable

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
    __slots__ = ("prediction_id", "router_id", "variant", "model_id", "model_version", "prediction", "probabilities", "outputs", "propensity", "reason", "generation", "latency", "notes", "decided_variant", "rule")
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
    NOTES_FIELD_NUMBER: _ClassVar[int]
    DECIDED_VARIANT_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
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
    notes: _containers.RepeatedScalarFieldContainer[str]
    decided_variant: str
    rule: str
    def __init__(self, prediction_id: _Optional[str] = ..., router_id: _Optional[str] = ..., variant: _Optional[str] = ..., model_id: _Optional[str] = ..., model_version: _Optional[str] = ..., prediction: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., probabilities: _Optional[_Iterable[float]] = ..., outputs: _Optional[_Mapping[str, _struct_pb2.Value]] = ..., propensity: _Optional[float] = ..., reason: _Optional[_Union[DecisionReason, str]] = ..., generation: _Optional[int] = ..., latency: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., notes: _Optional[_Iterable[str]] = ..., decided_variant: _Optional[str] = ..., rule: _Optional[str] = ...) -> None: ...

class RecordFeedbackRequest(_message.Message):
    __slots__ = ("prediction_id", "metric", "value", "observe_time", "row", "wait", "router_id", "entity_id")
    PREDICTION_ID_FIELD_NUMBER: _ClassVar[int]
    METRIC_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    OBSERVE_TIME_FIELD_NUMBER: _ClassVar[int]
    ROW_FIELD_NUMBER: _ClassVar[int]
    WAIT_FIELD_NUMBER: _ClassVar[int]
    ROUTER_ID_FIELD_NUMBER: _ClassVar[int]
    ENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    prediction_id: str
    metric: str
    value: float
    observe_time: _timestamp_pb2.Timestamp
    row: int
    wait: FeedbackWait
    router_id: str
    entity_id: str
    def __init__(self, prediction_id: _Optional[str] = ..., metric: _Optional[str] = ..., value: _Optional[float] = ..., observe_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., row: _Optional[int] = ..., wait: _Optional[_Union[FeedbackWait, str]] = ..., router_id: _Optional[str] = ..., entity_id: _Optional[str] = ...) -> None: ...

class RecordFeedbackResponse(_message.Message):
    __slots__ = ("outcome", "prediction_id", "unreached")
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    PREDICTION_ID_FIELD_NUMBER: _ClassVar[int]
    UNREACHED_FIELD_NUMBER: _ClassVar[int]
    outcome: FeedbackOutcome
    prediction_id: str
    unreached: _containers.RepeatedCompositeFieldContainer[UnreachedJournal]
    def __init__(self, outcome: _Optional[_Union[FeedbackOutcome, str]] = ..., prediction_id: _Optional[str] = ..., unreached: _Optional[_Iterable[_Union[UnreachedJournal, _Mapping]]] = ...) -> None: ...

class UnreachedJournal(_message.Message):
    __slots__ = ("journal_id", "server", "seen_time", "row_count", "tail_missing", "stored_until")
    JOURNAL_ID_FIELD_NUMBER: _ClassVar[int]
    SERVER_FIELD_NUMBER: _ClassVar[int]
    SEEN_TIME_FIELD_NUMBER: _ClassVar[int]
    ROW_COUNT_FIELD_NUMBER: _ClassVar[int]
    TAIL_MISSING_FIELD_NUMBER: _ClassVar[int]
    STORED_UNTIL_FIELD_NUMBER: _ClassVar[int]
    journal_id: str
    server: str
    seen_time: _timestamp_pb2.Timestamp
    row_count: int
    tail_missing: bool
    stored_until: _timestamp_pb2.Timestamp
    def __init__(self, journal_id: _Optional[str] = ..., server: _Optional[str] = ..., seen_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., row_count: _Optional[int] = ..., tail_missing: bool = ..., stored_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class BatchRecordFeedbackRequest(_message.Message):
    __slots__ = ("feedback", "wait")
    FEEDBACK_FIELD_NUMBER: _ClassVar[int]
    WAIT_FIELD_NUMBER: _ClassVar[int]
    feedback: _containers.RepeatedCompositeFieldContainer[RecordFeedbackRequest]
    wait: FeedbackWait
    def __init__(self, feedback: _Optional[_Iterable[_Union[RecordFeedbackRequest, _Mapping]]] = ..., wait: _Optional[_Union[FeedbackWait, str]] = ...) -> None: ...

class BatchRecordFeedbackResponse(_message.Message):
    __slots__ = ("results", "unreached")
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    UNREACHED_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[FeedbackResult]
    unreached: _containers.RepeatedCompositeFieldContainer[UnreachedJournal]
    def __init__(self, results: _Optional[_Iterable[_Union[FeedbackResult, _Mapping]]] = ..., unreached: _Optional[_Iterable[_Union[UnreachedJournal, _Mapping]]] = ...) -> None: ...

class FeedbackResult(_message.Message):
    __slots__ = ("outcome", "code", "message")
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    outcome: FeedbackOutcome
    code: int
    message: str
    def __init__(self, outcome: _Optional[_Union[FeedbackOutcome, str]] = ..., code: _Optional[int] = ..., message: _Optional[str] = ...) -> None: ...

class PredictionRecord(_message.Message):
    __slots__ = ("prediction_id", "router_id", "variant", "model_id", "model_version", "entity_id", "time", "generation", "propensity", "reason", "randomised_by", "status_code", "overhead", "backend_latency", "request_id", "features", "prediction", "probabilities", "feedback", "row", "row_count", "router_generation", "allocation_version", "epoch", "eligible_variants", "draw", "slot", "replayable", "trace_id", "experiment_id", "confidence", "outputs", "features_content", "answer_content", "answer_notes", "router_revision", "decided_variant", "rule", "shadow_answers", "unreached")
    class FeaturesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _struct_pb2.Value
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ...) -> None: ...
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
    ROW_FIELD_NUMBER: _ClassVar[int]
    ROW_COUNT_FIELD_NUMBER: _ClassVar[int]
    ROUTER_GENERATION_FIELD_NUMBER: _ClassVar[int]
    ALLOCATION_VERSION_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    ELIGIBLE_VARIANTS_FIELD_NUMBER: _ClassVar[int]
    DRAW_FIELD_NUMBER: _ClassVar[int]
    SLOT_FIELD_NUMBER: _ClassVar[int]
    REPLAYABLE_FIELD_NUMBER: _ClassVar[int]
    TRACE_ID_FIELD_NUMBER: _ClassVar[int]
    EXPERIMENT_ID_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    FEATURES_CONTENT_FIELD_NUMBER: _ClassVar[int]
    ANSWER_CONTENT_FIELD_NUMBER: _ClassVar[int]
    ANSWER_NOTES_FIELD_NUMBER: _ClassVar[int]
    ROUTER_REVISION_FIELD_NUMBER: _ClassVar[int]
    DECIDED_VARIANT_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    SHADOW_ANSWERS_FIELD_NUMBER: _ClassVar[int]
    UNREACHED_FIELD_NUMBER: _ClassVar[int]
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
    row: int
    row_count: int
    router_generation: int
    allocation_version: int
    epoch: int
    eligible_variants: _containers.RepeatedCompositeFieldContainer[EligibleVariant]
    draw: int
    slot: int
    replayable: bool
    trace_id: str
    experiment_id: str
    confidence: float
    outputs: _containers.MessageMap[str, _struct_pb2.Value]
    features_content: RecordedContent
    answer_content: RecordedContent
    answer_notes: _containers.RepeatedScalarFieldContainer[str]
    router_revision: int
    decided_variant: str
    rule: str
    shadow_answers: _containers.RepeatedCompositeFieldContainer[ShadowAnswer]
    unreached: _containers.RepeatedCompositeFieldContainer[UnreachedJournal]
    def __init__(self, prediction_id: _Optional[str] = ..., router_id: _Optional[str] = ..., variant: _Optional[str] = ..., model_id: _Optional[str] = ..., model_version: _Optional[str] = ..., entity_id: _Optional[str] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., generation: _Optional[int] = ..., propensity: _Optional[float] = ..., reason: _Optional[_Union[DecisionReason, str]] = ..., randomised_by: _Optional[_Union[RandomisedBy, str]] = ..., status_code: _Optional[int] = ..., overhead: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., backend_latency: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., request_id: _Optional[str] = ..., features: _Optional[_Mapping[str, _struct_pb2.Value]] = ..., prediction: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., probabilities: _Optional[_Iterable[float]] = ..., feedback: _Optional[_Iterable[_Union[Feedback, _Mapping]]] = ..., row: _Optional[int] = ..., row_count: _Optional[int] = ..., router_generation: _Optional[int] = ..., allocation_version: _Optional[int] = ..., epoch: _Optional[int] = ..., eligible_variants: _Optional[_Iterable[_Union[EligibleVariant, _Mapping]]] = ..., draw: _Optional[int] = ..., slot: _Optional[int] = ..., replayable: bool = ..., trace_id: _Optional[str] = ..., experiment_id: _Optional[str] = ..., confidence: _Optional[float] = ..., outputs: _Optional[_Mapping[str, _struct_pb2.Value]] = ..., features_content: _Optional[_Union[RecordedContent, str]] = ..., answer_content: _Optional[_Union[RecordedContent, str]] = ..., answer_notes: _Optional[_Iterable[str]] = ..., router_revision: _Optional[int] = ..., decided_variant: _Optional[str] = ..., rule: _Optional[str] = ..., shadow_answers: _Optional[_Iterable[_Union[ShadowAnswer, _Mapping]]] = ..., unreached: _Optional[_Iterable[_Union[UnreachedJournal, _Mapping]]] = ...) -> None: ...

class ShadowAnswer(_message.Message):
    __slots__ = ("variant", "model_id", "model_version", "status_code", "backend_latency", "prediction", "probabilities", "confidence", "outputs", "answer_content")
    class OutputsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _struct_pb2.Value
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ...) -> None: ...
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    STATUS_CODE_FIELD_NUMBER: _ClassVar[int]
    BACKEND_LATENCY_FIELD_NUMBER: _ClassVar[int]
    PREDICTION_FIELD_NUMBER: _ClassVar[int]
    PROBABILITIES_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    ANSWER_CONTENT_FIELD_NUMBER: _ClassVar[int]
    variant: str
    model_id: str
    model_version: str
    status_code: int
    backend_latency: _duration_pb2.Duration
    prediction: _struct_pb2.Value
    probabilities: _containers.RepeatedScalarFieldContainer[float]
    confidence: float
    outputs: _containers.MessageMap[str, _struct_pb2.Value]
    answer_content: RecordedContent
    def __init__(self, variant: _Optional[str] = ..., model_id: _Optional[str] = ..., model_version: _Optional[str] = ..., status_code: _Optional[int] = ..., backend_latency: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., prediction: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., probabilities: _Optional[_Iterable[float]] = ..., confidence: _Optional[float] = ..., outputs: _Optional[_Mapping[str, _struct_pb2.Value]] = ..., answer_content: _Optional[_Union[RecordedContent, str]] = ...) -> None: ...

class EligibleVariant(_message.Message):
    __slots__ = ("variant", "propensity")
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    PROPENSITY_FIELD_NUMBER: _ClassVar[int]
    variant: str
    propensity: float
    def __init__(self, variant: _Optional[str] = ..., propensity: _Optional[float] = ...) -> None: ...

class Feedback(_message.Message):
    __slots__ = ("metric", "value", "observe_time", "row")
    METRIC_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    OBSERVE_TIME_FIELD_NUMBER: _ClassVar[int]
    ROW_FIELD_NUMBER: _ClassVar[int]
    metric: str
    value: float
    observe_time: _timestamp_pb2.Timestamp
    row: int
    def __init__(self, metric: _Optional[str] = ..., value: _Optional[float] = ..., observe_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., row: _Optional[int] = ...) -> None: ...

class Redecision(_message.Message):
    __slots__ = ("verdict", "not_replayable", "variant", "propensity", "reason", "randomised_by", "draw", "slot", "differences", "eligible_variants")
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    NOT_REPLAYABLE_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    PROPENSITY_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    RANDOMISED_BY_FIELD_NUMBER: _ClassVar[int]
    DRAW_FIELD_NUMBER: _ClassVar[int]
    SLOT_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCES_FIELD_NUMBER: _ClassVar[int]
    ELIGIBLE_VARIANTS_FIELD_NUMBER: _ClassVar[int]
    verdict: ReplayVerdict
    not_replayable: NotReplayable
    variant: str
    propensity: float
    reason: DecisionReason
    randomised_by: RandomisedBy
    draw: int
    slot: int
    differences: _containers.RepeatedCompositeFieldContainer[DecisionDifference]
    eligible_variants: _containers.RepeatedCompositeFieldContainer[EligibleVariant]
    def __init__(self, verdict: _Optional[_Union[ReplayVerdict, str]] = ..., not_replayable: _Optional[_Union[NotReplayable, str]] = ..., variant: _Optional[str] = ..., propensity: _Optional[float] = ..., reason: _Optional[_Union[DecisionReason, str]] = ..., randomised_by: _Optional[_Union[RandomisedBy, str]] = ..., draw: _Optional[int] = ..., slot: _Optional[int] = ..., differences: _Optional[_Iterable[_Union[DecisionDifference, _Mapping]]] = ..., eligible_variants: _Optional[_Iterable[_Union[EligibleVariant, _Mapping]]] = ...) -> None: ...

class DecisionDifference(_message.Message):
    __slots__ = ("field", "recorded", "redecided")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    RECORDED_FIELD_NUMBER: _ClassVar[int]
    REDECIDED_FIELD_NUMBER: _ClassVar[int]
    field: str
    recorded: str
    redecided: str
    def __init__(self, field: _Optional[str] = ..., recorded: _Optional[str] = ..., redecided: _Optional[str] = ...) -> None: ...
