"""What every call passes: is the server ready, who calls, may they, and how do errors leave."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import structlog
from google.protobuf.message import DecodeError

from pointsman.control.calls import principal_of, request_id_of, set_caller
from pointsman.control.status import code_of, details_of, message_of
from pointsman.domain.access import METHODS, check_scope
from pointsman.errors import InvalidArgumentError, PointsmanError, UnavailableError, UnimplementedError

_log = structlog.get_logger(__name__)

Continuation = Callable[[grpc.HandlerCallDetails], Awaitable[Any]]


class Gate(grpc.aio.ServerInterceptor):  # type: ignore[misc,unused-ignore]
    """Guards every method of the control plane.

    Args:
        reason: Answers why the control plane is not ready; empty when it is.
    """

    def __init__(self, reason: Callable[[], str]) -> None:
        self._reason = reason

    async def intercept_service(self, continuation: Continuation, details: grpc.HandlerCallDetails) -> Any:
        """Wraps the handler of a method."""
        handler = await continuation(details)
        if handler is None or handler.unary_unary is None:
            return handler
        method = str(details.method)
        behaviour = handler.unary_unary
        parse = handler.request_deserializer

        async def guarded(raw: bytes, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
            metadata = context.invocation_metadata() or ()
            request_id = request_id_of(metadata)
            try:
                if method not in METHODS:
                    raise UnimplementedError(f"{method} is answered by the data plane, not here")
                reason = self._reason()
                if reason:
                    raise UnavailableError(reason)
                caller = principal_of(metadata, request_id)
                check_scope(caller, method)
                set_caller(caller)
                return await behaviour(_parsed(parse, raw), context)
            except asyncio.CancelledError:
                raise
            except PointsmanError as error:
                failure = error
                if code_of(error) is grpc.StatusCode.INTERNAL:
                    _log.error("call failed", method=method, request_id=request_id, reason=str(error))
            except Exception:  # noqa: BLE001 - whatever it is, the caller gets an answer and the log the cause
                _log.exception("call failed", method=method, request_id=request_id)
                failure = PointsmanError(
                    f"internal error; the server's log tells more under request id {request_id}"
                )
            return await context.abort(
                code_of(failure),
                message_of(failure),
                (("grpc-status-details-bin", details_of(failure, request_id)),),
            )

        # Requests are parsed above: grpc itself answers INTERNAL for what cannot be parsed.
        return grpc.unary_unary_rpc_method_handler(
            guarded, request_deserializer=None, response_serializer=handler.response_serializer
        )


def _parsed(parse: Callable[[bytes], Any] | None, raw: bytes) -> Any:
    try:
        return parse(raw) if parse is not None else raw
    except DecodeError as error:
        raise InvalidArgumentError(f"the request is no message of this method's type: {error}") from error
