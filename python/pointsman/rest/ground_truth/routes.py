"""``POST /api/v1/drift/ground-truth/upload``."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import grpc.aio
import structlog
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from pointsman.rest import patience
from pointsman.rest.ground_truth.bodies import FORM_TYPE, file_of, pieces_of
from pointsman.rest.ground_truth.requests import CONTENT_TYPES, format_of_part, media_type_of, read_query
from pointsman.rest.ground_truth.sending import RPC, Sending, refusal_of
from pointsman.rest.problems import (
    FieldError,
    Problem,
    ProblemError,
    method_refusal,
    problem_response,
    request_id_of,
)
from pointsman.rest.transcoding.bodies import JSON_TYPE
from pointsman.rest.transcoding.failures import problem_of
from pointsman.rest.transcoding.headers import metadata_of, timeout_of
from pointsman.v1 import drift_pb2

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from pointsman.rest.transcoding.exchanges import Gateway

PATH = "/api/v1/drift/ground-truth/upload"
_TOO_LARGE = "UPLOAD_TOO_LARGE"
_STRANGERS = ("UNAUTHENTICATED", "PERMISSION_DENIED")
"""Codes of those who may upload nothing, and whose bytes hold no place for as long as they like."""

_log = structlog.get_logger("pointsman.rest")


def ground_truth_routes(gateway: Gateway) -> list[BaseRoute]:
    """Answers the route.

    Args:
        gateway: What it is answered through.
    """
    return [Route(PATH, _Upload(gateway))]


class _Upload:
    """An ASGI application that takes files of outcomes."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":
            await method_refusal(scope, ["POST"])(scope, receive, send)
            return
        request = _Request(self._gateway, scope, receive)
        try:
            response = await request.answer()
        except ClientDisconnect:
            return
        await response(scope, receive, send)


class _Request:
    """One upload: its file, its calls, and its end."""

    def __init__(self, gateway: Gateway, scope: Scope, receive: Receive) -> None:
        self._gateway = gateway
        self._scope = scope
        self._headers = Headers(scope=scope)
        self._pieces = pieces_of(receive)
        self._sending: Sending | None = None

    async def answer(self) -> Response:
        """Answers the request, whatever becomes of it.

        Raises:
            ClientDisconnect: The client went away.
        """
        try:
            most = timeout_of(self._headers, self._gateway.upload_seconds) or self._gateway.upload_seconds
            async with asyncio.timeout(most):
                return await self._uploaded()
        except (ClientDisconnect, asyncio.CancelledError):
            await self._abandon()
            raise
        except ProblemError as error:
            problem = error.problem
        except FieldError as error:
            problem = error.as_problem()
        except grpc.aio.AioRpcError as error:
            problem = problem_of(error)
            if problem.reason == _TOO_LARGE:
                problem = replace(problem, status=413)
        except TimeoutError:
            problem = Problem(
                "DEADLINE_EXCEEDED",
                "the file did not come in time (http_limits.upload_seconds for all of it, "
                "http_limits.request_seconds for a part); nothing of it is kept",
            )
        except Exception:  # noqa: BLE001 - whatever it is, the caller gets an answer and the log the cause
            _log.exception("upload failed", path=self._scope["path"])
            told = (
                f"internal error; the server's log tells more under request id {request_id_of(self._scope)}"
            )
            problem = Problem("INTERNAL", told)
        ended = await self._abandon()
        if ended is not None and ended.is_complete:
            # The last part was taken, and its answer was lost.
            return _success(ended)
        if self._sending is not None and problem.code not in _STRANGERS:
            await self._pass_over_rest()
        return problem_response(problem, self._scope)

    async def _uploaded(self) -> Response:
        """Takes the file.

        Raises:
            FieldError: A parameter is wrong.
            ProblemError: The body is none that is taken, or has rows that are wrong.
            TimeoutError: It does not come in time.
            grpc.aio.AioRpcError: A call failed.
        """
        metadata_of(self._headers, self._scope, need_key=self._gateway.need_key)
        model_id, form = read_query(self._scope["query_string"].decode("latin-1"))
        content_type = self._headers.get("content-type", "")
        media_type = media_type_of(content_type)
        if (encoding := self._headers.get("content-encoding", "identity")).lower() != "identity":
            text = f"Content-Encoding {encoding[:100]!r} is not taken; send the bytes as they are"
            raise ProblemError(Problem("INVALID_ARGUMENT", text, status=415))
        sending = Sending(self._ask, model_id)
        await sending.begin(form or CONTENT_TYPES.get(media_type, "csv"))
        self._sending = sending
        pieces = self._in_time(self._pieces)
        if media_type == FORM_TYPE:
            pieces = file_of(
                pieces, content_type, lambda headers: sending.say_format(format_of_part(headers, form))
            )
        answer = await sending.send(pieces)
        if answer.is_refused:
            raise refusal_of(answer)
        return _success(answer)

    async def _in_time(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Passes on what comes, each piece in its time.

        Raises:
            TimeoutError: The next one does not come.
        """
        while True:
            self._go_on()
            async with asyncio.timeout(self._gateway.most_seconds):
                piece = await anext(pieces, b"")
            if not piece:
                return
            yield piece

    async def _ask(self, request: drift_pb2.UploadGroundTruthFileRequest) -> Any:
        self._go_on()
        answer = await self._gateway.port.call(
            RPC,
            request,
            drift_pb2.UploadGroundTruthFileResponse.FromString,
            metadata=metadata_of(self._headers, self._scope, need_key=self._gateway.need_key),
            timeout_seconds=self._gateway.most_seconds,
        )
        return answer.message

    def _go_on(self) -> None:
        patience.extend(self._scope, asyncio.get_running_loop().time() + self._gateway.most_seconds)

    async def _abandon(self) -> Any:
        """Says that the rest will not come, and answers how the upload ended.

        A server that does not hear it finds out by itself; then None is answered.
        """
        if self._sending is not None:
            with contextlib.suppress(grpc.aio.AioRpcError):
                return await self._sending.abandon()
        return None

    async def _pass_over_rest(self) -> None:
        """Reads what the client still sends, for many read no answer before they have sent all.

        Only for those whose upload was begun: it takes a place among the requests. What others still send is
        thrown away by their connection, in the time that a head has.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._gateway.most_seconds / 2):
                async for _ in self._pieces:
                    pass


def _success(answer: Any) -> Response:
    body = {
        "inserted": answer.inserted,
        "matched": answer.matched,
        "corrected": answer.corrected,
        "repeated": answer.repeated,
        "rowCount": answer.row_count,
    }
    return Response(json.dumps(body, separators=(",", ":")), media_type=JSON_TYPE)
