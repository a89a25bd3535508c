"""``pointsman.v1.ModelService``."""

from google.protobuf.empty_pb2 import Empty

from pointsman.control.calls import caller
from pointsman.control.convert.enums import STAGE
from pointsman.control.convert.models import (
    model_permissions_from,
    model_to,
    model_version_from,
    model_version_to,
    stated_permissions,
)
from pointsman.control.lanes import Lanes
from pointsman.control.registry.dry_runs import DryRuns
from pointsman.control.registry.models import ModelRegistry
from pointsman.control.registry.permissions import ModelAccess
from pointsman.control.registry.uploads import Uploads
from pointsman.domain.models import ModelKey
from pointsman.domain.pages import page_size
from pointsman.domain.uploads import UploadPiece
from pointsman.v1 import model_pb2, model_pb2_grpc


class ModelServicer(model_pb2_grpc.ModelServiceServicer):
    """Keeps the registry of model versions."""

    def __init__(
        self,
        models: ModelRegistry,
        access: ModelAccess,
        dry_runs: DryRuns,
        uploads: Uploads,
        lanes: Lanes,
    ) -> None:
        self._models = models
        self._access = access
        self._dry_runs = dry_runs
        self._lanes = lanes
        self._uploads = uploads

    async def RegisterModelVersion(
        self, request: model_pb2.RegisterModelVersionRequest, context: object
    ) -> model_pb2.ModelVersion:
        """Adds a model version."""
        given = model_version_from(request.model_version)
        described = await self._lanes.probe(self._models.described, given)
        model = await self._lanes.write(
            self._models.register,
            caller(),
            described,
            owner=request.model_version.owner,
            permissions=stated_permissions(request.model_version),
            validate_only=request.validate_only,
        )
        return model_version_to(model)

    async def GetModelVersion(
        self, request: model_pb2.GetModelVersionRequest, context: object
    ) -> model_pb2.ModelVersion:
        """Answers one model version."""
        model = await self._lanes.read(
            self._models.get, caller(), ModelKey(request.model_id, request.version)
        )
        return model_version_to(model)

    async def ListModelVersions(
        self, request: model_pb2.ListModelVersionsRequest, context: object
    ) -> model_pb2.ListModelVersionsResponse:
        """Lists the model versions that the caller may read."""
        page = await self._lanes.read(
            self._models.list_page,
            caller(),
            model_id=request.model_id,
            stage=STAGE.word(request.stage, "stage"),
            tag=request.tag,
            page_size=page_size(request.page_size),
            page_token=request.page_token,
        )
        return model_pb2.ListModelVersionsResponse(
            model_versions=[model_version_to(model) for model in page.items],
            next_page_token=page.next_page_token,
        )

    async def SetModelVersionStage(
        self, request: model_pb2.SetModelVersionStageRequest, context: object
    ) -> model_pb2.ModelVersion:
        """Moves a model version to another stage."""
        model = await self._lanes.write(
            self._models.set_stage,
            caller(),
            ModelKey(request.model_id, request.version),
            STAGE.word(request.stage, "stage"),
            validate_only=request.validate_only,
        )
        return model_version_to(model)

    async def DeleteModelVersion(
        self, request: model_pb2.DeleteModelVersionRequest, context: object
    ) -> Empty:
        """Deletes a model version."""
        key = ModelKey(request.model_id, request.version)
        await self._lanes.write(self._models.delete, caller(), key, validate_only=request.validate_only)
        return Empty()

    async def UpdateModelPermissions(
        self, request: model_pb2.UpdateModelPermissionsRequest, context: object
    ) -> model_pb2.Model:
        """Sets who may read and call a model, and whose it is."""
        is_stated = request.HasField("permissions")
        model = await self._lanes.write(
            self._access.update,
            caller(),
            request.model_id,
            model_permissions_from(request.permissions) if is_stated else None,
            request.owner,
            request.etag,
            validate_only=request.validate_only,
        )
        return model_to(model)

    async def TestModelVersion(
        self, request: model_pb2.TestModelVersionRequest, context: object
    ) -> model_pb2.TestModelVersionResponse:
        """Asks a model version about one row; nothing of it is kept."""
        timeout_seconds = self._dry_runs.timeout_seconds(request)
        model = await self._lanes.read(
            self._models.find_to_call, caller(), ModelKey(request.model_id, request.version)
        )
        return await self._lanes.probe(self._dry_runs.run, model, request.features, timeout_seconds)

    async def UploadModelFile(
        self, request: model_pb2.UploadModelFileRequest, context: object
    ) -> model_pb2.UploadModelFileResponse:
        """Takes a piece of an ONNX file."""
        piece = UploadPiece(request.sha256, request.size_bytes, request.offset, request.chunk)
        state = await self._lanes.upload(self._uploads.take, caller().user_id, piece)
        return model_pb2.UploadModelFileResponse(
            path=state.path,
            received_bytes=state.received_bytes,
            is_complete=state.is_complete,
            chunk_bytes=self._uploads.chunk_bytes,
        )
