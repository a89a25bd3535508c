import datetime

from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import empty_pb2 as _empty_pb2
from google.protobuf import field_mask_pb2 as _field_mask_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from pointsman.v1 import key_pb2 as _key_pb2
from pointsman.v1 import prediction_pb2 as _prediction_pb2
from pointsman.v1 import rest_pb2 as _rest_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Strategy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STRATEGY_UNSPECIFIED: _ClassVar[Strategy]
    STRATEGY_WEIGHTED: _ClassVar[Strategy]
    STRATEGY_FEATURE_RULES: _ClassVar[Strategy]
    STRATEGY_BANDIT: _ClassVar[Strategy]
    STRATEGY_CANARY: _ClassVar[Strategy]

class RouterStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ROUTER_STATUS_UNSPECIFIED: _ClassVar[RouterStatus]
    ROUTER_STATUS_REGISTERED: _ClassVar[RouterStatus]
    ROUTER_STATUS_DEPLOYING: _ClassVar[RouterStatus]
    ROUTER_STATUS_RUNNING: _ClassVar[RouterStatus]
    ROUTER_STATUS_STOPPED: _ClassVar[RouterStatus]
    ROUTER_STATUS_FAILED: _ClassVar[RouterStatus]

class VariantRole(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VARIANT_ROLE_UNSPECIFIED: _ClassVar[VariantRole]
    VARIANT_ROLE_CANDIDATE: _ClassVar[VariantRole]
    VARIANT_ROLE_CONTROL: _ClassVar[VariantRole]
    VARIANT_ROLE_CANARY: _ClassVar[VariantRole]
    VARIANT_ROLE_SHADOW: _ClassVar[VariantRole]

class Fallback(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FALLBACK_UNSPECIFIED: _ClassVar[Fallback]
    FALLBACK_NONE: _ClassVar[Fallback]
    FALLBACK_CONTROL: _ClassVar[Fallback]
    FALLBACK_ANY_HEALTHY: _ClassVar[Fallback]

class VersionPinning(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VERSION_PINNING_UNSPECIFIED: _ClassVar[VersionPinning]
    VERSION_PINNING_ALLOW: _ClassVar[VersionPinning]
    VERSION_PINNING_IGNORE: _ClassVar[VersionPinning]

class Cost(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    COST_UNSPECIFIED: _ClassVar[Cost]
    COST_ERROR: _ClassVar[Cost]
    COST_LATENCY: _ClassVar[Cost]

class EntityRecording(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ENTITY_RECORDING_UNSPECIFIED: _ClassVar[EntityRecording]
    ENTITY_RECORDING_PLAIN: _ClassVar[EntityRecording]
    ENTITY_RECORDING_HMAC: _ClassVar[EntityRecording]
    ENTITY_RECORDING_NONE: _ClassVar[EntityRecording]

class RecordDurability(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RECORD_DURABILITY_UNSPECIFIED: _ClassVar[RecordDurability]
    RECORD_DURABILITY_BUFFERED: _ClassVar[RecordDurability]
    RECORD_DURABILITY_DURABLE: _ClassVar[RecordDurability]

class MetricType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    METRIC_TYPE_UNSPECIFIED: _ClassVar[MetricType]
    METRIC_TYPE_NUMBER: _ClassVar[MetricType]
    METRIC_TYPE_BINARY: _ClassVar[MetricType]
    METRIC_TYPE_COUNT: _ClassVar[MetricType]

class MetricDirection(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    METRIC_DIRECTION_UNSPECIFIED: _ClassVar[MetricDirection]
    METRIC_DIRECTION_MAXIMISE: _ClassVar[MetricDirection]
    METRIC_DIRECTION_MINIMISE: _ClassVar[MetricDirection]

class PredictionOrder(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PREDICTION_ORDER_UNSPECIFIED: _ClassVar[PredictionOrder]
    PREDICTION_ORDER_NEWEST_FIRST: _ClassVar[PredictionOrder]
    PREDICTION_ORDER_OLDEST_FIRST: _ClassVar[PredictionOrder]

class RevisionKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REVISION_KIND_UNSPECIFIED: _ClassVar[RevisionKind]
    REVISION_KIND_IMPORTED: _ClassVar[RevisionKind]
    REVISION_KIND_CREATED: _ClassVar[RevisionKind]
    REVISION_KIND_UPDATED: _ClassVar[RevisionKind]
    REVISION_KIND_REWEIGHTED: _ClassVar[RevisionKind]
    REVISION_KIND_TOGGLED: _ClassVar[RevisionKind]
    REVISION_KIND_PERMISSIONS: _ClassVar[RevisionKind]
    REVISION_KIND_DEPLOYED: _ClassVar[RevisionKind]
    REVISION_KIND_STARTED: _ClassVar[RevisionKind]
    REVISION_KIND_FAILED: _ClassVar[RevisionKind]
    REVISION_KIND_STOPPED: _ClassVar[RevisionKind]
    REVISION_KIND_DELETED: _ClassVar[RevisionKind]
    REVISION_KIND_ROLLED_BACK: _ClassVar[RevisionKind]

class RuleOperator(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RULE_OPERATOR_UNSPECIFIED: _ClassVar[RuleOperator]
    RULE_OPERATOR_EQUALS: _ClassVar[RuleOperator]
    RULE_OPERATOR_NOT_EQUALS: _ClassVar[RuleOperator]
    RULE_OPERATOR_IN: _ClassVar[RuleOperator]
    RULE_OPERATOR_NOT_IN: _ClassVar[RuleOperator]
    RULE_OPERATOR_GREATER_THAN: _ClassVar[RuleOperator]
    RULE_OPERATOR_LESS_THAN: _ClassVar[RuleOperator]
    RULE_OPERATOR_CONTAINS: _ClassVar[RuleOperator]
    RULE_OPERATOR_REGEX: _ClassVar[RuleOperator]
    RULE_OPERATOR_EXISTS: _ClassVar[RuleOperator]

class RuleMissReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RULE_MISS_REASON_UNSPECIFIED: _ClassVar[RuleMissReason]
    RULE_MISS_REASON_DIFFERS: _ClassVar[RuleMissReason]
    RULE_MISS_REASON_MISSING: _ClassVar[RuleMissReason]
    RULE_MISS_REASON_KIND: _ClassVar[RuleMissReason]

class ScoreKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SCORE_KIND_UNSPECIFIED: _ClassVar[ScoreKind]
    SCORE_KIND_NUMBER: _ClassVar[ScoreKind]
    SCORE_KIND_PROBABILITY: _ClassVar[ScoreKind]
    SCORE_KIND_CONFIDENCE: _ClassVar[ScoreKind]

class NotComparedReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NOT_COMPARED_REASON_UNSPECIFIED: _ClassVar[NotComparedReason]
    NOT_COMPARED_REASON_NO_PAIRS: _ClassVar[NotComparedReason]
    NOT_COMPARED_REASON_NOT_RECORDED: _ClassVar[NotComparedReason]
    NOT_COMPARED_REASON_NO_SINGLE_PREDICTION: _ClassVar[NotComparedReason]
    NOT_COMPARED_REASON_DIFFERENT_KINDS: _ClassVar[NotComparedReason]
    NOT_COMPARED_REASON_DIFFERENT_LABELS: _ClassVar[NotComparedReason]
    NOT_COMPARED_REASON_NO_VALUE: _ClassVar[NotComparedReason]
    NOT_COMPARED_REASON_NOT_FINITE: _ClassVar[NotComparedReason]
    NOT_COMPARED_REASON_SEVERAL_KINDS: _ClassVar[NotComparedReason]
    NOT_COMPARED_REASON_NO_FEEDBACK: _ClassVar[NotComparedReason]
    NOT_COMPARED_REASON_FEEDBACK_NAMES_NO_LABEL: _ClassVar[NotComparedReason]
    NOT_COMPARED_REASON_ONE_BIN: _ClassVar[NotComparedReason]
STRATEGY_UNSPECIFIED: Strategy
STRATEGY_WEIGHTED: Strategy
STRATEGY_FEATURE_RULES: Strategy
STRATEGY_BANDIT: Strategy
STRATEGY_CANARY: Strategy
ROUTER_STATUS_UNSPECIFIED: RouterStatus
ROUTER_STATUS_REGISTERED: RouterStatus
ROUTER_STATUS_DEPLOYING: RouterStatus
ROUTER_STATUS_RUNNING: RouterStatus
ROUTER_STATUS_STOPPED: RouterStatus
ROUTER_STATUS_FAILED: RouterStatus
VARIANT_ROLE_UNSPECIFIED: VariantRole
VARIANT_ROLE_CANDIDATE: VariantRole
VARIANT_ROLE_CONTROL: VariantRole
VARIANT_ROLE_CANARY: VariantRole
VARIANT_ROLE_SHADOW: VariantRole
FALLBACK_UNSPECIFIED: Fallback
FALLBACK_NONE: Fallback
FALLBACK_CONTROL: Fallback
FALLBACK_ANY_HEALTHY: Fallback
VERSION_PINNING_UNSPECIFIED: VersionPinning
VERSION_PINNING_ALLOW: VersionPinning
VERSION_PINNING_IGNORE: VersionPinning
COST_UNSPECIFIED: Cost
COST_ERROR: Cost
COST_LATENCY: Cost
ENTITY_RECORDING_UNSPECIFIED: EntityRecording
ENTITY_RECORDING_PLAIN: EntityRecording
ENTITY_RECORDING_HMAC: EntityRecording
ENTITY_RECORDING_NONE: EntityRecording
RECORD_DURABILITY_UNSPECIFIED: RecordDurability
RECORD_DURABILITY_BUFFERED: RecordDurability
RECORD_DURABILITY_DURABLE: RecordDurability
METRIC_TYPE_UNSPECIFIED: MetricType
METRIC_TYPE_NUMBER: MetricType
METRIC_TYPE_BINARY: MetricType
METRIC_TYPE_COUNT: MetricType
METRIC_DIRECTION_UNSPECIFIED: MetricDirection
METRIC_DIRECTION_MAXIMISE: MetricDirection
METRIC_DIRECTION_MINIMISE: MetricDirection
PREDICTION_ORDER_UNSPECIFIED: PredictionOrder
PREDICTION_ORDER_NEWEST_FIRST: PredictionOrder
PREDICTION_ORDER_OLDEST_FIRST: PredictionOrder
REVISION_KIND_UNSPECIFIED: RevisionKind
REVISION_KIND_IMPORTED: RevisionKind
REVISION_KIND_CREATED: RevisionKind
REVISION_KIND_UPDATED: RevisionKind
REVISION_KIND_REWEIGHTED: RevisionKind
REVISION_KIND_TOGGLED: RevisionKind
REVISION_KIND_PERMISSIONS: RevisionKind
REVISION_KIND_DEPLOYED: RevisionKind
REVISION_KIND_STARTED: RevisionKind
REVISION_KIND_FAILED: RevisionKind
REVISION_KIND_STOPPED: RevisionKind
REVISION_KIND_DELETED: RevisionKind
REVISION_KIND_ROLLED_BACK: RevisionKind
RULE_OPERATOR_UNSPECIFIED: RuleOperator
RULE_OPERATOR_EQUALS: RuleOperator
RULE_OPERATOR_NOT_EQUALS: RuleOperator
RULE_OPERATOR_IN: RuleOperator
RULE_OPERATOR_NOT_IN: RuleOperator
RULE_OPERATOR_GREATER_THAN: RuleOperator
RULE_OPERATOR_LESS_THAN: RuleOperator
RULE_OPERATOR_CONTAINS: RuleOperator
RULE_OPERATOR_REGEX: RuleOperator
RULE_OPERATOR_EXISTS: RuleOperator
RULE_MISS_REASON_UNSPECIFIED: RuleMissReason
RULE_MISS_REASON_DIFFERS: RuleMissReason
RULE_MISS_REASON_MISSING: RuleMissReason
RULE_MISS_REASON_KIND: RuleMissReason
SCORE_KIND_UNSPECIFIED: ScoreKind
SCORE_KIND_NUMBER: ScoreKind
SCORE_KIND_PROBABILITY: ScoreKind
SCORE_KIND_CONFIDENCE: ScoreKind
NOT_COMPARED_REASON_UNSPECIFIED: NotComparedReason
NOT_COMPARED_REASON_NO_PAIRS: NotComparedReason
NOT_COMPARED_REASON_NOT_RECORDED: NotComparedReason
NOT_COMPARED_REASON_NO_SINGLE_PREDICTION: NotComparedReason
NOT_COMPARED_REASON_DIFFERENT_KINDS: NotComparedReason
NOT_COMPARED_REASON_DIFFERENT_LABELS: NotComparedReason
NOT_COMPARED_REASON_NO_VALUE: NotComparedReason
NOT_COMPARED_REASON_NOT_FINITE: NotComparedReason
NOT_COMPARED_REASON_SEVERAL_KINDS: NotComparedReason
NOT_COMPARED_REASON_NO_FEEDBACK: NotComparedReason
NOT_COMPARED_REASON_FEEDBACK_NAMES_NO_LABEL: NotComparedReason
NOT_COMPARED_REASON_ONE_BIN: NotComparedReason

class Router(_message.Message):
    __slots__ = ("router_id", "display_name", "description", "tags", "strategy", "variants", "sticky", "version_pinning", "answer_router_name", "default_timeout", "record_predictions", "permissions", "owner", "status", "status_message", "endpoint", "generation", "etag", "create_time", "update_time", "deploy_time", "recording", "metrics", "allow_feedback_corrections", "allow_single", "fallback", "feature_rules", "bandit", "canary", "traffic_override", "shadow_share")
    ROUTER_ID_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    VARIANTS_FIELD_NUMBER: _ClassVar[int]
    STICKY_FIELD_NUMBER: _ClassVar[int]
    VERSION_PINNING_FIELD_NUMBER: _ClassVar[int]
    ANSWER_ROUTER_NAME_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    RECORD_PREDICTIONS_FIELD_NUMBER: _ClassVar[int]
    PERMISSIONS_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    STATUS_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    DEPLOY_TIME_FIELD_NUMBER: _ClassVar[int]
    RECORDING_FIELD_NUMBER: _ClassVar[int]
    METRICS_FIELD_NUMBER: _ClassVar[int]
    ALLOW_FEEDBACK_CORRECTIONS_FIELD_NUMBER: _ClassVar[int]
    ALLOW_SINGLE_FIELD_NUMBER: _ClassVar[int]
    FALLBACK_FIELD_NUMBER: _ClassVar[int]
    FEATURE_RULES_FIELD_NUMBER: _ClassVar[int]
    BANDIT_FIELD_NUMBER: _ClassVar[int]
    CANARY_FIELD_NUMBER: _ClassVar[int]
    TRAFFIC_OVERRIDE_FIELD_NUMBER: _ClassVar[int]
    SHADOW_SHARE_FIELD_NUMBER: _ClassVar[int]
    router_id: str
    display_name: str
    description: str
    tags: _containers.RepeatedScalarFieldContainer[str]
    strategy: Strategy
    variants: _containers.RepeatedCompositeFieldContainer[Variant]
    sticky: bool
    version_pinning: VersionPinning
    answer_router_name: bool
    default_timeout: _duration_pb2.Duration
    record_predictions: bool
    permissions: RouterPermissions
    owner: str
    status: RouterStatus
    status_message: str
    endpoint: str
    generation: int
    etag: str
    create_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    deploy_time: _timestamp_pb2.Timestamp
    recording: Recording
    metrics: _containers.RepeatedCompositeFieldContainer[MetricDefinition]
    allow_feedback_corrections: bool
    allow_single: bool
    fallback: Fallback
    feature_rules: FeatureRules
    bandit: Bandit
    canary: Canary
    traffic_override: TrafficOverride
    shadow_share: float
    def __init__(self, router_id: _Optional[str] = ..., display_name: _Optional[str] = ..., description: _Optional[str] = ..., tags: _Optional[_Iterable[str]] = ..., strategy: _Optional[_Union[Strategy, str]] = ..., variants: _Optional[_Iterable[_Union[Variant, _Mapping]]] = ..., sticky: bool = ..., version_pinning: _Optional[_Union[VersionPinning, str]] = ..., answer_router_name: bool = ..., default_timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., record_predictions: bool = ..., permissions: _Optional[_Union[RouterPermissions, _Mapping]] = ..., owner: _Optional[str] = ..., status: _Optional[_Union[RouterStatus, str]] = ..., status_message: _Optional[str] = ..., endpoint: _Optional[str] = ..., generation: _Optional[int] = ..., etag: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., deploy_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., recording: _Optional[_Union[Recording, _Mapping]] = ..., metrics: _Optional[_Iterable[_Union[MetricDefinition, _Mapping]]] = ..., allow_feedback_corrections: bool = ..., allow_single: bool = ..., fallback: _Optional[_Union[Fallback, str]] = ..., feature_rules: _Optional[_Union[FeatureRules, _Mapping]] = ..., bandit: _Optional[_Union[Bandit, _Mapping]] = ..., canary: _Optional[_Union[Canary, _Mapping]] = ..., traffic_override: _Optional[_Union[TrafficOverride, _Mapping]] = ..., shadow_share: _Optional[float] = ...) -> None: ...

class Bandit(_message.Message):
    __slots__ = ("thompson_beta", "thompson_normal", "ucb1", "epsilon_greedy", "metric", "exploration_floor", "uniform_slice", "half_life", "warm_up_pulls", "feedback_window", "missing_reward", "epoch", "sticky_update_interval", "reward_terms")
    THOMPSON_BETA_FIELD_NUMBER: _ClassVar[int]
    THOMPSON_NORMAL_FIELD_NUMBER: _ClassVar[int]
    UCB1_FIELD_NUMBER: _ClassVar[int]
    EPSILON_GREEDY_FIELD_NUMBER: _ClassVar[int]
    METRIC_FIELD_NUMBER: _ClassVar[int]
    EXPLORATION_FLOOR_FIELD_NUMBER: _ClassVar[int]
    UNIFORM_SLICE_FIELD_NUMBER: _ClassVar[int]
    HALF_LIFE_FIELD_NUMBER: _ClassVar[int]
    WARM_UP_PULLS_FIELD_NUMBER: _ClassVar[int]
    FEEDBACK_WINDOW_FIELD_NUMBER: _ClassVar[int]
    MISSING_REWARD_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    STICKY_UPDATE_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    REWARD_TERMS_FIELD_NUMBER: _ClassVar[int]
    thompson_beta: ThompsonBeta
    thompson_normal: ThompsonNormal
    ucb1: Ucb1
    epsilon_greedy: EpsilonGreedy
    metric: str
    exploration_floor: float
    uniform_slice: float
    half_life: _duration_pb2.Duration
    warm_up_pulls: int
    feedback_window: _duration_pb2.Duration
    missing_reward: float
    epoch: int
    sticky_update_interval: _duration_pb2.Duration
    reward_terms: _containers.RepeatedCompositeFieldContainer[RewardTerm]
    def __init__(self, thompson_beta: _Optional[_Union[ThompsonBeta, _Mapping]] = ..., thompson_normal: _Optional[_Union[ThompsonNormal, _Mapping]] = ..., ucb1: _Optional[_Union[Ucb1, _Mapping]] = ..., epsilon_greedy: _Optional[_Union[EpsilonGreedy, _Mapping]] = ..., metric: _Optional[str] = ..., exploration_floor: _Optional[float] = ..., uniform_slice: _Optional[float] = ..., half_life: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., warm_up_pulls: _Optional[int] = ..., feedback_window: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., missing_reward: _Optional[float] = ..., epoch: _Optional[int] = ..., sticky_update_interval: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., reward_terms: _Optional[_Iterable[_Union[RewardTerm, _Mapping]]] = ...) -> None: ...

class RewardTerm(_message.Message):
    __slots__ = ("metric", "cost", "weight", "missing")
    METRIC_FIELD_NUMBER: _ClassVar[int]
    COST_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    MISSING_FIELD_NUMBER: _ClassVar[int]
    metric: str
    cost: Cost
    weight: float
    missing: float
    def __init__(self, metric: _Optional[str] = ..., cost: _Optional[_Union[Cost, str]] = ..., weight: _Optional[float] = ..., missing: _Optional[float] = ...) -> None: ...

class ThompsonBeta(_message.Message):
    __slots__ = ("prior_alpha", "prior_beta")
    PRIOR_ALPHA_FIELD_NUMBER: _ClassVar[int]
    PRIOR_BETA_FIELD_NUMBER: _ClassVar[int]
    prior_alpha: float
    prior_beta: float
    def __init__(self, prior_alpha: _Optional[float] = ..., prior_beta: _Optional[float] = ...) -> None: ...

class ThompsonNormal(_message.Message):
    __slots__ = ("prior_mean", "prior_count", "prior_variance", "prior_variance_shape")
    PRIOR_MEAN_FIELD_NUMBER: _ClassVar[int]
    PRIOR_COUNT_FIELD_NUMBER: _ClassVar[int]
    PRIOR_VARIANCE_FIELD_NUMBER: _ClassVar[int]
    PRIOR_VARIANCE_SHAPE_FIELD_NUMBER: _ClassVar[int]
    prior_mean: float
    prior_count: float
    prior_variance: float
    prior_variance_shape: float
    def __init__(self, prior_mean: _Optional[float] = ..., prior_count: _Optional[float] = ..., prior_variance: _Optional[float] = ..., prior_variance_shape: _Optional[float] = ...) -> None: ...

class Ucb1(_message.Message):
    __slots__ = ("alpha",)
    ALPHA_FIELD_NUMBER: _ClassVar[int]
    alpha: float
    def __init__(self, alpha: _Optional[float] = ...) -> None: ...

class EpsilonGreedy(_message.Message):
    __slots__ = ("epsilon",)
    EPSILON_FIELD_NUMBER: _ClassVar[int]
    epsilon: float
    def __init__(self, epsilon: _Optional[float] = ...) -> None: ...

class Canary(_message.Message):
    __slots__ = ("percent",)
    PERCENT_FIELD_NUMBER: _ClassVar[int]
    percent: float
    def __init__(self, percent: _Optional[float] = ...) -> None: ...

class TrafficOverride(_message.Message):
    __slots__ = ("variant", "expire_time", "reason", "user_id", "create_time")
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    variant: str
    expire_time: _timestamp_pb2.Timestamp
    reason: str
    user_id: str
    create_time: _timestamp_pb2.Timestamp
    def __init__(self, variant: _Optional[str] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reason: _Optional[str] = ..., user_id: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Recording(_message.Message):
    __slots__ = ("features_share", "exclude_features", "max_body_bytes", "entity", "durability", "retention_days", "retention_bytes")
    FEATURES_SHARE_FIELD_NUMBER: _ClassVar[int]
    EXCLUDE_FEATURES_FIELD_NUMBER: _ClassVar[int]
    MAX_BODY_BYTES_FIELD_NUMBER: _ClassVar[int]
    ENTITY_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    RETENTION_DAYS_FIELD_NUMBER: _ClassVar[int]
    RETENTION_BYTES_FIELD_NUMBER: _ClassVar[int]
    features_share: float
    exclude_features: _containers.RepeatedScalarFieldContainer[str]
    max_body_bytes: int
    entity: EntityRecording
    durability: RecordDurability
    retention_days: int
    retention_bytes: int
    def __init__(self, features_share: _Optional[float] = ..., exclude_features: _Optional[_Iterable[str]] = ..., max_body_bytes: _Optional[int] = ..., entity: _Optional[_Union[EntityRecording, str]] = ..., durability: _Optional[_Union[RecordDurability, str]] = ..., retention_days: _Optional[int] = ..., retention_bytes: _Optional[int] = ...) -> None: ...

class MetricDefinition(_message.Message):
    __slots__ = ("name", "type", "min_value", "max_value", "direction")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    MIN_VALUE_FIELD_NUMBER: _ClassVar[int]
    MAX_VALUE_FIELD_NUMBER: _ClassVar[int]
    DIRECTION_FIELD_NUMBER: _ClassVar[int]
    name: str
    type: MetricType
    min_value: float
    max_value: float
    direction: MetricDirection
    def __init__(self, name: _Optional[str] = ..., type: _Optional[_Union[MetricType, str]] = ..., min_value: _Optional[float] = ..., max_value: _Optional[float] = ..., direction: _Optional[_Union[MetricDirection, str]] = ...) -> None: ...

class Variant(_message.Message):
    __slots__ = ("name", "model_id", "model_version", "weight", "enabled", "role", "effective_share")
    NAME_FIELD_NUMBER: _ClassVar[int]
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_SHARE_FIELD_NUMBER: _ClassVar[int]
    name: str
    model_id: str
    model_version: str
    weight: float
    enabled: bool
    role: VariantRole
    effective_share: float
    def __init__(self, name: _Optional[str] = ..., model_id: _Optional[str] = ..., model_version: _Optional[str] = ..., weight: _Optional[float] = ..., enabled: bool = ..., role: _Optional[_Union[VariantRole, str]] = ..., effective_share: _Optional[float] = ...) -> None: ...

class RouterPermissions(_message.Message):
    __slots__ = ("public", "public_predict", "shared_user_ids")
    PUBLIC_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_PREDICT_FIELD_NUMBER: _ClassVar[int]
    SHARED_USER_IDS_FIELD_NUMBER: _ClassVar[int]
    public: bool
    public_predict: bool
    shared_user_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, public: bool = ..., public_predict: bool = ..., shared_user_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class CreateRouterRequest(_message.Message):
    __slots__ = ("router", "validate_only")
    ROUTER_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    router: Router
    validate_only: bool
    def __init__(self, router: _Optional[_Union[Router, _Mapping]] = ..., validate_only: bool = ...) -> None: ...

class GetRouterRequest(_message.Message):
    __slots__ = ("router_id",)
    ROUTER_ID_FIELD_NUMBER: _ClassVar[int]
    router_id: str
    def __init__(self, router_id: _Optional[str] = ...) -> None: ...

class ListRoutersRequest(_message.Message):
    __slots__ = ("status", "strategy", "owner", "tag", "page_size", "page_token")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    TAG_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    status: RouterStatus
    strategy: Strategy
    owner: str
    tag: str
    page_size: int
    page_token: str
    def __init__(self, status: _Optional[_Union[RouterStatus, str]] = ..., strategy: _Optional[_Union[Strategy, str]] = ..., owner: _Optional[str] = ..., tag: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListRoutersResponse(_message.Message):
    __slots__ = ("routers", "next_page_token")
    ROUTERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    routers: _containers.RepeatedCompositeFieldContainer[Router]
    next_page_token: str
    def __init__(self, routers: _Optional[_Iterable[_Union[Router, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class UpdateRouterRequest(_message.Message):
    __slots__ = ("router", "update_mask", "validate_only")
    ROUTER_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    router: Router
    update_mask: _field_mask_pb2.FieldMask
    validate_only: bool
    def __init__(self, router: _Optional[_Union[Router, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ..., validate_only: bool = ...) -> None: ...

class DeleteRouterRequest(_message.Message):
    __slots__ = ("router_id", "etag", "validate_only")
    ROUTER_ID_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    router_id: str
    etag: str
    validate_only: bool
    def __init__(self, router_id: _Optional[str] = ..., etag: _Optional[str] = ..., validate_only: bool = ...) -> None: ...

class DeployRouterRequest(_message.Message):
    __slots__ = ("router_id", "etag", "validate_only")
    ROUTER_ID_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    router_id: str
    etag: str
    validate_only: bool
    def __init__(self, router_id: _Optional[str] = ..., etag: _Optional[str] = ..., validate_only: bool = ...) -> None: ...

class DeployRouterResponse(_message.Message):
    __slots__ = ("router", "endpoint")
    ROUTER_FIELD_NUMBER: _ClassVar[int]
    ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    router: Router
    endpoint: str
    def __init__(self, router: _Optional[_Union[Router, _Mapping]] = ..., endpoint: _Optional[str] = ...) -> None: ...

class StopRouterRequest(_message.Message):
    __slots__ = ("router_id", "etag", "validate_only")
    ROUTER_ID_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    router_id: str
    etag: str
    validate_only: bool
    def __init__(self, router_id: _Optional[str] = ..., etag: _Optional[str] = ..., validate_only: bool = ...) -> None: ...

class StartRouterRequest(_message.Message):
    __slots__ = ("router_id", "etag", "validate_only")
    ROUTER_ID_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    router_id: str
    etag: str
    validate_only: bool
    def __init__(self, router_id: _Optional[str] = ..., etag: _Optional[str] = ..., validate_only: bool = ...) -> None: ...

class UpdateVariantWeightRequest(_message.Message):
    __slots__ = ("router_id", "variant", "weight", "etag", "validate_only")
    ROUTER_ID_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    router_id: str
    variant: str
    weight: float
    etag: str
    validate_only: bool
    def __init__(self, router_id: _Optional[str] = ..., variant: _Optional[str] = ..., weight: _Optional[float] = ..., etag: _Optional[str] = ..., validate_only: bool = ...) -> None: ...

class VariantWeight(_message.Message):
    __slots__ = ("variant", "weight")
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    variant: str
    weight: float
    def __init__(self, variant: _Optional[str] = ..., weight: _Optional[float] = ...) -> None: ...

class BatchUpdateVariantWeightsRequest(_message.Message):
    __slots__ = ("router_id", "weights", "etag", "validate_only")
    ROUTER_ID_FIELD_NUMBER: _ClassVar[int]
    WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    router_id: str
    weights: _containers.RepeatedCompositeFieldContainer[VariantWeight]
    etag: str
    validate_only: bool
    def __init__(self, router_id: _Optional[str] = ..., weights: _Optional[_Iterable[_Union[VariantWeight, _Mapping]]] = ..., etag: _Optional[str] = ..., validate_only: bool = ...) -> None: ...

class SetCanaryRequest(_message.Message):
    __slots__ = ("router_id", "percent", "etag", "validate_only")
    ROUTER_ID_FIELD_NUMBER: _ClassVar[int]
    PERCENT_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    router_id: str
    percent: float
    etag: str
    validate_only: bool
    def __init__(self, router_id: _Optional[str] = ..., percent: _Optional[float] = ..., etag: _Optional[str] = ..., validate_only: bool = ...) -> None: ...

class PromoteCanaryRequest(_message.Message):
    __slots__ = ("router_id", "etag", "validate_only")
    ROUTER_ID_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    router_id: str
    etag: str
    validate_only: bool
    def __init__(self, router_id: _Optional[str] = ..., etag: _Optional[str] = ..., validate_only: bool = ...) -> None: ...

class ResetLearningRequest(_message.Message):
    __slots__ = ("router_id", "etag", "reason", "validate_only")
    ROUTER_ID_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    router_id: str
    etag: str
    reason: str
    validate_only: bool
    def __init__(self, router_id: _Optional[str] = ..., etag: _Optional[str] = ..., reason: _Optional[str] = ..., validate_only: bool = ...) -> None: ...

class CanaryResponse(_message.Message):
    __slots__ = ("router", "moved_share", "moved_slots")
    ROUTER_FIELD_NUMBER: _ClassVar[int]
    MOVED_SHARE_FIELD_NUMBER: _ClassVar[int]
    MOVED_SLOTS_FIELD_NUMBER: _ClassVar[int]
    router: Router
    moved_share: float
    moved_slots: int
    def __init__(self, router: _Optional[_Union[Router, _Mapping]] = ..., moved_share: _Optional[float] = ..., moved_slots: _Optional[int] = ...) -> None: ...

class SetTrafficOverrideRequest(_message.Message):
    __slots__ = ("router_id", "variant", "ttl", "reason", "etag", "validate_only")
    ROUTER_ID_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    TTL_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    router_id: str
    variant: str
    ttl: _duration_pb2.Duration
    reason: str
    etag: str
    validate_only: bool
    def __init__(self, router_id: _Optional[str] = ..., variant: _Optional[str] = ..., ttl: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., reason: _Optional[str] = ..., etag: _Optional[str] = ..., validate_only: bool = ...) -> None: ...

class ClearTrafficOverrideRequest(_message.Message):
    __slots__ = ("router_id", "etag", "validate_only")
    ROUTER_ID_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    router_id: str
    etag: str
    validate_only: bool
    def __init__(self, router_id: _Optional[str] = ..., etag: _Optional[str] = ..., validate_only: bool = ...) -> None: ...

class ToggleVariantRequest(_message.Message):
    __slots__ = ("router_id", "variant", "enabled", "etag", "validate_only")
    ROUTER_ID_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    router_id: str
    variant: str
    enabled: bool
    etag: str
    validate_only: bool
    def __init__(self, router_id: _Optional[str] = ..., variant: _Optional[str] = ..., enabled: bool = ..., etag: _Optional[str] = ..., validate_only: bool = ...) -> None: ...

class VariantWeightsResponse(_message.Message):
    __slots__ = ("router_id", "variants", "moved_share", "moved_slots", "generation", "etag")
    ROUTER_ID_FIELD_NUMBER: _ClassVar[int]
    VARIANTS_FIELD_NUMBER: _ClassVar[int]
    MOVED_SHARE_FIELD_NUMBER: _ClassVar[int]
    MOVED_SLOTS_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    router_id: str
    variants: _containers.RepeatedCompositeFieldContainer[Variant]
    moved_share: float
    moved_slots: int
    generation: int
    etag: str
    def __init__(self, router_id: _Optional[str] = ..., variants: _Optional[_Iterable[_Union[Variant, _Mapping]]] = ..., moved_share: _Optional[float] = ..., moved_slots: _Optional[int] = ..., generation: _Optional[int] = ..., etag: _Optional[str] = ...) -> None: ...

class UpdateRouterPermissionsRequest(_message.Message):
    __slots__ = ("router_id", "permissions", "etag", "validate_only")
    ROUTER_ID_FIELD_NUMBER: _ClassVar[int]
    PERMISSIONS_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    router_id: str
    permissions: RouterPermissions
    etag: str
    validate_only: bool
    def __init__(self, router_id: _Optional[str] = ..., permissions: _Optional[_Union[RouterPermissions, _Mapping]] = ..., etag: _Optional[str] = ..., validate_only: bool = ...) -> None: ...

class GetRouterMetricsRequest(_message.Message):
    __slots__ = ("router_id", "start_time", "end_time", "granularity", "live")
    ROUTER_ID_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    GRANULARITY_FIELD_NUMBER: _ClassVar[int]
    LIVE_FIELD_NUMBER: _ClassVar[int]
    router_id: str
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    granularity: _duration_pb2.Duration
    live: bool
    def __init__(self, router_id: _Optional[str] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., granularity: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., live: bool = ...) -> None: ...

class RouterMetrics(_message.Message):
    __slots__ = ("router_id", "variants", "total", "generation", "count_start_time", "dropped_record_count", "start_time", "end_time", "sample_ratio_p_value", "series", "unreached", "cut_record_counts", "live", "feedback_start_time", "bandit", "rule_splits")
    class CutRecordCountsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    ROUTER_ID_FIELD_NUMBER: _ClassVar[int]
    VARIANTS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    COUNT_START_TIME_FIELD_NUMBER: _ClassVar[int]
    DROPPED_RECORD_COUNT_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_RATIO_P_VALUE_FIELD_NUMBER: _ClassVar[int]
    SERIES_FIELD_NUMBER: _ClassVar[int]
    UNREACHED_FIELD_NUMBER: _ClassVar[int]
    CUT_RECORD_COUNTS_FIELD_NUMBER: _ClassVar[int]
    LIVE_FIELD_NUMBER: _ClassVar[int]
    FEEDBACK_START_TIME_FIELD_NUMBER: _ClassVar[int]
    BANDIT_FIELD_NUMBER: _ClassVar[int]
    RULE_SPLITS_FIELD_NUMBER: _ClassVar[int]
    router_id: str
    variants: _containers.RepeatedCompositeFieldContainer[VariantMetrics]
    total: VariantMetrics
    generation: int
    count_start_time: _timestamp_pb2.Timestamp
    dropped_record_count: int
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    sample_ratio_p_value: float
    series: _containers.RepeatedCompositeFieldContainer[MetricsStep]
    unreached: _containers.RepeatedCompositeFieldContainer[_prediction_pb2.UnreachedJournal]
    cut_record_counts: _containers.ScalarMap[str, int]
    live: bool
    feedback_start_time: _timestamp_pb2.Timestamp
    bandit: BanditMetrics
    rule_splits: _containers.RepeatedCompositeFieldContainer[RuleSplitMetrics]
    def __init__(self, router_id: _Optional[str] = ..., variants: _Optional[_Iterable[_Union[VariantMetrics, _Mapping]]] = ..., total: _Optional[_Union[VariantMetrics, _Mapping]] = ..., generation: _Optional[int] = ..., count_start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., dropped_record_count: _Optional[int] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., sample_ratio_p_value: _Optional[float] = ..., series: _Optional[_Iterable[_Union[MetricsStep, _Mapping]]] = ..., unreached: _Optional[_Iterable[_Union[_prediction_pb2.UnreachedJournal, _Mapping]]] = ..., cut_record_counts: _Optional[_Mapping[str, int]] = ..., live: bool = ..., feedback_start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., bandit: _Optional[_Union[BanditMetrics, _Mapping]] = ..., rule_splits: _Optional[_Iterable[_Union[RuleSplitMetrics, _Mapping]]] = ...) -> None: ...

class RuleSplitMetrics(_message.Message):
    __slots__ = ("rule", "unit_count", "variant_unit_counts", "sample_ratio_p_value")
    class VariantUnitCountsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    RULE_FIELD_NUMBER: _ClassVar[int]
    UNIT_COUNT_FIELD_NUMBER: _ClassVar[int]
    VARIANT_UNIT_COUNTS_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_RATIO_P_VALUE_FIELD_NUMBER: _ClassVar[int]
    rule: str
    unit_count: int
    variant_unit_counts: _containers.ScalarMap[str, int]
    sample_ratio_p_value: float
    def __init__(self, rule: _Optional[str] = ..., unit_count: _Optional[int] = ..., variant_unit_counts: _Optional[_Mapping[str, int]] = ..., sample_ratio_p_value: _Optional[float] = ...) -> None: ...

class BanditMetrics(_message.Message):
    __slots__ = ("epoch", "algorithm", "metric", "regret", "arms", "sticky", "reward_terms")
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    ALGORITHM_FIELD_NUMBER: _ClassVar[int]
    METRIC_FIELD_NUMBER: _ClassVar[int]
    REGRET_FIELD_NUMBER: _ClassVar[int]
    ARMS_FIELD_NUMBER: _ClassVar[int]
    STICKY_FIELD_NUMBER: _ClassVar[int]
    REWARD_TERMS_FIELD_NUMBER: _ClassVar[int]
    epoch: int
    algorithm: str
    metric: str
    regret: float
    arms: _containers.RepeatedCompositeFieldContainer[ArmMetrics]
    sticky: StickyMetrics
    reward_terms: _containers.RepeatedCompositeFieldContainer[RewardTerm]
    def __init__(self, epoch: _Optional[int] = ..., algorithm: _Optional[str] = ..., metric: _Optional[str] = ..., regret: _Optional[float] = ..., arms: _Optional[_Iterable[_Union[ArmMetrics, _Mapping]]] = ..., sticky: _Optional[_Union[StickyMetrics, _Mapping]] = ..., reward_terms: _Optional[_Iterable[_Union[RewardTerm, _Mapping]]] = ...) -> None: ...

class StickyMetrics(_message.Message):
    __slots__ = ("update_time", "moved_slots", "moved_share", "epoch_moved_slots", "next_update_time")
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    MOVED_SLOTS_FIELD_NUMBER: _ClassVar[int]
    MOVED_SHARE_FIELD_NUMBER: _ClassVar[int]
    EPOCH_MOVED_SLOTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    update_time: _timestamp_pb2.Timestamp
    moved_slots: int
    moved_share: float
    epoch_moved_slots: int
    next_update_time: _timestamp_pb2.Timestamp
    def __init__(self, update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., moved_slots: _Optional[int] = ..., moved_share: _Optional[float] = ..., epoch_moved_slots: _Optional[int] = ..., next_update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ArmMetrics(_message.Message):
    __slots__ = ("variant", "mean", "mean_low", "mean_high", "share", "best_probability", "reward_count", "pulls", "slot_share", "terms")
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    MEAN_FIELD_NUMBER: _ClassVar[int]
    MEAN_LOW_FIELD_NUMBER: _ClassVar[int]
    MEAN_HIGH_FIELD_NUMBER: _ClassVar[int]
    SHARE_FIELD_NUMBER: _ClassVar[int]
    BEST_PROBABILITY_FIELD_NUMBER: _ClassVar[int]
    REWARD_COUNT_FIELD_NUMBER: _ClassVar[int]
    PULLS_FIELD_NUMBER: _ClassVar[int]
    SLOT_SHARE_FIELD_NUMBER: _ClassVar[int]
    TERMS_FIELD_NUMBER: _ClassVar[int]
    variant: str
    mean: float
    mean_low: float
    mean_high: float
    share: float
    best_probability: float
    reward_count: float
    pulls: int
    slot_share: float
    terms: _containers.RepeatedCompositeFieldContainer[TermMetrics]
    def __init__(self, variant: _Optional[str] = ..., mean: _Optional[float] = ..., mean_low: _Optional[float] = ..., mean_high: _Optional[float] = ..., share: _Optional[float] = ..., best_probability: _Optional[float] = ..., reward_count: _Optional[float] = ..., pulls: _Optional[int] = ..., slot_share: _Optional[float] = ..., terms: _Optional[_Iterable[_Union[TermMetrics, _Mapping]]] = ...) -> None: ...

class TermMetrics(_message.Message):
    __slots__ = ("mean", "count", "contribution")
    MEAN_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    CONTRIBUTION_FIELD_NUMBER: _ClassVar[int]
    mean: float
    count: float
    contribution: float
    def __init__(self, mean: _Optional[float] = ..., count: _Optional[float] = ..., contribution: _Optional[float] = ...) -> None: ...

class MetricsStep(_message.Message):
    __slots__ = ("start_time", "variants", "total")
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    VARIANTS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    start_time: _timestamp_pb2.Timestamp
    variants: _containers.RepeatedCompositeFieldContainer[VariantMetrics]
    total: VariantMetrics
    def __init__(self, start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., variants: _Optional[_Iterable[_Union[VariantMetrics, _Mapping]]] = ..., total: _Optional[_Union[VariantMetrics, _Mapping]] = ...) -> None: ...

class VariantMetrics(_message.Message):
    __slots__ = ("variant", "request_count", "error_count", "requests_by_code", "pinned_request_count", "effective_share", "served_share", "overhead", "backend", "feedback_count", "mean_reward", "feedback", "feedback_coverage", "fallback_request_count", "override_request_count", "shadow", "shadow_request_count", "shadow_error_count", "shadow_drop_counts", "shadow_backend", "shadow_dropped_record_count")
    class RequestsByCodeEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    class ShadowDropCountsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    REQUEST_COUNT_FIELD_NUMBER: _ClassVar[int]
    ERROR_COUNT_FIELD_NUMBER: _ClassVar[int]
    REQUESTS_BY_CODE_FIELD_NUMBER: _ClassVar[int]
    PINNED_REQUEST_COUNT_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_SHARE_FIELD_NUMBER: _ClassVar[int]
    SERVED_SHARE_FIELD_NUMBER: _ClassVar[int]
    OVERHEAD_FIELD_NUMBER: _ClassVar[int]
    BACKEND_FIELD_NUMBER: _ClassVar[int]
    FEEDBACK_COUNT_FIELD_NUMBER: _ClassVar[int]
    MEAN_REWARD_FIELD_NUMBER: _ClassVar[int]
    FEEDBACK_FIELD_NUMBER: _ClassVar[int]
    FEEDBACK_COVERAGE_FIELD_NUMBER: _ClassVar[int]
    FALLBACK_REQUEST_COUNT_FIELD_NUMBER: _ClassVar[int]
    OVERRIDE_REQUEST_COUNT_FIELD_NUMBER: _ClassVar[int]
    SHADOW_FIELD_NUMBER: _ClassVar[int]
    SHADOW_REQUEST_COUNT_FIELD_NUMBER: _ClassVar[int]
    SHADOW_ERROR_COUNT_FIELD_NUMBER: _ClassVar[int]
    SHADOW_DROP_COUNTS_FIELD_NUMBER: _ClassVar[int]
    SHADOW_BACKEND_FIELD_NUMBER: _ClassVar[int]
    SHADOW_DROPPED_RECORD_COUNT_FIELD_NUMBER: _ClassVar[int]
    variant: str
    request_count: int
    error_count: int
    requests_by_code: _containers.ScalarMap[str, int]
    pinned_request_count: int
    effective_share: float
    served_share: float
    overhead: LatencyMetrics
    backend: LatencyMetrics
    feedback_count: int
    mean_reward: float
    feedback: _containers.RepeatedCompositeFieldContainer[FeedbackMetrics]
    feedback_coverage: float
    fallback_request_count: int
    override_request_count: int
    shadow: bool
    shadow_request_count: int
    shadow_error_count: int
    shadow_drop_counts: _containers.ScalarMap[str, int]
    shadow_backend: LatencyMetrics
    shadow_dropped_record_count: int
    def __init__(self, variant: _Optional[str] = ..., request_count: _Optional[int] = ..., error_count: _Optional[int] = ..., requests_by_code: _Optional[_Mapping[str, int]] = ..., pinned_request_count: _Optional[int] = ..., effective_share: _Optional[float] = ..., served_share: _Optional[float] = ..., overhead: _Optional[_Union[LatencyMetrics, _Mapping]] = ..., backend: _Optional[_Union[LatencyMetrics, _Mapping]] = ..., feedback_count: _Optional[int] = ..., mean_reward: _Optional[float] = ..., feedback: _Optional[_Iterable[_Union[FeedbackMetrics, _Mapping]]] = ..., feedback_coverage: _Optional[float] = ..., fallback_request_count: _Optional[int] = ..., override_request_count: _Optional[int] = ..., shadow: bool = ..., shadow_request_count: _Optional[int] = ..., shadow_error_count: _Optional[int] = ..., shadow_drop_counts: _Optional[_Mapping[str, int]] = ..., shadow_backend: _Optional[_Union[LatencyMetrics, _Mapping]] = ..., shadow_dropped_record_count: _Optional[int] = ...) -> None: ...

class LatencyMetrics(_message.Message):
    __slots__ = ("mean_seconds", "p50_seconds", "p90_seconds", "p99_seconds")
    MEAN_SECONDS_FIELD_NUMBER: _ClassVar[int]
    P50_SECONDS_FIELD_NUMBER: _ClassVar[int]
    P90_SECONDS_FIELD_NUMBER: _ClassVar[int]
    P99_SECONDS_FIELD_NUMBER: _ClassVar[int]
    mean_seconds: float
    p50_seconds: float
    p90_seconds: float
    p99_seconds: float
    def __init__(self, mean_seconds: _Optional[float] = ..., p50_seconds: _Optional[float] = ..., p90_seconds: _Optional[float] = ..., p99_seconds: _Optional[float] = ...) -> None: ...

class FeedbackMetrics(_message.Message):
    __slots__ = ("metric", "count", "mean", "mean_low", "mean_high")
    METRIC_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    MEAN_FIELD_NUMBER: _ClassVar[int]
    MEAN_LOW_FIELD_NUMBER: _ClassVar[int]
    MEAN_HIGH_FIELD_NUMBER: _ClassVar[int]
    metric: str
    count: int
    mean: float
    mean_low: float
    mean_high: float
    def __init__(self, metric: _Optional[str] = ..., count: _Optional[int] = ..., mean: _Optional[float] = ..., mean_low: _Optional[float] = ..., mean_high: _Optional[float] = ...) -> None: ...

class ListPredictionsRequest(_message.Message):
    __slots__ = ("router_id", "variant", "entity_id", "start_time", "end_time", "has_feedback", "page_size", "page_token", "status_code", "min_latency", "order")
    ROUTER_ID_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    ENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    HAS_FEEDBACK_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    STATUS_CODE_FIELD_NUMBER: _ClassVar[int]
    MIN_LATENCY_FIELD_NUMBER: _ClassVar[int]
    ORDER_FIELD_NUMBER: _ClassVar[int]
    router_id: str
    variant: str
    entity_id: str
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    has_feedback: bool
    page_size: int
    page_token: str
    status_code: int
    min_latency: _duration_pb2.Duration
    order: PredictionOrder
    def __init__(self, router_id: _Optional[str] = ..., variant: _Optional[str] = ..., entity_id: _Optional[str] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., has_feedback: bool = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., status_code: _Optional[int] = ..., min_latency: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., order: _Optional[_Union[PredictionOrder, str]] = ...) -> None: ...

class EraseEntityRequest(_message.Message):
    __slots__ = ("router_id", "entity_id")
    ROUTER_ID_FIELD_NUMBER: _ClassVar[int]
    ENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    router_id: str
    entity_id: str
    def __init__(self, router_id: _Optional[str] = ..., entity_id: _Optional[str] = ...) -> None: ...

class EraseEntityResponse(_message.Message):
    __slots__ = ("prediction_count", "feedback_count", "pending", "logged_prediction_count", "outcome_count", "other_models")
    PREDICTION_COUNT_FIELD_NUMBER: _ClassVar[int]
    FEEDBACK_COUNT_FIELD_NUMBER: _ClassVar[int]
    PENDING_FIELD_NUMBER: _ClassVar[int]
    LOGGED_PREDICTION_COUNT_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_COUNT_FIELD_NUMBER: _ClassVar[int]
    OTHER_MODELS_FIELD_NUMBER: _ClassVar[int]
    prediction_count: int
    feedback_count: int
    pending: _containers.RepeatedCompositeFieldContainer[_prediction_pb2.UnreachedJournal]
    logged_prediction_count: int
    outcome_count: int
    other_models: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, prediction_count: _Optional[int] = ..., feedback_count: _Optional[int] = ..., pending: _Optional[_Iterable[_Union[_prediction_pb2.UnreachedJournal, _Mapping]]] = ..., logged_prediction_count: _Optional[int] = ..., outcome_count: _Optional[int] = ..., other_models: _Optional[_Iterable[str]] = ...) -> None: ...

class ListPredictionsResponse(_message.Message):
    __slots__ = ("predictions", "next_page_token", "unreached")
    PREDICTIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    UNREACHED_FIELD_NUMBER: _ClassVar[int]
    predictions: _containers.RepeatedCompositeFieldContainer[_prediction_pb2.PredictionRecord]
    next_page_token: str
    unreached: _containers.RepeatedCompositeFieldContainer[_prediction_pb2.UnreachedJournal]
    def __init__(self, predictions: _Optional[_Iterable[_Union[_prediction_pb2.PredictionRecord, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., unreached: _Optional[_Iterable[_Union[_prediction_pb2.UnreachedJournal, _Mapping]]] = ...) -> None: ...

class GetPredictionRequest(_message.Message):
    __slots__ = ("router_id", "prediction_id", "row")
    ROUTER_ID_FIELD_NUMBER: _ClassVar[int]
    PREDICTION_ID_FIELD_NUMBER: _ClassVar[int]
    ROW_FIELD_NUMBER: _ClassVar[int]
    router_id: str
    prediction_id: str
    row: int
    def __init__(self, router_id: _Optional[str] = ..., prediction_id: _Optional[str] = ..., row: _Optional[int] = ...) -> None: ...

class RouterRevision(_message.Message):
    __slots__ = ("router_id", "revision", "generation", "last_generation", "kind", "user_id", "key_id", "time", "summary", "comment", "source_revision", "current", "variants", "definition", "salt", "slot_runs", "slot_counts")
    ROUTER_ID_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    LAST_GENERATION_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    COMMENT_FIELD_NUMBER: _ClassVar[int]
    SOURCE_REVISION_FIELD_NUMBER: _ClassVar[int]
    CURRENT_FIELD_NUMBER: _ClassVar[int]
    VARIANTS_FIELD_NUMBER: _ClassVar[int]
    DEFINITION_FIELD_NUMBER: _ClassVar[int]
    SALT_FIELD_NUMBER: _ClassVar[int]
    SLOT_RUNS_FIELD_NUMBER: _ClassVar[int]
    SLOT_COUNTS_FIELD_NUMBER: _ClassVar[int]
    router_id: str
    revision: int
    generation: int
    last_generation: int
    kind: RevisionKind
    user_id: str
    key_id: str
    time: _timestamp_pb2.Timestamp
    summary: str
    comment: str
    source_revision: int
    current: bool
    variants: _containers.RepeatedCompositeFieldContainer[Variant]
    definition: Router
    salt: bytes
    slot_runs: _containers.RepeatedScalarFieldContainer[int]
    slot_counts: _containers.RepeatedCompositeFieldContainer[VariantSlots]
    def __init__(self, router_id: _Optional[str] = ..., revision: _Optional[int] = ..., generation: _Optional[int] = ..., last_generation: _Optional[int] = ..., kind: _Optional[_Union[RevisionKind, str]] = ..., user_id: _Optional[str] = ..., key_id: _Optional[str] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., summary: _Optional[str] = ..., comment: _Optional[str] = ..., source_revision: _Optional[int] = ..., current: bool = ..., variants: _Optional[_Iterable[_Union[Variant, _Mapping]]] = ..., definition: _Optional[_Union[Router, _Mapping]] = ..., salt: _Optional[bytes] = ..., slot_runs: _Optional[_Iterable[int]] = ..., slot_counts: _Optional[_Iterable[_Union[VariantSlots, _Mapping]]] = ...) -> None: ...

class VariantSlots(_message.Message):
    __slots__ = ("variant", "slots")
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    SLOTS_FIELD_NUMBER: _ClassVar[int]
    variant: str
    slots: int
    def __init__(self, variant: _Optional[str] = ..., slots: _Optional[int] = ...) -> None: ...

class ListRouterRevisionsRequest(_message.Message):
    __slots__ = ("router_id", "page_size", "page_token")
    ROUTER_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    router_id: str
    page_size: int
    page_token: str
    def __init__(self, router_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListRouterRevisionsResponse(_message.Message):
    __slots__ = ("revisions", "next_page_token")
    REVISIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    revisions: _containers.RepeatedCompositeFieldContainer[RouterRevision]
    next_page_token: str
    def __init__(self, revisions: _Optional[_Iterable[_Union[RouterRevision, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetRouterRevisionRequest(_message.Message):
    __slots__ = ("router_id", "revision", "router_generation")
    ROUTER_ID_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    ROUTER_GENERATION_FIELD_NUMBER: _ClassVar[int]
    router_id: str
    revision: int
    router_generation: int
    def __init__(self, router_id: _Optional[str] = ..., revision: _Optional[int] = ..., router_generation: _Optional[int] = ...) -> None: ...

class RollbackRouterRequest(_message.Message):
    __slots__ = ("router_id", "revision", "etag", "comment", "validate_only")
    ROUTER_ID_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    COMMENT_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    router_id: str
    revision: int
    etag: str
    comment: str
    validate_only: bool
    def __init__(self, router_id: _Optional[str] = ..., revision: _Optional[int] = ..., etag: _Optional[str] = ..., comment: _Optional[str] = ..., validate_only: bool = ...) -> None: ...

class RollbackRouterResponse(_message.Message):
    __slots__ = ("router", "revision", "moved_share", "moved_slots")
    ROUTER_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    MOVED_SHARE_FIELD_NUMBER: _ClassVar[int]
    MOVED_SLOTS_FIELD_NUMBER: _ClassVar[int]
    router: Router
    revision: int
    moved_share: float
    moved_slots: int
    def __init__(self, router: _Optional[_Union[Router, _Mapping]] = ..., revision: _Optional[int] = ..., moved_share: _Optional[float] = ..., moved_slots: _Optional[int] = ...) -> None: ...

class FeatureRules(_message.Message):
    __slots__ = ("rules", "default_variant", "rule_features", "warnings")
    RULES_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_VARIANT_FIELD_NUMBER: _ClassVar[int]
    RULE_FEATURES_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    rules: _containers.RepeatedCompositeFieldContainer[FeatureRule]
    default_variant: str
    rule_features: _containers.RepeatedScalarFieldContainer[str]
    warnings: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, rules: _Optional[_Iterable[_Union[FeatureRule, _Mapping]]] = ..., default_variant: _Optional[str] = ..., rule_features: _Optional[_Iterable[str]] = ..., warnings: _Optional[_Iterable[str]] = ...) -> None: ...

class FeatureRule(_message.Message):
    __slots__ = ("name", "priority", "conditions", "variant", "split")
    NAME_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    CONDITIONS_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    SPLIT_FIELD_NUMBER: _ClassVar[int]
    name: str
    priority: int
    conditions: _containers.RepeatedCompositeFieldContainer[RuleCondition]
    variant: str
    split: RuleSplit
    def __init__(self, name: _Optional[str] = ..., priority: _Optional[int] = ..., conditions: _Optional[_Iterable[_Union[RuleCondition, _Mapping]]] = ..., variant: _Optional[str] = ..., split: _Optional[_Union[RuleSplit, _Mapping]] = ...) -> None: ...

class RuleSplit(_message.Message):
    __slots__ = ("weights",)
    class WeightsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    weights: _containers.ScalarMap[str, float]
    def __init__(self, weights: _Optional[_Mapping[str, float]] = ...) -> None: ...

class RuleCondition(_message.Message):
    __slots__ = ("feature", "operator", "values", "numeric_text")
    FEATURE_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    NUMERIC_TEXT_FIELD_NUMBER: _ClassVar[int]
    feature: str
    operator: RuleOperator
    values: _containers.RepeatedCompositeFieldContainer[_struct_pb2.Value]
    numeric_text: bool
    def __init__(self, feature: _Optional[str] = ..., operator: _Optional[_Union[RuleOperator, str]] = ..., values: _Optional[_Iterable[_Union[_struct_pb2.Value, _Mapping]]] = ..., numeric_text: bool = ...) -> None: ...

class ExplainRoutingRequest(_message.Message):
    __slots__ = ("router_id", "features", "metadata", "entity_id")
    class FeaturesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _struct_pb2.Value
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ...) -> None: ...
    class MetadataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ROUTER_ID_FIELD_NUMBER: _ClassVar[int]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    ENTITY_ID_FIELD_NUMBER: _ClassVar[int]
    router_id: str
    features: _containers.MessageMap[str, _struct_pb2.Value]
    metadata: _containers.ScalarMap[str, str]
    entity_id: str
    def __init__(self, router_id: _Optional[str] = ..., features: _Optional[_Mapping[str, _struct_pb2.Value]] = ..., metadata: _Optional[_Mapping[str, str]] = ..., entity_id: _Optional[str] = ...) -> None: ...

class ExplainRoutingResponse(_message.Message):
    __slots__ = ("router_id", "rule", "reason", "variant", "propensities", "slot", "misses", "generation")
    ROUTER_ID_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    PROPENSITIES_FIELD_NUMBER: _ClassVar[int]
    SLOT_FIELD_NUMBER: _ClassVar[int]
    MISSES_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    router_id: str
    rule: str
    reason: _prediction_pb2.DecisionReason
    variant: str
    propensities: _containers.RepeatedCompositeFieldContainer[RoutingPropensity]
    slot: int
    misses: _containers.RepeatedCompositeFieldContainer[RuleMiss]
    generation: int
    def __init__(self, router_id: _Optional[str] = ..., rule: _Optional[str] = ..., reason: _Optional[_Union[_prediction_pb2.DecisionReason, str]] = ..., variant: _Optional[str] = ..., propensities: _Optional[_Iterable[_Union[RoutingPropensity, _Mapping]]] = ..., slot: _Optional[int] = ..., misses: _Optional[_Iterable[_Union[RuleMiss, _Mapping]]] = ..., generation: _Optional[int] = ...) -> None: ...

class RoutingPropensity(_message.Message):
    __slots__ = ("variant", "propensity")
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    PROPENSITY_FIELD_NUMBER: _ClassVar[int]
    variant: str
    propensity: float
    def __init__(self, variant: _Optional[str] = ..., propensity: _Optional[float] = ...) -> None: ...

class RuleMiss(_message.Message):
    __slots__ = ("rule", "condition", "feature", "operator", "reason", "value", "description")
    RULE_FIELD_NUMBER: _ClassVar[int]
    CONDITION_FIELD_NUMBER: _ClassVar[int]
    FEATURE_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    rule: str
    condition: int
    feature: str
    operator: RuleOperator
    reason: RuleMissReason
    value: _struct_pb2.Value
    description: str
    def __init__(self, rule: _Optional[str] = ..., condition: _Optional[int] = ..., feature: _Optional[str] = ..., operator: _Optional[_Union[RuleOperator, str]] = ..., reason: _Optional[_Union[RuleMissReason, str]] = ..., value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., description: _Optional[str] = ...) -> None: ...

class ExplainPredictionRequest(_message.Message):
    __slots__ = ("router_id", "prediction_id")
    ROUTER_ID_FIELD_NUMBER: _ClassVar[int]
    PREDICTION_ID_FIELD_NUMBER: _ClassVar[int]
    router_id: str
    prediction_id: str
    def __init__(self, router_id: _Optional[str] = ..., prediction_id: _Optional[str] = ...) -> None: ...

class ExplainPredictionResponse(_message.Message):
    __slots__ = ("record", "revision", "redecision")
    RECORD_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    REDECISION_FIELD_NUMBER: _ClassVar[int]
    record: _prediction_pb2.PredictionRecord
    revision: RouterRevision
    redecision: _prediction_pb2.Redecision
    def __init__(self, record: _Optional[_Union[_prediction_pb2.PredictionRecord, _Mapping]] = ..., revision: _Optional[_Union[RouterRevision, _Mapping]] = ..., redecision: _Optional[_Union[_prediction_pb2.Redecision, _Mapping]] = ...) -> None: ...

class ReplayPredictionsRequest(_message.Message):
    __slots__ = ("router_id", "start_time", "end_time", "page_token", "max_examples")
    ROUTER_ID_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    MAX_EXAMPLES_FIELD_NUMBER: _ClassVar[int]
    router_id: str
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    page_token: str
    max_examples: int
    def __init__(self, router_id: _Optional[str] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., page_token: _Optional[str] = ..., max_examples: _Optional[int] = ...) -> None: ...

class ReplayPredictionsResponse(_message.Message):
    __slots__ = ("counts", "examples", "next_page_token", "end_time", "unreached")
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    EXAMPLES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    UNREACHED_FIELD_NUMBER: _ClassVar[int]
    counts: _containers.RepeatedCompositeFieldContainer[ReplayCount]
    examples: _containers.RepeatedCompositeFieldContainer[ReplayExample]
    next_page_token: str
    end_time: _timestamp_pb2.Timestamp
    unreached: _containers.RepeatedCompositeFieldContainer[_prediction_pb2.UnreachedJournal]
    def __init__(self, counts: _Optional[_Iterable[_Union[ReplayCount, _Mapping]]] = ..., examples: _Optional[_Iterable[_Union[ReplayExample, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., unreached: _Optional[_Iterable[_Union[_prediction_pb2.UnreachedJournal, _Mapping]]] = ...) -> None: ...

class ReplayCount(_message.Message):
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

class ReplayExample(_message.Message):
    __slots__ = ("prediction_id", "time", "router_generation", "variant", "redecision")
    PREDICTION_ID_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    ROUTER_GENERATION_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    REDECISION_FIELD_NUMBER: _ClassVar[int]
    prediction_id: str
    time: _timestamp_pb2.Timestamp
    router_generation: int
    variant: str
    redecision: _prediction_pb2.Redecision
    def __init__(self, prediction_id: _Optional[str] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., router_generation: _Optional[int] = ..., variant: _Optional[str] = ..., redecision: _Optional[_Union[_prediction_pb2.Redecision, _Mapping]] = ...) -> None: ...

class GetShadowComparisonRequest(_message.Message):
    __slots__ = ("router_id", "variant", "start_time", "end_time", "metric", "max_labels")
    ROUTER_ID_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    METRIC_FIELD_NUMBER: _ClassVar[int]
    MAX_LABELS_FIELD_NUMBER: _ClassVar[int]
    router_id: str
    variant: str
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    metric: str
    max_labels: int
    def __init__(self, router_id: _Optional[str] = ..., variant: _Optional[str] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., metric: _Optional[str] = ..., max_labels: _Optional[int] = ...) -> None: ...

class ShadowComparison(_message.Message):
    __slots__ = ("router_id", "variant", "start_time", "end_time", "total", "primaries", "shadow_only_count", "metric", "unreached", "model_id", "model_version", "other_versions")
    ROUTER_ID_FIELD_NUMBER: _ClassVar[int]
    VARIANT_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    PRIMARIES_FIELD_NUMBER: _ClassVar[int]
    SHADOW_ONLY_COUNT_FIELD_NUMBER: _ClassVar[int]
    METRIC_FIELD_NUMBER: _ClassVar[int]
    UNREACHED_FIELD_NUMBER: _ClassVar[int]
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    OTHER_VERSIONS_FIELD_NUMBER: _ClassVar[int]
    router_id: str
    variant: str
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    total: ShadowFigures
    primaries: _containers.RepeatedCompositeFieldContainer[ShadowFigures]
    shadow_only_count: int
    metric: str
    unreached: _containers.RepeatedCompositeFieldContainer[_prediction_pb2.UnreachedJournal]
    model_id: str
    model_version: str
    other_versions: _containers.RepeatedCompositeFieldContainer[ShadowVersionRows]
    def __init__(self, router_id: _Optional[str] = ..., variant: _Optional[str] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., total: _Optional[_Union[ShadowFigures, _Mapping]] = ..., primaries: _Optional[_Iterable[_Union[ShadowFigures, _Mapping]]] = ..., shadow_only_count: _Optional[int] = ..., metric: _Optional[str] = ..., unreached: _Optional[_Iterable[_Union[_prediction_pb2.UnreachedJournal, _Mapping]]] = ..., model_id: _Optional[str] = ..., model_version: _Optional[str] = ..., other_versions: _Optional[_Iterable[_Union[ShadowVersionRows, _Mapping]]] = ...) -> None: ...

class ShadowVersionRows(_message.Message):
    __slots__ = ("model_id", "model_version", "row_count")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    ROW_COUNT_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    model_version: str
    row_count: int
    def __init__(self, model_id: _Optional[str] = ..., model_version: _Optional[str] = ..., row_count: _Optional[int] = ...) -> None: ...

class ShadowFigures(_message.Message):
    __slots__ = ("primary_variant", "primary_count", "pair_count", "unpaired_counts", "primary_errors", "shadow_errors", "answered_pair_count", "labels", "numbers", "confidences", "probabilities", "scores", "backend", "accuracy", "not_compared")
    class UnpairedCountsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    PRIMARY_VARIANT_FIELD_NUMBER: _ClassVar[int]
    PRIMARY_COUNT_FIELD_NUMBER: _ClassVar[int]
    PAIR_COUNT_FIELD_NUMBER: _ClassVar[int]
    UNPAIRED_COUNTS_FIELD_NUMBER: _ClassVar[int]
    PRIMARY_ERRORS_FIELD_NUMBER: _ClassVar[int]
    SHADOW_ERRORS_FIELD_NUMBER: _ClassVar[int]
    ANSWERED_PAIR_COUNT_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    NUMBERS_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCES_FIELD_NUMBER: _ClassVar[int]
    PROBABILITIES_FIELD_NUMBER: _ClassVar[int]
    SCORES_FIELD_NUMBER: _ClassVar[int]
    BACKEND_FIELD_NUMBER: _ClassVar[int]
    ACCURACY_FIELD_NUMBER: _ClassVar[int]
    NOT_COMPARED_FIELD_NUMBER: _ClassVar[int]
    primary_variant: str
    primary_count: int
    pair_count: int
    unpaired_counts: _containers.ScalarMap[str, int]
    primary_errors: Proportion
    shadow_errors: Proportion
    answered_pair_count: int
    labels: LabelAgreement
    numbers: ValueDistance
    confidences: ValueDistance
    probabilities: ProbabilityDistance
    scores: ScoreComparison
    backend: PairedLatency
    accuracy: PairedAccuracy
    not_compared: _containers.RepeatedCompositeFieldContainer[NotCompared]
    def __init__(self, primary_variant: _Optional[str] = ..., primary_count: _Optional[int] = ..., pair_count: _Optional[int] = ..., unpaired_counts: _Optional[_Mapping[str, int]] = ..., primary_errors: _Optional[_Union[Proportion, _Mapping]] = ..., shadow_errors: _Optional[_Union[Proportion, _Mapping]] = ..., answered_pair_count: _Optional[int] = ..., labels: _Optional[_Union[LabelAgreement, _Mapping]] = ..., numbers: _Optional[_Union[ValueDistance, _Mapping]] = ..., confidences: _Optional[_Union[ValueDistance, _Mapping]] = ..., probabilities: _Optional[_Union[ProbabilityDistance, _Mapping]] = ..., scores: _Optional[_Union[ScoreComparison, _Mapping]] = ..., backend: _Optional[_Union[PairedLatency, _Mapping]] = ..., accuracy: _Optional[_Union[PairedAccuracy, _Mapping]] = ..., not_compared: _Optional[_Iterable[_Union[NotCompared, _Mapping]]] = ...) -> None: ...

class Proportion(_message.Message):
    __slots__ = ("count", "total", "share", "low", "high")
    COUNT_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    SHARE_FIELD_NUMBER: _ClassVar[int]
    LOW_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    count: int
    total: int
    share: float
    low: float
    high: float
    def __init__(self, count: _Optional[int] = ..., total: _Optional[int] = ..., share: _Optional[float] = ..., low: _Optional[float] = ..., high: _Optional[float] = ...) -> None: ...

class LabelAgreement(_message.Message):
    __slots__ = ("agreement", "pairs", "other_count")
    AGREEMENT_FIELD_NUMBER: _ClassVar[int]
    PAIRS_FIELD_NUMBER: _ClassVar[int]
    OTHER_COUNT_FIELD_NUMBER: _ClassVar[int]
    agreement: Proportion
    pairs: _containers.RepeatedCompositeFieldContainer[LabelPairCount]
    other_count: int
    def __init__(self, agreement: _Optional[_Union[Proportion, _Mapping]] = ..., pairs: _Optional[_Iterable[_Union[LabelPairCount, _Mapping]]] = ..., other_count: _Optional[int] = ...) -> None: ...

class LabelPairCount(_message.Message):
    __slots__ = ("primary_label", "shadow_label", "count")
    PRIMARY_LABEL_FIELD_NUMBER: _ClassVar[int]
    SHADOW_LABEL_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    primary_label: str
    shadow_label: str
    count: int
    def __init__(self, primary_label: _Optional[str] = ..., shadow_label: _Optional[str] = ..., count: _Optional[int] = ...) -> None: ...

class ValueDistance(_message.Message):
    __slots__ = ("pair_count", "mean_absolute", "root_mean_square", "max_absolute", "mean_difference", "equal_share")
    PAIR_COUNT_FIELD_NUMBER: _ClassVar[int]
    MEAN_ABSOLUTE_FIELD_NUMBER: _ClassVar[int]
    ROOT_MEAN_SQUARE_FIELD_NUMBER: _ClassVar[int]
    MAX_ABSOLUTE_FIELD_NUMBER: _ClassVar[int]
    MEAN_DIFFERENCE_FIELD_NUMBER: _ClassVar[int]
    EQUAL_SHARE_FIELD_NUMBER: _ClassVar[int]
    pair_count: int
    mean_absolute: float
    root_mean_square: float
    max_absolute: float
    mean_difference: float
    equal_share: float
    def __init__(self, pair_count: _Optional[int] = ..., mean_absolute: _Optional[float] = ..., root_mean_square: _Optional[float] = ..., max_absolute: _Optional[float] = ..., mean_difference: _Optional[float] = ..., equal_share: _Optional[float] = ...) -> None: ...

class ProbabilityDistance(_message.Message):
    __slots__ = ("pair_count", "mean_total_variation", "max_total_variation")
    PAIR_COUNT_FIELD_NUMBER: _ClassVar[int]
    MEAN_TOTAL_VARIATION_FIELD_NUMBER: _ClassVar[int]
    MAX_TOTAL_VARIATION_FIELD_NUMBER: _ClassVar[int]
    pair_count: int
    mean_total_variation: float
    max_total_variation: float
    def __init__(self, pair_count: _Optional[int] = ..., mean_total_variation: _Optional[float] = ..., max_total_variation: _Optional[float] = ...) -> None: ...

class ScoreComparison(_message.Message):
    __slots__ = ("kind", "label", "pair_count", "ks_statistic", "ks_p_value", "population_stability_index", "bins")
    KIND_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    PAIR_COUNT_FIELD_NUMBER: _ClassVar[int]
    KS_STATISTIC_FIELD_NUMBER: _ClassVar[int]
    KS_P_VALUE_FIELD_NUMBER: _ClassVar[int]
    POPULATION_STABILITY_INDEX_FIELD_NUMBER: _ClassVar[int]
    BINS_FIELD_NUMBER: _ClassVar[int]
    kind: ScoreKind
    label: str
    pair_count: int
    ks_statistic: float
    ks_p_value: float
    population_stability_index: float
    bins: _containers.RepeatedCompositeFieldContainer[ScoreBin]
    def __init__(self, kind: _Optional[_Union[ScoreKind, str]] = ..., label: _Optional[str] = ..., pair_count: _Optional[int] = ..., ks_statistic: _Optional[float] = ..., ks_p_value: _Optional[float] = ..., population_stability_index: _Optional[float] = ..., bins: _Optional[_Iterable[_Union[ScoreBin, _Mapping]]] = ...) -> None: ...

class ScoreBin(_message.Message):
    __slots__ = ("upper", "primary_count", "shadow_count")
    UPPER_FIELD_NUMBER: _ClassVar[int]
    PRIMARY_COUNT_FIELD_NUMBER: _ClassVar[int]
    SHADOW_COUNT_FIELD_NUMBER: _ClassVar[int]
    upper: float
    primary_count: int
    shadow_count: int
    def __init__(self, upper: _Optional[float] = ..., primary_count: _Optional[int] = ..., shadow_count: _Optional[int] = ...) -> None: ...

class PairedLatency(_message.Message):
    __slots__ = ("pair_count", "primary", "shadow", "mean_difference_seconds", "mean_difference_low_seconds", "mean_difference_high_seconds")
    PAIR_COUNT_FIELD_NUMBER: _ClassVar[int]
    PRIMARY_FIELD_NUMBER: _ClassVar[int]
    SHADOW_FIELD_NUMBER: _ClassVar[int]
    MEAN_DIFFERENCE_SECONDS_FIELD_NUMBER: _ClassVar[int]
    MEAN_DIFFERENCE_LOW_SECONDS_FIELD_NUMBER: _ClassVar[int]
    MEAN_DIFFERENCE_HIGH_SECONDS_FIELD_NUMBER: _ClassVar[int]
    pair_count: int
    primary: LatencyMetrics
    shadow: LatencyMetrics
    mean_difference_seconds: float
    mean_difference_low_seconds: float
    mean_difference_high_seconds: float
    def __init__(self, pair_count: _Optional[int] = ..., primary: _Optional[_Union[LatencyMetrics, _Mapping]] = ..., shadow: _Optional[_Union[LatencyMetrics, _Mapping]] = ..., mean_difference_seconds: _Optional[float] = ..., mean_difference_low_seconds: _Optional[float] = ..., mean_difference_high_seconds: _Optional[float] = ...) -> None: ...

class PairedAccuracy(_message.Message):
    __slots__ = ("pair_count", "labels", "numbers")
    PAIR_COUNT_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    NUMBERS_FIELD_NUMBER: _ClassVar[int]
    pair_count: int
    labels: LabelAccuracy
    numbers: NumberAccuracy
    def __init__(self, pair_count: _Optional[int] = ..., labels: _Optional[_Union[LabelAccuracy, _Mapping]] = ..., numbers: _Optional[_Union[NumberAccuracy, _Mapping]] = ...) -> None: ...

class LabelAccuracy(_message.Message):
    __slots__ = ("primary", "shadow", "primary_only_count", "shadow_only_count", "difference", "difference_low", "difference_high", "mcnemar_p_value")
    PRIMARY_FIELD_NUMBER: _ClassVar[int]
    SHADOW_FIELD_NUMBER: _ClassVar[int]
    PRIMARY_ONLY_COUNT_FIELD_NUMBER: _ClassVar[int]
    SHADOW_ONLY_COUNT_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCE_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCE_LOW_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCE_HIGH_FIELD_NUMBER: _ClassVar[int]
    MCNEMAR_P_VALUE_FIELD_NUMBER: _ClassVar[int]
    primary: Proportion
    shadow: Proportion
    primary_only_count: int
    shadow_only_count: int
    difference: float
    difference_low: float
    difference_high: float
    mcnemar_p_value: float
    def __init__(self, primary: _Optional[_Union[Proportion, _Mapping]] = ..., shadow: _Optional[_Union[Proportion, _Mapping]] = ..., primary_only_count: _Optional[int] = ..., shadow_only_count: _Optional[int] = ..., difference: _Optional[float] = ..., difference_low: _Optional[float] = ..., difference_high: _Optional[float] = ..., mcnemar_p_value: _Optional[float] = ...) -> None: ...

class NumberAccuracy(_message.Message):
    __slots__ = ("primary_mean_absolute_error", "shadow_mean_absolute_error", "difference", "difference_low", "difference_high")
    PRIMARY_MEAN_ABSOLUTE_ERROR_FIELD_NUMBER: _ClassVar[int]
    SHADOW_MEAN_ABSOLUTE_ERROR_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCE_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCE_LOW_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCE_HIGH_FIELD_NUMBER: _ClassVar[int]
    primary_mean_absolute_error: float
    shadow_mean_absolute_error: float
    difference: float
    difference_low: float
    difference_high: float
    def __init__(self, primary_mean_absolute_error: _Optional[float] = ..., shadow_mean_absolute_error: _Optional[float] = ..., difference: _Optional[float] = ..., difference_low: _Optional[float] = ..., difference_high: _Optional[float] = ...) -> None: ...

class NotCompared(_message.Message):
    __slots__ = ("figure", "reason", "pair_count")
    FIGURE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    PAIR_COUNT_FIELD_NUMBER: _ClassVar[int]
    figure: str
    reason: NotComparedReason
    pair_count: int
    def __init__(self, figure: _Optional[str] = ..., reason: _Optional[_Union[NotComparedReason, str]] = ..., pair_count: _Optional[int] = ...) -> None: ...
