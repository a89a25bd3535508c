from pointsman.v1 import model_pb2 as _model_pb2
from pointsman.v1 import prediction_pb2 as _prediction_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class BodyKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BODY_KIND_UNSPECIFIED: _ClassVar[BodyKind]
    BODY_KIND_INFER: _ClassVar[BodyKind]
    BODY_KIND_PREDICT: _ClassVar[BodyKind]
    BODY_KIND_CUT: _ClassVar[BodyKind]
    BODY_KIND_COMPRESSED: _ClassVar[BodyKind]
BODY_KIND_UNSPECIFIED: BodyKind
BODY_KIND_INFER: BodyKind
BODY_KIND_PREDICT: BodyKind
BODY_KIND_CUT: BodyKind
BODY_KIND_COMPRESSED: BodyKind

class RouteEntry(_message.Message):
    __slots__ = ("route", "router_id", "router_generation", "variants", "exclude_features", "create_time_us", "router_incarnation", "rules", "base_route", "request_propensities")
    ROUTE_FIELD_NUMBER: _ClassVar[int]
    ROUTER_ID_FIELD_NUMBER: _ClassVar[int]
    ROUTER_GENERATION_FIELD_NUMBER: _ClassVar[int]
    VARIANTS_FIELD_NUMBER: _ClassVar[int]
    EXCLUDE_FEATURES_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_US_FIELD_NUMBER: _ClassVar[int]
    ROUTER_INCARNATION_FIELD_NUMBER: _ClassVar[int]
    RULES_FIELD_NUMBER: _ClassVar[int]
    BASE_ROUTE_FIELD_NUMBER: _ClassVar[int]
    REQUEST_PROPENSITIES_FIELD_NUMBER: _ClassVar[int]
    route: int
    router_id: str
    router_generation: int
    variants: _containers.RepeatedCompositeFieldContainer[VariantEntry]
    exclude_features: _containers.RepeatedScalarFieldContainer[str]
    create_time_us: int
    router_incarnation: int
    rules: _containers.RepeatedCompositeFieldContainer[RuleEntry]
    base_route: int
    request_propensities: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, route: _Optional[int] = ..., router_id: _Optional[str] = ..., router_generation: _Optional[int] = ..., variants: _Optional[_Iterable[_Union[VariantEntry, _Mapping]]] = ..., exclude_features: _Optional[_Iterable[str]] = ..., create_time_us: _Optional[int] = ..., router_incarnation: _Optional[int] = ..., rules: _Optional[_Iterable[_Union[RuleEntry, _Mapping]]] = ..., base_route: _Optional[int] = ..., request_propensities: _Optional[_Iterable[float]] = ...) -> None: ...

class RuleEntry(_message.Message):
    __slots__ = ("name", "request_propensities", "slot_propensities")
    NAME_FIELD_NUMBER: _ClassVar[int]
    REQUEST_PROPENSITIES_FIELD_NUMBER: _ClassVar[int]
    SLOT_PROPENSITIES_FIELD_NUMBER: _ClassVar[int]
    name: str
    request_propensities: _containers.RepeatedScalarFieldContainer[float]
    slot_propensities: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, name: _Optional[str] = ..., request_propensities: _Optional[_Iterable[float]] = ..., slot_propensities: _Optional[_Iterable[float]] = ...) -> None: ...

class VariantEntry(_message.Message):
    __slots__ = ("name", "model_id", "model_version", "eligible", "request_propensity", "slot_propensity", "signature")
    NAME_FIELD_NUMBER: _ClassVar[int]
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    ELIGIBLE_FIELD_NUMBER: _ClassVar[int]
    REQUEST_PROPENSITY_FIELD_NUMBER: _ClassVar[int]
    SLOT_PROPENSITY_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    name: str
    model_id: str
    model_version: str
    eligible: bool
    request_propensity: float
    slot_propensity: float
    signature: _model_pb2.Signature
    def __init__(self, name: _Optional[str] = ..., model_id: _Optional[str] = ..., model_version: _Optional[str] = ..., eligible: bool = ..., request_propensity: _Optional[float] = ..., slot_propensity: _Optional[float] = ..., signature: _Optional[_Union[_model_pb2.Signature, _Mapping]] = ...) -> None: ...

