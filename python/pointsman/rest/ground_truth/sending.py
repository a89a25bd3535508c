"""Brings a file to the public port: its bytes as they come, in parts, with one in memory at a time."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from pointsman.rest.problems import Problem, ProblemError, Violation
from pointsman.v1 import drift_pb2

RPC = "/pointsman.v1.DriftService/UploadGroundTruthFile"
_SHOWN_ERRORS = 3
_FORMATS = {
    "csv": drift_pb2.GROUND_TRUTH_FORMAT_CSV,
    "tsv": drift_pb2.GROUND_TRUTH_FORMAT_TSV,
    "json_lines": drift_pb2.GROUND_TRUTH_FORMAT_JSON_LINES,
}

Ask = Callable[[drift_pb2.UploadGroundTruthFileRequest], Awaitable[Any]]
"""Makes a call with a part; answers how far the upload is."""


class Sending:
    """An upload under way.

    Args:
        ask: Makes calls.
        model_id: The model.
    """

    def __init__(self, ask: Ask, model_id: str) -> None:
        self._ask = ask
        self._model_id = model_id
        self._upload_id = secrets.token_hex(16)
        self._format = "csv"
        self._is_begun = False
        self._chunk_bytes = 0
        self._offset = 0

    async def begin(self, form: str) -> None:
        """Asks whether the model takes a file of the caller, before any of it is read.

        Args:
            form: How it is written, as far as it is known.

        Raises:
            grpc.aio.AioRpcError: It does not.
        """
        self._format = form
        answer = await self._ask(self._part(b""))
        self._chunk_bytes = answer.chunk_bytes

    def say_format(self, form: str) -> None:
        """Says how the file is written, before its first byte."""
        self._format = form

    async def send(self, pieces: AsyncIterator[bytes]) -> Any:
        """Sends a file to its end, or to where it is refused.

        Args:
            pieces: Its bytes.

        Returns:
            How the upload ended.

        Raises:
            grpc.aio.AioRpcError: A call failed.
        """
        held = bytearray()
        async for piece in pieces:
            held += piece
            while len(held) >= self._chunk_bytes:
                answer = await self._send_part(held, is_last=False)
                if answer.is_refused:
                    return answer
        while True:
            # What is left may be two parts, since the end of a part is broken off and sent again.
            is_last = len(held) <= self._chunk_bytes
            answer = await self._send_part(held, is_last=is_last)
            if is_last or answer.is_refused:
                return answer

    async def abandon(self) -> Any:
        """Says that the rest will not come, where anything came.

        Returns:
            How the upload ended; None where nothing came.

        Raises:
            grpc.aio.AioRpcError: The call failed.
        """
        if not self._is_begun:
            return None
        request = self._part(b"")
        request.is_abandoned = True
        return await self._ask(request)

    async def _send_part(self, held: bytearray, *, is_last: bool) -> Any:
        self._is_begun = True
        answer = await self._ask(self._part(bytes(held[: self._chunk_bytes]), is_last=is_last))
        del held[: answer.received_bytes - self._offset]
        self._offset = answer.received_bytes
        return answer

    def _part(self, chunk: bytes, *, is_last: bool = False) -> drift_pb2.UploadGroundTruthFileRequest:
        return drift_pb2.UploadGroundTruthFileRequest(
            model_id=self._model_id,
            upload_id=self._upload_id,
            format=_FORMATS[self._format],
            offset=self._offset,
            chunk=chunk,
            is_last=is_last,
        )


def refusal_of(answer: Any) -> ProblemError:
    """Makes the problem of a file with rows that are wrong."""
    violations = tuple(
        Violation(
            (f"lines[{error.line}]" + (f".{error.field}" if error.field else "")) if error.line else "file",
            error.description,
        )
        for error in answer.errors
    )
    told = "; ".join(f"{one.field}: {one.description}" for one in violations[:_SHOWN_ERRORS])
    more = len(violations) - _SHOWN_ERRORS
    detail = f"nothing of the file is kept: {told}" + (f"; and {more} more" if more > 0 else "")
    return ProblemError(Problem("INVALID_ARGUMENT", detail, reason="ROWS_REFUSED", violations=violations))
