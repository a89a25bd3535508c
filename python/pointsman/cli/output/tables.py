"""Writes tables as wide as the terminal: what does not fit is left out or shortened, and said so.

Into a file or a pipe nothing is shortened, so that programs read whole cells; ``--wide`` does the same on a
terminal, and shows the columns that are left out otherwise.
"""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from pointsman.cli.line import commandline
from pointsman.cli.line.context import CommandContext

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

GAP = 2
MIN_WIDTH = 8
"""Shorter than this no cell is cut."""
ELLIPSIS = "…"


@dataclass(frozen=True)
class Column:
    """A column, as a heading says it by the marks in front.

    ``>`` aligns to the right, ``#`` is a name or a time, ``!`` is an id, ``+`` is for ``--wide``, ``?`` is
    left out where it is empty.
    """

    heading: str
    is_right: bool
    is_whole: bool
    """Whether it is cut last: half a name, a time or a number says something else."""
    is_id: bool
    """Whether it is never cut, for other commands take it: an id that is cut names nothing.

    Where it leaves the rest of the row too little room, it has a line of its own.
    """
    is_extra: bool
    """Whether it is shown with ``--wide`` only."""
    is_optional: bool
    """Whether it is left out where no row has anything in it."""


def read_column(heading: str) -> Column:
    """Reads a heading with its marks in front."""
    name = heading.lstrip(">#!+?")
    marks = set(heading[: len(heading) - len(name)])
    return Column(name, ">" in marks, bool(marks & set("#>!")), "!" in marks, "+" in marks, "?" in marks)


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, empty: str = "") -> None:
    """Writes rows under headings, or a friendly sentence when there are none.

    Args:
        headings: Each with its marks, see :class:`Column`.
        rows: The cells, as text.
        empty: What to say, on standard error, when there are no rows.
    """
    listed = list(rows)
    if not listed:
        commandline.echo(empty, err=True)
        return
    is_wide = _is_wide()
    lines, is_cut = format_table(headings, listed, width=None if is_wide else output_width(), wide=is_wide)
    for line in lines:
        commandline.echo(line)
    if is_cut:
        commandline.echo("Some cells are shortened; --wide shows them whole.", err=True)


def format_table(
    headings: Sequence[str], rows: Sequence[Sequence[str]], *, width: int | None = None, wide: bool = False
) -> tuple[list[str], bool]:
    """Lays a table out.

    Args:
        headings: Each with its marks, see :class:`Column`.
        rows: The cells, as text.
        width: How many characters a line may have; None for any number.
        wide: Whether the columns for ``--wide`` are shown, too.

    Returns:
        The lines, and whether cells were shortened in them.
    """
    columns = [read_column(heading) for heading in headings]
    shown = [
        place
        for place, column in enumerate(columns)
        if (wide or not column.is_extra) and not (column.is_optional and not any(row[place] for row in rows))
    ]
    kept = [columns[place] for place in shown]
    cells = [[printable(row[place]) for place in shown] for row in rows]
    needed = [
        max([text_width(column.heading), *(text_width(row[place]) for row in cells)])
        for place, column in enumerate(kept)
    ]
    apart = [] if width is None else _apart(kept, needed, width)
    beside = [place for place in range(len(kept)) if place not in apart]
    widths = list(needed)
    if width is not None:
        fitted = _fitted([kept[n] for n in beside], [needed[n] for n in beside], _room(beside, width))
        for place, size in zip(beside, fitted, strict=True):
            widths[place] = size
    lines = [
        line
        for row in [[column.heading for column in kept], *cells]
        for line in _lines(row, kept, widths, beside)
    ]
    return lines, widths != needed


def output_width() -> int | None:
    """Answers how many characters a line of standard output has; None where nobody looks at lines."""
    is_known = sys.stdout.isatty() or os.environ.get("COLUMNS")
    return shutil.get_terminal_size().columns if is_known else None


def printable(text: str) -> str:
    """Answers text that stays in its line and steers no terminal."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


def text_width(text: str) -> int:
    """Answers how many places of a terminal a text takes."""
    if text.isascii():
        return len(text)
    import unicodedata

    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def shortened(text: str, width: int) -> str:
    """Answers the beginning of a text that takes at most so many places, and an ellipsis if it was longer."""
    if text_width(text) <= width:
        return text
    kept = ""
    for character in text:
        if text_width(kept + character) > width - 1:
            break
        kept += character
    return kept.rstrip() + ELLIPSIS


def _is_wide() -> bool:
    context = click.get_current_context(silent=True)
    options = context.find_root().obj if context is not None else None
    return isinstance(options, CommandContext) and options.wide


def _apart(columns: Sequence[Column], needed: Sequence[int], width: int) -> list[int]:
    """Finds the ids that get lines of their own: the longest first, until the rest has its least room."""
    apart: list[int] = []
    while True:
        beside = [place for place in range(len(columns)) if place not in apart]
        ids = [place for place in beside if columns[place].is_id]
        least = sum(
            needed[place] if columns[place].is_whole else min(needed[place], _least(columns[place]))
            for place in beside
        )
        if not ids or len(beside) == 1 or least <= _room(beside, width):
            return apart
        apart.append(max(ids, key=lambda place: needed[place]))


def _room(beside: Sequence[int], width: int) -> int:
    """Answers how many characters the cells of a line may have that has these columns."""
    return width - GAP * (len(beside) - 1) - _indent(beside)


def _indent(beside: Sequence[int]) -> int:
    """Answers by how much a row is indented: what follows on its id, which comes first, is."""
    return GAP if beside[0] > 0 else 0


def _lines(
    row: Sequence[str], columns: Sequence[Column], widths: Sequence[int], beside: Sequence[int]
) -> list[str]:
    """Lays a row out: one line of the cells that stand beside each other, before and after it the others."""
    line = (" " * GAP).join(_cell(row[place], widths[place], columns[place]) for place in beside)
    apart = [place for place in range(len(columns)) if place not in beside and row[place]]
    return [
        *(row[place] for place in apart if place < beside[0]),
        (" " * _indent(beside) + line).rstrip(),
        *(" " * GAP + row[place] for place in apart if place > beside[0]),
    ]


def _fitted(columns: Sequence[Column], needed: Sequence[int], total: int) -> list[int]:
    """Takes from the widest column until all fit: from prose, then from names and numbers, never from ids."""
    widths = list(needed)
    for is_whole in (False, True):
        places = [
            place for place, column in enumerate(columns) if column.is_whole is is_whole and not column.is_id
        ]
        while sum(widths) > total:
            widest = max(
                (place for place in places if widths[place] > _least(columns[place])),
                key=lambda place: widths[place],
                default=None,
            )
            if widest is None:
                break
            widths[widest] -= 1
    return widths


def _least(column: Column) -> int:
    return max(MIN_WIDTH, text_width(column.heading))


def _cell(text: str, width: int, column: Column) -> str:
    fitting = shortened(text, width)
    space = " " * (width - text_width(fitting))
    return space + fitting if column.is_right else fitting + space
