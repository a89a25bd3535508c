from pointsman.v1 import key_pb2 as _key_pb2
from pointsman.v1 import learning_pb2 as _learning_pb2
from pointsman.v1 import model_pb2 as _model_pb2
from pointsman.v1 import router_pb2 as _router_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SnapshotUpdate(_message.Message):
    __slots__ = ("base_generation", "generation", "complete", "changed_routers", "deleted_routers", "changed_models", "deleted_models", "access", "signing_keys", "entity_key", "feedback_horizon_us")
    BASE_GENERATION_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    COMPLETE_FIELD_NUMBER: _ClassVar[int]
    CHANGED_ROUTERS_FIELD_NUMBER: _ClassVar[int]
    DELETED_ROUTERS_FIELD_NUMBER: _ClassVar[int]
    CHANGED_MODELS_FIELD_NUMBER: _ClassVar[int]
    DELETED_MODELS_FIELD_NUMBER: _ClassVar[int]
    ACCESS_FIELD_NUMBER: _ClassVar[int]
    SIGNING_KEYS_FIELD_NUMBER: _ClassVar[int]
    ENTITY_KEY_FIELD_NUMBER: _ClassVar[int]
    FEEDBACK_HORIZON_US_FIELD_NUMBER: _ClassVar[int]
    base_generation: int
    generation: int
    complete: bool
    changed_routers: _containers.RepeatedCompositeFieldContainer[RouterSnapshot]
    deleted_routers: _containers.RepeatedScalarFieldContainer[str]
    changed_models: _containers.RepeatedCompositeFieldContainer[ModelSnapshot]
    deleted_models: _containers.RepeatedCompositeFieldContainer[ModelVersionKey]
    access: AccessTable
    signing_keys: SigningKeys
    entity_key: bytes
    feedback_horizon_us: int
    def __init__(self, base_generation: _Optional[int] = ..., generation: _Optional[int] = ..., complete: bool = ..., changed_routers: _Optional[_Iterable[_Union[RouterSnapshot, _Mapping]]] = ..., deleted_routers: _Optional[_Iterable[str]] = ..., changed_models: _Optional[_Iterable[_Union[ModelSnapshot, _Mapping]]] = ..., deleted_models: _Optional[_Iterable[_Union[ModelVersionKey, _Mapping]]] = ..., access: _Optional[_Union[AccessTable, _Mapping]] = ..., signing_keys: _Optional[_Union[SigningKeys, _Mapping]] = ..., entity_key: _Optional[bytes] = ..., feedback_horizon_us: _Optional[int] = ...) -> None: ...

class ModelVersionKey(_message.Message):
    __slots__ = ("model_id", "version")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    version: str
    def __init__(self, model_id: _Optional[str] = ..., version: _Optional[str] = ...) -> None: ...

class ModelSnapshot(_message.Message):
    __slots__ = ("model_id", "version", "backend", "signature", "stage", "owner", "permissions")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    BACKEND_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    PERMISSIONS_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    version: str
    backend: _model_pb2.Backend
    signature: _model_pb2.Signature
    stage: _model_pb2.Stage
    owner: str
    permissions: _model_pb2.ModelPermissions
    def __init__(self, model_id: _Optional[str] = ..., version: _Optional[str] = ..., backend: _Optional[_Union[_model_pb2.Backend, _Mapping]] = ..., signature: _Optional[_Union[_model_pb2.Signature, _Mapping]] = ..., stage: _Optional[_Union[_model_pb2.Stage, str]] = ..., owner: _Optional[str] = ..., permissions: _Optional[_Union[_model_pb2.ModelPermissions, _Mapping]] = ...) -> None: ...

class BackendAnswer(_message.Message):
    __slots__ = ("signature", "filled_in", "warnings", "sha256")
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    FILLED_IN_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    signature: _model_pb2.Signature
    filled_in: _containers.RepeatedScalarFieldContainer[str]
    warnings: _containers.RepeatedScalarFieldContainer[str]
    sha256: str
    def __init__(self, signature: _Optional[_Union[_model_pb2.Signature, _Mapping]] = ..., filled_in: _Optional[_Iterable[str]] = ..., warnings: _Optional[_Iterable[str]] = ..., sha256: _Optional[str] = ...) -> None: ...

