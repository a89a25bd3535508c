"""Blocks of a baseline in a column: values as they were sent, compressed."""

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from pointsman.store.documents import dump_value, load_value


def write_block(columns: Mapping[str, Sequence[Any]]) -> bytes:
    """Writes columns of values that JSON has.

    Args:
        columns: By name values, None for missing ones.
    """
    kept = {name: list(values) for name, values in columns.items()}
    return zlib.compress(dump_value(kept).encode(), 3)


def read_block(block: bytes) -> dict[str, list[Any]]:
    """Reads what :func:`write_block` wrote."""
    found: dict[str, list[Any]] = load_value(zlib.decompress(block).decode())
    return found
