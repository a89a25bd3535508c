"""What differs between two plain objects, field by field."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Difference:
    """A field that differs.

    Attributes:
        field: Its path; named things of a list go by their names, as in ``variants[lr].weight``.
        before: What it is; None when there is nothing.
        after: What it shall be; None when there shall be nothing.
    """

    field: str
    before: Any
    after: Any


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """Answers the fields in which two plain objects differ, in their order.

    Args:
        before: What is there.
        after: What shall be.
    """
    return list(_of_maps(before, after, ""))


def _of_maps(before: Mapping[str, Any], after: Mapping[str, Any], path: str) -> Iterator[Difference]:
    for name in [*before, *(name for name in after if name not in before)]:
        inner = f"{path}.{name}" if path else name
        yield from _of(before.get(name), after.get(name), inner)


def _of(before: Any, after: Any, path: str) -> Iterator[Difference]:
    if type(before) is type(after) and _is_same(before, after):
        return
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _of_maps(before, after, path)
    elif (was := _by_name(before)) is not None and (shall := _by_name(after)) is not None:
        for name in [*was, *(name for name in shall if name not in was)]:
            yield from _of(was.get(name), shall.get(name), f"{path}[{name}]")
        kept_before = [name for name in was if name in shall]
        kept_after = [name for name in shall if name in was]
        if kept_before != kept_after:
            yield Difference(f"{path} (order)", kept_before, kept_after)
    else:
        yield Difference(path, before, after)


def _is_same(before: Any, after: Any) -> bool:
    """Whether two plain values are one: the number 1 and the truth value true are not, at any depth."""
    if isinstance(before, dict) and isinstance(after, dict):
        return before.keys() == after.keys() and all(_is_same(before[name], after[name]) for name in before)
    if isinstance(before, list) and isinstance(after, list):
        return len(before) == len(after) and all(map(_is_same, before, after))
    return isinstance(before, bool) is isinstance(after, bool) and bool(before == after)


def _by_name(value: Any) -> dict[str, Any] | None:
    """Answers the items of a list by their names; None when they have none, or not each its own."""
    if not isinstance(value, list) or not value:
        return None
    if not all(isinstance(item, dict) and isinstance(item.get("name"), str) for item in value):
        return None
    named = {item["name"]: item for item in value}
    return named if len(named) == len(value) else None
