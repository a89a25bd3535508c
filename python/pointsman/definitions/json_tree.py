"""Reads JSON into trees, with places and without duplicate keys, as the standard library cannot."""

import json
import re
from dataclasses import dataclass, field
from json.decoder import scanstring  # type: ignore[attr-defined]

from pointsman.definitions.tree import (
    Entries,
    Entry,
    Items,
    Node,
    NodeCount,
    Place,
    Spelling,
    Text,
    check_depth,
    check_new,
    fail,
)

_SPACE = re.compile(r"[ \t\r\n]*")
_LITERAL = re.compile(r"[^\s,:\[\]{}\"]+")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?\Z")
_WORDS = frozenset({"true", "false", "null"})


def read_json(file: str, content: str) -> list[Node]:
    """Reads a JSON file: one object, or a list of them.

    Args:
        file: The file's name, for messages.
        content: Its text.

    Raises:
        FileFaultError: It is no JSON.
    """
    reader = _Reader(file, content)
    node = reader.value(1)
    reader.skip()
    if reader.position < len(content):
        raise fail(
            reader.place(), "stands behind the end of the value; several objects go into a list, [ … ]"
        )
    return list(node.items) if isinstance(node, Items) else [node]


@dataclass
class _Reader:
    file: str
    content: str
    position: int = 0
    line: int = 1
    line_start: int = 0
    counted: int = 0
    nodes: NodeCount = field(default_factory=NodeCount)

    def place(self) -> Place:
        """Where the reader stands; lines are counted on from the last time."""
        passed = self.content.count("\n", self.counted, self.position)
        if passed:
            self.line += passed
            self.line_start = self.content.rfind("\n", self.counted, self.position) + 1
        self.counted = self.position
        return Place(self.file, self.line, self.position - self.line_start + 1)

    def skip(self) -> None:
        found = _SPACE.match(self.content, self.position)
        assert found is not None
        self.position = found.end()

    def peek(self) -> str:
        self.skip()
        return self.content[self.position : self.position + 1]

    def value(self, depth: int) -> Node:
        start = self.peek()
        place = self.place()
        check_depth(place, depth)
        self.nodes.add(place)
        if start == '"':
            return Text(place, self.string(), Spelling.QUOTED)
        if start == "[":
            return Items(place, tuple(self.items(depth)))
        if start == "{":
            return Entries(place, tuple(self.entries(depth)))
        found = _LITERAL.match(self.content, self.position)
        word = found.group() if found else start
        if word not in _WORDS and not _NUMBER.match(word):
            raise fail(place, f"is no JSON: {_shown(word)} where a value should stand")
        self.position += len(word)
        return Text(place, word, Spelling.LITERAL)

    def string(self) -> str:
        place = self.place()
        try:
            value, self.position = scanstring(self.content, self.position + 1, True)
        except json.JSONDecodeError as error:
            raise fail(place, f"is no JSON: {error.msg[:1].lower()}{error.msg[1:]}") from None
        return str(value)

    def items(self, depth: int) -> list[Node]:
        items: list[Node] = []
        self.position += 1
        if self.peek() == "]":
            self.position += 1
            return items
        while True:
            items.append(self.value(depth + 1))
            if self.next_of(",]") == "]":
                return items

    def entries(self, depth: int) -> list[Entry]:
        entries: list[Entry] = []
        seen: dict[str, Place] = {}
        self.position += 1
        if self.peek() == "}":
            self.position += 1
            return entries
        while True:
            if self.peek() != '"':
                raise fail(
                    self.place(), f"is no JSON: {_shown(self.peek())} where a quoted name should stand"
                )
            place = self.place()
            key = self.string()
            check_new(key, place, seen)
            seen[key] = place
            self.next_of(":")
            entries.append(Entry(key, place, self.value(depth + 1)))
            if self.next_of(",}") == "}":
                return entries

    def next_of(self, marks: str) -> str:
        found = self.peek()
        if not found or found not in marks:
            wanted = " or ".join(repr(mark) for mark in marks)
            raise fail(self.place(), f"is no JSON: {_shown(found)} where {wanted} should stand")
        self.position += 1
        return found


def _shown(text: str) -> str:
    return repr(text[:40]) if text else "the file ends"