class PredictionEntry(_message.Message):
    __slots__ = ("route", "variant", "prediction_id", "time_us", "generation", "allocation_version", "epoch", "propensity", "reason", "randomised_by", "draw", "slot", "entity_id", "replayable", "request_id", "trace_id", "status_code", "overhead_ns", "backend_ns", "request_kind", "request", "response_kind", "response", "experiment_id", "decided_variant", "rule", "shadow", "rule_inputs")
    ROUTE_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    PREDICTION_ID_FIELD_NUMBER: _ClassVar[int]
    TIME_US_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    ALLOCATION_VERSION_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    PROPENSITY_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    RANDOMISED_BY_FIELD_NUMBER: _ClassVar[int]
    DRAW_FIELD_NUMBER: _ClassVar[int]
    SLOT_FIELD_NUMBER: _ClassVar[int]
    ENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    REPLAYABLE_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TRACE_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_CODE_FIELD_NUMBER: _ClassVar[int]
    OVERHEAD_NS_FIELD_NUMBER: _ClassVar[int]
    BACKEND_NS_FIELD_NUMBER: _ClassVar[int]
    REQUEST_KIND_FIELD_NUMBER: _ClassVar[int]
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_KIND_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_FIELD_NUMBER: _ClassVar[int]
    EXPERIMENT_ID_FIELD_NUMBER: _ClassVar[int]
    DECIDED_VARIANT_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    SHADOW_FIELD_NUMBER: _ClassVar[int]
    RULE_INPUTS_FIELD_NUMBER: _ClassVar[int]
    route: int
    variant: int
    prediction_id: str
    time_us: int
    generation: int
    allocation_version: int
    epoch: int
    propensity: float
    reason: _prediction_pb2.DecisionReason
    randomised_by: _prediction_pb2.RandomisedBy
    draw: int
    slot: int
    entity_id: str
    replayable: bool
    request_id: str
    trace_id: str
    status_code: int
    overhead_ns: int
    backend_ns: int
    request_kind: BodyKind
    request: bytes
    response_kind: BodyKind
    response: bytes
    experiment_id: str
    decided_variant: int
    rule: int
    shadow: bool
    rule_inputs: str
    def __init__(self, route: _Optional[int] = ..., variant: _Optional[int] = ..., prediction_id: _Optional[str] = ..., time_us: _Optional[int] = ..., generation: _Optional[int] = ..., allocation_version: _Optional[int] = ..., epoch: _Optional[int] = ..., propensity: _Optional[float] = ..., reason: _Optional[_Union[_prediction_pb2.DecisionReason, str]] = ..., randomised_by: _Optional[_Union[_prediction_pb2.RandomisedBy, str]] = ..., draw: _Optional[int] = ..., slot: _Optional[int] = ..., entity_id: _Optional[str] = ..., replayable: bool = ..., request_id: _Optional[str] = ..., trace_id: _Optional[str] = ..., status_code: _Optional[int] = ..., overhead_ns: _Optional[int] = ..., backend_ns: _Optional[int] = ..., request_kind: _Optional[_Union[BodyKind, str]] = ..., request: _Optional[bytes] = ..., response_kind: _Optional[_Union[BodyKind, str]] = ..., response: _Optional[bytes] = ..., experiment_id: _Optional[str] = ..., decided_variant: _Optional[int] = ..., rule: _Optional[int] = ..., shadow: bool = ..., rule_inputs: _Optional[str] = ...) -> None: ...

class FeedbackEntry(_message.Message):
    __slots__ = ("prediction_id", "row", "metric", "value", "observe_time_us", "router_id", "variant", "epoch", "propensity", "prediction_time_us", "counted", "corrects", "receive_time_us", "router_incarnation")
    PREDICTION_ID_FIELD_NUMBER: _ClassVar[int]
    ROW_FIELD_NUMBER: _ClassVar[int]
    METRIC_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    OBSERVE_TIME_US_FIELD_NUMBER: _ClassVar[int]
    ROUTER_ID_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    PROPENSITY_FIELD_NUMBER: _ClassVar[int]
    PREDICTION_TIME_US_FIELD_NUMBER: _ClassVar[int]
    COUNTED_FIELD_NUMBER: _ClassVar[int]
    CORRECTS_FIELD_NUMBER: _ClassVar[int]
    RECEIVE_TIME_US_FIELD_NUMBER: _ClassVar[int]
    ROUTER_INCARNATION_FIELD_NUMBER: _ClassVar[int]
    prediction_id: str
    row: int
    metric: str
    value: float
    observe_time_us: int
    router_id: str
    variant: str
    epoch: int
    propensity: float
    prediction_time_us: int
    counted: bool
    corrects: bool
    receive_time_us: int
    router_incarnation: int
    def __init__(self, prediction_id: _Optional[str] = ..., row: _Optional[int] = ..., metric: _Optional[str] = ..., value: _Optional[float] = ..., observe_time_us: _Optional[int] = ..., router_id: _Optional[str] = ..., variant: _Optional[str] = ..., epoch: _Optional[int] = ..., propensity: _Optional[float] = ..., prediction_time_us: _Optional[int] = ..., counted: bool = ..., corrects: bool = ..., receive_time_us: _Optional[int] = ..., router_incarnation: _Optional[int] = ...) -> None: ...

