"""Uploads of ONNX files: what a call brings, and how far a file is."""

from dataclasses import dataclass, field

from pointsman.domain.model_checks import is_sha256
from pointsman.domain.violations import Violations, shown

FOLDER = "uploaded"
"""Where uploaded files lie, below the models folder: each under its digest."""


_CHUNK_BYTES = 1024 * 1024
_MESSAGE_REST_BYTES = 512
"""What a message has besides the chunk, at most."""


def chunk_bytes(max_message_bytes: int) -> int:
    """Answers how much of a file is sent in a message: a piece that is worth a call, and fits."""
    return min(_CHUNK_BYTES, max_message_bytes - _MESSAGE_REST_BYTES)


@dataclass(frozen=True)
class UploadLimits:
    """What uploads may take up.

    Attributes:
        max_file_bytes: The largest file.
        max_unfinished: How many may be begun and not complete.
        reserve_bytes: How much of the disk they leave free.
        chunk_bytes: The most that one call brings.
    """

    max_file_bytes: int = 2 * 1024**3
    max_unfinished: int = 32
    reserve_bytes: int = 512 * 1024 * 1024
    chunk_bytes: int = _CHUNK_BYTES


@dataclass(frozen=True)
class UploadPiece:
    """A piece of a file.

    Attributes:
        sha256: The digest of the whole file.
        size_bytes: Its length.
        offset: Where the chunk begins.
        chunk: The bytes from there on; none to ask how far the file is.
    """

    sha256: str
    size_bytes: int
    offset: int = 0
    chunk: bytes = field(default=b"", repr=False)

    @property
    def path(self) -> str:
        """Where the file lies once it is whole, relative to the models folder."""
        return f"{FOLDER}/{self.sha256}.onnx"

    def check(self, limits: UploadLimits) -> None:
        """Checks the piece by itself.

        Raises:
            InvalidArgumentError: With every field that is wrong.
        """
        found = Violations()
        if not is_sha256(self.sha256):
            found.add(
                "sha256",
                f"{shown(self.sha256)} is no SHA-256; write its 64 lower-case hexadecimal digits, as "
                "sha256sum prints them",
            )
        if self.size_bytes < 1:
            found.add("size_bytes", f"{self.size_bytes} is no length of a file; an ONNX file has some bytes")
        if self.offset < 0:
            found.add("offset", f"{self.offset} is below 0; send received_bytes of the answer before")
        if len(self.chunk) > limits.chunk_bytes:
            found.add(
                "chunk", f"has {len(self.chunk)} bytes; at most {limits.chunk_bytes} are taken at a time"
            )
        if self.offset + len(self.chunk) > max(self.size_bytes, 0):
            found.add(
                "chunk",
                f"ends at {self.offset + len(self.chunk)}, beyond size_bytes, {self.size_bytes}; "
                "send the length and the bytes of one file",
            )
        found.raise_if_any()


@dataclass(frozen=True)
class UploadState:
    """How far a file is.

    Attributes:
        path: Where it is or will be, relative to the models folder.
        received_bytes: How many bytes from the beginning on are there.
        is_complete: Whether it is there, whole and checked.
    """

    path: str
    received_bytes: int
    is_complete: bool
