"""The folder of uploaded files on disk: whole files under their digests, and beside them what is on its way.

A file is in the folder whole or not at all: it grows as a part in a side folder, is synced and then renamed.
There are two locks, which hold against other processes on a shared folder, too. A part's own lock is held
while bytes are appended or checked. The folder's lock is held for moments: while parts are counted and begun,
and while a whole file comes, is asked for or goes, so that what was just asked for is not removed. Who has a
part's lock may wait for the folder's; who has the folder's never waits for a part's.
"""

import fcntl
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pointsman.control.synced_folders import make_folder, sync
from pointsman.domain.uploads import FOLDER

_WHOLE = re.compile(r"([0-9a-f]{64})\.onnx")
_PART_SUFFIX = ".part"
_ASKED_SUFFIX = ".asked"
_PIECE_BYTES = 1 << 20
_NANOSECONDS = 1_000
"""In a microsecond."""


class UploadFolder:
    """Uploaded files and unfinished uploads.

    Args:
        models_dir: The models folder.
    """

    def __init__(self, models_dir: Path) -> None:
        self._models_dir = models_dir
        self._root = models_dir / FOLDER
        self._side = self._root / ".parts"

    @property
    def free_bytes(self) -> int:
        """How much of the disk is free."""
        found = os.statvfs(self._root)
        return found.f_bavail * found.f_frsize

    def make(self) -> None:
        """Makes the folders where they are missing, for this user alone."""
        for folder in (self._root, self._side):
            make_folder(folder, 0o700)

    def digest_in(self, path: str) -> str:
        """Answers the digest under which the file of a path was uploaded; empty when it is none of these."""
        try:
            place = (self._models_dir / path).resolve()
        except (OSError, RuntimeError, ValueError):
            # A circle of links, or no path at all.
            return ""
        found = _WHOLE.fullmatch(place.name)
        return found[1] if found and place.parent == self._root.resolve() else ""

    def ask(self, sha256: str, now_us: int) -> bool:
        """Answers whether a file is there, and notes that somebody has to do with it.

        The file itself is left alone: other times of it would look like another file.
        """
        with self.lock():
            if not self._whole(sha256).is_file():
                return False
            with _opened(self._side / f"{sha256}{_ASKED_SUFFIX}", os.O_WRONLY | os.O_CREAT) as note:
                _set_time(note, now_us)
            return True

    def whole_digest(self, sha256: str) -> tuple[str, int]:
        """Reads a whole file; answers its digest as it is now, and its length."""
        with _opened(self._whole(sha256), os.O_RDONLY) as file:
            return _digest(file), os.fstat(file).st_size

    def whole_since(self) -> dict[str, int]:
        """Answers the digests of all whole files, each with the time when it was last asked for, in us."""
        if not self._root.is_dir():
            return {}
        digests = [found[1] for file in self._root.iterdir() if (found := _WHOLE.fullmatch(file.name))]
        return {sha256: since for sha256 in digests if (since := self._since(sha256)) is not None}

    def remove_whole(self, sha256: str, before_us: int) -> bool:
        """Removes a whole file, unless somebody has asked for it since a time; answers whether it did."""
        with self.lock():
            since = self._since(sha256)
            if since is None or since >= before_us:
                return False
            self._whole(sha256).unlink(missing_ok=True)
            (self._side / f"{sha256}{_ASKED_SUFFIX}").unlink(missing_ok=True)
            return True

    def parts(self) -> dict[str, int]:
        """Answers the names of all parts, each with the time when something last came for it, in us."""
        found = {}
        for place in self._side.glob(f"*{_PART_SUFFIX}"):
            with suppress(FileNotFoundError):
                found[place.name.removesuffix(_PART_SUFFIX)] = place.stat().st_mtime_ns // _NANOSECONDS
        return found

    def begin(self, name: str, now_us: int) -> None:
        """Makes an empty part, while :meth:`lock` is held."""
        with _opened(self._part(name), os.O_WRONLY | os.O_CREAT) as file:
            _set_time(file, now_us)

    def remove_part(self, name: str) -> bool:
        """Removes a part while :meth:`lock` is held, unless it is being written; answers whether it did."""
        try:
            with _opened(self._part(name), os.O_RDWR) as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._part(name).unlink()
        except (FileNotFoundError, BlockingIOError):
            return False
        return True

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keeps others from beginning parts, and from asking for whole files and removing them."""
        with _opened(self._side / "lock", os.O_RDWR | os.O_CREAT) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    @contextmanager
    def part(self, name: str) -> Iterator["Part | None"]:
        """Keeps others from a part for as long as the context lasts; none when it is not there."""
        while True:
            try:
                file = os.open(self._part(name), os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
            except FileNotFoundError:
                yield None
                return
            try:
                fcntl.flock(file, fcntl.LOCK_EX)
                # Whoever had the lock before may have finished the file, and another may have begun it anew.
                if _is_at(file, self._part(name)):
                    yield Part(self, name, file)
                    return
            finally:
                os.close(file)

    def _whole(self, sha256: str) -> Path:
        return self._root / f"{sha256}.onnx"

    def _part(self, name: str) -> Path:
        return self._side / f"{name}{_PART_SUFFIX}"

    def _since(self, sha256: str) -> int | None:
        try:
            times = [self._whole(sha256).lstat().st_mtime_ns]
        except FileNotFoundError:
            return None
        with suppress(FileNotFoundError):
            times.append((self._side / f"{sha256}{_ASKED_SUFFIX}").stat().st_mtime_ns)
        return max(times) // _NANOSECONDS


@dataclass(frozen=True)
class Part:
    """A part whose lock is held."""

    _folder: UploadFolder
    _name: str
    _file: int

    @property
    def path(self) -> Path:
        """Where it lies."""
        return self._folder._part(self._name)

    @property
    def size_bytes(self) -> int:
        """How long it is."""
        return os.fstat(self._file).st_size

    def append(self, content: bytes, now_us: int) -> None:
        """Adds bytes: all of them, or none when the disk does not take them.

        Raises:
            OSError: The disk does not take them.
        """
        end = self.size_bytes
        left = memoryview(content)
        try:
            while left:
                left = left[os.pwrite(self._file, left, end + len(content) - len(left)) :]
        except OSError:
            os.ftruncate(self._file, end)
            raise
        _set_time(self._file, now_us)

    def digest(self) -> str:
        """Reads it from the beginning; answers its digest."""
        return _digest(self._file)

    def remove(self) -> None:
        """Removes it."""
        self.path.unlink(missing_ok=True)

    def become(self, sha256: str, now_us: int) -> None:
        """Makes the whole file of it: there at once, and there after a crash of the machine, too."""
        whole = self._folder._whole(sha256)
        _set_time(self._file, now_us)
        os.fsync(self._file)
        with self._folder.lock():
            self.path.rename(whole)
        for folder in (whole.parent, self.path.parent):
            sync(folder)


@contextmanager
def _opened(path: Path, flags: int) -> Iterator[int]:
    file = os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        yield file
    finally:
        os.close(file)


def _is_at(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False


def _set_time(file: int, now_us: int) -> None:
    os.utime(file, ns=(now_us * _NANOSECONDS, now_us * _NANOSECONDS))


def _digest(file: int) -> str:
    made = hashlib.sha256()
    at = 0
    while piece := os.pread(file, _PIECE_BYTES, at):
        made.update(piece)
        at += len(piece)
    return made.hexdigest()
