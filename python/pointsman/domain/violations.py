"""Collects what is wrong with a request, and the checks that several kinds of fields share."""

import math
import re
from collections.abc import Sequence

from pointsman.errors import FieldViolation, InvalidArgumentError

MAX_ID_BYTES = 128
MAX_ENTITY_ID_BYTES = 1024
_REST = MAX_ID_BYTES - 1
ID_PATTERN = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{_REST}}}\Z")
USER_PATTERN = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._@+-]{{0,{_REST}}}\Z")

MAX_DISPLAY_NAME_CHARS = 256
MAX_DESCRIPTION_CHARS = 4096
MAX_TAGS = 50
MAX_TAG_CHARS = 128
_SHOWN_CHARS = 80


def shown(value: object) -> str:
    """Quotes a value for a message, cut to a length that a terminal bears."""
    text = str(value)
    return repr(text if len(text) <= _SHOWN_CHARS else text[:_SHOWN_CHARS] + "…")


class Violations:
    """Gathers violations, so that a caller learns of all of them at once."""

    def __init__(self) -> None:
        self._found: list[FieldViolation] = []

    def __bool__(self) -> bool:
        """Whether anything is wrong."""
        return bool(self._found)

    @property
    def found(self) -> Sequence[FieldViolation]:
        """What is wrong so far."""
        return self._found

    def add(self, field: str, description: str) -> None:
        """Notes that a field is wrong."""
        self._found.append(FieldViolation(field, description))

    def raise_if_any(self) -> None:
        """Ends the request when something was wrong.

        Raises:
            InvalidArgumentError: With every violation.
        """
        if self._found:
            raise InvalidArgumentError.of(self._found)

    def check_id(self, field: str, value: str) -> None:
        """Checks an id or name: ``[A-Za-z0-9][A-Za-z0-9._-]{0,127}``."""
        self._check_pattern(field, value, ID_PATTERN, "'.', '_' and '-'")

    def check_user(self, field: str, value: str) -> None:
        """Checks a user id, which may also be an e-mail address."""
        self._check_pattern(field, value, USER_PATTERN, "'.', '_', '@', '+' and '-'")

    def _check_pattern(self, field: str, value: str, pattern: re.Pattern[str], marks: str) -> None:
        if not value:
            self.add(field, "is empty; it is required")
        elif not pattern.match(value):
            self.add(
                field,
                f"{shown(value)} is not valid; use 1 to {MAX_ID_BYTES} letters, digits, {marks}, "
                "beginning with a letter or digit",
            )

    def check_text(self, field: str, value: str, max_chars: int) -> None:
        """Checks that a text is not too long and holds no NUL, which PostgreSQL cannot keep.

        Args:
            field: The path of the field.
            value: The text; an empty one is right.
            max_chars: How long it may be, in characters, not bytes.
        """
        if len(value) > max_chars:
            self.add(field, f"has {len(value)} characters; at most {max_chars} are allowed")
        if "\x00" in value:
            self.add(field, "contains a NUL character; remove it")

    def check_entity(self, field: str, value: str) -> None:
        """Checks that a call could have named an entity like this."""
        length = len(value.encode(errors="surrogatepass"))
        if length > MAX_ENTITY_ID_BYTES:
            self.add(field, f"has {length} bytes; calls name entities of at most {MAX_ENTITY_ID_BYTES}")
        elif "\x00" in value:
            self.add(field, "contains a NUL character; remove it")

    def check_tags(self, field: str, tags: Sequence[str]) -> None:
        """Checks a list of tags."""
        if len(tags) > MAX_TAGS:
            self.add(field, f"has {len(tags)} tags; at most {MAX_TAGS} are allowed")
        seen: set[str] = set()
        for index, tag in enumerate(tags):
            path = f"{field}[{index}]"
            if not tag:
                self.add(path, "is empty; leave it out or give it a word")
            elif tag in seen:
                self.add(path, f"{shown(tag)} occurs twice; leave one out")
            seen.add(tag)
            self.check_text(path, tag, MAX_TAG_CHARS)

    def check_finite(self, field: str, value: float) -> None:
        """Checks that a number is neither NaN nor infinite."""
        if not math.isfinite(value):
            self.add(field, f"{value} is not a finite number")
