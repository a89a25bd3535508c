"""The lake's folder on disk; nothing outside of it is ever touched."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from pointsman.control.synced_folders import make_folder, sync
from pointsman.domain.records.lake import LakeKind, confined

SEALED = "_SEALED"
"""The marker of a date that gets no more files, so that a glob of its folder is exact."""


class LakeFolder:
    """The folder that all paths of the manifest are below.

    Args:
        root: The folder; made when it is needed.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    @property
    def root(self) -> Path:
        """The folder itself, for whoever reads or writes whole files by their paths below it."""
        return self._root

    def place(self, path: str) -> Path:
        """Answers where a file is.

        Raises:
            ValueError: The path leads out of the lake.
        """
        return confined(self._root, path)

    def holds(self, path: str) -> bool:
        """Whether a file is there."""
        return self.place(path).is_file()

    def size(self, path: str) -> int:
        """Answers how long a file is."""
        return self.place(path).stat().st_size

    def remove(self, path: str) -> None:
        """Deletes a file, and the folder that it leaves empty; one that is gone already stays so."""
        place = self.place(path)
        place.unlink(missing_ok=True)
        if not any(name != SEALED for name in _names(place.parent)):
            self.unseal(path.rpartition("/")[0])
            with suppress(OSError):
                place.parent.rmdir()

    def write(self, path: str, write: Callable[[Path], None]) -> None:
        """Writes a file so that it is there whole or not at all.

        Args:
            path: Its path below the lake's folder.
            write: Writes it to the place that it is given.
        """
        place = self.place(path)
        make_folder(place.parent)
        # Other programs pass over names that begin with a dot.
        partial = place.with_name(f".{place.name}.tmp")
        write(partial)
        sync(partial)
        partial.rename(place)
        sync(place.parent)

    def stamp(self, path: str) -> tuple[int, int] | None:
        """Answers what is another after every change of a file; none when it is not there."""
        try:
            status = self.place(path).stat()
        except FileNotFoundError:
            return None
        return status.st_ino, status.st_mtime_ns

    def is_sealed(self, folder: str) -> bool:
        """Whether a date's folder is marked as sealed."""
        return self.place(f"{folder}/{SEALED}").exists()

    def seal(self, folder: str) -> None:
        """Marks a date's folder as sealed."""
        place = self.place(f"{folder}/{SEALED}")
        place.touch()
        sync(place.parent)

    def unseal(self, folder: str) -> None:
        """Takes the mark off a date's folder, before files come or go."""
        self.place(f"{folder}/{SEALED}").unlink(missing_ok=True)

    def unseal_all(self, folders: Iterable[str]) -> None:
        """Takes the mark off several folders."""
        for folder in folders:
            self.unseal(folder)

    def names(self, folder: str) -> list[str]:
        """Answers the names of what is in a folder, without the mark."""
        return [name for name in _names(self.place(folder)) if name != SEALED]

    def files(self) -> Iterator[tuple[str, float]]:
        """Answers the path and time of change, in seconds, of every file in the folders of dates."""
        for kind in LakeKind:
            for folder, _, names in os.walk(self._root / kind.value):
                if not Path(folder).name.startswith("date="):
                    continue
                for name in names:
                    if name == SEALED:
                        continue
                    place = Path(folder, name)
                    with suppress(FileNotFoundError):
                        yield place.relative_to(self._root).as_posix(), place.lstat().st_mtime


def _names(folder: Path) -> list[str]:
    try:
        return [place.name for place in folder.iterdir()]
    except FileNotFoundError:
        return []
