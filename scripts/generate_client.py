"""Writes the half of the Python client that waits, ``_sync``, from the one that does not, ``_async``.

The two differ in words only: what is awaited there is called here. Names are exchanged token by token, so
that no word within another name is hit; texts are exchanged where they hold code or speak of asyncio. Ruff
sorts and formats what comes out.
"""

import argparse
import io
import re
import subprocess
import sys
import tokenize
from pathlib import Path

SOURCE_ROOT = Path(__file__).resolve().parent.parent
PACKAGE = Path("python/pointsman/client")

HEADER = "# Generated from {origin} by scripts/generate_client.py: edit that file, then make generate.\n"

NAMES = {
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "__aiter__": "__iter__",
    "__anext__": "__next__",
    "AsyncIterable": "Iterable",
    "AsyncIterator": "Iterator",
    "StopAsyncIteration": "StopIteration",
    "aiter": "iter",
    "anext": "next",
}
"""Names of the language and its library; names of the client lose ``Async`` or ``_async`` by themselves."""

TEXTS = {
    "The client for asyncio, a class for each service. Its twin that waits is made of it.": (
        "The client that waits for each answer, a class for each service."
    ),
    "The client for asyncio, of which ``_sync`` is generated.": "The client that waits for each answer.",
    " of the client for asyncio.": " of the client that waits.",
    ", for the tasks of one event loop.": "; safe to share between threads.",
}
"""What only one of the two can say of itself."""

_BLANKS = (tokenize.INDENT, tokenize.DEDENT, tokenize.NEWLINE, tokenize.NL, tokenize.ENDMARKER)
_CLIENT_NAME = re.compile(r"^(_?)[Aa]sync_?(?=[A-Z])|^_async$")
_WORDS_IN_TEXT = re.compile(r"\b(?:async (?=def|with|for)|await )|\b\w*[Aa]sync\w*|\b(?:anext|aiter)\b")


class LeftoverError(Exception):
    """Something of asyncio would be left in the half that waits."""


def waiting_name(name: str) -> str:
    """Answers what a name of the asynchronous half is called in the other.

    Args:
        name: One identifier.

    Returns:
        The other name, or the same.
    """
    if name in NAMES:
        return NAMES[name]
    return _CLIENT_NAME.sub(lambda found: "_sync" if found[0] == "_async" else found[1] or "", name)


def waiting_source(source: str) -> str:
    """Makes the source of the half that waits.

    Args:
        source: The source of a module of the asynchronous half.

    Returns:
        The same module, waiting; neither sorted nor formatted.

    Raises:
        LeftoverError: A name of asyncio has no twin; the message names it and its line.
    """
    parts: list[str] = []
    row, column = 1, 0
    lines = source.splitlines(keepends=True)
    drop_space = False
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in (
            tokenize.INDENT,
            tokenize.DEDENT,
            tokenize.NEWLINE,
            tokenize.NL,
            tokenize.ENDMARKER,
        ):
            continue
        between = _between(lines, (row, column), token.start)
        if drop_space:
            between = between.lstrip(" ")
        # By place, not by the token's text: between braces of an f-string that is not what was written.
        parts += [between, _waiting_token(token.type, _between(lines, token.start, token.end))]
        drop_space = token.type == tokenize.NAME and token.string in ("async", "await")
        row, column = token.end
    parts.append(_between(lines, (row, column), (len(lines) + 1, 0)))
    made = "".join(parts)
    for number, line in enumerate(made.splitlines(), 1):
        if re.search(r"async|await", line, re.IGNORECASE):
            raise LeftoverError(
                f"line {number}: {line.strip()!r} has no twin; say it in scripts/generate_client.py"
            )
    return made


def _between(lines: list[str], start: tuple[int, int], end: tuple[int, int]) -> str:
    """Answers what stands between two places, whose rows count from 1."""
    if start[0] == end[0]:
        return lines[start[0] - 1][start[1] : end[1]] if start[0] <= len(lines) else ""
    rest = [lines[start[0] - 1][start[1] :], *lines[start[0] : end[0] - 1]]
    last = lines[end[0] - 1][: end[1]] if end[0] <= len(lines) else ""
    return "".join([*rest, last])


def _waiting_token(kind: int, text: str) -> str:
    if kind == tokenize.NAME:
        return "" if text in ("async", "await") else waiting_name(text)
    return _waiting_text(text) if kind in (tokenize.STRING, tokenize.COMMENT) else text


def _waiting_text(text: str) -> str:
    for said, twin in TEXTS.items():
        text = text.replace(said, twin)
    return _WORDS_IN_TEXT.sub(lambda found: _waiting_word(found[0]), text)


def _waiting_word(word: str) -> str:
    return "" if word.endswith(" ") else waiting_name(word)


def _ruff(arguments: list[str], source: str, name: Path) -> str:
    command = [sys.executable, "-m", "ruff", *arguments, "--quiet", "--stdin-filename", str(name), "-"]
    done = subprocess.run(command, input=source, capture_output=True, text=True, check=True, cwd=SOURCE_ROOT)
    return done.stdout


def generate(output_root: Path) -> list[Path]:
    """Writes each module of ``_sync`` below a folder.

    Args:
        output_root: The folder that gets ``python/pointsman/client``.

    Returns:
        The files written.

    Raises:
        LeftoverError: A module cannot be turned.
        subprocess.CalledProcessError: Ruff does not take what came out.
    """
    written = []
    for origin in sorted((SOURCE_ROOT / PACKAGE / "_async").glob("*.py")):
        name = PACKAGE / "_sync" / origin.name
        said = f"_async/{origin.name}"
        try:
            made = HEADER.format(origin=said) + waiting_source(origin.read_text())
        except LeftoverError as error:
            raise LeftoverError(f"{said}: {error}") from None
        # What waits can say yield from, which is a loop in the asynchronous half.
        made = _ruff(["check", "--select", "I,UP028", "--fix", "--unsafe-fixes", "--exit-zero"], made, name)
        made = _ruff(["format"], made, name)
        target = output_root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(made)
        written.append(target)
    return written


def main() -> None:
    """Reads the command line and writes the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output-root", type=Path, default=SOURCE_ROOT)
    generate(parser.parse_args().output_root)


if __name__ == "__main__":
    main()
