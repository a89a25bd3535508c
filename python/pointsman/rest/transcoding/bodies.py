"""Reads bodies: within a limit for each and for all together, and as JSON that says one thing."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any

from starlette.requests import ClientDisconnect

from pointsman.rest.content_types import read_content_type
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

    @property
    def max_bytes(self) -> int:
        """The most that one body may have."""
        return self._max

    @contextlib.contextmanager
    def room(self) -> Iterator[Room]:
        """Holds room for bytes that are not a body as it was sent, and gives it back at the end."""
        room = Room(self)
        try:
            yield room
        finally:
            room.resize(0)

    async def read(
        self, headers: Headers, receive: Receive, before_waiting: Callable[[], Awaitable[None]]
    ) -> bytearray:
        """Reads a body whole; whoever reads it gives its bytes back with `release`.

        Args:
            headers: The request's.
            receive: Brings what the client sends.
            before_waiting: Is awaited once, where the body is not whole by its first part.

        Raises:
            ProblemError: It is too long, or there is no room for it.
            ClientDisconnect: The client went away.
        """
        announced = headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > self._max:
            raise self.too_long()
        body = bytearray()
        is_first = True
        try:
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                self._take(body, message.get("body", b""))
                if not message.get("more_body", False):
                    return body
                if is_first:
                    await before_waiting()
                    is_first = False
        except BaseException:
            self.release(body)
            raise

    def release(self, body: bytearray) -> None:
        """Gives the bytes of a body back."""
        self._held -= len(body)

    def _take(self, body: bytearray, part: bytes) -> None:
        if len(body) + len(part) > self._max:
            raise self.too_long()
        self.hold(len(part))
        body += part

    def hold(self, size: int) -> None:
        """Counts bytes that are about to be in memory, or gives them back where there are less than none.

        Raises:
            ProblemError: There is no room for them.
        """
        if size > 0 and self._held + size > self._total:
            detail = (
                f"bodies of {self._total} bytes are in memory (http_limits.body_budget_bytes); "
                "try again in a second"
            )
            raise ProblemError(
                Problem("RESOURCE_EXHAUSTED", detail, status=503, headers={"retry-after": "1"})
            )
        self._held += size

    def too_long(self) -> ProblemError:
        """Makes the error of a body that is longer than it may be."""
        detail = (
            f"the body is longer than {self._max} bytes (http_limits.max_body_bytes); "
            "send less at a time, or call the gRPC port"
        )
        return ProblemError(Problem("INVALID_ARGUMENT", detail, status=413))


class Room:
    """Bytes that are held in a budget, as many as are there.

    Args:
        budget: Where they are counted.
    """

    def __init__(self, budget: BodyBudget) -> None:
        self._budget = budget
        self._size = 0

    def resize(self, size: int) -> None:
        """Holds so many bytes from now on.

        Raises:
            ProblemError: There is no room for more than there were.
        """
        self._budget.hold(size - self._size)
        self._size = size


def announces_body(headers: Headers) -> bool:
    """Answers whether a request's head says that a body follows it."""
    return headers.get("content-length", "0").strip("0") != "" or "transfer-encoding" in headers


def no_body_taken(method: str) -> Problem:
    """Makes the problem of a body where none is taken.

    Args:
        method: The request's.
    """
    return Problem("INVALID_ARGUMENT", f"{method} takes no body here; use path and query")


def check_content_type(headers: Headers, *, other: str = "", inflates: bool = False) -> str:
    """Answers the content type of a body, without its parameters.

    Args:
        headers: The request's.
        other: A type besides JSON that is taken.
        inflates: Whether the body may be compressed.

    Raises:
        ProblemError: It is none that is taken, or its bytes are encoded.
    """
    given = headers.get("content-type", "")
    content_type = read_content_type(given)
    taken = (JSON_TYPE, other) if other else (JSON_TYPE,)
    if content_type.media_type not in taken or not content_type.is_utf8:
        text = f"Content-Type {given[:100]!r} is not taken; send {' or '.join(taken)}, in UTF-8"
        raise ProblemError(Problem("INVALID_ARGUMENT", text, status=415, headers={"accept-post": JSON_TYPE}))
    encoding = headers.get("content-encoding", "identity")
    if not inflates and encoding.lower() != "identity":
        text = f"Content-Encoding {encoding[:100]!r} is not taken; send the bytes as they are"
        raise ProblemError(
            Problem("INVALID_ARGUMENT", text, status=415, headers={"accept-encoding": "identity"})
        )
    return content_type.media_type


def parse_json(body: bytes | bytearray | memoryview) -> Any:
    """Reads JSON as RFC 8259 has it, in UTF-8, with no name twice in one object.

    Raises:
        FieldError: It is none; the error says where.
    """
    first: list[_Constant] = []

    def keep(text: str) -> _Constant:
        if not first:
            first.append(_Constant(text))
        return first[0]

    try:
        found = json.loads(bytes(body).decode(), object_pairs_hook=_object, parse_constant=keep)
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
    for one in first:
        text = f"{one.text} is no JSON; a field that takes it takes it as text, {one.text!r} in quotes"
        raise FieldError(_path_to(one, found), text)
    return found


class _Constant:
    """What some writers of JSON write for numbers that it does not have."""

    def __init__(self, text: str) -> None:
        self.text = text


def _path_to(wanted: _Constant, value: Any) -> str:
    """Answers where something stands in what was read, the first place if it is at several."""
    waiting = [("", value)]
    while waiting:
        path, one = waiting.pop()
        if one is wanted:
            return path[:200]
        if isinstance(one, dict):
            inside = [(f"{path}.{name}" if path else name, item) for name, item in one.items()]
        elif isinstance(one, list):
            inside = [(f"{path}[{place}]", item) for place, item in enumerate(one)]
        else:
            continue
        waiting += reversed(inside)
    return ""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise FieldError(name[:200], "stands twice in one object; leave one out")
            seen.add(name)
    return found
