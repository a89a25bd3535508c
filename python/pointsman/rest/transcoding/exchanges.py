"""What every answer to an API request has in common: its room, its end, and how it fails."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import grpc.aio
import structlog
from google.protobuf.empty_pb2 import Empty
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect

from pointsman.rest.problems import FieldError, Problem, ProblemError, problem_response, request_id_of
from pointsman.rest.transcoding.bodies import BodyBudget, announces_body, no_body_taken
from pointsman.rest.transcoding.failures import problem_of
from pointsman.rest.transcoding.headers import metadata_of, timeout_of
from pointsman.rest.transcoding.public_port import Answer, PublicPort

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor
    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send

OFF_LOOP_BYTES = 65_536
"""Bodies and answers from here on are read and written on a thread, so that others are answered meanwhile."""

_CALLER_CHECK = "/inference.GRPCInferenceService/ModelReady"
"""A method that looks at the key first, and without a name at nothing else."""

T = TypeVar("T")
_log = structlog.get_logger("pointsman.rest")


@dataclass(frozen=True)
class Gateway:
    """What requests are answered through.

    Attributes:
        port: The public gRPC port.
        bodies: What bodies may take of the memory.
        most_seconds: The longest that a request is answered in.
        upload_seconds: The longest that a file may take to come.
        need_key: Whether a request without a key is refused, even while the server knows no key.
    """

    port: PublicPort
    bodies: BodyBudget
    most_seconds: float
    need_key: bool = False
    upload_seconds: float = 3600.0


@dataclass
class Exchange:
    """One request that is answered by a call.

    Attributes:
        gateway: What it is answered through.
        scope: The request's.
        headers: The request's.
        body: What came.
        need_key: Whether the request needs a key, even while the server knows none.
    """

    gateway: Gateway
    scope: Scope
    headers: Headers
    body: bytearray
    need_key: bool

    async def call(self, rpc: str, request: Any, read: Callable[[bytes], Any]) -> Answer:
        """Makes the call with the metadata and the deadline of the request; see `PublicPort.call`.

        Args:
            rpc: The path of the method.
            request: The message to send.
            read: Reads the bytes of the answer.
        """
        metadata = metadata_of(self.headers, self.scope, need_key=self.need_key)
        timeout = timeout_of(self.headers, self.gateway.most_seconds)
        return await self.gateway.port.call(rpc, request, read, metadata=metadata, timeout_seconds=timeout)

    async def check_caller(self) -> None:
        """Asks the port whether it knows the caller, for a call that decides nothing else.

        Raises:
            grpc.aio.AioRpcError: It does not.
        """
        try:
            await self.call(_CALLER_CHECK, Empty(), Empty.FromString)
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.UNAUTHENTICATED:
                raise


Answerer = Callable[[Exchange], Awaitable["Response"]]


async def answer(
    gateway: Gateway,
    answerer: Answerer,
    scope: Scope,
    receive: Receive,
    send: Send,
    *,
    request: Descriptor | None = None,
    body_field: str = "",
    keyless: bool = False,
) -> None:
    """Answers a request, whatever becomes of it; when its client goes away, the call is cancelled.

    Args:
        gateway: What it is answered through.
        answerer: Makes the response.
        scope: The request's.
        receive: Brings what the client sends.
        send: Takes the answer.
        request: The message that is sent, for the names of its fields.
        body_field: The field of it that is the body.
        keyless: Whether everybody is told the same, so that no key is needed anywhere.
    """
    headers = Headers(scope=scope)
    need_key = gateway.need_key and not keyless
    body = bytearray()
    try:
        async with asyncio.timeout(gateway.most_seconds):
            # Nobody without a key has a body read and parsed, or holds a place while it comes.
            metadata_of(headers, scope, need_key=need_key)
            if scope["method"] in ("GET", "HEAD") and announces_body(headers):
                raise ProblemError(no_body_taken(scope["method"]))
            exchange = Exchange(gateway, scope, headers, body, need_key)
            exchange.body = body = await gateway.bodies.read(headers, receive, exchange.check_caller)
            response = await _while_connected(answerer(exchange), receive)
    except ClientDisconnect:
        return
    except ProblemError as error:
        problem = error.problem
    except FieldError as error:
        problem = error.as_problem()
    except grpc.aio.AioRpcError as error:
        problem = problem_of(error, request, body_field)
    except TimeoutError:
        problem = Problem(
            "DEADLINE_EXCEEDED",
            f"not answered within {gateway.most_seconds:g} seconds (http_limits.request_seconds); "
            "call the gRPC port for what takes longer",
        )
    except Exception:  # noqa: BLE001 - whatever it is, the caller gets an answer and the log the cause
        _log.exception("request failed", path=scope["path"])
        problem = Problem(
            "INTERNAL",
            "internal error; the server's log tells more under request id " + request_id_of(scope),
        )
    else:
        await response(scope, receive, send)
        return
    finally:
        gateway.bodies.release(body)
    await problem_response(problem, scope)(scope, receive, send)


async def off_loop(size: int, work: Callable[[], T]) -> T:
    """Does work on a thread when it is about so many bytes that the loop would wait for it."""
    return await asyncio.to_thread(work) if size > OFF_LOOP_BYTES else work()


async def _while_connected(work: Awaitable[Response], receive: Receive) -> Response:
    """Waits for work, and cancels it when the client goes away.

    Raises:
        ClientDisconnect: The client went away.
    """
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_disconnect(receive))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise ClientDisconnect
    finally:
        for task in (working, leaving):
            task.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