class FeedbackBatch(_message.Message):
    __slots__ = ("entries", "end_positions", "next_position")
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    END_POSITIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_POSITION_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.RepeatedCompositeFieldContainer[FeedbackEntry]
    end_positions: _containers.RepeatedScalarFieldContainer[int]
    next_position: int
    def __init__(self, entries: _Optional[_Iterable[_Union[FeedbackEntry, _Mapping]]] = ..., end_positions: _Optional[_Iterable[int]] = ..., next_position: _Optional[int] = ...) -> None: ...

class FeedbackOutcomes(_message.Message):
    __slots__ = ("end_positions", "outcomes")
    END_POSITIONS_FIELD_NUMBER: _ClassVar[int]
    OUTCOMES_FIELD_NUMBER: _ClassVar[int]
    end_positions: _containers.RepeatedScalarFieldContainer[int]
    outcomes: _containers.RepeatedScalarFieldContainer[_prediction_pb2.FeedbackOutcome]
    def __init__(self, end_positions: _Optional[_Iterable[int]] = ..., outcomes: _Optional[_Iterable[_Union[_prediction_pb2.FeedbackOutcome, str]]] = ...) -> None: ...

class FeedbackCall(_message.Message):
    __slots__ = ("user_id", "admin", "feedback", "wait", "timeout_ms")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    ADMIN_FIELD_NUMBER: _ClassVar[int]
    FEEDBACK_FIELD_NUMBER: _ClassVar[int]
    WAIT_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_MS_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    admin: bool
    feedback: _containers.RepeatedCompositeFieldContainer[_prediction_pb2.RecordFeedbackRequest]
    wait: _prediction_pb2.FeedbackWait
    timeout_ms: int
    def __init__(self, user_id: _Optional[str] = ..., admin: bool = ..., feedback: _Optional[_Iterable[_Union[_prediction_pb2.RecordFeedbackRequest, _Mapping]]] = ..., wait: _Optional[_Union[_prediction_pb2.FeedbackWait, str]] = ..., timeout_ms: _Optional[int] = ...) -> None: ...

class FeedbackAnswer(_message.Message):
    __slots__ = ("verdicts", "refusal")
    VERDICTS_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    verdicts: _containers.RepeatedCompositeFieldContainer[FeedbackVerdict]
    refusal: FeedbackRefusal
    def __init__(self, verdicts: _Optional[_Iterable[_Union[FeedbackVerdict, _Mapping]]] = ..., refusal: _Optional[_Union[FeedbackRefusal, _Mapping]] = ...) -> None: ...

class FeedbackVerdict(_message.Message):
    __slots__ = ("outcome", "refusal", "needs_prediction")
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    NEEDS_PREDICTION_FIELD_NUMBER: _ClassVar[int]
    outcome: _prediction_pb2.FeedbackOutcome
    refusal: FeedbackRefusal
    needs_prediction: bool
    def __init__(self, outcome: _Optional[_Union[_prediction_pb2.FeedbackOutcome, str]] = ..., refusal: _Optional[_Union[FeedbackRefusal, _Mapping]] = ..., needs_prediction: bool = ...) -> None: ...

class FeedbackRefusal(_message.Message):
    __slots__ = ("code", "message", "reason", "metadata", "fields")
    class MetadataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    FIELDS_FIELD_NUMBER: _ClassVar[int]
    code: int
    message: str
    reason: str
    metadata: _containers.ScalarMap[str, str]
    fields: _containers.RepeatedCompositeFieldContainer[FieldFault]
    def __init__(self, code: _Optional[int] = ..., message: _Optional[str] = ..., reason: _Optional[str] = ..., metadata: _Optional[_Mapping[str, str]] = ..., fields: _Optional[_Iterable[_Union[FieldFault, _Mapping]]] = ...) -> None: ...

