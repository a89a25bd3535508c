"""What every call passes: is the server ready, who calls, may they, and how do errors leave."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import grpc
import structlog
from google.protobuf.message import DecodeError

from pointsman.control.calls import principal_of, request_id_of, set_caller
from pointsman.control.status import code_of, details_of, message_of
from pointsman.domain.access import METHODS, check_scope
from pointsman.errors import (
    InvalidArgumentError,
    PassedOnError,
    PointsmanError,
    UnavailableError,
    UnimplementedError,
)

_log = structlog.get_logger(__name__)

Continuation = Callable[[grpc.HandlerCallDetails], Awaitable[Any]]
Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
Metadata = Iterable[tuple[str, str | bytes]]
Parse = Callable[[bytes], Any] | None

_KINDS = {
    (False, False): "unary_unary",
    (False, True): "unary_stream",
    (True, False): "stream_unary",
    (True, True): "stream_stream",
}
"""The attribute of a handler that holds its behaviour, by whether requests and responses are streams."""


class Gate(grpc.aio.ServerInterceptor):  # type: ignore[misc,unused-ignore]
    """Guards every method of the control plane.

    Args:
        reason: Answers why the control plane is not ready; empty when it is.
    """

    def __init__(self, reason: Callable[[], str]) -> None:
        self._reason = reason

    async def intercept_service(self, continuation: Continuation, details: grpc.HandlerCallDetails) -> Any:
        """Wraps the handler of a method, of whichever of the four kinds it is."""
        handler = await continuation(details)
        if handler is None:
            return None
        method = str(details.method)
        # Requests are parsed behind the gate: grpc itself answers INTERNAL for what cannot be parsed.
        parse = handler.request_deserializer
        kind = _KINDS[bool(handler.request_streaming), bool(handler.response_streaming)]
        behaviour = getattr(handler, kind)
        received = _parsed_each if handler.request_streaming else _parsed

        async def answered(raw: Any, context: Context) -> Any:
            async with self._guarding(method, context):
                return await behaviour(received(parse, raw), context)

        async def streamed(raw: Any, context: Context) -> AsyncIterator[Any]:
            async with self._guarding(method, context):
                async for message in behaviour(received(parse, raw), context):
                    yield message

        return getattr(grpc, f"{kind}_rpc_method_handler")(
            streamed if handler.response_streaming else answered,
            request_deserializer=None,
            response_serializer=handler.response_serializer,
        )

    @asynccontextmanager
    async def _guarding(self, method: str, context: Context) -> AsyncIterator[None]:
        """Lets a call in that may come in, and ends it with a status whatever is raised in it."""
        metadata = context.invocation_metadata() or ()
        request_id = request_id_of(metadata)
        try:
            self._admit(method, metadata, request_id)
            yield
            return
        except (asyncio.CancelledError, GeneratorExit):
            raise
        except PointsmanError as error:
            failure = error
            if code_of(error) is grpc.StatusCode.INTERNAL and not isinstance(error, PassedOnError):
                _log.error("call failed", method=method, request_id=request_id, reason=str(error))
        except Exception:  # noqa: BLE001 - whatever it is, the caller gets an answer and the log the cause
            _log.exception("call failed", method=method, request_id=request_id)
            failure = PointsmanError(
                f"internal error; the server's log tells more under request id {request_id}"
            )
        await context.abort(
            code_of(failure),
            message_of(failure),
            (("grpc-status-details-bin", details_of(failure, request_id)),),
        )

    def _admit(self, method: str, metadata: Metadata, request_id: str) -> None:
        """Checks who calls and sets the caller of the call in progress.

        Raises:
            PermissionDeniedError: The caller's key has not the scope.
            UnauthenticatedError: Nobody says who calls.
            UnavailableError: The control plane is not ready.
            UnimplementedError: The method is in no table of those answered here.
        """
        if method not in METHODS:
            raise UnimplementedError(f"{method} is answered by the data plane, not here")
        reason = self._reason()
        if reason:
            raise UnavailableError(reason)
        caller = principal_of(metadata, request_id)
        check_scope(caller, method)
        set_caller(caller)


async def _parsed_each(parse: Parse, messages: AsyncIterator[bytes]) -> AsyncIterator[Any]:
    async for raw in messages:
        yield _parsed(parse, raw)


def _parsed(parse: Parse, raw: bytes) -> Any:
    try:
        return parse(raw) if parse is not None else raw
    except DecodeError as error:
        raise InvalidArgumentError(f"the request is no message of this method's type: {error}") from error
