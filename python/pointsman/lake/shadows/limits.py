"""How much is compared at once, so that comparing shadows leaves room for other reads."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable, Iterator

from pointsman.errors import ResourceExhaustedError
from pointsman.lake.conditions import Span
from pointsman.lake.snapshot import SnapshotFile

MOST_ROWS = 10_000_000
"""Rows of calls and copies together, about: what is measured within the minute that clients wait."""


def rows_within(files: Iterable[SnapshotFile], span: Span) -> int:
    """Answers about how many rows of files lie in a time: of a file that does in part, a part as large.

    Args:
        files: The files.
        span: The time.
    """
    return sum(
        file.row_count
        * max(0, min(file.max_time_us, span.end_us) - max(file.min_time_us, span.start_us) + 1)
        // (file.max_time_us - file.min_time_us + 1)
        for file in files
    )


def check_row_count(files: Iterable[SnapshotFile], span: Span) -> None:
    """Refuses to compare more than can be in time.

    Args:
        files: Files of calls and of copies.
        span: The time of the calls.

    Raises:
        ResourceExhaustedError: They have more than :data:`MOST_ROWS` rows.
    """
    rows = rows_within(files, span)
    if rows > MOST_ROWS:
        raise ResourceExhaustedError(
            f"start_time: about {rows} rows of calls and copies are recorded since then, and at most "
            f"{MOST_ROWS} are compared at once; ask for a shorter time, such as --since 1d"
        )


class Turns:
    """Lets one comparison be under way at a time.

    Args:
        wait_seconds: How long others wait for their turn.
    """

    def __init__(self, wait_seconds: float) -> None:
        self._wait_seconds = wait_seconds
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def taken(self) -> Iterator[None]:
        """Holds the turn.

        Raises:
            ResourceExhaustedError: Another comparison is under way and does not end in time.
        """
        if not self._lock.acquire(timeout=self._wait_seconds):
            raise ResourceExhaustedError(
                f"another comparison of shadows is under way and did not end within {self._wait_seconds:g} "
                "s; try again in a moment"
            )
        try:
            yield
        finally:
            self._lock.release()
