"""The plain things that calls take and answer. Fields mean what the proto file says of their namesakes."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta


class Stage(StrEnum):
    """Where a model version stands in its life."""

    UNSPECIFIED = "unspecified"
    NONE = "none"
    STAGING = "staging"
    PRODUCTION = "production"
    ARCHIVED = "archived"


class Task(StrEnum):
    """What a model does."""

    UNSPECIFIED = "unspecified"
    CLASSIFICATION = "classification"
    REGRESSION = "regression"


class Strategy(StrEnum):
    """How a router picks a variant."""

    UNSPECIFIED = "unspecified"
    WEIGHTED = "weighted"
    FEATURE_RULES = "feature_rules"
    BANDIT = "bandit"
    CANARY = "canary"


class RouterStatus(StrEnum):
    """Where a router stands in its life."""

    UNSPECIFIED = "unspecified"
    REGISTERED = "registered"
    DEPLOYING = "deploying"
    RUNNING = "running"
    STOPPED = "stopped"
    FAILED = "failed"


class VariantRole(StrEnum):
    """What a variant is for."""

    UNSPECIFIED = "unspecified"
    CANDIDATE = "candidate"
    CONTROL = "control"
    CANARY = "canary"


class VersionPinning(StrEnum):
    """What a caller's model version means to a router."""

    UNSPECIFIED = "unspecified"
    ALLOW = "allow"
    IGNORE = "ignore"


class DecisionReason(StrEnum):
    """Why a variant was picked."""

    UNSPECIFIED = "unspecified"
    SLOT = "slot"
    WEIGHT = "weight"
    PIN = "pin"
    PRODUCTION = "production"


class RandomisedBy(StrEnum):
    """What was drawn at random in a decision."""

    UNSPECIFIED = "unspecified"
    NOTHING = "nothing"
    ENTITY = "entity"
    REQUEST = "request"


class FeedbackOutcome(StrEnum):
    """What came of a value of feedback."""

    UNSPECIFIED = "unspecified"
    APPLIED = "applied"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    RECORDED = "recorded"
    CORRECTED = "corrected"


class FeedbackWait(StrEnum):
    """What the answer to feedback waits for."""

    UNSPECIFIED = "unspecified"
    DURABLE = "durable"
    APPLIED = "applied"


class PredictionOrder(StrEnum):
    """The order of recorded predictions."""

    UNSPECIFIED = "unspecified"
    NEWEST_FIRST = "newest_first"
    OLDEST_FIRST = "oldest_first"


class RecordedContent(StrEnum):
    """Whether a part of a call is recorded, and why not."""

    UNSPECIFIED = "unspecified"
    ALL = "all"
    NONE = "none"
    CUT = "cut"
    UNREADABLE = "unreadable"


class EntityRecording(StrEnum):
    """How an entity id is recorded."""

    UNSPECIFIED = "unspecified"
    PLAIN = "plain"
    HMAC = "hmac"
    NONE = "none"


class RecordDurability(StrEnum):
    """What an answer waits for."""

    UNSPECIFIED = "unspecified"
    BUFFERED = "buffered"
    DURABLE = "durable"


class MetricType(StrEnum):
    """What a metric's values are."""

    UNSPECIFIED = "unspecified"
    NUMBER = "number"
    BINARY = "binary"
    COUNT = "count"


class MetricDirection(StrEnum):
    """Which way a metric is better."""

    UNSPECIFIED = "unspecified"
    MAXIMISE = "maximise"
    MINIMISE = "minimise"


class Scope(StrEnum):
    """What a key may do."""

    UNSPECIFIED = "unspecified"
    MLOPS_READ = "mlops:read"
    MLOPS_WRITE = "mlops:write"
    MLOPS_PREDICT = "mlops:predict"


@dataclass(frozen=True)
class GrpcBackend:
    """A gRPC server that speaks the Open Inference Protocol."""

    target: str
    """``host:port``, or a comma-separated list of them."""
    model_name: str = ""
    model_version: str = ""


@dataclass(frozen=True)
class OnnxBackend:
    """An ONNX file, loaded in process."""

    path: str
    """The file, relative to the models folder of the server's data directory."""


@dataclass(frozen=True)
class TensorSpec:
    """The name, datatype and shape of one tensor."""

    name: str
    datatype: str
    shape: Sequence[int]
    """-1 stands for any length."""
    features: Sequence[str] = ()


