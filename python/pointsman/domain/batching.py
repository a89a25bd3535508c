"""Long sequences in parts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

_Item = TypeVar("_Item")


def batched(items: Iterable[_Item], size: int) -> Iterator[list[_Item]]:
    """Answers lists of ``size`` items, the last one shorter; none without items."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
