"""Reads files of rules by which alerts fire."""

from __future__ import annotations

import dataclasses
import re
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from pointsman.cli.line.context import CommandError
from pointsman.client import AlertFigure, AlertRule, AlertTier, DriftStatus

MAX_FILE_BYTES = 1 << 20
_CAPITAL = re.compile(r"(?<=[a-z0-9])([A-Z])")
_OF_ANSWERS = frozenset(("state",))

_Word = TypeVar("_Word", bound=StrEnum)


def rules_of(file: str) -> list[AlertRule]:
    """Reads rules: a list of them, or an object with it under ``rules``, in YAML or JSON.

    Args:
        file: The file. Fields are named as in the client, or as the REST API does, ``leastFeatures``.

    Raises:
        CommandError: The file cannot be read, or a field is not known; the message names it.
    """
    import yaml

    try:
        with Path(file).open("rb") as opened:
            text = opened.read(MAX_FILE_BYTES + 1)
        if len(text) > MAX_FILE_BYTES:
            raise CommandError(f"{file}: has more than {MAX_FILE_BYTES} bytes")
        read = yaml.safe_load(text)
    except OSError as error:
        raise CommandError(f"{file}: cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise CommandError(f"{file}: is neither YAML nor JSON: {str(error).splitlines()[0]}") from error
    listed = read.get("rules") if isinstance(read, dict) else read
    if not isinstance(listed, list):
        raise CommandError(f"{file}: is no list of rules, nor an object with one under 'rules'")
    try:
        return [_rule(f"rules[{index}]", item) for index, item in enumerate(listed)]
    except _WrongError as error:
        raise CommandError(f"{file}: {error}") from None


class _WrongError(Exception):
    """A field is wrong."""


def _rule(path: str, item: Any) -> AlertRule:
    fields = _fields(path, item, AlertRule, ("name", "figure"))
    tiers = fields.get("tiers", [])
    if not isinstance(tiers, list):
        raise _WrongError(f"{path}.tiers: is no list")
    fields["figure"] = _word(f"{path}.figure", fields["figure"], AlertFigure)
    fields["tiers"] = [_tier(f"{path}.tiers[{index}]", tier) for index, tier in enumerate(tiers)]
    return AlertRule(**fields)


def _tier(path: str, item: Any) -> AlertTier:
    fields = _fields(path, item, AlertTier, ("name",))
    if "status" in fields:
        fields["status"] = _word(f"{path}.status", fields["status"], DriftStatus)
    return AlertTier(**fields)


def _fields(path: str, item: Any, kind: type[Any], required: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise _WrongError(f"{path}: is no object")
    known = [one.name for one in dataclasses.fields(kind) if one.name not in _OF_ANSWERS]
    given = {_CAPITAL.sub(r"_\1", str(name)).lower(): value for name, value in item.items()}
    # So that what was shown as JSON can be given back.
    fields = {name: value for name, value in given.items() if name not in _OF_ANSWERS and value is not None}
    for name in fields:
        if name not in known:
            raise _WrongError(f"{path}: {name!r} is not known; known are {', '.join(known)}")
    for name in required:
        if name not in fields:
            raise _WrongError(f"{path}.{name}: is missing")
    return fields


def _word(path: str, value: Any, words: type[_Word]) -> _Word:
    try:
        return words(str(value).lower())
    except ValueError:
        known = ", ".join(word for word in words if word != "unspecified")
        raise _WrongError(f"{path}: {value!r} is none of {known}") from None
