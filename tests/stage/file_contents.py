"""What files hold as bytes."""

import re
from pathlib import Path


def holding(folder: Path, texts: set[str]) -> dict[str, list[str]]:
    """Answers which files below a folder hold any of some texts as bytes, and how many of which."""
    pattern = re.compile(b"|".join(re.escape(text.encode()) for text in sorted(texts)))
    found: dict[str, list[str]] = {}
    for path in folder.rglob("*"):
        if path.is_file():
            try:
                content = path.read_bytes()
            except FileNotFoundError:
                continue
            if here := {match.decode() for match in pattern.findall(content)}:
                found[path.relative_to(folder).as_posix()] = sorted(here)
    return found