class FieldFault(_message.Message):
    __slots__ = ("field", "description")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    field: str
    description: str
    def __init__(self, field: _Optional[str] = ..., description: _Optional[str] = ...) -> None: ...

class LakeFile(_message.Message):
    __slots__ = ("path", "router_id", "model_id", "date", "row_count", "byte_count", "min_time_us", "max_time_us", "router_incarnation", "shadows")
    PATH_FIELD_NUMBER: _ClassVar[int]
    ROUTER_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    DATE_FIELD_NUMBER: _ClassVar[int]
    ROW_COUNT_FIELD_NUMBER: _ClassVar[int]
    BYTE_COUNT_FIELD_NUMBER: _ClassVar[int]
    MIN_TIME_US_FIELD_NUMBER: _ClassVar[int]
    MAX_TIME_US_FIELD_NUMBER: _ClassVar[int]
    ROUTER_INCARNATION_FIELD_NUMBER: _ClassVar[int]
    SHADOWS_FIELD_NUMBER: _ClassVar[int]
    path: str
    router_id: str
    model_id: str
    date: str
    row_count: int
    byte_count: int
    min_time_us: int
    max_time_us: int
    router_incarnation: int
    shadows: bool
    def __init__(self, path: _Optional[str] = ..., router_id: _Optional[str] = ..., model_id: _Optional[str] = ..., date: _Optional[str] = ..., row_count: _Optional[int] = ..., byte_count: _Optional[int] = ..., min_time_us: _Optional[int] = ..., max_time_us: _Optional[int] = ..., router_incarnation: _Optional[int] = ..., shadows: bool = ...) -> None: ...

class ShippedSegment(_message.Message):
    __slots__ = ("journal_id", "start_position", "end_position", "files", "damaged_bytes", "unreadable_entries")
    JOURNAL_ID_FIELD_NUMBER: _ClassVar[int]
    START_POSITION_FIELD_NUMBER: _ClassVar[int]
    END_POSITION_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    DAMAGED_BYTES_FIELD_NUMBER: _ClassVar[int]
    UNREADABLE_ENTRIES_FIELD_NUMBER: _ClassVar[int]
    journal_id: str
    start_position: int
    end_position: int
    files: _containers.RepeatedCompositeFieldContainer[LakeFile]
    damaged_bytes: int
    unreadable_entries: int
    def __init__(self, journal_id: _Optional[str] = ..., start_position: _Optional[int] = ..., end_position: _Optional[int] = ..., files: _Optional[_Iterable[_Union[LakeFile, _Mapping]]] = ..., damaged_bytes: _Optional[int] = ..., unreadable_entries: _Optional[int] = ...) -> None: ...

class ShippedSegments(_message.Message):
    __slots__ = ("segments",)
    SEGMENTS_FIELD_NUMBER: _ClassVar[int]
    segments: _containers.RepeatedCompositeFieldContainer[ShippedSegment]
    def __init__(self, segments: _Optional[_Iterable[_Union[ShippedSegment, _Mapping]]] = ...) -> None: ...

class TailQuery(_message.Message):
    __slots__ = ("from_position", "router_id", "start_time_us", "end_time_us", "prediction_id", "entity_ids", "with_bodies", "max_decisions", "variant", "router_incarnation", "nameless_from_us", "shadows", "model_id", "columns")
    FROM_POSITION_FIELD_NUMBER: _ClassVar[int]
    ROUTER_ID_FIELD_NUMBER: _ClassVar[int]
    START_TIME_US_FIELD_NUMBER: _ClassVar[int]
    END_TIME_US_FIELD_NUMBER: _ClassVar[int]
    PREDICTION_ID_FIELD_NUMBER: _ClassVar[int]
    ENTITY_IDS_FIELD_NUMBER: _ClassVar[int]
    WITH_BODIES_FIELD_NUMBER: _ClassVar[int]
    MAX_DECISIONS_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    ROUTER_INCARNATION_FIELD_NUMBER: _ClassVar[int]
    NAMELESS_FROM_US_FIELD_NUMBER: _ClassVar[int]
    SHADOWS_FIELD_NUMBER: _ClassVar[int]
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    from_position: int
    router_id: str
    start_time_us: int
    end_time_us: int
    prediction_id: str
    entity_ids: _containers.RepeatedScalarFieldContainer[str]
    with_bodies: bool
    max_decisions: int
    variant: str
    router_incarnation: int
    nameless_from_us: int
    shadows: bool
    model_id: str
    columns: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, from_position: _Optional[int] = ..., router_id: _Optional[str] = ..., start_time_us: _Optional[int] = ..., end_time_us: _Optional[int] = ..., prediction_id: _Optional[str] = ..., entity_ids: _Optional[_Iterable[str]] = ..., with_bodies: bool = ..., max_decisions: _Optional[int] = ..., variant: _Optional[str] = ..., router_incarnation: _Optional[int] = ..., nameless_from_us: _Optional[int] = ..., shadows: bool = ..., model_id: _Optional[str] = ..., columns: _Optional[_Iterable[str]] = ...) -> None: ...