class RouterSnapshot(_message.Message):
    __slots__ = ("router_id", "strategy", "status", "sticky", "variants", "salt", "slot_runs", "version_pinning", "answer_router_name", "default_timeout_ms", "record_predictions", "owner", "permissions", "recording", "metrics", "allow_feedback_corrections", "create_time_us", "changed_generation", "incarnation", "settings", "rule_tables")
    ROUTER_ID_FIELD_NUMBER: _ClassVar[int]
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    STICKY_FIELD_NUMBER: _ClassVar[int]
    VARIANTS_FIELD_NUMBER: _ClassVar[int]
    SALT_FIELD_NUMBER: _ClassVar[int]
    SLOT_RUNS_FIELD_NUMBER: _ClassVar[int]
    VERSION_PINNING_FIELD_NUMBER: _ClassVar[int]
    ANSWER_ROUTER_NAME_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_TIMEOUT_MS_FIELD_NUMBER: _ClassVar[int]
    RECORD_PREDICTIONS_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    PERMISSIONS_FIELD_NUMBER: _ClassVar[int]
    RECORDING_FIELD_NUMBER: _ClassVar[int]
    METRICS_FIELD_NUMBER: _ClassVar[int]
    ALLOW_FEEDBACK_CORRECTIONS_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_US_FIELD_NUMBER: _ClassVar[int]
    CHANGED_GENERATION_FIELD_NUMBER: _ClassVar[int]
    INCARNATION_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    RULE_TABLES_FIELD_NUMBER: _ClassVar[int]
    router_id: str
    strategy: _router_pb2.Strategy
    status: _router_pb2.RouterStatus
    sticky: bool
    variants: _containers.RepeatedCompositeFieldContainer[_router_pb2.Variant]
    salt: bytes
    slot_runs: _containers.RepeatedScalarFieldContainer[int]
    version_pinning: _router_pb2.VersionPinning
    answer_router_name: bool
    default_timeout_ms: int
    record_predictions: bool
    owner: str
    permissions: _router_pb2.RouterPermissions
    recording: _router_pb2.Recording
    metrics: _containers.RepeatedCompositeFieldContainer[_router_pb2.MetricDefinition]
    allow_feedback_corrections: bool
    create_time_us: int
    changed_generation: int
    incarnation: int
    settings: _router_pb2.Router
    rule_tables: _containers.RepeatedCompositeFieldContainer[RuleTable]
    def __init__(self, router_id: _Optional[str] = ..., strategy: _Optional[_Union[_router_pb2.Strategy, str]] = ..., status: _Optional[_Union[_router_pb2.RouterStatus, str]] = ..., sticky: bool = ..., variants: _Optional[_Iterable[_Union[_router_pb2.Variant, _Mapping]]] = ..., salt: _Optional[bytes] = ..., slot_runs: _Optional[_Iterable[int]] = ..., version_pinning: _Optional[_Union[_router_pb2.VersionPinning, str]] = ..., answer_router_name: bool = ..., default_timeout_ms: _Optional[int] = ..., record_predictions: bool = ..., owner: _Optional[str] = ..., permissions: _Optional[_Union[_router_pb2.RouterPermissions, _Mapping]] = ..., recording: _Optional[_Union[_router_pb2.Recording, _Mapping]] = ..., metrics: _Optional[_Iterable[_Union[_router_pb2.MetricDefinition, _Mapping]]] = ..., allow_feedback_corrections: bool = ..., create_time_us: _Optional[int] = ..., changed_generation: _Optional[int] = ..., incarnation: _Optional[int] = ..., settings: _Optional[_Union[_router_pb2.Router, _Mapping]] = ..., rule_tables: _Optional[_Iterable[_Union[RuleTable, _Mapping]]] = ...) -> None: ...

