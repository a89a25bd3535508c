"""The fenced blocks of documentation pages, as programs to run."""

import re
from pathlib import Path

_BLOCK = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path, language: str) -> list[str]:
    """The blocks of one language, in the order of the page."""
    return [found["text"] for found in _BLOCK.finditer(page.read_text()) if found["language"] == language]


def python_program(page: Path, replaced: dict[str, str]) -> str:
    """The Python blocks of a page as one program, with what differs between machines replaced.

    Every text to replace has to occur: a page that was changed is noticed.
    """
    program = "\n".join(blocks(page, "python"))
    for text, other in replaced.items():
        assert text in program, f"{page.name} does not say {text} any more"
        program = program.replace(text, other)
    return program
