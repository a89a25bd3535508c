"""Texts as values: numbers are JSON's, booleans true and false; what has two readings is refused."""

import math
import re

from google.protobuf.duration_pb2 import Duration

from pointsman.definitions.tree import Place, Spelling, Text

_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?\Z")
_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)\Z")
_DURATION = re.compile(r"([0-9]{1,9})(?:\.([0-9]{1,9}))?s\Z")
_NOTHING = frozenset({"", "~", "null", "Null", "NULL"})
_FIRST_AMBIGUOUS = 2**53
"""From this whole number on, several of them are the same double."""

AMBIGUOUS = re.compile(
    r"(?:y|n|yes|no|on|off|true|false|null|~|"
    # Numbers of YAML that JSON has not: signs, underscores, octal, hexadecimal, sexagesimal, infinities.
    r"[-+]?\.?[0-9][0-9_,]*(?:[.:eE][0-9._:eE+-]*)?|0[xXoObB][0-9a-fA-F_]+|[-+]?\.(?:inf|nan)|"
    r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ].*)?|=|<<)\Z",
    re.IGNORECASE,
)
"""Plain texts that one reader of YAML takes for something else than another does, or than their author."""


class WrongSpellingError(Exception):
    """A value is not written as its field takes it; the message says what is, and the way out."""

    def __init__(self, message: str, place: Place | None = None) -> None:
        super().__init__(message)
        self.place = place


def is_nothing(node: Text) -> bool:
    """Whether a text is YAML's or JSON's null."""
    return node.spelling is not Spelling.QUOTED and node.value in _NOTHING


def as_text(node: Text) -> str:
    """Reads a text. A plain one is kept as it is spelled: ``1.10`` stays so, and ``no`` is no boolean.

    Raises:
        WrongSpellingError: It is a number or a word of JSON, or cannot be stored.
    """
    if node.spelling is Spelling.LITERAL:
        raise WrongSpellingError(f'{node.value} is no text; write it in quotes, "{node.value}"')
    if is_nothing(node):
        raise WrongSpellingError('is empty; write "" for an empty text')
    if any("\ud800" <= character <= "\udfff" for character in node.value):
        raise WrongSpellingError("holds half of a pair of surrogates, which is no character")
    return node.value


def as_boolean(node: Text) -> bool:
    """Reads ``true`` or ``false``, and nothing that older YAML takes for them.

    Raises:
        WrongSpellingError: It is written in another way.
    """
    if node.spelling is Spelling.QUOTED or node.value not in ("true", "false"):
        quoted = " in quotes" if node.spelling is Spelling.QUOTED else ""
        raise WrongSpellingError(f"{_shown(node)}{quoted} is neither true nor false; write one of these")
    return node.value == "true"


def as_integer(node: Text, bits: int) -> int:
    """Reads a whole number.

    Args:
        node: The text.
        bits: How wide it may be, with its sign.

    Raises:
        WrongSpellingError: It is none, or too wide.
    """
    if node.spelling is Spelling.QUOTED or not _INTEGER.match(node.value):
        raise WrongSpellingError(
            f"{_shown(node)} is no whole number; write digits alone, without quotes and leading zeros"
        )
    limit = 2 ** (bits - 1)
    # More digits than the limit has need not be counted out.
    if len(node.value) > len(str(limit)) + 1 or not -limit <= int(node.value) < limit:
        raise WrongSpellingError(f"{_shown(node)} is not between {-limit} and {limit - 1}")
    return int(node.value)


def as_number(node: Text) -> float:
    """Reads a number as JSON writes them.

    Raises:
        WrongSpellingError: It is none, or beyond what a double holds.
    """
    if node.spelling is Spelling.QUOTED or not _NUMBER.match(node.value):
        raise WrongSpellingError(
            f"{_shown(node)} is no number; write it in decimal as in JSON, without quotes and leading zeros"
        )
    value = float(node.value)
    if not math.isfinite(value):
        raise WrongSpellingError(f"{_shown(node)} is beyond what a double holds")
    if _INTEGER.match(node.value) and abs(value) >= _FIRST_AMBIGUOUS and f"{value:.0f}" != node.value:
        raise WrongSpellingError(f"{_shown(node)} is no double; the nearest one is {value:.0f}")
    return value


def as_duration(node: Text) -> Duration:
    """Reads a time span in seconds, such as ``1.5s``.

    Raises:
        WrongSpellingError: It is written in another way.
    """
    found = _DURATION.match(node.value)
    if node.spelling is Spelling.LITERAL or found is None:
        raise WrongSpellingError(
            f"{_shown(node)} is no duration; write seconds with their unit, such as 1.5s"
        )
    seconds, fraction = found.groups()
    return Duration(seconds=int(seconds), nanos=int((fraction or "").ljust(9, "0")))


def as_anything(node: Text) -> str | float | bool | None:
    """Reads a value of a field that takes any.

    Raises:
        WrongSpellingError: It could mean a text as well as something else.
    """
    if node.spelling is Spelling.QUOTED:
        return as_text(node)
    if node.value in ("true", "false"):
        return node.value == "true"
    if node.value == "null":
        return None
    if _NUMBER.match(node.value):
        try:
            return as_number(node)
        except WrongSpellingError as error:
            raise WrongSpellingError(f"{error}; or write it in quotes, as text", node.place) from None
    if node.spelling is Spelling.LITERAL or not node.value or AMBIGUOUS.match(node.value):
        raise WrongSpellingError(
            f"{_shown(node)} can be read in several ways; write a text in quotes, a number in decimal, "
            "or true, false or null",
            node.place,
        )
    return as_text(node)


def _shown(node: Text) -> str:
    return repr(node.value if len(node.value) <= 80 else node.value[:80] + "…")
