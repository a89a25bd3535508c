"""Reads files of outcomes and predictions, row by row."""

from __future__ import annotations

import contextlib
import csv
import re
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from pointsman.cli.line.arguments import NotJsonError, read_json
from pointsman.cli.line.context import CommandError

if TYPE_CHECKING:
    from collections.abc import Iterator

_CAPITAL = re.compile(r"(?<=[a-z0-9])([A-Z])")


def rows_of(file: str, known: frozenset[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Reads the rows of a file of JSON lines, or of CSV with a heading, by its ending.

    Args:
        file: The file; ``-`` is standard input, as JSON lines.
        known: The names that a row may have; they may be written as the REST API does, ``entityId``.

    Returns:
        The number of each line, from 1, with its values.

    Raises:
        CommandError: The file cannot be read, or a line makes no sense; the message names the line.
    """
    with _opened(file) as text:
        is_csv = file.lower().endswith((".csv", ".tsv"))
        for line, row in _csv_rows(file, text) if is_csv else _json_rows(file, text):
            named = {_CAPITAL.sub(r"_\1", name).lower(): value for name, value in row.items()}
            for name in named:
                if name not in known:
                    raise CommandError(
                        f"{file}: line {line}: {name!r} is not known; known are {', '.join(sorted(known))}"
                    )
            yield line, named


@contextlib.contextmanager
def _opened(file: str) -> Iterator[IO[str]]:
    if file == "-":
        yield sys.stdin
        return
    try:
        with Path(file).open(encoding="utf-8-sig", newline="") as text:
            yield text
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file}: cannot be read: {error}") from error


def _csv_rows(file: str, text: IO[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    reader = csv.DictReader(text, delimiter="\t" if file.lower().endswith(".tsv") else ",", strict=True)
    try:
        for row in reader:
            if None in row or None in row.values():
                raise CommandError(
                    f"{file}: line {reader.line_num}: has another number of cells than the first line"
                )
            yield reader.line_num, {name: value for name, value in row.items() if value != ""}
    except csv.Error as error:
        raise CommandError(f"{file}: line {reader.line_num}: is not CSV: {error}") from error


def _json_rows(file: str, text: IO[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    for line, written in enumerate(text, 1):
        if not written.strip():
            continue
        try:
            row = read_json(written)
        except NotJsonError as error:
            raise CommandError(f"{file}: line {line}: {error}") from error
        if not isinstance(row, dict):
            raise CommandError(f"{file}: line {line}: is no object")
        yield line, row
