"""Calls and administers a pointsman server from Python, waiting or asynchronously.

::

    from pointsman.client import Client, ModelVersion, OnnxBackend, Router, Variant

    with Client("127.0.0.1:8500") as client:
        client.models.register(ModelVersion("cancer", "1", OnnxBackend("cancer-lr.onnx")))
        client.models.register(ModelVersion("cancer", "2", OnnxBackend("cancer-gb.onnx")))
        client.routers.create(
            Router("cancer", variants=[Variant("lr", "cancer", "1", 70), Variant("gb", "cancer", "2", 30)])
        )
        client.routers.deploy("cancer")
        answer = client.predict("cancer", {"mean radius": 17.99}, entity_id="patient-1")
        client.record_feedback(answer.prediction_id, 1.0)

Answers are frozen dataclasses with plain Python values. Every call has a deadline. Reads are
repeated when the server cannot be reached; nothing else is. What goes wrong is one of::

    ClientError                    every error below
    ├── InvalidArgumentError       a field of the request is not valid: see ``violations``
    ├── UnauthenticatedError       no API key, or one that is wrong, revoked or expired
    ├── PermissionDeniedError      the key is good, but it may not do this
    ├── NotFoundError              no such thing, or it is not for the caller to see
    ├── AlreadyExistsError         the id is taken
    ├── FailedPreconditionError    the thing is not in a state that allows this
    ├── AbortedError               the thing was changed since it was read (its etag is old)
    ├── ResourceExhaustedError     a limit was reached: slow down, or raise it
    ├── DeadlineExceededError      no answer within the deadline
    ├── UnavailableError           the server or the variant's backend cannot be reached now
    ├── UnimplementedError         this server cannot do that
    ├── CancelledError             the call was cancelled
    └── ServerError                the server made a mistake (INTERNAL, UNKNOWN, DATA_LOSS)
"""

from pointsman.client._async import AsyncClient
from pointsman.client._async_definitions import AsyncDefinitions
from pointsman.client._async_groups import AsyncKeys, AsyncModels, AsyncRouters
from pointsman.client._async_records import AsyncRecords
from pointsman.client._batch import Predictions, RowPrediction
from pointsman.client._errors import (
    AbortedError,
    AlreadyExistsError,
    CancelledError,
    ClientError,
    DeadlineExceededError,
    FailedPreconditionError,
    FieldViolation,
    InvalidArgumentError,
    NotFoundError,
    PermissionDeniedError,
    ResourceExhaustedError,
    ServerError,
    UnauthenticatedError,
    UnavailableError,
    UnimplementedError,
)
from pointsman.client._sync import Client
from pointsman.client._sync_definitions import Definitions
from pointsman.client._sync_groups import Keys, Models, Routers
from pointsman.client._sync_records import Records
from pointsman.client._types import (
    ApiKey,
    AppliedDefinitions,
    Canary,
    CanaryChange,
    DecisionDifference,
    DecisionReason,
    DefinitionChange,
    DefinitionKind,
    DefinitionOutcome,
    Deployment,
    EligibleVariant,
    EntityRecording,
    Erasure,
    Explanation,
    Fallback,
    FeatureOrigin,
    Feedback,
    FeedbackMetrics,
    FeedbackOutcome,
    FeedbackReceipt,
    FeedbackResult,
    FeedbackValue,
    FeedbackWait,
    FieldChange,
    GrpcBackend,
    LatencyMetrics,
    MetricDefinition,
    MetricDirection,
    MetricsStep,
    MetricType,
    Model,
    ModelPermissions,
    ModelTest,
    ModelVersion,
    NewApiKey,
    NotReplayable,
    OnnxBackend,
    PartialRecordsWarning,
    Prediction,
    PredictionHolds,
    PredictionOrder,
    PredictionRecord,
    RandomisedBy,
    RecordDurability,
    RecordedContent,
    Recording,
    Redecision,
    ReplayCount,
    ReplayExample,
    ReplayPart,
    ReplayVerdict,
    RevisionKind,
    Rollback,
    Router,
    RouterMetrics,
    RouterPermissions,
    RouterRevision,
    RouterStatus,
    RowFeature,
    Scope,
    Signature,
    Stage,
    Strategy,
    Task,
    TensorSpec,
    TrafficOverride,
    UnreachedJournal,
    UploadedFile,
    Variant,
    VariantMetrics,
    VariantRole,
    VariantSlots,
    VariantWeights,
    VersionPinning,
)

__all__ = [
    "AbortedError",
    "AlreadyExistsError",
    "ApiKey",
    "AppliedDefinitions",
    "AsyncClient",
    "AsyncDefinitions",
    "AsyncKeys",
    "AsyncModels",
    "AsyncRecords",
    "AsyncRouters",
    "Canary",
    "CanaryChange",
    "CancelledError",
    "Client",
    "ClientError",
    "DeadlineExceededError",
    "DecisionDifference",
    "DecisionReason",
    "DefinitionChange",
    "DefinitionKind",
    "DefinitionOutcome",
    "Definitions",
    "Deployment",
    "EligibleVariant",
    "EntityRecording",
    "Erasure",
    "Explanation",
    "FailedPreconditionError",
    "Fallback",
    "FeatureOrigin",
    "Feedback",
    "FeedbackMetrics",
    "FeedbackOutcome",
    "FeedbackReceipt",
    "FeedbackResult",
    "FeedbackValue",
    "FeedbackWait",
    "FieldChange",
    "FieldViolation",
    "GrpcBackend",
    "InvalidArgumentError",
    "Keys",
    "LatencyMetrics",
    "MetricDefinition",
    "MetricDirection",
    "MetricType",
    "MetricsStep",
    "Model",
    "ModelPermissions",
    "ModelTest",
    "ModelVersion",
    "Models",
    "NewApiKey",
    "NotFoundError",
    "NotReplayable",
    "OnnxBackend",
    "PartialRecordsWarning",
    "PermissionDeniedError",
    "Prediction",
    "PredictionHolds",
    "PredictionOrder",
    "PredictionRecord",
    "Predictions",
    "RandomisedBy",
    "RecordDurability",
    "RecordedContent",
    "Recording",
    "Records",
    "Redecision",
    "ReplayCount",
    "ReplayExample",
    "ReplayPart",
    "ReplayVerdict",
    "ResourceExhaustedError",
    "RevisionKind",
    "Rollback",
    "Router",
    "RouterMetrics",
    "RouterPermissions",
    "RouterRevision",
    "RouterStatus",
    "Routers",
    "RowFeature",
    "RowPrediction",
    "Scope",
    "ServerError",
    "Signature",
    "Stage",
    "Strategy",
    "Task",
    "TensorSpec",
    "TrafficOverride",
    "UnauthenticatedError",
    "UnavailableError",
    "UnimplementedError",
    "UnreachedJournal",
    "UploadedFile",
    "Variant",
    "VariantMetrics",
    "VariantRole",
    "VariantSlots",
    "VariantWeights",
    "VersionPinning",
]
