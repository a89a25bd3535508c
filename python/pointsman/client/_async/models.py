"""The model registry of the client for asyncio."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pointsman.client import _requests as requests
from pointsman.client._async.uploads import send_file
from pointsman.client._connection import AsyncConnection
from pointsman.client._types import Model, ModelPermissions, ModelTest, ModelVersion, Stage, UploadedFile

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterator, Callable, Mapping


class AsyncModels:
    """The model registry, as ``client.models``."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def register(
        self,
        model_version: ModelVersion,
        *,
        file: str | os.PathLike[str] | None = None,
        validate_only: bool = False,
    ) -> ModelVersion:
        """Adds a model version.

        Args:
            model_version: Its id and version, where it answers and what it takes; a signature that is not
                given is read from the backend.
            file: An ONNX file on this machine, in place of a backend: it is uploaded and becomes the backend.
            validate_only: Check only; change nothing. A file is uploaded all the same, and removed after a
                day unless a version names it.

        Returns:
            The version as it is registered.

        Raises:
            ValueError: There is a file and a backend, or the file is empty.

        Example::

            backend = GrpcBackend("127.0.0.1:8081", "cancer-lr")
            await client.models.register(ModelVersion("cancer", "1", backend))
            await client.models.register(ModelVersion("cancer", "2"), file="cancer-gb.onnx")
        """
        if file is not None:
            if model_version.backend is not None:
                raise ValueError(
                    "file: the model version has a backend, too; it answers at one place, so leave one out"
                )
            model_version = replace(model_version, backend=(await self.upload(file)).backend)
        return await self._connection.send(requests.register_model(model_version, validate_only))

    async def upload(
        self,
        path: str | os.PathLike[str],
        *,
        sha256: str = "",
        on_progress: Callable[[int, int], None] | None = None,
    ) -> UploadedFile:
        """Sends an ONNX file to the server, unless it has it; a broken upload goes on where it stood.

        The file is read piece by piece. At the server it is checked and then there at once, for versions to
        name; one that no version names is removed after a day.

        Args:
            path: The file.
            sha256: The digest that it must have, in hexadecimal digits; empty for any.
            on_progress: Is called with the bytes that are there, and the bytes of the whole file.

        Returns:
            Where the server has it.

        Raises:
            InvalidArgumentError: It was written to meanwhile, is no model, or has weights in other files.
            OSError: It cannot be read.
            ResourceExhaustedError: It is too large, or the server's disk has no room for it.
            ValueError: It is empty, or has another digest.

        Example::

            uploaded = await client.models.upload("cancer-gb.onnx")
            await client.models.register(ModelVersion("cancer", "2", uploaded.backend))
        """
        return await send_file(self._connection, path, sha256, on_progress)

    async def get(self, model_id: str, version: str) -> ModelVersion:
        """Answers one model version."""
        return await self._connection.send(requests.get_model(model_id, version))

    def list(
        self, *, model_id: str = "", stage: Stage = Stage.UNSPECIFIED, tag: str = "", page_size: int = 0
    ) -> AsyncIterator[ModelVersion]:
        """Goes through the model versions, ordered by model id and registration time.

        Args:
            model_id: Only versions of this model.
            stage: Only versions in this stage.
            tag: Only versions with this tag.
            page_size: How many to ask for at a time; 0 lets the server choose.

        Returns:
            An iterator that asks for the next page when it is reached.
        """
        return self._connection.pages(requests.list_models(model_id, stage, tag, page_size))

    async def set_stage(self, model_id: str, version: str, stage: Stage) -> ModelVersion:
        """Moves a model version to another stage; promotion to production archives its predecessor.

        Args:
            model_id: The model.
            version: The version to move.
            stage: Where to.

        Returns:
            The version in its new stage.

        Raises:
            FailedPreconditionError: The server cannot use its backend.
            InvalidArgumentError: The stage is ``UNSPECIFIED``, or an id is not well-formed.
            NotFoundError: There is no such version.
            PermissionDeniedError: The model belongs to others.
        """
        return await self._connection.send(requests.set_stage(model_id, version, stage))

    async def delete(self, model_id: str, version: str) -> None:
        """Deletes a model version; refused while a router uses it."""
        await self._connection.send(requests.delete_model(model_id, version))

    async def set_permissions(self, model_id: str, permissions: ModelPermissions, *, etag: str = "") -> Model:
        """Sets who may read and call a model with all its versions, replacing what was set before.

        Args:
            model_id: The model.
            permissions: All of them; whoever is not among ``shared_user_ids`` is not shared with any more.
            etag: When set and old, the change is refused.

        Returns:
            The model with its new permissions.

        Raises:
            AbortedError: The etag is old.
            InvalidArgumentError: A user id is not well-formed.
            NotFoundError: There is no such model, or the caller may not know of it.
            PermissionDeniedError: The caller may not change the model.
        """
        return await self._connection.send(requests.set_model_permissions(model_id, permissions, etag))

    async def transfer(self, model_id: str, owner: str, *, etag: str = "") -> Model:
        """Hands a model over to another user, with all its versions.

        Args:
            model_id: The model.
            owner: Whose it shall be.
            etag: When set and old, the change is refused.

        Returns:
            The model with its new owner.

        Raises:
            AbortedError: The etag is old.
            InvalidArgumentError: The owner is no user id.
            NotFoundError: There is no such model, or the caller may not know of it.
            PermissionDeniedError: The caller may not change the model.
        """
        return await self._connection.send(requests.transfer_model(model_id, owner, etag))

    async def test(
        self,
        model_id: str,
        version: str,
        features: Mapping[str, Any] | None = None,
        *,
        timeout_seconds: float | None = None,
    ) -> ModelTest:
        """Runs one row through a model version, before any router uses it; nothing of it is recorded.

        Args:
            model_id: The model.
            version: The version.
            features: By the names in the model's signature, as a prediction takes them. Without any the row
                is made up: of the signature's defaults and, where there is none, of 0, False or "".
            timeout_seconds: How long its backend may take; None lets the server choose.

        Returns:
            The row with where each value comes from, and what a call would be answered.

        Raises:
            DeadlineExceededError: The backend took longer.
            FailedPreconditionError: The version has no backend, or its signature does not fit its model.
            InvalidArgumentError: A feature is missing or wrong: see ``violations``.
            NotFoundError: There is no such version.
            UnavailableError: The backend does not answer, or its file is not the registered one.

        Example::

            answer = await client.models.test("cancer", "1", {"mean radius": 17.99})
        """
        return await self._connection.send(
            requests.test_model(model_id, version, features or {}, timeout_seconds)
        )