@dataclass(frozen=True)
class Signature:
    """What a model version takes and gives."""

    inputs: Sequence[TensorSpec] = ()
    outputs: Sequence[TensorSpec] = ()
    task: Task = Task.UNSPECIFIED
    labels: Sequence[str] = ()
    prediction_output: str = ""
    probability_output: str = ""
    threshold: float | None = None
    defaults: Mapping[str, Any] = field(default_factory=dict)
    feature_importances: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class ModelVersion:
    """One version of a model. Owner, stage and times are the server's to set."""

    model_id: str
    version: str
    backend: GrpcBackend | OnnxBackend | None = None
    signature: Signature | None = None
    stage: Stage = Stage.UNSPECIFIED
    description: str = ""
    run_uri: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    tags: Sequence[str] = ()
    owner: str = ""
    create_time: datetime | None = None
    update_time: datetime | None = None


@dataclass(frozen=True)
class Variant:
    """One alternative of a router."""

    name: str
    model_id: str
    model_version: str
    weight: float
    """0 to 100; what counts is its share of the enabled weights' sum."""
    enabled: bool = True
    role: VariantRole = VariantRole.UNSPECIFIED
    effective_share: float = 0.0
    """0 to 1; the server's to say."""


@dataclass(frozen=True)
class RouterPermissions:
    """Who may read and call a router besides its owner and admins."""

    public: bool = False
    public_predict: bool = False
    shared_user_ids: Sequence[str] = ()


@dataclass(frozen=True)
class Recording:
    """What is kept of a router's predictions, and how long."""

    features_share: float | None = None
    """The share of calls whose features and answers are recorded, 0 to 1; None means all."""
    exclude_features: Sequence[str] = ()
    max_body_bytes: int = 0
    """Longer requests and answers are recorded without their content; 0 means 65536."""
    entity: EntityRecording = EntityRecording.UNSPECIFIED
    durability: RecordDurability = RecordDurability.UNSPECIFIED
    retention_days: int = 0
    """0 means the server's default."""
    retention_bytes: int = 0
    """0 means the server's default."""


@dataclass(frozen=True)
class MetricDefinition:
    """A metric that a router's feedback brings; values outside its type and range are refused."""

    name: str
    type: MetricType = MetricType.UNSPECIFIED
    min_value: float | None = None
    max_value: float | None = None
    direction: MetricDirection = MetricDirection.UNSPECIFIED


@dataclass(frozen=True)
class Router:
    """What clients call by name instead of a model. From ``owner`` on, fields are the server's to set."""

    router_id: str
    display_name: str = ""
    description: str = ""
    tags: Sequence[str] = ()
    strategy: Strategy = Strategy.WEIGHTED
    variants: Sequence[Variant] = ()
    sticky: bool = True
    version_pinning: VersionPinning = VersionPinning.UNSPECIFIED
    answer_router_name: bool = False
    default_timeout: timedelta | None = None
    record_predictions: bool = True
    recording: Recording | None = None
    metrics: Sequence[MetricDefinition] = ()
    allow_feedback_corrections: bool = False
    permissions: RouterPermissions | None = None
    owner: str = ""
    status: RouterStatus = RouterStatus.UNSPECIFIED
    status_message: str = ""
    endpoint: str = ""
    generation: int = 0
    etag: str = ""
    create_time: datetime | None = None
    update_time: datetime | None = None
    deploy_time: datetime | None = None


@dataclass(frozen=True)
class Deployment:
    """What came of putting a router into service."""

    router: Router
    """The router, running or failed."""
    endpoint: str
    """The endpoint to call; empty when it failed."""


@dataclass(frozen=True)
class VariantWeights:
    """The variants after a change of weights."""

    router_id: str
    variants: Sequence[Variant]
    moved_share: float
    """The share of entities that went to another variant, 0 to 1."""
    moved_slots: int
    generation: int
    etag: str


@dataclass(frozen=True)
class LatencyMetrics:
    """Latency figures, in seconds."""

    mean_seconds: float = 0.0
    p50_seconds: float = 0.0
    p90_seconds: float = 0.0
    p99_seconds: float = 0.0


@dataclass(frozen=True)
class FeedbackMetrics:
    """Feedback of one metric."""

    metric: str
    count: int
    mean: float
    mean_low: float | None = None
    """The lower end of the mean's 95 % interval."""
    mean_high: float | None = None
    """The upper end of the mean's 95 % interval."""


