"""Model versions: where they answer, what they take and give, where they stand."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from pointsman.domain.permissions import Permissions
from pointsman.domain.values import JsonValue


class Stage(StrEnum):
    """Where a model version stands in its life."""

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
    """The class itself."""
    INDEX = "index"
    """The place of the class among the labels, from 0."""


@dataclass(frozen=True)
class GrpcBackend:
    """A gRPC server that speaks the Open Inference Protocol.

    Attributes:
        target: ``host:port``, or several with commas between.
        model_name: The model's name at that server.
        model_version: The version at that server; empty lets the server choose.
    """

    target: str
    model_name: str
    model_version: str = ""


@dataclass(frozen=True)
class OnnxBackend:
    """An ONNX file in the models folder of the data directory, loaded in process.

    Attributes:
        path: The file, relative to that folder.
        sha256: The digest of the file that was registered, in lower-case hexadecimal digits; empty when it is
            not known.
    """

    path: str
    sha256: str = ""

    def completed_by(self, registered: "Backend | None") -> "OnnxBackend":
        """Fills a digest that this one leaves open from that of the same path."""
        if self.sha256 or not isinstance(registered, OnnxBackend) or registered.path != self.path:
            return self
        return registered


Backend = GrpcBackend | OnnxBackend


@dataclass(frozen=True)
class TensorSpec:
    """One tensor: its name at the backend, datatype, shape, and the features that fill its columns."""

    name: str
    datatype: str
    shape: tuple[int, ...] = ()
    features: tuple[str, ...] = ()

    def completed_by(self, probed: "TensorSpec | None") -> "TensorSpec":
        """Fills what this one leaves open; the length of the first dimension stays as it is."""
        if probed is None:
            return self
        shape = self.shape or probed.shape
        if len(shape) == len(probed.shape):
            shape = shape[:1] + tuple(
                own if length == -1 and own > 0 else length
                for length, own in zip(shape[1:], probed.shape[1:], strict=True)
            )
        return TensorSpec(
            self.name or probed.name,
            self.datatype or probed.datatype,
            shape,
            self.features or probed.features,
        )


@dataclass(frozen=True)
class Signature:
    """What a model version takes and gives.

    Attributes:
        labels: Names of the classes, in the order of the probabilities.
        prediction_holds: What the prediction output holds.
        classes: What the prediction output says for each class, in the same order; empty when not known.
    """

    inputs: tuple[TensorSpec, ...] = ()
    outputs: tuple[TensorSpec, ...] = ()
    task: Task = Task.UNSPECIFIED
    labels: tuple[str, ...] = ()
    prediction_output: str = ""
    probability_output: str = ""
    threshold: float | None = None
    defaults: Mapping[str, JsonValue] = field(default_factory=dict)
    feature_importances: Mapping[str, float] = field(default_factory=dict)
    prediction_holds: PredictionHolds = PredictionHolds.UNSPECIFIED
    classes: tuple[str, ...] = ()

    def completed_by(self, probed: "Signature") -> "Signature":
        """Fills what this one leaves open from what the backend says of itself."""
        return replace(
            self,
            inputs=_completed(self.inputs, probed.inputs),
            outputs=_completed(self.outputs, probed.outputs),
            task=probed.task if self.task is Task.UNSPECIFIED else self.task,
            labels=self.labels or probed.labels,
            prediction_output=self.prediction_output or probed.prediction_output,
            probability_output=self.probability_output or probed.probability_output,
            threshold=probed.threshold if self.threshold is None else self.threshold,
            defaults={**probed.defaults, **self.defaults},
            feature_importances=self.feature_importances or probed.feature_importances,
            prediction_holds=(
                probed.prediction_holds
                if self.prediction_holds is PredictionHolds.UNSPECIFIED
                else self.prediction_holds
            ),
            classes=self.classes or probed.classes,
        )


def _completed(given: tuple[TensorSpec, ...], probed: tuple[TensorSpec, ...]) -> tuple[TensorSpec, ...]:
    """Fills what listed tensors leave open; without a list the backend's own is taken."""
    if not given:
        return probed
    known = {tensor.name: tensor for tensor in probed}
    only = probed[0] if len(probed) == len(given) == 1 else None
    return tuple(tensor.completed_by(known.get(tensor.name) if tensor.name else only) for tensor in given)


@dataclass(frozen=True, order=True)
class ModelKey:
    """Names a model version."""

    model_id: str
    version: str

    def __str__(self) -> str:
        return f"{self.model_id}/{self.version}"


@dataclass(frozen=True)
class Model:
    """What all versions of a model have in common.

    Attributes:
        owner: The user to whom it belongs.
        permissions: Who else may read and call it.
        revision: Counts the changes of owner and permissions.
        row_key: The store's own key; 0 before it is stored.
    """

    model_id: str
    owner: str
    permissions: Permissions = field(default_factory=Permissions)
    revision: int = 1
    row_key: int = 0

    @property
    def etag(self) -> str:
        """Names this state; another after every change, and for a later model of the same id."""
        return f"{self.row_key:x}-{self.revision:x}"


@dataclass(frozen=True)
class ModelVersion:
    """An entry of the model registry.

    Attributes:
        row_key: The store's own key; 0 before it is stored.
        given_signature: What the user said.
        signature: What is in force: the user's, completed by what the backend says of itself.
        owner: The user to whom the model belongs, with all its versions.
        permissions: Who else may read and call the model.
        etag: Names the state of these two.
        filled_in: What the backend was asked for at registration and said, in words; not stored.
        warnings: What could not be checked at registration, in words; not stored.
        backend_fault: What is wrong with the backend's file at this server, in words; not stored.
    """

    model_id: str
    version: str
    backend: Backend | None = None
    given_signature: Signature = Signature()
    signature: Signature = Signature()
    stage: Stage = Stage.NONE
    description: str = ""
    run_uri: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    owner: str = ""
    permissions: Permissions = field(default_factory=Permissions)
    etag: str = ""
    create_time_us: int = 0
    update_time_us: int = 0
    changed_generation: int = 0
    row_key: int = 0
    filled_in: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    backend_fault: str = ""

    @property
    def key(self) -> ModelKey:
        """The pair that names it."""
        return ModelKey(self.model_id, self.version)
