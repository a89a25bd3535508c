"""Says of how many rows a list shows the first, and what to write to see more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from pointsman.cli.line import commandline

if TYPE_CHECKING:
    from collections.abc import Sequence

Row = TypeVar("Row")


@dataclass(frozen=True)
class Page:
    """The first rows of a list.

    Attributes:
        limit: How many are shown.
        as_json: Whether a program reads them: it gets what it asked for, and no more is read.
        counted: How far beyond it rows are read, to say how many there are.
        most: So many rows can be read at most; None where there is no such bound.
    """

    limit: int
    as_json: bool
    counted: int = 1
    most: int | None = None

    @property
    def asked(self) -> int:
        """How many rows are read."""
        ahead = self.limit if self.as_json else self.limit + self.counted
        return ahead if self.most is None else min(ahead, self.most)

    def shown(self, read: Sequence[Row]) -> Sequence[Row]:
        """Answers those of the rows that were read which are shown."""
        return read[: self.limit]

    def tell(self, read: Sequence[object], more: str) -> None:
        """Says on standard error what the page leaves out; nothing where it leaves out nothing.

        Args:
            read: The rows that were read.
            more: What shows more, such as ``-n shows more``.
        """
        if self.as_json:
            return
        if len(read) > self.limit:
            total = f"{len(read)}" if len(read) < self.asked else f"more than {self.asked - 1}"
            tell_rest(self.limit, total, more)
        elif len(read) == self.asked:
            # No row beyond the page could be read, so that nobody knows whether there is one.
            tell_rest(self.limit, f"{self.limit} or more", more)


def tell_rest(shown: int, total: int | str, more: str) -> None:
    """Says on standard error how many rows of how many are shown.

    Args:
        shown: How many are.
        total: How many there are, in words where that is not known.
        more: What shows more, such as ``-n shows more``.
    """
    commandline.echo(f"{shown} of {total}; {more}.", err=True)
