"""The bytes of a file as a body brings them: all of it, or the one file of a form."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect

from pointsman.rest.content_types import read_content_type
from pointsman.rest.problems import Problem, ProblemError

if TYPE_CHECKING:
    from starlette.types import Receive

FORM_TYPE = "multipart/form-data"
_MAX_HEAD_BYTES = 8_192
_MAX_BOUNDARY_CHARACTERS = 70


async def pieces_of(receive: Receive) -> AsyncIterator[bytes]:
    """Goes through the bytes of a body.

    Raises:
        ClientDisconnect: The client went away before the end.
    """
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        if piece := message.get("body", b""):
            yield piece
        if not message.get("more_body", False):
            return


async def file_of(
    pieces: AsyncIterator[bytes], content_type: str, on_head: Callable[[Mapping[str, str]], None]
) -> AsyncIterator[bytes]:
    """Goes through the bytes of the one file of a form, as RFC 7578 has it.

    Args:
        pieces: The bytes of the body.
        content_type: The request's, with the boundary.
        on_head: Is told the headers of the file's part, in small letters, before its first byte.

    Raises:
        ProblemError: It is no such form, or has more than one part.
    """
    boundary = read_content_type(content_type).parameters.get("boundary", "")
    if not boundary or len(boundary) > _MAX_BOUNDARY_CHARACTERS or not boundary.isascii():
        raise _no_form("its Content-Type names no boundary")
    opening = b"--" + boundary.encode()
    head, rest = await _head(pieces, opening)
    on_head(_headers(head))
    closing = b"\r\n" + opening
    held = rest
    while (end := held.find(closing)) < 0:
        # What may be the beginning of the boundary waits for the bytes behind it.
        keep = len(closing) - 1
        if len(held) > keep:
            yield held[:-keep]
            held = held[-keep:]
        piece = await anext(pieces, b"")
        if not piece:
            raise _no_form("it ends before its last boundary")
        held += piece
    if end:
        yield held[:end]
    tail = held[end + len(closing) :]
    async for piece in pieces:
        tail = (tail + piece)[:_MAX_HEAD_BYTES]
    if not tail.startswith(b"--"):
        raise _no_form("it has more than one part; send one file and nothing else")


async def _head(pieces: AsyncIterator[bytes], opening: bytes) -> tuple[bytes, bytes]:
    """Reads to the end of the first part's headers; answers these and what is behind them."""
    held = b""
    async for piece in pieces:
        held += piece
        before, separator, rest = held.partition(b"\r\n\r\n")
        if separator:
            line, _, head = before.partition(b"\r\n")
            if line.rstrip() != opening:
                raise _no_form("it does not begin with its boundary")
            return head, rest
        if len(held) > _MAX_HEAD_BYTES:
            raise _no_form(f"the headers of its part are longer than {_MAX_HEAD_BYTES} bytes")
    raise _no_form("it ends before its first part begins")


def _headers(head: bytes) -> dict[str, str]:
    lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _no_form(why: str) -> ProblemError:
    detail = f"the body is no form with one file: {why}"
    return ProblemError(Problem("INVALID_ARGUMENT", detail))
