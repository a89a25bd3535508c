"""Requests that may take longer than others, since something of theirs comes all the time."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Scope

_UNTIL = "pointsman.until"


def extend(scope: Scope, until: float) -> None:
    """Lets a request go on.

    Args:
        scope: The request's.
        until: The time of the event loop until when its connection is not closed.
    """
    scope[_UNTIL] = until


def seconds_left(scope: Mapping[str, object] | None, now: float) -> float:
    """Answers how long a request may go on beyond its time; 0 where it may not.

    Args:
        scope: The request's; None where none is under way.
        now: The time of the event loop.
    """
    until = (scope or {}).get(_UNTIL)
    return max(0.0, until - now) if isinstance(until, float) else 0.0
