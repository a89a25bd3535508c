"""Reads files of rules by which alerts fire, as strictly as definitions are read."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from pointsman.cli.line.context import CommandError
from pointsman.client import AlertFigure, AlertRule, AlertTier, DriftStatus
from pointsman.definitions.files import read_nodes
from pointsman.definitions.scalars import (
    WrongSpellingError,
    as_integer,
    as_number,
    as_text,
    is_nothing,
)
from pointsman.definitions.tree import Entries, FileFaultError, Items, Node, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from enum import StrEnum

_CAPITAL = re.compile(r"(?<=[a-z0-9])([A-Z])")
_OF_ANSWERS = frozenset(("model_id", "is_default", "channels"))
"""What answers say beside rules; so that what was shown as JSON can be given back, it is passed over."""
_OF_RULES_IN_ANSWERS = frozenset(("state",))

_Word = TypeVar("_Word", bound="StrEnum")


def rules_of(file: str) -> list[AlertRule]:
    """Reads rules: a list of them, or an object with it under ``rules``, in YAML or JSON.

    Args:
        file: The file; ``-`` is standard input. Fields are named as in the client, or as the REST API does,
            ``leastFeatures``. Values are written as in definitions: a number as in JSON, ``on`` is a text.

    Raises:
        CommandError: The file cannot be read, or a field is not known, stated twice or of another type; the
            message has its place.
    """
    try:
        nodes = read_nodes(file)
        if len(nodes) != 1:
            raise CommandError(f"{file}: holds {len(nodes)} documents; it takes one, with all rules")
        (node,) = nodes
        if isinstance(node, Entries):
            whole = {"rules": partial(_list, _rule)}
            rules: list[AlertRule] = _fields("", node, whole, ("rules",), _OF_ANSWERS)["rules"]
            return rules
        return _list(_rule, "rules", node)
    except FileFaultError as error:
        raise CommandError(str(error.fault)) from None


def _wrong(node: Node, path: str, told: str) -> CommandError:
    return CommandError(f"{node.place}: {path}: {told}" if path else f"{node.place}: {told}")


def _rule(path: str, node: Node) -> AlertRule:
    return AlertRule(**_fields(path, node, _RULE, ("name", "figure"), _OF_RULES_IN_ANSWERS))


def _tier(path: str, node: Node) -> AlertTier:
    return AlertTier(**_fields(path, node, _TIER, ("name",)))


def _fields(
    path: str,
    node: Node,
    known: Mapping[str, Callable[[str, Node], Any]],
    required: tuple[str, ...],
    passed_over: frozenset[str] = frozenset(),
) -> dict[str, Any]:
    """Reads an object.

    Args:
        path: Where it stands; empty for the whole file.
        node: The object.
        known: What reads each of its fields.
        required: Those that must be there.
        passed_over: Others that may be there, and say nothing here.
    """
    if not isinstance(node, Entries):
        raise _wrong(node, path, "is no object")
    dot = f"{path}." if path else ""
    spelled: dict[str, str] = {}
    fields: dict[str, Any] = {}
    for entry in node.entries:
        name = _CAPITAL.sub(r"_\1", entry.key).lower()
        if name in spelled:
            raise _wrong(
                entry.value, f"{dot}{name}", f"is there as {spelled[name]!r} and {entry.key!r}; leave one out"
            )
        spelled[name] = entry.key
        if name not in known:
            if name in passed_over:
                continue
            raise _wrong(entry.value, path, f"{entry.key!r} is not known; known are {', '.join(known)}")
        if not (isinstance(entry.value, Text) and is_nothing(entry.value)):
            fields[name] = known[name](f"{dot}{name}", entry.value)
    for name in required:
        if name not in fields:
            raise _wrong(node, f"{dot}{name}", "is missing")
    return fields


def _list(read: Callable[[str, Node], Any], path: str, node: Node) -> list[Any]:
    if not isinstance(node, Items):
        raise _wrong(node, path, "is no list")
    return [read(f"{path}[{index}]", item) for index, item in enumerate(node.items)]


def _scalar(read: Callable[[Text], Any], path: str, node: Node) -> Any:
    if not isinstance(node, Text):
        raise _wrong(node, path, "is a list or an object; it takes one value")
    try:
        return read(node)
    except WrongSpellingError as error:
        raise _wrong(node, path, str(error)) from None


def _word(words: type[_Word], node: Text) -> _Word:
    text = as_text(node)
    try:
        return words(text.lower())
    except ValueError:
        known = ", ".join(word for word in words if word != "unspecified")
        raise WrongSpellingError(f"{text!r} is none of {known}") from None


_text = partial(_scalar, as_text)
_number = partial(_scalar, as_number)
_texts = partial(_list, _text)
_TIER: dict[str, Callable[[str, Node], Any]] = {
    "name": _text,
    "threshold": _number,
    "status": partial(_scalar, partial(_word, DriftStatus)),
    "channels": _texts,
    "recipients": _texts,
}
_RULE: dict[str, Callable[[str, Node], Any]] = {
    "name": _text,
    "figure": partial(_scalar, partial(_word, AlertFigure)),
    "algorithm": _text,
    "features": _texts,
    "least_features": partial(_scalar, lambda node: as_integer(node, 32)),
    "window_days": _number,
    "tiers": partial(_list, _tier),
    "repeat_hours": _number,
    "metric": _text,
}
