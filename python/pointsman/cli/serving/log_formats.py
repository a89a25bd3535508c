"""Says how log lines are written here: for programs, for people, or for people in colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TextIO

JSON = "json"
TEXT = "text"
COLOURED_TEXT = "coloured_text"


def log_format(wanted: str, stream: TextIO, environment: Mapping[str, str]) -> str:
    """Answers the format of log lines, which both planes write.

    Args:
        wanted: The setting: ``auto``, ``json`` or ``text``.
        stream: Where the lines go, standard error.
        environment: The process's; ``NO_COLOR``, set to anything, takes colours away, as does ``TERM=dumb``.

    Returns:
        ``json``, ``text`` or ``coloured_text``. A pipe or a file never gets colours.
    """
    is_terminal = stream.isatty()
    if wanted == JSON or (wanted == "auto" and not is_terminal):
        return JSON
    is_coloured = is_terminal and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"
    return COLOURED_TEXT if is_coloured else TEXT
