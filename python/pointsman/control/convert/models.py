"""Model versions and their signatures as messages."""

from pointsman.control.convert.enums import PREDICTION_HOLDS, STAGE, TASK
from pointsman.control.convert.times import timestamp_of
from pointsman.control.convert.values import plain, value_of
from pointsman.domain.models import (
    Backend,
    GrpcBackend,
    Model,
    ModelVersion,
    OnnxBackend,
    PredictionHolds,
    Signature,
    Task,
    TensorSpec,
)
from pointsman.domain.permissions import Permissions
from pointsman.errors import InvalidArgumentError
from pointsman.v1 import model_pb2


def model_version_from(message: model_pb2.ModelVersion, field: str = "model_version") -> ModelVersion:
    """Reads a model version that a user brings; output-only fields are not looked at.

    Nor are those of its model: see :func:`stated_permissions`.

    Raises:
        InvalidArgumentError: A field cannot be read.
    """
    given = signature_from(message.signature, f"{field}.signature")
    return ModelVersion(
        model_id=message.model_id,
        version=message.version,
        backend=_backend_from(message, field),
        given_signature=given,
        signature=given,
        description=message.description,
        run_uri=message.run_uri,
        metrics=dict(message.metrics),
        tags=tuple(message.tags),
    )


def model_version_to(model: ModelVersion) -> model_pb2.ModelVersion:
    """Makes the message of a model version."""
    message = model_pb2.ModelVersion(
        model_id=model.model_id,
        version=model.version,
        stage=STAGE.number(model.stage),
        description=model.description,
        run_uri=model.run_uri,
        metrics=model.metrics,
        tags=model.tags,
        owner=model.owner,
        permissions=model_permissions_to(model.permissions),
        etag=model.etag,
        create_time=timestamp_of(model.create_time_us),
        update_time=timestamp_of(model.update_time_us),
        filled_in=model.filled_in,
        warnings=model.warnings,
        backend_fault=model.backend_fault,
    )
    if model.backend is not None:
        message.backend.CopyFrom(backend_to(model.backend))
    if model.signature != Signature():
        message.signature.CopyFrom(signature_to(model.signature))
    return message


def stated_permissions(message: model_pb2.ModelVersion) -> Permissions | None:
    """Reads the permissions that a model version states for its model; None when it states none."""
    return model_permissions_from(message.permissions) if message.HasField("permissions") else None


def model_to(model: Model) -> model_pb2.Model:
    """Makes the message of a model."""
    return model_pb2.Model(
        model_id=model.model_id,
        owner=model.owner,
        permissions=model_permissions_to(model.permissions),
        etag=model.etag,
    )


def model_permissions_to(permissions: Permissions) -> model_pb2.ModelPermissions:
    """Makes the message of a model's permissions."""
    return model_pb2.ModelPermissions(
        public=permissions.public,
        public_predict=permissions.public_predict,
        shared_user_ids=permissions.shared_user_ids,
    )


def model_permissions_from(message: model_pb2.ModelPermissions) -> Permissions:
    """Reads a model's permissions."""
    return Permissions(message.public, message.public_predict, tuple(message.shared_user_ids))


def backend_to(backend: Backend) -> model_pb2.Backend:
    """Makes the message of a backend."""
    match backend:
        case GrpcBackend(target=target, model_name=name, model_version=version):
            grpc = model_pb2.GrpcBackend(target=target, model_name=name, model_version=version)
            return model_pb2.Backend(grpc=grpc)
        case OnnxBackend(path=path, sha256=sha256):
            return model_pb2.Backend(onnx=model_pb2.OnnxBackend(path=path, sha256=sha256))


def signature_to(signature: Signature) -> model_pb2.Signature:
    """Makes the message of a signature."""
    return model_pb2.Signature(
        inputs=[_tensor_to(tensor) for tensor in signature.inputs],
        outputs=[_tensor_to(tensor) for tensor in signature.outputs],
        task=TASK.number(signature.task),
        labels=signature.labels,
        prediction_output=signature.prediction_output,
        probability_output=signature.probability_output,
        threshold=signature.threshold,
        defaults={name: value_of(value) for name, value in signature.defaults.items()},
        feature_importances=signature.feature_importances,
        prediction_holds=PREDICTION_HOLDS.number(signature.prediction_holds),
        classes=signature.classes,
    )


def signature_from(message: model_pb2.Signature, field: str) -> Signature:
    """Reads a signature.

    Raises:
        InvalidArgumentError: A field cannot be read.
    """
    return Signature(
        inputs=tuple(_tensor_from(tensor) for tensor in message.inputs),
        outputs=tuple(_tensor_from(tensor) for tensor in message.outputs),
        task=TASK.word(message.task, f"{field}.task") or Task.UNSPECIFIED,
        labels=tuple(message.labels),
        prediction_output=message.prediction_output,
        probability_output=message.probability_output,
        threshold=message.threshold if message.HasField("threshold") else None,
        defaults={name: plain(value) for name, value in message.defaults.items()},
        feature_importances=dict(message.feature_importances),
        prediction_holds=(
            PREDICTION_HOLDS.word(message.prediction_holds, f"{field}.prediction_holds")
            or PredictionHolds.UNSPECIFIED
        ),
        classes=tuple(message.classes),
    )


def _backend_from(message: model_pb2.ModelVersion, field: str) -> Backend | None:
    if not message.HasField("backend"):
        return None
    backend = message.backend
    match backend.WhichOneof("kind"):
        case "grpc":
            return GrpcBackend(
                ",".join(part.strip() for part in backend.grpc.target.split(",")),
                backend.grpc.model_name or message.model_id,
                backend.grpc.model_version,
            )
        case "onnx":
            return OnnxBackend(backend.onnx.path, backend.onnx.sha256)
        case _:
            raise InvalidArgumentError.at(
                f"{field}.backend", "is empty; set grpc or onnx, or leave backend out for a monitored model"
            )


def _tensor_to(tensor: TensorSpec) -> model_pb2.TensorSpec:
    return model_pb2.TensorSpec(
        name=tensor.name, datatype=tensor.datatype, shape=tensor.shape, features=tensor.features
    )


def _tensor_from(message: model_pb2.TensorSpec) -> TensorSpec:
    return TensorSpec(message.name, message.datatype, tuple(message.shape), tuple(message.features))
