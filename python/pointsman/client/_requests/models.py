"""Calls of the model registry."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from google.protobuf.empty_pb2 import Empty

from pointsman.client._call import FILE_TIMEOUT_SECONDS, TEST_TIMEOUT_SECONDS, Call, Page
from pointsman.client._convert import fill_message
from pointsman.client._fields import make
from pointsman.client._requests.common import MODELS, at_page, feature_values, nothing, number, page, plain
from pointsman.client._types import Model, ModelPermissions, ModelTest, ModelVersion, Stage
from pointsman.v1 import model_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def register_model(model_version: ModelVersion, validate_only: bool) -> Call[ModelVersion]:
    """Adds a model version."""
    request = make(model_pb2.RegisterModelVersionRequest, validate_only=validate_only)
    fill_message(request.model_version, model_version)
    return Call(
        MODELS + "RegisterModelVersion",
        request,
        model_pb2.ModelVersion,
        plain(ModelVersion),
        timeout_seconds=FILE_TIMEOUT_SECONDS if request.model_version.backend.HasField("onnx") else None,
    )


def get_model(model_id: str, version: str) -> Call[ModelVersion]:
    """Asks for a model version."""
    request = make(model_pb2.GetModelVersionRequest, model_id=model_id, version=version)
    return Call(
        MODELS + "GetModelVersion", request, model_pb2.ModelVersion, plain(ModelVersion), is_read=True
    )


def list_models(
    model_id: str, stage: Stage, tag: str, page_size: int
) -> Callable[[str], Call[Page[ModelVersion]]]:
    """Asks for pages of model versions.

    Args:
        model_id: Only versions of this model; empty for all.
        stage: Only versions in this stage; ``UNSPECIFIED`` for all.
        tag: Only versions with this tag; empty for all.
        page_size: How many a page holds, 1 to 1000; 0 lets the server choose.

    Returns:
        A function that makes the call for a page, by the token of the page before; empty for the first.
    """
    request = make(model_pb2.ListModelVersionsRequest, model_id=model_id, tag=tag, page_size=page_size)
    request.stage = number(request, "stage", stage)
    first: Call[Page[ModelVersion]] = Call(
        MODELS + "ListModelVersions",
        request,
        model_pb2.ListModelVersionsResponse,
        page(ModelVersion, "model_versions"),
        is_read=True,
    )
    return at_page(first)


def set_stage(model_id: str, version: str, stage: Stage) -> Call[ModelVersion]:
    """Moves a model version to another stage.

    Args:
        model_id: The model.
        version: The version to move.
        stage: Where to.
    """
    request = make(model_pb2.SetModelVersionStageRequest, model_id=model_id, version=version)
    request.stage = number(request, "stage", stage)
    return Call(MODELS + "SetModelVersionStage", request, model_pb2.ModelVersion, plain(ModelVersion))


def delete_model(model_id: str, version: str) -> Call[None]:
    """Deletes a model version."""
    request = make(model_pb2.DeleteModelVersionRequest, model_id=model_id, version=version)
    return Call(MODELS + "DeleteModelVersion", request, Empty, nothing)


def set_model_permissions(model_id: str, permissions: ModelPermissions, etag: str) -> Call[Model]:
    """Sets who may read and call a model.

    Args:
        model_id: The model.
        permissions: All of them, those with their defaults too: they replace what was set before.
        etag: When set and old, the change is refused.
    """
    request = make(model_pb2.UpdateModelPermissionsRequest, model_id=model_id, etag=etag)
    request.permissions.SetInParent()
    fill_message(request.permissions, permissions)
    return Call(MODELS + "UpdateModelPermissions", request, model_pb2.Model, plain(Model))


def transfer_model(model_id: str, owner: str, etag: str) -> Call[Model]:
    """Hands a model over to another user.

    Args:
        model_id: The model.
        owner: Whose it shall be.
        etag: When set and old, the change is refused.
    """
    request = make(model_pb2.UpdateModelPermissionsRequest, model_id=model_id, owner=owner, etag=etag)
    return Call(MODELS + "UpdateModelPermissions", request, model_pb2.Model, plain(Model))


def test_model(
    model_id: str, version: str, features: Mapping[str, Any], timeout_seconds: float | None
) -> Call[ModelTest]:
    """Asks a model version about one row.

    Args:
        model_id: The model.
        version: The version.
        features: Values by the names in the signature; empty for a row that is made up.
        timeout_seconds: How long its backend may take; None lets the server choose.

    Raises:
        TypeError: A feature or an id is of a type that is not sent; the text names it.
        ValueError: A feature's value cannot be sent; the text names it.
    """
    request = make(
        model_pb2.TestModelVersionRequest,
        model_id=model_id,
        version=version,
        features=feature_values(features),
    )
    if timeout_seconds is not None:
        request.timeout.FromTimedelta(timedelta(seconds=timeout_seconds))
    return Call(
        MODELS + "TestModelVersion",
        request,
        model_pb2.TestModelVersionResponse,
        plain(ModelTest),
        timeout_seconds=TEST_TIMEOUT_SECONDS + (timeout_seconds or 0.0),
    )


def upload_piece(
    sha256: str, size_bytes: int, offset: int = 0, chunk: bytes = b""
) -> Call[model_pb2.UploadModelFileResponse]:
    """Sends a piece of a file, which may be sent again; without a chunk, asks how far the file is.

    Args:
        sha256: Of the whole file, in hexadecimal digits.
        size_bytes: The length of the whole file.
        offset: Where the chunk begins.
        chunk: The bytes from there on.
    """
    request = make(
        model_pb2.UploadModelFileRequest, sha256=sha256, size_bytes=size_bytes, offset=offset, chunk=chunk
    )
    return Call(
        MODELS + "UploadModelFile",
        request,
        model_pb2.UploadModelFileResponse,
        lambda answer: answer,
        is_read=True,
        timeout_seconds=FILE_TIMEOUT_SECONDS,
    )
