"""Writes log lines for people, in the form that the data plane writes them in ``log_lines.rs``.

A line is ``2026-11-29 08:00:00 warning  message  key=value``, in UTC. Whatever a value holds, it stays within
its line and changes nothing on a terminal. Lines of a traceback are indented, so that none looks like another
line of the log.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import structlog

OWN = "pointsman"
"""What the names of our own loggers begin with; lines of others say theirs."""

BOLD = "1"
DIM = "2"
COLOURS = {"debug": "34", "info": "32", "warning": "33", "error": "31", "critical": "31"}

_UNSEEN = "\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff"
"""Control characters, line separators, marks of direction, and halves of pairs, which cannot be written."""
_ESCAPED = re.compile(rf"[\\{_UNSEEN}]")
_QUOTED = re.compile(rf'[\s"\\={_UNSEEN}]')
_SHORT = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


@dataclass(frozen=True)
class TextLines:
    """The last processor of a log for people.

    Attributes:
        has_colours: Whether lines go to a terminal that takes colours.
    """

    has_colours: bool

    def __call__(self, _: object, __: str, event: structlog.typing.EventDict) -> str:
        """Writes one event, with the traceback that goes with it below."""
        names = ("timestamp", "level", "event", "logger", "exception", "stack")
        timestamp, level, message, logger, *tracebacks = (str(event.pop(name, "")) for name in names)
        fields = dict(event)
        if not logger.startswith(OWN):
            fields["target"] = logger
        time = self._coloured(DIM, timestamp[:19].replace("T", " "))
        level = self._coloured(COLOURS.get(level, BOLD), f"{level:<7}")
        written = "".join(f"  {self._coloured(DIM, f'{escaped(k)}=')}{quoted(v)}" for k, v in fields.items())
        line = f"{time} {level}  {self._coloured(BOLD, escaped(message))}{written}"
        below = (f"    {escaped(part)}" for text in tracebacks if text for part in text.split("\n"))
        return "\n".join([line, *below])

    def _coloured(self, colour: str, text: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self.has_colours else text


def quoted(value: Any) -> str:
    """Writes a value as it stands behind its name: in quotes where it could be taken for several."""
    text = value if isinstance(value, str) else _plain(value)
    if text and not _QUOTED.search(text):
        return text
    within = escaped(text).replace('"', '\\"')
    return f'"{within}"'


def escaped(text: str) -> str:
    """Writes a text without what ends a line, moves a cursor or turns the direction of writing."""
    return _ESCAPED.sub(lambda found: _SHORT.get(found[0], f"\\u{ord(found[0]):04x}"), text)


def _plain(value: object) -> str:
    """Writes what is no text: flags, lists and objects as JSON does, everything else as Python does."""
    if value is None or isinstance(value, bool | list | tuple | dict):
        return json.dumps(value, default=str, ensure_ascii=False)
    return str(value)
