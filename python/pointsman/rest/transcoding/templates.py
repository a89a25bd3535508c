"""Path templates, in the grammar of ``google.api.http``: ``/api/v1/routers/{router_id}/deploy``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from pointsman.rest.problems import FieldError

_VARIABLE = re.compile(r"\{([a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)*)(?:=([^{}]+))?\}")
_LITERAL = re.compile(r"[A-Za-z0-9._~-]+")
_WILDCARDS = {"*": "[^/]+", "**": ".+"}


class TemplateError(ValueError):
    """A template is not one of this grammar."""


@dataclass(frozen=True)
class PathTemplate:
    """What paths a method answers, and what they say.

    Attributes:
        text: As it is annotated.
        variables: Paths of the fields that its variables fill, by the names in the proto.
        pattern: Matches a path as it was sent, percent signs and all, with a group for each variable.
        rank: Orders templates so that the first that matches is the one that says most of the path.
    """

    text: str
    variables: tuple[str, ...]
    pattern: re.Pattern[str]
    rank: tuple[int, ...]

    def match(self, path: str) -> dict[str, str] | None:
        """Reads a path.

        Args:
            path: As it was sent, percent signs and all.

        Returns:
            What stands in the place of each variable, decoded, or None where this template is another path's.

        Raises:
            FieldError: A part is no UTF-8.
        """
        found = self.pattern.fullmatch(path)
        if found is None:
            return None
        return {name: _decoded(name, text) for name, text in zip(self.variables, found.groups(), strict=True)}


def parse_template(text: str) -> PathTemplate:
    """Reads a template.

    Raises:
        TemplateError: It is not one of the grammar; the message says where.
    """
    if not text.startswith("/"):
        raise TemplateError(f"{text!r}: a path begins with /")
    variables: list[str] = []
    pattern = []
    end = 0
    for found in _VARIABLE.finditer(text):
        pattern.append(_fixed(text[end : found.start()], text))
        name, inner = found.group(1), found.group(2) or "*"
        if name in variables:
            raise TemplateError(f"{text!r}: {name} stands there twice")
        variables.append(name)
        pattern.append(f"({_fixed(inner, text)})")
        end = found.end()
    pattern.append(_fixed(text[end:], text))
    return PathTemplate(text, tuple(variables), re.compile("".join(pattern)), _rank(text))


def _fixed(part: str, text: str) -> str:
    """Answers the pattern of a part without variables."""
    parts = []
    for piece in re.split(r"([/:])", part):
        if piece in _WILDCARDS:
            parts.append(_WILDCARDS[piece])
        elif piece in ("", "/", ":") or _LITERAL.fullmatch(piece):
            parts.append(re.escape(piece))
        else:
            raise TemplateError(f"{text!r}: {piece!r} is neither a word nor a variable nor * nor **")
    return "".join(parts)


def _rank(text: str) -> tuple[int, ...]:
    """Literals come before variables, and a verb before none; what takes several segments comes last."""
    flat = _VARIABLE.sub(lambda found: found.group(2) or "*", text)
    path, colon, _ = flat.partition(":")
    kinds = {"*": 1, "**": 2}
    return (*(kinds.get(segment, 0) for segment in path.split("/")[1:]), 0 if colon else 1)


def _decoded(name: str, text: str) -> str:
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError as error:
        raise FieldError(name, "the path is not valid UTF-8; encode text as UTF-8, then with %") from error
