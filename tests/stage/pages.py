"""The fenced blocks of documentation pages, and what a page says invisibly of each.

A comment directly above a block says how it is meant, ``<!-- not run: needs a Kubernetes cluster -->``:

* ``not run: REASON``: nothing runs or compares it;
* ``file: NAME``: it is the content of a file that the reader makes;
* ``fails``: its last command ends with an error.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

_BLOCK = re.compile(
    r"(?:^[ ]*<!-- (?P<mark>[^\n]*?) -->\n\n?)?"
    r"^(?P<indent>[ ]*)```(?P<language>[\w-]*)\n(?P<text>.*?)^[ ]*```$",
    re.MULTILINE | re.DOTALL,
)
PROGRAMS = ("sh", "console", "python", "sql")
"""Languages that are run."""
DATA = ("yaml", "json", "toml", "promql")
"""Languages that are checked where the page makes no file of them."""
OUTPUT = "text"
"""What the block before it writes."""
COMMAND = re.compile(r"^\$ (.*)$")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: Path
    line: int
    language: str
    text: str
    mark: str = ""

    @property
    def where(self) -> str:
        """Where it stands, for messages."""
        return f"{self.page.name}:{self.line}"

    @property
    def is_excepted(self) -> bool:
        return self.mark.startswith("not run:")

    @property
    def file(self) -> str:
        """The file that it is the content of; empty when it is none."""
        return self.mark.removeprefix("file:").strip() if self.mark.startswith("file:") else ""

    @property
    def may_fail(self) -> bool:
        return self.mark == "fails"


def read(page: Path) -> list[Block]:
    """The blocks of a page in their order."""
    content = page.read_text()
    return [
        Block(
            page,
            line=content.count("\n", 0, found.start("language")) + 1,
            language=found["language"],
            text=re.sub(rf"^{found['indent']}", "", found["text"], flags=re.MULTILINE),
            mark=found["mark"] or "",
        )
        for found in _BLOCK.finditer(content)
    ]


def commands(block: Block) -> Iterator[tuple[str, str]]:
    """The commands of a console block, each with what it writes."""
    lines = block.text.splitlines()
    starts = [number for number, line in enumerate(lines) if COMMAND.match(line)]
    for start, end in pairwise([*starts, len(lines)]):
        found = COMMAND.match(lines[start])
        assert found is not None
        yield found[1], "\n".join(lines[start + 1 : end])


def faults(blocks: list[Block]) -> list[str]:
    """A line for each block of a page of which nobody can tell how to run or compare it."""
    found: list[str] = []
    is_written = False
    for block in blocks:
        if block.mark and not (block.is_excepted or block.file or block.may_fail):
            found.append(f"{block.where}: a comment that says nothing known: {block.mark}")
        if block.is_excepted:
            if not block.mark.removeprefix("not run:").strip():
                found.append(f"{block.where}: not run, without a reason")
        elif block.language == OUTPUT:
            if not is_written:
                found.append(f"{block.where}: output of nothing; what is above it is not run")
        elif block.language == "console" and next(commands(block), None) is None:
            found.append(f"{block.where}: a console without a command")
        elif block.language not in (*PROGRAMS, *DATA) and not block.file:
            found.append(f"{block.where}: nothing runs the language {block.language or '(none)'}")
        is_written = block.language in PROGRAMS and not block.is_excepted and not block.file
    return found


def missing_line(shown: str, written: str, alike: tuple[str, ...] = ()) -> str | None:
    """The first line of what a page shows that the output does not have, in order; None when all are there.

    Words with a digit stand for any word, ``…`` for anything, and words that are alike for each other.
    """
    lines = iter(written.splitlines())
    for line in filter(str.strip, shown.splitlines()):
        pattern = re.compile(r"\s+".join(_pattern(word, alike) for word in line.split()))
        if not any(pattern.fullmatch(other.strip()) for other in lines):
            return line
    return None


def _pattern(word: str, alike: tuple[str, ...]) -> str:
    return ".*".join(_part_pattern(part, alike) for part in word.split("…"))


def _part_pattern(part: str, alike: tuple[str, ...]) -> str:
    if any(character.isdigit() for character in part):
        return r"\S+"
    pattern = re.escape(part)
    for name in alike:
        pattern = re.sub(rf"\b{re.escape(name)}\b", f"(?:{'|'.join(alike)})", pattern)
    return pattern
