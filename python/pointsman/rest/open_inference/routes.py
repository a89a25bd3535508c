"""The protocol's paths."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from pointsman.rest.open_inference.requests import read_call
from pointsman.rest.open_inference.responses import write_answer, write_model, write_server
from pointsman.rest.open_inference.schema import SERVICE, message_class
from pointsman.rest.problems import FieldError, Problem, ProblemError
from pointsman.rest.transcoding.bodies import JSON_TYPE, check_content_type
from pointsman.rest.transcoding.compression import inflated
from pointsman.rest.transcoding.exchanges import Exchange, Gateway, answer, off_loop
from pointsman.rest.transcoding.public_port import Answer
from pointsman.rest.transcoding.routes import receipt_headers

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

BINARY_TYPE = "application/octet-stream"
HEADER_LENGTH = "inference-header-content-length"
Respond = Callable[[Exchange], Awaitable[Response]]


class _Endpoint:
    """An ASGI application that answers one path."""

    def __init__(self, gateway: Gateway, respond: Respond) -> None:
        self._gateway = gateway
        self._respond = respond
        # The public port answers these without a key, for orchestrators have none.
        self._keyless = respond in (_server_metadata, _live, _ready)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await answer(
            self._gateway,
            self._respond,
            scope,
            receive,
            send,
            keyless=self._keyless,
        )


def open_inference_routes(gateway: Gateway) -> list[BaseRoute]:
    """Answers the routes of the protocol.

    Args:
        gateway: What they are answered through.
    """
    model, version = "/v2/models/{model}", "/v2/models/{model}/versions/{version}"
    paths: list[tuple[str, str, Respond]] = [
        ("/v2", "GET", _server_metadata),
        ("/v2/health/live", "GET", _live),
        ("/v2/health/ready", "GET", _ready),
    ]
    for place in (model, version):
        paths += [
            (place, "GET", _model_metadata),
            (f"{place}/ready", "GET", _model_ready),
            (f"{place}/infer", "POST", infer),
        ]
    return [Route(path, _Endpoint(gateway, respond), methods=[method]) for path, method, respond in paths]


async def infer(exchange: Exchange) -> Response:
    """Asks a router or a model about tensors.

    Raises:
        FieldError: The request does not fit.
        ProblemError: Its body is none that is taken.
        grpc.aio.AioRpcError: The call failed.
    """
    length = exchange.headers.get(HEADER_LENGTH)
    # Clients of the protocol often say no type at all.
    if "content-type" in exchange.headers:
        media_type = check_content_type(exchange.headers, other=BINARY_TYPE, inflates=True)
        if media_type == BINARY_TYPE and length is None:
            detail = (
                f"a body of {BINARY_TYPE} needs {HEADER_LENGTH}, the length of the JSON that it begins with"
            )
            raise ProblemError(Problem("INVALID_ARGUMENT", detail, violations=()))
    names = _names(exchange)
    async with inflated(exchange) as body:
        call = await off_loop(len(body), lambda: read_call(names["name"], names["version"], body, length))
        answered = await _ask(exchange, "ModelInfer", call.request)
    message = answered.message
    content, json_length = await off_loop(message.ByteSize(), lambda: write_answer(call, message))
    headers = receipt_headers(answered.trailers)
    if json_length is not None:
        headers[HEADER_LENGTH] = str(json_length)
    return Response(content, headers=headers, media_type=JSON_TYPE if json_length is None else BINARY_TYPE)


async def _server_metadata(exchange: Exchange) -> Response:
    answered = await _ask(exchange, "ServerMetadata", message_class("ServerMetadataRequest")())
    return Response(write_server(answered.message), media_type=JSON_TYPE)


async def _model_metadata(exchange: Exchange) -> Response:
    request = message_class("ModelMetadataRequest")(**_names(exchange))
    answered = await _ask(exchange, "ModelMetadata", request)
    return Response(write_model(answered.message), media_type=JSON_TYPE)


async def _live(exchange: Exchange) -> Response:
    answered = await _ask(exchange, "ServerLive", message_class("ServerLiveRequest")())
    return _verdict("the server does not live", is_good=answered.message.live)


async def _ready(exchange: Exchange) -> Response:
    answered = await _ask(exchange, "ServerReady", message_class("ServerReadyRequest")())
    return _verdict("the server is not ready", is_good=answered.message.ready)


async def _model_ready(exchange: Exchange) -> Response:
    request = message_class("ModelReadyRequest")(**_names(exchange))
    answered = await _ask(exchange, "ModelReady", request)
    return _verdict(
        "the model is not ready: it is not known, or none of its backends answers",
        is_good=answered.message.ready,
    )


def _verdict(problem: str, *, is_good: bool) -> Response:
    if not is_good:
        raise ProblemError(Problem("UNAVAILABLE", problem))
    return Response()


def _names(exchange: Exchange) -> dict[str, str]:
    found = exchange.scope["path_params"]
    return {"name": found["model"], "version": found.get("version", "")}


async def _ask(exchange: Exchange, method: str, request: Any) -> Answer:
    if exchange.scope["query_string"]:
        raise FieldError("", "the query has parameters, of which the protocol has none; leave them out")
    read = message_class(f"{method}Response").FromString
    return await exchange.call(SERVICE + method, request, read)
