"""Ids of what is kept of drift."""

import os
import uuid

_BYTES = 16


def new_id() -> str:
    """Makes an id that nobody can guess: 32 hexadecimal digits."""
    return uuid.uuid4().hex


def new_ids(count: int) -> list[str]:
    """Makes many such ids at once.

    Args:
        count: How many.
    """
    digits = os.urandom(_BYTES * count).hex()
    return [digits[start : start + 2 * _BYTES] for start in range(0, len(digits), 2 * _BYTES)]
