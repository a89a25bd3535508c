"""Reads bodies: within a limit for each and for all together, and as JSON that says one thing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from starlette.requests import ClientDisconnect

from pointsman.rest.problems import FieldError, Problem, ProblemError

if TYPE_CHECKING:
    from starlette.datastructures import Headers
    from starlette.types import Receive

JSON_TYPE = "application/json"


class BodyBudget:
    """The bytes of bodies that may be held at a time.

    Args:
        max_bytes: Of one body.
        total_bytes: Of all bodies together.
    """

    def __init__(self, max_bytes: int, total_bytes: int) -> None:
        self._max = max_bytes
        self._total = total_bytes
        self._held = 0

    async def read(self, headers: Headers, receive: Receive) -> bytearray:
        """Reads a body whole; whoever reads it gives its bytes back with `release`.

        Raises:
            ProblemError: It is too long, or there is no room for it.
            ClientDisconnect: The client went away.
        """
        announced = headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > self._max:
            raise self._too_long()
        body = bytearray()
        try:
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                self._take(body, message.get("body", b""))
                if not message.get("more_body", False):
                    return body
        except BaseException:
            self.release(body)
            raise

    def release(self, body: bytearray) -> None:
        """Gives the bytes of a body back."""
        self._held -= len(body)

    def _take(self, body: bytearray, part: bytes) -> None:
        if len(body) + len(part) > self._max:
            raise self._too_long()
        if self._held + len(part) > self._total:
            detail = (
                f"bodies of {self._total} bytes are in memory (http_limits.body_budget_bytes); "
                "try again in a second"
            )
            raise ProblemError(
                Problem("RESOURCE_EXHAUSTED", detail, status=503, headers={"retry-after": "1"})
            )
        self._held += len(part)
        body += part

    def _too_long(self) -> ProblemError:
        detail = (
            f"the body is longer than {self._max} bytes (http_limits.max_body_bytes); "
            "send less at a time, or call the gRPC port"
        )
        return ProblemError(Problem("INVALID_ARGUMENT", detail, status=413))


def check_content_type(headers: Headers, *, other: str = "") -> str:
    """Answers the content type of a body, without its parameters.

    Args:
        headers: The request's.
        other: A type besides JSON that is taken.

    Raises:
        ProblemError: It is none that is taken, or its bytes are encoded.
    """
    given = headers.get("content-type", "")
    media_type, _, parameters = given.partition(";")
    media_type = media_type.strip().lower()
    charset = parameters.partition("charset=")[2].strip(' "').lower()
    taken = (JSON_TYPE, other) if other else (JSON_TYPE,)
    if media_type not in taken or charset not in ("", "utf-8", "utf8"):
        text = f"Content-Type {given[:100]!r} is not taken; send {' or '.join(taken)}, in UTF-8"
        raise ProblemError(Problem("INVALID_ARGUMENT", text, status=415, headers={"accept-post": JSON_TYPE}))
    encoding = headers.get("content-encoding", "identity")
    if encoding.lower() != "identity":
        text = f"Content-Encoding {encoding[:100]!r} is not taken; send the bytes as they are"
        raise ProblemError(
            Problem("INVALID_ARGUMENT", text, status=415, headers={"accept-encoding": "identity"})
        )
    return media_type


def parse_json(body: bytes | bytearray | memoryview) -> Any:
    """Reads JSON as RFC 8259 has it, in UTF-8, with no name twice in one object.

    Raises:
        FieldError: It is none; the error says where.
    """
    try:
        return json.loads(bytes(body).decode(), object_pairs_hook=_object, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise FieldError(
            "", f"the body is no JSON: {error.msg} in line {error.lineno}, column {error.colno}"
        ) from error
    except UnicodeDecodeError as error:
        raise FieldError("", f"the body is no UTF-8 at byte {error.start}") from error
    except RecursionError as error:
        raise FieldError("", "the body has too many arrays and objects in one another") from error
    except ValueError as error:
        raise FieldError("", f"the body is no JSON: {error}") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise FieldError(name[:200], "stands twice in one object; leave one out")
            seen.add(name)
    return found


def _refuse_constant(text: str) -> float:
    raise FieldError("", f"{text} is no JSON; a field that takes it takes it as text, {text!r} in quotes")
