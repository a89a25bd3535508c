"""Bodies that were compressed by their client, within the limits of those that were not."""

from __future__ import annotations

import contextlib
import functools
import zlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from pointsman.rest.problems import FieldError, Problem, ProblemError
from pointsman.rest.transcoding.exchanges import OFF_LOOP_BYTES, off_loop

if TYPE_CHECKING:
    from pointsman.rest.transcoding.bodies import Room
    from pointsman.rest.transcoding.exchanges import Exchange

WINDOW_BITS = {"gzip": 31, "deflate": 15}
"""What zlib calls the formats. ``deflate`` is the zlib format, as RFC 9110 has it."""

_STEP_BYTES = 4 * OFF_LOOP_BYTES
"""What is inflated at a time, on a thread, behind the first bytes."""


@contextlib.asynccontextmanager
async def inflated(exchange: Exchange) -> AsyncIterator[bytearray]:
    """Has the body of a request as it was before its client compressed it.

    Its bytes count among the bodies in memory, each before it is there.

    Args:
        exchange: The request.

    Yields:
        The bytes, while the context lasts.

    Raises:
        FieldError: The bytes are not of the encoding that is stated.
        ProblemError: The encoding is none that is taken, or the body is too long or has no room.
    """
    encoding = exchange.headers.get("content-encoding", "identity").strip().lower()
    if encoding == "identity":
        yield exchange.body
        return
    if encoding not in WINDOW_BITS:
        taken = ", ".join(WINDOW_BITS)
        text = f"Content-Encoding {encoding[:100]!r} is not taken; send {taken}, or the bytes as they are"
        raise ProblemError(Problem("INVALID_ARGUMENT", text, status=415, headers={"accept-encoding": taken}))
    with exchange.gateway.bodies.room() as room:
        yield await _inflated(exchange, encoding, room)


async def _inflated(exchange: Exchange, encoding: str, room: Room) -> bytearray:
    """Inflates a body step by step, so that what is held is what is there and at most one step more."""
    bodies, reader, found = exchange.gateway.bodies, _Reader(exchange.body, encoding), bytearray()
    while not reader.is_at_end:
        step_bytes = min(_STEP_BYTES if found else OFF_LOOP_BYTES, bodies.max_bytes + 1 - len(found))
        room.resize(len(found) + step_bytes)
        work_bytes = max(step_bytes, len(exchange.body))
        found += await off_loop(work_bytes, functools.partial(reader.read, step_bytes))
        room.resize(len(found))
        if len(found) > bodies.max_bytes:
            raise bodies.too_long()
    return found


class _Reader:
    """Reads what was compressed, so many bytes at a time.

    Args:
        body: What was sent.
        encoding: What it says that it is.
    """

    def __init__(self, body: bytearray, encoding: str) -> None:
        self._body = body
        self._encoding = encoding
        self._inflating = zlib.decompressobj(WINDOW_BITS[encoding])
        self._place = 0

    @property
    def is_at_end(self) -> bool:
        """Whether all that was compressed is read."""
        return self._inflating.eof

    def read(self, most: int) -> bytes:
        """Answers the next bytes.

        Args:
            most: How many, at most.

        Raises:
            FieldError: There are none, or some behind the end.
        """
        found = b""
        while not found and not self.is_at_end:
            waiting = self._inflating.unconsumed_tail or self._take()
            try:
                found = self._inflating.decompress(waiting, most)
            except zlib.error as error:
                text = f"the body is not what Content-Encoding says, {self._encoding}: {error}"
                raise FieldError("", text) from error
            if not (found or waiting or self.is_at_end):
                raise FieldError("", f"the body breaks off, as {self._encoding} has it")
        if self.is_at_end and (self._inflating.unused_data or self._place < len(self._body)):
            raise FieldError("", f"the body goes on behind its end, as {self._encoding} has it")
        return found

    def _take(self) -> bytes:
        """Answers the next bytes as they were sent; none at their end."""
        taken = bytes(self._body[self._place : self._place + OFF_LOOP_BYTES])
        self._place += len(taken)
        return taken
