"""What of a request's headers goes with the call, and how long the call may take."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from pointsman.rest.problems import FieldError, Problem, ProblemError, request_id_of

if TYPE_CHECKING:
    from starlette.datastructures import Headers
    from starlette.types import Scope

PASSED_ON = ("traceparent", "tracestate", "baggage", "pointsman-entity-id", "x-entity-id")
"""Headers that are metadata of the same name, beside the key and the request id."""

METADATA_PREFIX = "grpc-metadata-"
"""What begins a header that is metadata under the rest of its name, as rules and backends read it."""

TIMEOUT = "request-timeout"
"""The header that says how many seconds the call may take."""

RECEIPT_PREFIX = "pointsman-"
"""How metadata of answers begins that the answer has as headers."""

_NAME = re.compile(r"[a-z0-9_.-]{1,64}")
_RESERVED = re.compile(
    r"grpc-.*|x-pointsman-.*|.*-bin|authorization|x-api-key|x-request-id|content-.*"
    r"|te|host|user-agent|connection|transfer-encoding|keep-alive|upgrade|proxy-connection"
)
_SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")


def metadata_of(headers: Headers, scope: Scope, *, need_key: bool) -> list[tuple[str, str]]:
    """Answers the metadata of the call.

    Args:
        headers: The request's.
        scope: The request's, for its id.
        need_key: Whether a request without a key is refused, even while the server knows no key.

    Raises:
        FieldError: A header cannot be metadata.
        ProblemError: There is no key where one is needed.
    """
    found = [("x-request-id", request_id_of(scope)), *_credentials(headers, need_key=need_key)]
    found += [(name, _text(name, headers[name])) for name in PASSED_ON if name in headers]
    found += _named(headers)
    return found


def timeout_of(headers: Mapping[str, str], most_seconds: float) -> float | None:
    """Answers how many seconds the caller gives the call; None when they do not say.

    Raises:
        FieldError: It is no number of seconds above 0.
    """
    text = headers.get(TIMEOUT)
    if text is None:
        return None
    seconds = float(text) if _SECONDS.fullmatch(text) else 0.0
    if seconds <= 0:
        raise FieldError(TIMEOUT, f"{text[:100]!r} is no number of seconds; write one above 0, as 2.5")
    return min(seconds, most_seconds)


def _credentials(headers: Headers, *, need_key: bool) -> Iterator[tuple[str, str]]:
    key, authorization = headers.get("x-api-key"), headers.get("authorization")
    if key is None and need_key:
        # While no key exists, foreign tokens pass for the local user; as x-api-key each is looked at.
        scheme, _, key = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            raise ProblemError(
                Problem(
                    "UNAUTHENTICATED",
                    "no API key: this port is reachable from other machines; send a key as X-API-Key or "
                    "Authorization: Bearer; an admin makes them with 'pointsman keys create'",
                )
            )
    if key is not None:
        yield "x-api-key", _text("x-api-key", key.strip())
    elif authorization is not None:
        yield "authorization", _text("authorization", authorization)


def _named(headers: Headers) -> Iterator[tuple[str, str]]:
    for header, value in headers.items():
        if not header.startswith(METADATA_PREFIX):
            continue
        name = header.removeprefix(METADATA_PREFIX)
        if not _NAME.fullmatch(name) or _RESERVED.fullmatch(name):
            raise FieldError(header, "is no metadata that callers may set; choose another name")
        yield name, _text(header, value)


def _text(name: str, value: str) -> str:
    """Answers a value that metadata can have: ASCII that is printed."""
    if not value.isascii() or not value.isprintable():
        raise FieldError(name, "has characters that are not ASCII, which metadata cannot have")
    return value
