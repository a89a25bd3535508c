"""Waits for something that other processes or threads bring about."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Literal, TypeVar

T = TypeVar("T")

PAUSE_SECONDS = 0.02
PAUSE_SHARE = 2.0
"""A look that is much work is followed by a longer pause: what it looks for needs the processor, too."""


def eventually(look: Callable[[], T | Literal[False] | None], seconds: float = 10.0, what: str = "") -> T:
    """Looks again and again until the look answers something true, and answers it."""
    ends = time.monotonic() + seconds
    while True:
        before = time.thread_time()
        seen = look()
        if seen:
            return seen
        worked = time.thread_time() - before
        if time.monotonic() > ends:
            raise AssertionError(
                f"{what or look} did not come about within {seconds:g} s; last seen: {seen!r}"
            )
        time.sleep(max(PAUSE_SECONDS, PAUSE_SHARE * worked))


async def until(look: Callable[[], bool], seconds: float, what: str) -> None:
    """The same for what tasks of this loop bring about."""
    ends = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < ends, f"{what} did not come about within {seconds:g} s"
        await asyncio.sleep(PAUSE_SECONDS)


async def seen(look: Callable[[], Awaitable[T | Literal[False] | None]], seconds: float, what: str) -> T:
    """Awaits a look again and again until it answers something true, and answers it."""
    ends = time.monotonic() + seconds
    while not (found := await look()):
        assert time.monotonic() < ends, f"{what} did not come about within {seconds:g} s"
        await asyncio.sleep(PAUSE_SECONDS)
    return found
