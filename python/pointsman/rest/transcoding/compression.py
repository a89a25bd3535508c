"""Bodies that were compressed by their client, within the limits of those that were not."""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from pointsman.rest.problems import FieldError, Problem, ProblemError
from pointsman.rest.transcoding.exchanges import OFF_LOOP_BYTES, off_loop

if TYPE_CHECKING:
    from pointsman.rest.transcoding.exchanges import Exchange

WINDOW_BITS = {"gzip": 31, "deflate": 15}
"""What zlib calls the formats. ``deflate`` is the zlib format, as RFC 9110 has it."""

_GREATEST_RATIO = 1_032
"""One byte of DEFLATE stands for at most two references to 258 bytes each."""


@contextlib.asynccontextmanager
async def inflated(exchange: Exchange) -> AsyncIterator[bytes | bytearray]:
    """Has the body of a request as it was before its client compressed it.

    What it needs counts among the bodies in memory, before it is there.

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
    bodies = exchange.gateway.bodies
    most = min(bodies.max_bytes, len(exchange.body) * _GREATEST_RATIO)
    with bodies.room(most):
        work_bytes = max(len(exchange.body), OFF_LOOP_BYTES + 1 if most > OFF_LOOP_BYTES else 0)
        body = await off_loop(work_bytes, lambda: _inflate(exchange.body, encoding, most))
        if body is None:
            raise bodies.too_long()
        yield body


def _inflate(body: bytearray, encoding: str, most: int) -> bytes | None:
    """Answers what was compressed; None where it is longer than it may be."""
    reader = zlib.decompressobj(WINDOW_BITS[encoding])
    try:
        found = reader.decompress(body, most + 1)
    except zlib.error as error:
        raise FieldError("", f"the body is not what Content-Encoding says, {encoding}: {error}") from error
    if len(found) > most:
        return None
    if not reader.eof or reader.unused_data:
        what = "goes on behind its end" if reader.eof else "breaks off"
        raise FieldError("", f"the body {what}, as {encoding} has it")
    return found
