"""Sends a file to the server piece by piece, and goes on where a broken upload stood."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pointsman.client import _requests as requests
from pointsman.client._errors import FailedPreconditionError, InvalidArgumentError, UnavailableError
from pointsman.client._files import LocalFile
from pointsman.client._types import UploadedFile

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from pointsman.client._connection import AsyncConnection
    from pointsman.client._files import Measured
    from pointsman.v1 import model_pb2

_RESTARTS = 3
_PAUSES_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Between attempts to reach a server that was there before: it may be starting again."""


async def send_file(
    connection: AsyncConnection,
    path: str | os.PathLike[str],
    wanted_sha256: str,
    on_progress: Callable[[int, int], None] | None,
) -> UploadedFile:
    """Sends a file, unless the server has it.

    Args:
        connection: Where to.
        path: The file.
        wanted_sha256: The digest that it must have; empty for any.
        on_progress: Is called with the bytes that are there, and the bytes of the whole file.
    """
    with LocalFile(path) as file:
        measured = await connection.work(partial(file.measure, wanted_sha256))
        state = await connection.send(requests.upload_piece(measured.sha256, measured.size_bytes))
        was_there = state.is_complete
        # Another server behind the same address, or one whose parts went, begins anew.
        for restart in range(_RESTARTS + 1):
            is_resumed = state.received_bytes > 0
            try:
                state = await _send_rest(connection, file, measured, state, on_progress)
                break
            except (FailedPreconditionError, InvalidArgumentError) as error:
                is_gap = error.reason == "UPLOAD_GAP"
                # What lay there before may have been damaged; what this run sent by itself was not.
                is_damaged = is_resumed and error.reason == "UPLOAD_DIFFERS"
                if not (is_gap or is_damaged) or restart == _RESTARTS:
                    raise
            state = await connection.send(requests.upload_piece(measured.sha256, measured.size_bytes))
    return UploadedFile(state.path, measured.sha256, measured.size_bytes, was_there)


async def _send_rest(
    connection: AsyncConnection,
    file: LocalFile,
    measured: Measured,
    state: model_pb2.UploadModelFileResponse,
    on_progress: Callable[[int, int], None] | None,
) -> model_pb2.UploadModelFileResponse:
    """Sends what the server lacks; answers its last answer."""
    while not state.is_complete:
        if on_progress:
            on_progress(state.received_bytes, measured.size_bytes)
        length = min(state.chunk_bytes, measured.size_bytes - state.received_bytes)
        chunk = await connection.work(partial(file.read_all, state.received_bytes, length))
        state = await _send_piece(connection, measured, state.received_bytes, chunk)
    if on_progress:
        on_progress(state.received_bytes, measured.size_bytes)
    return state


async def _send_piece(
    connection: AsyncConnection, measured: Measured, offset: int, chunk: bytes
) -> model_pb2.UploadModelFileResponse:
    """Sends a piece, and again while the server cannot be reached for a moment."""
    call = requests.upload_piece(measured.sha256, measured.size_bytes, offset, chunk)
    for pause_seconds in _PAUSES_SECONDS:
        try:
            return await connection.send(call)
        except UnavailableError:
            await connection.wait(pause_seconds)
    return await connection.send(call)