class AccessTable(_message.Message):
    __slots__ = ("keys", "open")
    KEYS_FIELD_NUMBER: _ClassVar[int]
    OPEN_FIELD_NUMBER: _ClassVar[int]
    keys: _containers.RepeatedCompositeFieldContainer[AccessKey]
    open: bool
    def __init__(self, keys: _Optional[_Iterable[_Union[AccessKey, _Mapping]]] = ..., open: bool = ...) -> None: ...

class AccessKey(_message.Message):
    __slots__ = ("key_id", "secret_sha256", "user_id", "scopes", "admin", "expire_time_us", "withheld_scopes")
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    SECRET_SHA256_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    SCOPES_FIELD_NUMBER: _ClassVar[int]
    ADMIN_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_US_FIELD_NUMBER: _ClassVar[int]
    WITHHELD_SCOPES_FIELD_NUMBER: _ClassVar[int]
    key_id: str
    secret_sha256: bytes
    user_id: str
    scopes: _containers.RepeatedScalarFieldContainer[_key_pb2.Scope]
    admin: bool
    expire_time_us: int
    withheld_scopes: _containers.RepeatedScalarFieldContainer[_key_pb2.Scope]
    def __init__(self, key_id: _Optional[str] = ..., secret_sha256: _Optional[bytes] = ..., user_id: _Optional[str] = ..., scopes: _Optional[_Iterable[_Union[_key_pb2.Scope, str]]] = ..., admin: bool = ..., expire_time_us: _Optional[int] = ..., withheld_scopes: _Optional[_Iterable[_Union[_key_pb2.Scope, str]]] = ...) -> None: ...

class SigningKeys(_message.Message):
    __slots__ = ("keys", "current_key_id")
    KEYS_FIELD_NUMBER: _ClassVar[int]
    CURRENT_KEY_ID_FIELD_NUMBER: _ClassVar[int]
    keys: _containers.RepeatedCompositeFieldContainer[SigningKey]
    current_key_id: int
    def __init__(self, keys: _Optional[_Iterable[_Union[SigningKey, _Mapping]]] = ..., current_key_id: _Optional[int] = ...) -> None: ...

class SigningKey(_message.Message):
    __slots__ = ("key_id", "secret")
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    SECRET_FIELD_NUMBER: _ClassVar[int]
    key_id: int
    secret: bytes
    def __init__(self, key_id: _Optional[int] = ..., secret: _Optional[bytes] = ...) -> None: ...

class RouterCounters(_message.Message):
    __slots__ = ("router_id", "variants", "dropped_record_count", "start_time_us", "generation", "cut_record_counts")
    class CutRecordCountsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    ROUTER_ID_FIELD_NUMBER: _ClassVar[int]
    VARIANTS_FIELD_NUMBER: _ClassVar[int]
    DROPPED_RECORD_COUNT_FIELD_NUMBER: _ClassVar[int]
    START_TIME_US_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    CUT_RECORD_COUNTS_FIELD_NUMBER: _ClassVar[int]
    router_id: str
    variants: _containers.RepeatedCompositeFieldContainer[VariantCounters]
    dropped_record_count: int
    start_time_us: int
    generation: int
    cut_record_counts: _containers.ScalarMap[str, int]
    def __init__(self, router_id: _Optional[str] = ..., variants: _Optional[_Iterable[_Union[VariantCounters, _Mapping]]] = ..., dropped_record_count: _Optional[int] = ..., start_time_us: _Optional[int] = ..., generation: _Optional[int] = ..., cut_record_counts: _Optional[_Mapping[str, int]] = ...) -> None: ...

class VariantCounters(_message.Message):
    __slots__ = ("variant", "requests_by_code", "pinned_count", "overhead", "backend", "fallback_count", "override_count", "shadow")
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    REQUESTS_BY_CODE_FIELD_NUMBER: _ClassVar[int]
    PINNED_COUNT_FIELD_NUMBER: _ClassVar[int]
    OVERHEAD_FIELD_NUMBER: _ClassVar[int]
    BACKEND_FIELD_NUMBER: _ClassVar[int]
    FALLBACK_COUNT_FIELD_NUMBER: _ClassVar[int]
    OVERRIDE_COUNT_FIELD_NUMBER: _ClassVar[int]
    SHADOW_FIELD_NUMBER: _ClassVar[int]
    variant: str
    requests_by_code: _containers.RepeatedScalarFieldContainer[int]
    pinned_count: int
    overhead: Histogram
    backend: Histogram
    fallback_count: int
    override_count: int
    shadow: ShadowCounters
    def __init__(self, variant: _Optional[str] = ..., requests_by_code: _Optional[_Iterable[int]] = ..., pinned_count: _Optional[int] = ..., overhead: _Optional[_Union[Histogram, _Mapping]] = ..., backend: _Optional[_Union[Histogram, _Mapping]] = ..., fallback_count: _Optional[int] = ..., override_count: _Optional[int] = ..., shadow: _Optional[_Union[ShadowCounters, _Mapping]] = ...) -> None: ...

