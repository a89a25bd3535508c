"""Asks for everything that a router tells of its records, and holds it against the client's log."""

import random
from pathlib import Path

from .client import Client
from .exports import Exports
from .lists import Lists
from .router_figures import RouterFigures


class Reads:
    """All reads of a router.

    Args:
        client: Whose log they are held against.
        drawn: What filters and windows are drawn from.
        folder: Where files may be written.
    """

    def __init__(self, client: Client, drawn: random.Random, folder: Path) -> None:
        self._drawn = drawn
        self._folder = folder
        self._lists = Lists(client, drawn)
        self._figures = RouterFigures(client, drawn)
        self._exports = Exports(client, drawn)

    def check(self, *, whole: bool) -> None:
        """Insists on the list of all that is recorded, on figures, and on other reads that are drawn.

        Args:
            whole: Whether the figures are of all that is recorded, not of a window that is drawn.
        """
        self._lists.check_all()
        self._figures.check_live()
        if whole:
            self._figures.check_all()
        else:
            self._figures.check_some()
        for share, other in (
            (0.3, self._lists.check_some),
            (0.3, self._lists.check_one),
            (0.07, lambda: self._exports.check(self._folder)),
        ):
            if self._drawn.random() < share:
                other()
