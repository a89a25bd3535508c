"""Sends a file of outcomes part by part, and goes on where a broken upload stood."""

from __future__ import annotations

import secrets
from functools import partial
from typing import TYPE_CHECKING

from pointsman.client import _requests as requests
from pointsman.client._errors import ClientError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from pointsman.client._call import Call
    from pointsman.client._connection import AsyncConnection
    from pointsman.client._types import GroundTruthFileReport, GroundTruthFormat

_PAUSES_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Between attempts to reach a server that was there before: it may be starting again."""


async def send_outcomes(
    connection: AsyncConnection,
    model_id: str,
    file: BinaryIO,
    written: GroundTruthFormat,
    on_progress: Callable[[int], None] | None,
) -> GroundTruthFileReport:
    """Sends a file of outcomes; what is not sent to its end leaves nothing at the server.

    Args:
        connection: Where to.
        model_id: The model.
        file: The file, open for reading bytes.
        written: How its rows are.
        on_progress: Is called with the bytes that are taken.
    """
    begun = partial(requests.truth_piece, model_id, secrets.token_hex(16), written)
    try:
        return await _send(connection, begun, file, on_progress)
    except BaseException as error:
        ended = await _abandon(connection, begun)
        if isinstance(error, ClientError) and ended is not None and ended.is_complete:
            # The last part was taken, and its answer was lost.
            return ended
        raise


async def _send(
    connection: AsyncConnection,
    piece: Callable[..., Call[GroundTruthFileReport]],
    file: BinaryIO,
    on_progress: Callable[[int], None] | None,
) -> GroundTruthFileReport:
    state = await _send_piece(connection, piece())
    rest = b""
    while True:
        wanted = state.chunk_bytes - len(rest)
        read = await connection.work(partial(_read, file, wanted))
        rest, is_last = rest + read, len(read) < wanted
        offset = state.received_bytes
        state = await _send_piece(connection, piece(offset, rest, is_last=is_last))
        rest = rest[state.received_bytes - offset :]
        if on_progress:
            on_progress(state.received_bytes)
        if state.is_complete or state.is_refused:
            return state


def _read(file: BinaryIO, wanted: int) -> bytes:
    """Reads so many bytes, or those that there are up to the file's end.

    A raw stream may answer fewer than are asked for, long before its end; only no bytes are that.

    Raises:
        ValueError: The file has no bytes yet, and does not wait for them.
    """
    found = bytearray()
    while len(found) < wanted:
        read: bytes | None = file.read(wanted - len(found))
        if read is None:
            raise ValueError("file: it answers before it has bytes to read; open it so that reading waits")
        if not read:
            break
        found += read
    return bytes(found)


async def _send_piece(
    connection: AsyncConnection, call: Call[GroundTruthFileReport]
) -> GroundTruthFileReport:
    """Sends a piece, and again while the server cannot be reached for a moment."""
    for pause_seconds in _PAUSES_SECONDS:
        try:
            return await connection.send(call)
        except UnavailableError:
            await connection.wait(pause_seconds)
    return await connection.send(call)


async def _abandon(
    connection: AsyncConnection, piece: Callable[..., Call[GroundTruthFileReport]]
) -> GroundTruthFileReport | None:
    """Says that the rest will not come, and answers how the upload ended.

    A server that does not hear it finds out by itself; then nothing is answered.
    """
    try:
        return await connection.send(piece(is_abandoned=True))
    except ClientError:
        return None