class TailAnswer(_message.Message):
    __slots__ = ("arrow_streams", "row_count")
    ARROW_STREAMS_FIELD_NUMBER: _ClassVar[int]
    ROW_COUNT_FIELD_NUMBER: _ClassVar[int]
    arrow_streams: _containers.RepeatedScalarFieldContainer[bytes]
    row_count: int
    def __init__(self, arrow_streams: _Optional[_Iterable[bytes]] = ..., row_count: _Optional[int] = ...) -> None: ...

class RowsQuery(_message.Message):
    __slots__ = ("files", "columns")
    FILES_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    files: _containers.RepeatedCompositeFieldContainer[FileRows]
    columns: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, files: _Optional[_Iterable[_Union[FileRows, _Mapping]]] = ..., columns: _Optional[_Iterable[str]] = ...) -> None: ...

class FileRows(_message.Message):
    __slots__ = ("path", "rows")
    PATH_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    path: str
    rows: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, path: _Optional[str] = ..., rows: _Optional[_Iterable[int]] = ...) -> None: ...

class RowsAnswer(_message.Message):
    __slots__ = ("arrow_streams", "row_count")
    ARROW_STREAMS_FIELD_NUMBER: _ClassVar[int]
    ROW_COUNT_FIELD_NUMBER: _ClassVar[int]
    arrow_streams: _containers.RepeatedScalarFieldContainer[bytes]
    row_count: int
    def __init__(self, arrow_streams: _Optional[_Iterable[bytes]] = ..., row_count: _Optional[int] = ...) -> None: ...

class CountQuery(_message.Message):
    __slots__ = ("files", "arrow_streams", "start_time_us", "end_time_us", "origin_time_us", "step_us", "buckets_per_e", "one_entity_in", "thread_count")
    FILES_FIELD_NUMBER: _ClassVar[int]
    ARROW_STREAMS_FIELD_NUMBER: _ClassVar[int]
    START_TIME_US_FIELD_NUMBER: _ClassVar[int]
    END_TIME_US_FIELD_NUMBER: _ClassVar[int]
    ORIGIN_TIME_US_FIELD_NUMBER: _ClassVar[int]
    STEP_US_FIELD_NUMBER: _ClassVar[int]
    BUCKETS_PER_E_FIELD_NUMBER: _ClassVar[int]
    ONE_ENTITY_IN_FIELD_NUMBER: _ClassVar[int]
    THREAD_COUNT_FIELD_NUMBER: _ClassVar[int]
    files: _containers.RepeatedScalarFieldContainer[str]
    arrow_streams: _containers.RepeatedScalarFieldContainer[bytes]
    start_time_us: int
    end_time_us: int
    origin_time_us: int
    step_us: int
    buckets_per_e: int
    one_entity_in: int
    thread_count: int
    def __init__(self, files: _Optional[_Iterable[str]] = ..., arrow_streams: _Optional[_Iterable[bytes]] = ..., start_time_us: _Optional[int] = ..., end_time_us: _Optional[int] = ..., origin_time_us: _Optional[int] = ..., step_us: _Optional[int] = ..., buckets_per_e: _Optional[int] = ..., one_entity_in: _Optional[int] = ..., thread_count: _Optional[int] = ...) -> None: ...

