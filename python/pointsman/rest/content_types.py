"""What a header says of a body: a type with parameters, as RFC 9110 has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from email.utils import collapse_rfc2231_value

_MOST_CHARACTERS = 1_000


@dataclass(frozen=True)
class ContentType:
    """A type and what is said of it.

    Attributes:
        media_type: In small letters; empty where nothing is said.
        parameters: By their names in small letters; of a name that stands twice, both values with a comma.
    """

    media_type: str
    parameters: Mapping[str, str]

    @property
    def is_utf8(self) -> bool:
        """Whether nothing says that its text is other than UTF-8."""
        return self.parameters.get("charset", "").lower() in ("", "utf-8", "utf8")


def read_content_type(value: str) -> ContentType:
    """Reads a ``Content-Type``, or a ``Content-Disposition``, which is written like one.

    Args:
        value: The header as it was sent. One that is longer than any that says something, or cannot be
            read, is as none.

    Example:
        >>> read_content_type('Text/CSV; header=present; Charset="UTF-8"')
        ContentType(media_type='text/csv', parameters={'header': 'present', 'charset': 'UTF-8'})
    """
    # The time to read one grows by the square of its length.
    if len(value) > _MOST_CHARACTERS:
        return ContentType("", {})
    message = Message()
    message["content-type"] = value
    parameters: dict[str, str] = {}
    try:
        (media_type, _), *given = message.get_params() or [("", "")]
        for name, text in given:
            named, found = name.lower(), collapse_rfc2231_value(text)
            parameters[named] = f"{parameters[named]}, {found}" if named in parameters else found
    except (TypeError, ValueError):
        # Parts of a value that do not belong together, or in a character set that nobody knows.
        return ContentType("", {})
    return ContentType(media_type.strip().lower(), parameters)