@dataclass(frozen=True)
class VariantMetrics:
    """The figures of one variant, or of all together."""

    variant: str
    request_count: int
    error_count: int
    requests_by_code: Mapping[str, int]
    pinned_request_count: int
    effective_share: float
    served_share: float
    overhead: LatencyMetrics = LatencyMetrics()
    backend: LatencyMetrics = LatencyMetrics()
    feedback_count: int = 0
    mean_reward: float | None = None
    feedback: Sequence[FeedbackMetrics] = ()
    feedback_coverage: float | None = None
    """The share of its predictions that have feedback, 0 to 1; of a window only."""


@dataclass(frozen=True)
class MetricsStep:
    """One step of a time series."""

    start_time: datetime | None
    variants: Sequence[VariantMetrics]
    total: VariantMetrics | None


@dataclass(frozen=True)
class RouterMetrics:
    """A router's figures of a window; or since the server started, with its feedback since it was created."""

    router_id: str
    variants: Sequence[VariantMetrics]
    total: VariantMetrics | None
    generation: int
    count_start_time: datetime | None
    dropped_record_count: int
    start_time: datetime | None = None
    end_time: datetime | None = None
    sample_ratio_p_value: float | None = None
    """How likely shares at least so far from the effective ones are; below 0.001 the split is at fault."""
    series: Sequence[MetricsStep] = ()


@dataclass(frozen=True)
class Erasure:
    """What was deleted of an entity."""

    prediction_count: int
    feedback_count: int


@dataclass(frozen=True)
class Feedback:
    """One recorded value of feedback."""

    metric: str
    value: float
    observe_time: datetime | None
    row: int = 0


@dataclass(frozen=True)
class FeedbackValue:
    """One value of feedback to record: for a prediction, or for the latest one of a router's entity."""

    value: float
    prediction_id: str = ""
    metric: str = "reward"
    row: int = 0
    observe_time: datetime | None = None
    router_id: str = ""
    entity_id: str = ""


@dataclass(frozen=True)
class FeedbackReceipt:
    """What came of a value of feedback."""

    outcome: FeedbackOutcome
    prediction_id: str


@dataclass(frozen=True)
class FeedbackResult:
    """What came of one value of a batch."""

    outcome: FeedbackOutcome
    code: int
    """The gRPC status code of a refusal; 0 when it was taken."""
    message: str


@dataclass(frozen=True)
class EligibleVariant:
    """A variant that could have been picked."""

    variant: str
    propensity: float


@dataclass(frozen=True)
class PredictionRecord:
    """A recorded prediction."""

    prediction_id: str
    router_id: str
    variant: str
    model_id: str
    model_version: str
    entity_id: str
    time: datetime | None
    generation: int
    propensity: float
    reason: DecisionReason
    randomised_by: RandomisedBy
    status_code: int
    overhead: timedelta | None
    backend_latency: timedelta | None
    request_id: str
    features: Mapping[str, Any]
    prediction: Any
    probabilities: Sequence[float]
    feedback: Sequence[Feedback]
    row: int = 0
    """The row of a batch; each row is a record of its own."""
    row_count: int = 1
    router_generation: int = 0
    allocation_version: int = 0
    epoch: int = 0
    eligible_variants: Sequence[EligibleVariant] = ()
    draw: int | None = None
    slot: int | None = None
    replayable: bool = False
    trace_id: str = ""
    experiment_id: str = ""
    confidence: float | None = None
    outputs: Mapping[str, Any] = field(default_factory=dict)
    features_content: RecordedContent = RecordedContent.UNSPECIFIED
    answer_content: RecordedContent = RecordedContent.UNSPECIFIED


@dataclass(frozen=True)
class Prediction:
    """A prediction and the decision behind it."""

    prediction_id: str
    """Names this prediction in feedback; empty for calls that can take none."""
    router_id: str
    variant: str
    model_id: str
    model_version: str
    prediction: Any
    """The label or value predicted, as plain Python."""
    probabilities: Sequence[float]
    """In the order of the signature's labels."""
    outputs: Mapping[str, Any]
    propensity: float
    reason: DecisionReason
    generation: int
    latency: timedelta | None


@dataclass(frozen=True)
class ApiKey:
    """A key without its secret."""

    key_id: str
    user_id: str
    scopes: Sequence[Scope]
    admin: bool
    display_name: str
    create_time: datetime | None
    expire_time: datetime | None
    revoke_time: datetime | None


@dataclass(frozen=True)
class NewApiKey:
    """A new key with its secret."""

    api_key: ApiKey
    secret: str = field(repr=False)
    """The whole key, to send with every call. Shown once."""