class CoverageQuery(_message.Message):
    __slots__ = ("files", "arrow_streams", "start_time_us", "end_time_us", "origin_time_us", "step_us", "rows_with_feedback", "thread_count")
    FILES_FIELD_NUMBER: _ClassVar[int]
    ARROW_STREAMS_FIELD_NUMBER: _ClassVar[int]
    START_TIME_US_FIELD_NUMBER: _ClassVar[int]
    END_TIME_US_FIELD_NUMBER: _ClassVar[int]
    ORIGIN_TIME_US_FIELD_NUMBER: _ClassVar[int]
    STEP_US_FIELD_NUMBER: _ClassVar[int]
    ROWS_WITH_FEEDBACK_FIELD_NUMBER: _ClassVar[int]
    THREAD_COUNT_FIELD_NUMBER: _ClassVar[int]
    files: _containers.RepeatedScalarFieldContainer[str]
    arrow_streams: _containers.RepeatedScalarFieldContainer[bytes]
    start_time_us: int
    end_time_us: int
    origin_time_us: int
    step_us: int
    rows_with_feedback: bytes
    thread_count: int
    def __init__(self, files: _Optional[_Iterable[str]] = ..., arrow_streams: _Optional[_Iterable[bytes]] = ..., start_time_us: _Optional[int] = ..., end_time_us: _Optional[int] = ..., origin_time_us: _Optional[int] = ..., step_us: _Optional[int] = ..., rows_with_feedback: _Optional[bytes] = ..., thread_count: _Optional[int] = ...) -> None: ...

class CoverageCounts(_message.Message):
    __slots__ = ("counts",)
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    counts: _containers.RepeatedCompositeFieldContainer[CoverageCount]
    def __init__(self, counts: _Optional[_Iterable[_Union[CoverageCount, _Mapping]]] = ...) -> None: ...

class CoverageCount(_message.Message):
    __slots__ = ("step", "variant", "row_count")
    STEP_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    ROW_COUNT_FIELD_NUMBER: _ClassVar[int]
    step: int
    variant: str
    row_count: int
    def __init__(self, step: _Optional[int] = ..., variant: _Optional[str] = ..., row_count: _Optional[int] = ...) -> None: ...

class CallCounts(_message.Message):
    __slots__ = ("calls", "latencies", "entities")
    CALLS_FIELD_NUMBER: _ClassVar[int]
    LATENCIES_FIELD_NUMBER: _ClassVar[int]
    ENTITIES_FIELD_NUMBER: _ClassVar[int]
    calls: _containers.RepeatedCompositeFieldContainer[CallCount]
    latencies: _containers.RepeatedCompositeFieldContainer[LatencyCounts]
    entities: _containers.RepeatedCompositeFieldContainer[EntityCount]
    def __init__(self, calls: _Optional[_Iterable[_Union[CallCount, _Mapping]]] = ..., latencies: _Optional[_Iterable[_Union[LatencyCounts, _Mapping]]] = ..., entities: _Optional[_Iterable[_Union[EntityCount, _Mapping]]] = ...) -> None: ...

class CallCount(_message.Message):
    __slots__ = ("step", "variant", "pinned", "status_code", "router_generation", "allocation_version", "randomised_by", "call_count", "further_row_count", "fallback", "overridden", "decided_variant")
    STEP_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    PINNED_FIELD_NUMBER: _ClassVar[int]
    STATUS_CODE_FIELD_NUMBER: _ClassVar[int]
    ROUTER_GENERATION_FIELD_NUMBER: _ClassVar[int]
    ALLOCATION_VERSION_FIELD_NUMBER: _ClassVar[int]
    RANDOMISED_BY_FIELD_NUMBER: _ClassVar[int]
    CALL_COUNT_FIELD_NUMBER: _ClassVar[int]
    FURTHER_ROW_COUNT_FIELD_NUMBER: _ClassVar[int]
    FALLBACK_FIELD_NUMBER: _ClassVar[int]
    OVERRIDDEN_FIELD_NUMBER: _ClassVar[int]
    DECIDED_VARIANT_FIELD_NUMBER: _ClassVar[int]
    step: int
    variant: str
    pinned: bool
    status_code: int
    router_generation: int
    allocation_version: int
    randomised_by: str
    call_count: int
    further_row_count: int
    fallback: bool
    overridden: bool
    decided_variant: str
    def __init__(self, step: _Optional[int] = ..., variant: _Optional[str] = ..., pinned: bool = ..., status_code: _Optional[int] = ..., router_generation: _Optional[int] = ..., allocation_version: _Optional[int] = ..., randomised_by: _Optional[str] = ..., call_count: _Optional[int] = ..., further_row_count: _Optional[int] = ..., fallback: bool = ..., overridden: bool = ..., decided_variant: _Optional[str] = ...) -> None: ...

