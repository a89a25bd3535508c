"""Models: versions, where they run, and what they take."""

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


class PredictionHolds(StrEnum):
    """What the prediction output of a classifier holds."""

    UNSPECIFIED = "unspecified"
    VALUE = "value"
    """The class itself: one of ``classes``, or of ``labels`` where there are no classes."""
    INDEX = "index"
    """The place of the class among the labels, from 0."""


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
    sha256: str = ""
    """Of the file that was registered, in hexadecimal digits; when given, the file must have it."""


@dataclass(frozen=True)
class TensorSpec:
    """The name, datatype and shape of one tensor."""

    name: str = ""
    """May be left out where the backend has one such tensor only."""
    datatype: str = ""
    """Read from the backend when left out, and so is the shape."""
    shape: Sequence[int] = ()
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
    prediction_holds: PredictionHolds = PredictionHolds.UNSPECIFIED
    classes: Sequence[str] = ()
    """What the prediction output says for each class, in the order of the labels and probabilities."""


@dataclass(frozen=True)
class ModelPermissions:
    """Who may read and call a model besides its owner and admins."""

    public: bool = False
    public_predict: bool = False
    shared_user_ids: Sequence[str] = ()


@dataclass(frozen=True)
class Model:
    """What all versions of a model have in common."""

    model_id: str
    owner: str = ""
    permissions: ModelPermissions | None = None
    etag: str = ""


@dataclass(frozen=True)
class ModelVersion:
    """One version of a model. Stage and times are the server's to set."""

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
    """Whose the model is, with all its versions."""
    create_time: datetime | None = None
    update_time: datetime | None = None
    filled_in: Sequence[str] = ()
    """What a registration left open and the backend said, a field each, in words."""
    warnings: Sequence[str] = ()
    """What could not be checked at registration, a field each, in words."""
    backend_fault: str = ""
    permissions: ModelPermissions | None = None
    """Those of the model; None at a registration leaves them."""
    etag: str = ""
    """Names the state of owner and permissions."""


class FeatureOrigin(StrEnum):
    """Where the value of a feature comes from."""

    UNSPECIFIED = "unspecified"
    GIVEN = "given"
    DEFAULT = "default"
    """The signature's default."""
    SAMPLE = "sample"
    """Made up by its type: the prediction means nothing."""
    UNUSED = "unused"
    """Given, but the model takes no such feature."""


@dataclass(frozen=True)
class RowFeature:
    """One feature of a row that a model was asked about."""

    name: str
    value: Any
    origin: FeatureOrigin


@dataclass(frozen=True)
class ModelTest:
    """What a model version answered to one row."""

    model_id: str
    model_version: str
    row: Sequence[RowFeature]
    """The features in the order of the columns that they fill, then those that fill none."""
    prediction: Any
    probabilities: Sequence[float]
    outputs: Mapping[str, Any]
    notes: Sequence[str]
    """What to know of the answer before it is used."""
    backend_latency: timedelta | None


@dataclass(frozen=True)
class UploadedFile:
    """A file that the server has."""

    path: str
    """Where it is, relative to the models folder of the server's data directory: for :class:`OnnxBackend`."""
    sha256: str
    size_bytes: int
    was_there: bool
    """Whether the server had it before, so that nothing was sent."""

    @property
    def backend(self) -> OnnxBackend:
        """The backend that is served from it and from no other file."""
        return OnnxBackend(self.path, self.sha256)
