"""Asks again and again until the server says what is waited for."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, TypeVar

from pointsman.demo.errors import DemoError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

T = TypeVar("T")
PAUSE_SECONDS = 0.1


async def wait_for(ask: Callable[[], Awaitable[T | None]], seconds: float, otherwise: str) -> T:
    """Asks until there is an answer.

    Args:
        ask: Asks; answers None as long as it shall be asked again.
        seconds: How long, at most.
        otherwise: What is said when the time is over.

    Raises:
        DemoError: The time is over.
    """
    ends = time.monotonic() + seconds
    while (found := await ask()) is None:
        if time.monotonic() > ends:
            raise DemoError(f"{otherwise}, {seconds:g} s later")
        await asyncio.sleep(PAUSE_SECONDS)
    return found
