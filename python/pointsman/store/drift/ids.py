"""Ids of what is kept of drift."""

import uuid


def new_id() -> str:
    """Makes an id that nobody can guess: 32 hexadecimal digits."""
    return uuid.uuid4().hex
