"""Folders that are there after a crash of the machine, too."""

import os
from contextlib import suppress
from pathlib import Path


def make_folder(folder: Path, mode: int = 0o777) -> None:
    """Makes a folder and those above it where they are missing, each entry on the disk.

    Args:
        folder: The folder.
        mode: Who may use it, before the umask; those above it get what is usual.
    """
    if folder.is_dir():
        return
    make_folder(folder.parent)
    with suppress(FileExistsError):
        folder.mkdir(mode)
    sync(folder.parent)


def sync(place: Path) -> None:
    """Puts a file, or the entries of a folder, on the disk."""
    descriptor = os.open(place, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
