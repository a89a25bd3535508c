"""Reads CSV of feedback, its cells parted by commas, semicolons or tabs: the heading tells which."""

from __future__ import annotations

import csv
from itertools import chain
from typing import IO, TYPE_CHECKING

from pointsman.cli.line.context import CommandError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

KNOWN = ("prediction_id", "row", "metric", "value", "observe_time", "router_id", "entity_id")
_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs"}


class UnreadRestError(Exception):
    """A file cannot be read from a row on; the message names its line, and says why."""


def csv_lines(text: IO[str]) -> Iterator[tuple[int, dict[str, str] | str]]:
    """Reads the lines below the heading.

    Args:
        text: The file.

    Returns:
        The number of each line, with its cells by column or what is wrong with it.

    Raises:
        CommandError: The heading does not name the needed columns, or names one twice.
        UnreadRestError: A quote is not closed; the lines before have been answered.
    """
    blank, heading = 0, text.readline()
    while heading and not heading.strip():
        blank, heading = blank + 1, text.readline()
    if not heading:
        return
    # Not strict, a quote that is not closed would make one cell of all lines behind it.
    reader = csv.reader(chain([heading], text), delimiter=_delimiter(heading), strict=True)
    names = _heading(reader)
    twice = next((name for name in KNOWN if names.count(name) > 1), None)
    if twice is not None:
        raise CommandError(f"the first line names the column {twice} twice; leave one out")
    while True:
        line = blank + reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if _is_unclosed(error):
                raise UnreadRestError(
                    f"line {line}: a quote opens in this row and is not closed before the {_end_of(error)}; "
                    f"nothing from line {line} on was read. Close the quote, and import the file again."
                ) from error
            yield line, f"is not CSV: {error}{_swallowed(line, blank + reader.line_num)}"
            continue
        if any(cells[len(names) :]):
            yield line, f"has more cells than the {len(names)} columns"
        elif cells:
            # What a line leaves out at its end is empty.
            yield line, dict.fromkeys(names, "") | dict(zip(names, cells, strict=False))


def _heading(reader: Iterator[list[str]]) -> list[str]:
    try:
        return [name.strip() for name in next(reader)]
    except csv.Error as error:
        raise CommandError(f"the first line is not CSV: {error}") from error


def _is_unclosed(error: csv.Error) -> bool:
    """Whether a reader saw no end of a cell, so that it does not know where the next row begins."""
    return "end of data" in str(error) or "field larger" in str(error)


def _end_of(error: csv.Error) -> str:
    return "file ends" if "end of data" in str(error) else f"cell has {csv.field_size_limit()} characters"


def _swallowed(first: int, last: int) -> str:
    """Says how far a wrong row goes that is more than its line."""
    if first == last:
        return ""
    return f"; lines {first} to {last} are one row by their quotes, and none of them was read"


def _delimiter(heading: str) -> str:
    """Answers by what the heading is parted into the columns that are needed."""
    parted = {delimiter: _names(heading, delimiter) for delimiter in _DELIMITERS}
    fitting = [delimiter for delimiter, names in parted.items() if _suffice(names)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        words = " as well as by ".join(_DELIMITERS[delimiter] for delimiter in fitting)
        raise CommandError(
            f"the first line can be read as parted by {words}; rename the columns that hold such a mark"
        )
    likely = max(parted, key=lambda delimiter: len(parted[delimiter]))
    raise CommandError(
        f"the first line names the columns {', '.join(parted[likely])}, parted by {_DELIMITERS[likely]}; it "
        "must name value, and prediction_id or entity_id, parted by commas, semicolons or tabs. Known are "
        f"{', '.join(KNOWN)}."
    )


def _names(heading: str, delimiter: str) -> list[str]:
    try:
        return [name.strip() for name in next(csv.reader([heading], delimiter=delimiter))]
    except csv.Error as error:
        raise CommandError(f"the first line is not CSV: {error}") from error


def _suffice(names: Sequence[str]) -> bool:
    return "value" in names and ("prediction_id" in names or "entity_id" in names)
