"""Plain documents as YAML or JSON: the one form in which exports are written."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pointsman.definitions.plain import json_of
from pointsman.definitions.scalars import AMBIGUOUS

_SAFE = re.compile(r"[A-Za-z_][A-Za-z0-9_./@+-]*(?: [A-Za-z0-9_./@+-]+)*\Z")
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_LINE_CHARS = 100
_KEY_CHARS = 800
"""Longer keys need a form of their own: parsers look for the colon no further than 1024 characters."""


def write_yaml(documents: Iterable[Mapping[str, Any]]) -> str:
    """Writes documents as YAML that readers of 1.1 and 1.2 read alike.

    Args:
        documents: Plain values: maps, lists, texts, numbers, booleans and None.

    Returns:
        The documents with ``---`` between them.
    """
    return "---\n".join("".join(f"{line}\n" for line in _map_lines(document)) for document in documents)


def write_json(documents: Sequence[Mapping[str, Any]]) -> str:
    """Writes documents as one JSON list."""
    return json.dumps(list(documents), indent=2, ensure_ascii=False) + "\n"


def _map_lines(content: Mapping[str, Any]) -> list[str]:
    lines = []
    for name, value in content.items():
        key = _scalar(name)
        head = f"{key}:"
        if len(key) > _KEY_CHARS:
            lines.append(f"? {key}")
            head = ":"
        short = _flow(value)
        if short is not None:
            lines.append(f"{head} {short}")
        else:
            lines.append(head)
            lines += [f"  {line}" for line in _lines(value)]
    return lines


def _lines(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return _map_lines(value)
    lines = []
    for item in value:
        short = _flow(item)
        inner = [short] if short is not None else _lines(item)
        lines += [f"- {inner[0]}", *(f"  {line}" for line in inner[1:])]
    return lines


def _flow(value: Any) -> str | None:
    """Answers a value on one line; None where it is better written over several."""
    if isinstance(value, Mapping):
        return None if value else "{}"
    if isinstance(value, (list, tuple)):
        if any(isinstance(item, (Mapping, list, tuple)) for item in value):
            return None
        line = f"[{', '.join(_scalar(item) for item in value)}]"
        return line if len(line) <= _LINE_CHARS or not value else None
    return _scalar(value)


def _scalar(value: Any) -> str:
    if not isinstance(value, str):
        return json_of(value)
    if _SAFE.match(value) and not AMBIGUOUS.match(value):
        return value
    quoted = json.dumps(value, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found.group()):04x}", quoted)
