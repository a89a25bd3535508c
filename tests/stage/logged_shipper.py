"""Writes logged predictions into files until it kills itself at a moment that it is told; a test starts it.

Usage: ``python -m stage.logged_shipper DATABASE_URL LAKE_FOLDER MOMENT``.
"""

import functools
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from pointsman.control import synced_folders
from pointsman.control.lake import folder as lake_folder
from pointsman.control.lake.folder import LakeFolder
from pointsman.store.database import Database
from pointsman.store.drift import waiting
from pointsman.store.recording import lake_files
from stage.logged_files import by_hand, shipping_to

JOURNAL = SimpleNamespace(journal_id="0123456789abcdef0123456789abcdef")
ROWS_PER_FILE = 40
MOMENTS = ("before the file", "in the file", "after the file", "rows deleted", "file listed", "committed")


def die(*_: Any, **__: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def then_die(function: Callable[..., Any]) -> Callable[..., Any]:
    """Has the process die once a function has done its work."""

    @functools.wraps(function)
    def wrapped(*given: Any, **named: Any) -> None:
        function(*given, **named)
        die()

    return wrapped


def prepare(moment: str) -> None:
    """Has the process die at a moment."""
    if moment == "before the file":
        LakeFolder.write = die  # type: ignore[method-assign]
    elif moment == "in the file":
        # Written under another name, and not yet renamed.
        lake_folder.sync = then_die(synced_folders.sync)  # type: ignore[attr-defined]
    elif moment == "after the file":
        LakeFolder.write = then_die(LakeFolder.write)  # type: ignore[method-assign]
    elif moment == "rows deleted":
        waiting.take = then_die(waiting.take)
    elif moment == "file listed":
        lake_files.add = then_die(lake_files.add)


def main() -> None:
    url, folder, moment = sys.argv[1:]
    prepare(moment)
    database = Database(url)
    shipping = shipping_to(Path(folder), JOURNAL, lambda: 2**50, is_sqlite=database.is_sqlite)
    shipping._rows_per_file = ROWS_PER_FILE
    shipping.ship(by_hand(database))
    die()


if __name__ == "__main__":
    main()
