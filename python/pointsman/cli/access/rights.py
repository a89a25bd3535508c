"""What somebody may do, in a few words of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def in_words(scopes: Sequence[str], *, admin: bool) -> str:
    """Says what somebody may do.

    Args:
        scopes: The scopes.
        admin: Whether it is everything.
    """
    return "everything" if admin else ", ".join(scopes).replace("mlops:", "") or "nothing"
