"""Files to upload: measured once, then read piece by piece, never whole."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import os
    from types import TracebackType

_PIECE_BYTES = 1 << 20


@dataclass(frozen=True)
class Measured:
    """What a file is known by."""

    sha256: str
    size_bytes: int


class LocalFile:
    """A file that is open for reading.

    Args:
        path: Where it is.

    Raises:
        OSError: It is not there, or cannot be read.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)
        # Without a buffer: what is sent is what the file holds by then.
        self._file = self._path.open("rb", buffering=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def measure(self, wanted_sha256: str = "") -> Measured:
        """Reads the whole file for its digest and length.

        Args:
            wanted_sha256: The digest that it must have; empty for any.

        Raises:
            ValueError: It is empty, or has another digest.
        """
        digest = hashlib.sha256()
        size_bytes = 0
        while piece := self.read(size_bytes, _PIECE_BYTES):
            digest.update(piece)
            size_bytes += len(piece)
        if not size_bytes:
            raise ValueError(f"{self._path}: is empty; name an ONNX file")
        found = digest.hexdigest()
        if wanted_sha256 not in ("", found):
            raise ValueError(f"{self._path}: has SHA-256 {found}, not {wanted_sha256}; nothing was sent")
        return Measured(found, size_bytes)

    def read(self, offset: int, length: int) -> bytes:
        """Reads some bytes; fewer at the end of the file."""
        self._file.seek(offset)
        return self._file.read(length)

    def read_all(self, offset: int, length: int) -> bytes:
        """Reads so many bytes.

        Raises:
            ValueError: The file is no longer long enough.
        """
        found = self.read(offset, length)
        if len(found) < length:
            raise ValueError(f"{self._path}: became shorter on the way; send it when nobody writes to it")
        return found