class LatencyCounts(_message.Message):
    __slots__ = ("step", "variant", "overhead", "backend")
    STEP_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    OVERHEAD_FIELD_NUMBER: _ClassVar[int]
    BACKEND_FIELD_NUMBER: _ClassVar[int]
    step: int
    variant: str
    overhead: BucketCounts
    backend: BucketCounts
    def __init__(self, step: _Optional[int] = ..., variant: _Optional[str] = ..., overhead: _Optional[_Union[BucketCounts, _Mapping]] = ..., backend: _Optional[_Union[BucketCounts, _Mapping]] = ...) -> None: ...

class BucketCounts(_message.Message):
    __slots__ = ("buckets", "counts")
    BUCKETS_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    buckets: _containers.RepeatedScalarFieldContainer[int]
    counts: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, buckets: _Optional[_Iterable[int]] = ..., counts: _Optional[_Iterable[int]] = ...) -> None: ...

class EntityCount(_message.Message):
    __slots__ = ("router_generation", "allocation_version", "variant", "entity_count")
    ROUTER_GENERATION_FIELD_NUMBER: _ClassVar[int]
    ALLOCATION_VERSION_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    ENTITY_COUNT_FIELD_NUMBER: _ClassVar[int]
    router_generation: int
    allocation_version: int
    variant: str
    entity_count: int
    def __init__(self, router_generation: _Optional[int] = ..., allocation_version: _Optional[int] = ..., variant: _Optional[str] = ..., entity_count: _Optional[int] = ...) -> None: ...

class MergeRequest(_message.Message):
    __slots__ = ("inputs", "output", "erased_entity_ids", "router_incarnation")
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    ERASED_ENTITY_IDS_FIELD_NUMBER: _ClassVar[int]
    ROUTER_INCARNATION_FIELD_NUMBER: _ClassVar[int]
    inputs: _containers.RepeatedScalarFieldContainer[str]
    output: str
    erased_entity_ids: _containers.RepeatedScalarFieldContainer[str]
    router_incarnation: int
    def __init__(self, inputs: _Optional[_Iterable[str]] = ..., output: _Optional[str] = ..., erased_entity_ids: _Optional[_Iterable[str]] = ..., router_incarnation: _Optional[int] = ...) -> None: ...

class ReplayRouter(_message.Message):
    __slots__ = ("first_generation", "last_generation", "earliest_time_us", "router")
    FIRST_GENERATION_FIELD_NUMBER: _ClassVar[int]
    LAST_GENERATION_FIELD_NUMBER: _ClassVar[int]
    EARLIEST_TIME_US_FIELD_NUMBER: _ClassVar[int]
    ROUTER_FIELD_NUMBER: _ClassVar[int]
    first_generation: int
    last_generation: int
    earliest_time_us: int
    router: bytes
    def __init__(self, first_generation: _Optional[int] = ..., last_generation: _Optional[int] = ..., earliest_time_us: _Optional[int] = ..., router: _Optional[bytes] = ...) -> None: ...

class RecordedDecision(_message.Message):
    __slots__ = ("time_us", "variant", "model_id", "model_version", "decided_variant", "reason", "randomised_by", "propensity", "draw", "slot", "entity_id", "allocation_version", "epoch", "replayable", "eligible_variants", "rule", "rule_inputs")
    TIME_US_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    DECIDED_VARIANT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    RANDOMISED_BY_FIELD_NUMBER: _ClassVar[int]
    PROPENSITY_FIELD_NUMBER: _ClassVar[int]
    DRAW_FIELD_NUMBER: _ClassVar[int]
    SLOT_FIELD_NUMBER: _ClassVar[int]
    ENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    ALLOCATION_VERSION_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    REPLAYABLE_FIELD_NUMBER: _ClassVar[int]
    ELIGIBLE_VARIANTS_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    RULE_INPUTS_FIELD_NUMBER: _ClassVar[int]
    time_us: int
    variant: str
    model_id: str
    model_version: str
    decided_variant: str
    reason: str
    randomised_by: str
    propensity: float
    draw: int
    slot: int
    entity_id: str
    allocation_version: int
    epoch: int
    replayable: bool
    eligible_variants: _containers.RepeatedCompositeFieldContainer[_prediction_pb2.EligibleVariant]
    rule: str
    rule_inputs: str
    def __init__(self, time_us: _Optional[int] = ..., variant: _Optional[str] = ..., model_id: _Optional[str] = ..., model_version: _Optional[str] = ..., decided_variant: _Optional[str] = ..., reason: _Optional[str] = ..., randomised_by: _Optional[str] = ..., propensity: _Optional[float] = ..., draw: _Optional[int] = ..., slot: _Optional[int] = ..., entity_id: _Optional[str] = ..., allocation_version: _Optional[int] = ..., epoch: _Optional[int] = ..., replayable: bool = ..., eligible_variants: _Optional[_Iterable[_Union[_prediction_pb2.EligibleVariant, _Mapping]]] = ..., rule: _Optional[str] = ..., rule_inputs: _Optional[str] = ...) -> None: ...

