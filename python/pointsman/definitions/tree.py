"""A document as it stands in its file: texts, lists and maps, each with its place."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

MAX_DEPTH = 64
MAX_NODES = 1_000_000
MAX_FILE_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class Place:
    """Where something stands; lines and columns count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Spelling(StrEnum):
    """How a text is written, and so whether it can only be text."""

    QUOTED = "quoted"
    PLAIN = "plain"
    """Without quotes in YAML: text, number or boolean, as its field wants."""
    LITERAL = "literal"
    """A number, ``true``, ``false`` or ``null`` of JSON: never text."""


@dataclass(frozen=True)
class Text:
    """A text as it is spelled; no number is made of it before it is known that one is wanted."""

    place: Place
    value: str
    spelling: Spelling


@dataclass(frozen=True)
class Items:
    """A list."""

    place: Place
    items: "tuple[Node, ...]"


@dataclass(frozen=True)
class Entry:
    """One key of a map, where it stands, and its value."""

    key: str
    place: Place
    value: "Node"


@dataclass(frozen=True)
class Entries:
    """A map; no key occurs twice."""

    place: Place
    entries: tuple[Entry, ...]


Node = Text | Items | Entries


@dataclass(frozen=True)
class Fault:
    """Something that is wrong in a file.

    Attributes:
        place: Where.
        field: The path of the field; empty where the fault is of no field.
        description: What is wrong, and the way out.
    """

    place: Place
    field: str
    description: str

    def __str__(self) -> str:
        named = f"{self.field}: " if self.field else ""
        return f"{self.place}: {named}{self.description}"


class FileFaultError(Exception):
    """A file cannot be read on from a place."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


def fail(place: Place, description: str) -> FileFaultError:
    """Makes the error of a file that is no document at a place."""
    return FileFaultError(Fault(place, "", description))


@dataclass
class NodeCount:
    """Counts what is read, so that a small file cannot become a large tree."""

    count: int = field(default=0)

    def add(self, place: Place, number: int = 1) -> None:
        """Counts nodes.

        Raises:
            FileFaultError: There are too many.
        """
        self.count += number
        if self.count > MAX_NODES:
            raise fail(place, f"has more than {MAX_NODES} values, with what its aliases repeat; divide it")


def check_depth(place: Place, depth: int) -> None:
    """Checks how deep a value lies.

    Raises:
        FileFaultError: Too deep.
    """
    if depth > MAX_DEPTH:
        raise fail(place, f"lies more than {MAX_DEPTH} deep; nothing in a definition does")


def check_new(key: str, place: Place, seen: Mapping[str, Place]) -> None:
    """Checks that a key of a map is not there yet.

    Args:
        key: The key.
        place: Where it stands.
        seen: The keys of the map so far, with the place of each.

    Raises:
        FileFaultError: It is.
    """
    if key in seen:
        raise fail(place, f"{key!r} stands in line {seen[key].line} already; leave one out")
