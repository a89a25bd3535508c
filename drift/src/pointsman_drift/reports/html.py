"""Text that came from data, made safe to stand in a page."""

import html
import unicodedata
from typing import NewType

Html = NewType("Html", str)
"""Text of a page, with nothing in it that is not escaped."""

LONGEST = 120
"""Characters of a name that are shown."""
_JOINERS = "\u200c\u200d"
"""Invisible, and part of how some scripts and pictures are written."""


def readable(text: str, longest: int = LONGEST) -> str:
    r"""Answers a text of one line that shows every character which would hide, turn or break others.

    Args:
        text: Of whatever came from data.
        longest: Beyond so many characters the middle is left out.

    >>> readable("a\x00b\u202ec")
    'a\\x00b\\u202ec'
    >>> readable("x" * 50, 9)
    'xxxx…xxxx'
    """
    if len(text) > longest:
        half = (longest - 1) // 2
        text = f"{text[:half]}…{text[-half:]}"
    return "".join(
        one if one.isprintable() or one in _JOINERS else one.encode("unicode_escape").decode() for one in text
    )


def escaped(text: str, longest: int = LONGEST) -> Html:
    """Answers a text as a page has it.

    Args:
        text: Of whatever came from data.
        longest: Beyond so many characters the middle is left out.
    """
    return Html(html.escape(readable(text, longest)))


def named(text: str) -> Html:
    """Answers a name in a direction of its own: one that is written from right to left turns no other."""
    return Html(f"<bdi>{escaped(text)}</bdi>")


def isolated(text: str, longest: int) -> str:
    """Answers a name for a chart, where no elements are: in a direction of its own by characters.

    Args:
        text: The name.
        longest: Beyond so many characters the middle is left out.
    """
    shown = readable(text, longest)
    turns = any(unicodedata.bidirectional(one) in ("R", "AL") for one in shown)
    return f"\u2068{shown}\u2069" if turns else shown


def number(value: float | None) -> Html:
    """Answers a number with four digits; nothing where there is none."""
    if value is None:
        return Html("")
    return Html(f"{value:,}" if isinstance(value, int) else f"{value:.4g}")
