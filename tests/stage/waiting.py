"""Waits for something that other processes or threads bring about."""

import asyncio
import time
from collections.abc import Callable
from typing import Literal, TypeVar

T = TypeVar("T")

PAUSE_SECONDS = 0.02


def eventually(look: Callable[[], T | Literal[False] | None], seconds: float = 10.0, what: str = "") -> T:
    """Looks again and again until the look answers something true, and answers it."""
    ends = time.monotonic() + seconds
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > ends:
            raise AssertionError(
                f"{what or look} did not come about within {seconds:g} s; last seen: {seen!r}"
            )
        time.sleep(PAUSE_SECONDS)


async def until(look: Callable[[], bool], seconds: float, what: str) -> None:
    """The same for what tasks of this loop bring about."""
    ends = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < ends, f"{what} did not come about within {seconds:g} s"
        await asyncio.sleep(PAUSE_SECONDS)
