"""Starlette's routes of all bindings."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import BaseRoute, Match, NoMatchFound

from pointsman.rest.problems import FieldError, ProblemError, method_refusal
from pointsman.rest.transcoding.bindings import Binding
from pointsman.rest.transcoding.bodies import JSON_TYPE, check_content_type, no_body_taken, parse_json
from pointsman.rest.transcoding.exchanges import Exchange, Gateway, answer, off_loop
from pointsman.rest.transcoding.headers import RECEIPT_PREFIX
from pointsman.rest.transcoding.requests import make_request
from pointsman.rest.transcoding.writing import write_message

if TYPE_CHECKING:
    from starlette.datastructures import URLPath
    from starlette.types import Receive, Scope, Send


CONTENT_HEADERS = {
    "x-content-type-options": "nosniff",
    # A page shows what came from data; as one of no origin it cannot call the API in the name of its reader.
    "content-security-policy": "sandbox allow-scripts",
}
"""What goes with content that is not ours to read."""


class TranscodedRoute(BaseRoute):
    """Answers the paths of all bindings.

    Args:
        bindings: The bindings, the most specific path first.
        gateway: What they are answered through.
    """

    def __init__(self, bindings: Sequence[Binding], gateway: Gateway) -> None:
        self._bindings = tuple(bindings)
        self._gateway = gateway

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Says whether a path is one of the bindings', and whether by this method."""
        if scope["type"] != "http":
            return Match.NONE, {}
        path, method = raw_path_of(scope), "GET" if scope["method"] == "HEAD" else scope["method"]
        allowed: list[str] = []
        for binding in self._bindings:
            if binding.template.pattern.fullmatch(path) is None:
                continue
            if binding.http_method == method:
                return Match.FULL, {"binding": binding}
            allowed.append(binding.http_method)
        return (Match.PARTIAL, {"allowed": allowed}) if allowed else (Match.NONE, {})

    def url_path_for(self, name: str, /, **path_params: Any) -> URLPath:
        """Names no path: nothing here links to others."""
        raise NoMatchFound(name, path_params)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request whose path matches.

        Args:
            scope: The request's, with what `matches` found.
            receive: Brings what the client sends.
            send: Takes the answer.
        """
        binding: Binding | None = scope.get("binding")
        if binding is None:
            await method_refusal(scope, scope["allowed"])(scope, receive, send)
            return

        async def answerer(exchange: Exchange) -> Response:
            return await transcode(binding, exchange)

        await answer(
            self._gateway,
            answerer,
            scope,
            receive,
            send,
            request=binding.request,
            body_field=binding.body,
        )


def raw_path_of(scope: Scope) -> str:
    """Answers the path as it was sent, percent signs and all."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    return raw.partition(b"?")[0].decode("latin-1")


async def transcode(binding: Binding, exchange: Exchange) -> Response:
    """Answers a request by its binding.

    Raises:
        FieldError: The request does not fit.
        ProblemError: Its body is none that is taken.
        grpc.aio.AioRpcError: The call failed.
    """
    scope, body = exchange.scope, exchange.body
    if body:
        if not binding.body:
            raise ProblemError(no_body_taken(scope["method"]))
        check_content_type(exchange.headers)
    path = _path_of(binding, scope)
    query = scope["query_string"].decode("latin-1")

    def read() -> Any:
        return make_request(binding, path, query, parse_json(body) if body else None)

    request = await off_loop(len(body), read)
    answered = await exchange.call(binding.rpc, request, binding.response_class.FromString)
    headers = receipt_headers(answered.trailers)
    status = binding.status_of(request)
    if binding.is_empty:
        return Response(status_code=status, headers=headers)
    message = answered.message
    if binding.is_content:
        # As it is said: no character set is added to a type that has none.
        headers |= CONTENT_HEADERS | {"content-type": message.content_type}
        return Response(message.data, status_code=status, headers=headers)
    content = await off_loop(message.ByteSize(), lambda: written(message, binding.response_body))
    return Response(content, status_code=status, headers=headers, media_type=JSON_TYPE)


def written(message: Any, field: str = "") -> bytes:
    """Writes a message, or one field of it, as the bytes of JSON."""
    value = write_message(message)
    if field:
        value = value.get(message.DESCRIPTOR.fields_by_name[field].json_name)
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def receipt_headers(trailers: Mapping[str, str]) -> dict[str, str]:
    """Answers the headers that tell of the decision behind an answer."""
    return {name: value for name, value in trailers.items() if name.startswith(RECEIPT_PREFIX)}


def _path_of(binding: Binding, scope: Scope) -> dict[str, str]:
    found = binding.template.match(raw_path_of(scope))
    if found is None:
        raise FieldError("", "the path changed while it was read")
    return found
