"""Pages of a list, asked for one after the other by opaque tokens.

A token holds the sort key of the last item seen, not a number of items, so that a page neither repeats
nor skips an item when others come or go between two pages.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from pointsman.errors import InvalidArgumentError

DEFAULT_PAGE_SIZE = 100
MAX_PAGE_SIZE = 1000
_MAX_TOKEN_CHARS = 2048
_MAX_INTEGER = 2**63 - 1

Item = TypeVar("Item")
Cursor = tuple[str | int, ...]


@dataclass(frozen=True)
class Page(Generic[Item]):
    """Some items, and the token that asks for those after them; empty on the last page."""

    items: tuple[Item, ...]
    next_page_token: str = ""


def page_size(asked: int) -> int:
    """Answers how many items a page shall hold.

    Raises:
        InvalidArgumentError: Not a number from 0 to 1000.
    """
    if not 0 <= asked <= MAX_PAGE_SIZE:
        raise InvalidArgumentError.at(
            "page_size", f"{asked} is not between 1 and {MAX_PAGE_SIZE}; 0 means {DEFAULT_PAGE_SIZE}"
        )
    return asked or DEFAULT_PAGE_SIZE


def encode_token(cursor: Cursor, filters: Sequence[object]) -> str:
    """Makes the token of the page after an item.

    Args:
        cursor: The sort key of the last item of this page.
        filters: What the list was filtered by; the next page must be asked for with the same.
    """
    text = json.dumps([_fingerprint(filters), *cursor], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_token(
    token: str, filters: Sequence[object], kinds: Sequence[type[str] | type[int]]
) -> Cursor | None:
    """Reads the sort key out of a token.

    Args:
        token: The token; empty for the first page.
        filters: What the list is filtered by now.
        kinds: The types of the sort key's parts.

    Returns:
        The sort key of the last item seen, or None for the first page.

    Raises:
        InvalidArgumentError: The token is not one of ours or belongs to other filters.
    """
    if not token:
        return None
    if len(token) > _MAX_TOKEN_CHARS:
        raise _bad_token()
    try:
        padded = token + "=" * (-len(token) % 4)
        parts = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        raise _bad_token() from None
    if not isinstance(parts, list) or len(parts) != len(kinds) + 1:
        raise _bad_token()
    fingerprint, *cursor = parts
    for part, kind in zip(cursor, kinds, strict=True):
        if type(part) is not kind or (isinstance(part, str) and "\x00" in part):
            raise _bad_token()
        if isinstance(part, int) and abs(part) > _MAX_INTEGER:
            raise _bad_token()
    if fingerprint != _fingerprint(filters):
        raise InvalidArgumentError.at(
            "page_token", "belongs to a list with other filters; ask for its pages with the same ones"
        )
    return tuple(cursor)


def _fingerprint(filters: Sequence[object]) -> str:
    return hashlib.sha256(repr(list(filters)).encode()).hexdigest()[:12]


def _bad_token() -> InvalidArgumentError:
    return InvalidArgumentError.at(
        "page_token", "is not a token of this server; send the next_page_token of the page before as it is"
    )