class ShadowCounters(_message.Message):
    __slots__ = ("requests_by_code", "dropped_counts", "backend", "dropped_record_count")
    class DroppedCountsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    REQUESTS_BY_CODE_FIELD_NUMBER: _ClassVar[int]
    DROPPED_COUNTS_FIELD_NUMBER: _ClassVar[int]
    BACKEND_FIELD_NUMBER: _ClassVar[int]
    DROPPED_RECORD_COUNT_FIELD_NUMBER: _ClassVar[int]
    requests_by_code: _containers.RepeatedScalarFieldContainer[int]
    dropped_counts: _containers.ScalarMap[str, int]
    backend: Histogram
    dropped_record_count: int
    def __init__(self, requests_by_code: _Optional[_Iterable[int]] = ..., dropped_counts: _Optional[_Mapping[str, int]] = ..., backend: _Optional[_Union[Histogram, _Mapping]] = ..., dropped_record_count: _Optional[int] = ...) -> None: ...

class Histogram(_message.Message):
    __slots__ = ("bounds_seconds", "counts", "sum_seconds")
    BOUNDS_SECONDS_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    SUM_SECONDS_FIELD_NUMBER: _ClassVar[int]
    bounds_seconds: _containers.RepeatedScalarFieldContainer[float]
    counts: _containers.RepeatedScalarFieldContainer[int]
    sum_seconds: float
    def __init__(self, bounds_seconds: _Optional[_Iterable[float]] = ..., counts: _Optional[_Iterable[int]] = ..., sum_seconds: _Optional[float] = ...) -> None: ...

class RuleTable(_message.Message):
    __slots__ = ("rule", "salt", "slot_runs")
    RULE_FIELD_NUMBER: _ClassVar[int]
    SALT_FIELD_NUMBER: _ClassVar[int]
    SLOT_RUNS_FIELD_NUMBER: _ClassVar[int]
    rule: str
    salt: bytes
    slot_runs: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, rule: _Optional[str] = ..., salt: _Optional[bytes] = ..., slot_runs: _Optional[_Iterable[int]] = ...) -> None: ...

class RuleCheck(_message.Message):
    __slots__ = ("router", "signatures")
    ROUTER_FIELD_NUMBER: _ClassVar[int]
    SIGNATURES_FIELD_NUMBER: _ClassVar[int]
    router: _router_pb2.Router
    signatures: _containers.RepeatedCompositeFieldContainer[_model_pb2.Signature]
    def __init__(self, router: _Optional[_Union[_router_pb2.Router, _Mapping]] = ..., signatures: _Optional[_Iterable[_Union[_model_pb2.Signature, _Mapping]]] = ...) -> None: ...

class RoutingCase(_message.Message):
    __slots__ = ("router", "call", "bandit")
    ROUTER_FIELD_NUMBER: _ClassVar[int]
    CALL_FIELD_NUMBER: _ClassVar[int]
    BANDIT_FIELD_NUMBER: _ClassVar[int]
    router: RouterSnapshot
    call: _router_pb2.ExplainRoutingRequest
    bandit: _learning_pb2.BanditState
    def __init__(self, router: _Optional[_Union[RouterSnapshot, _Mapping]] = ..., call: _Optional[_Union[_router_pb2.ExplainRoutingRequest, _Mapping]] = ..., bandit: _Optional[_Union[_learning_pb2.BanditState, _Mapping]] = ...) -> None: ...