class RedecisionQuery(_message.Message):
    __slots__ = ("router", "decision")
    ROUTER_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    router: ReplayRouter
    decision: RecordedDecision
    def __init__(self, router: _Optional[_Union[ReplayRouter, _Mapping]] = ..., decision: _Optional[_Union[RecordedDecision, _Mapping]] = ...) -> None: ...

class ReplayQuery(_message.Message):
    __slots__ = ("files", "arrow_streams", "start_time_us", "end_time_us", "routers", "max_examples", "thread_count")
    FILES_FIELD_NUMBER: _ClassVar[int]
    ARROW_STREAMS_FIELD_NUMBER: _ClassVar[int]
    START_TIME_US_FIELD_NUMBER: _ClassVar[int]
    END_TIME_US_FIELD_NUMBER: _ClassVar[int]
    ROUTERS_FIELD_NUMBER: _ClassVar[int]
    MAX_EXAMPLES_FIELD_NUMBER: _ClassVar[int]
    THREAD_COUNT_FIELD_NUMBER: _ClassVar[int]
    files: _containers.RepeatedScalarFieldContainer[str]
    arrow_streams: _containers.RepeatedScalarFieldContainer[bytes]
    start_time_us: int
    end_time_us: int
    routers: _containers.RepeatedCompositeFieldContainer[ReplayRouter]
    max_examples: int
    thread_count: int
    def __init__(self, files: _Optional[_Iterable[str]] = ..., arrow_streams: _Optional[_Iterable[bytes]] = ..., start_time_us: _Optional[int] = ..., end_time_us: _Optional[int] = ..., routers: _Optional[_Iterable[_Union[ReplayRouter, _Mapping]]] = ..., max_examples: _Optional[int] = ..., thread_count: _Optional[int] = ...) -> None: ...

class ReplayAnswer(_message.Message):
    __slots__ = ("counts", "examples")
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    EXAMPLES_FIELD_NUMBER: _ClassVar[int]
    counts: _containers.RepeatedCompositeFieldContainer[ReplayedCalls]
    examples: _containers.RepeatedCompositeFieldContainer[ReplayedExample]
    def __init__(self, counts: _Optional[_Iterable[_Union[ReplayedCalls, _Mapping]]] = ..., examples: _Optional[_Iterable[_Union[ReplayedExample, _Mapping]]] = ...) -> None: ...

class ReplayedCalls(_message.Message):
    __slots__ = ("verdict", "not_replayable", "router_generation", "call_count")
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    NOT_REPLAYABLE_FIELD_NUMBER: _ClassVar[int]
    ROUTER_GENERATION_FIELD_NUMBER: _ClassVar[int]
    CALL_COUNT_FIELD_NUMBER: _ClassVar[int]
    verdict: _prediction_pb2.ReplayVerdict
    not_replayable: _prediction_pb2.NotReplayable
    router_generation: int
    call_count: int
    def __init__(self, verdict: _Optional[_Union[_prediction_pb2.ReplayVerdict, str]] = ..., not_replayable: _Optional[_Union[_prediction_pb2.NotReplayable, str]] = ..., router_generation: _Optional[int] = ..., call_count: _Optional[int] = ...) -> None: ...

class ReplayedExample(_message.Message):
    __slots__ = ("prediction_id", "time_us", "router_generation", "variant", "redecision")
    PREDICTION_ID_FIELD_NUMBER: _ClassVar[int]
    TIME_US_FIELD_NUMBER: _ClassVar[int]
    ROUTER_GENERATION_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    REDECISION_FIELD_NUMBER: _ClassVar[int]
    prediction_id: str
    time_us: int
    router_generation: int
    variant: str
    redecision: _prediction_pb2.Redecision
    def __init__(self, prediction_id: _Optional[str] = ..., time_us: _Optional[int] = ..., router_generation: _Optional[int] = ..., variant: _Optional[str] = ..., redecision: _Optional[_Union[_prediction_pb2.Redecision, _Mapping]] = ...) -> None: ...
