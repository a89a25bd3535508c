"""Uploads of outcomes: what a call brings, what may lie there, and how far an upload is."""

import re
from dataclasses import dataclass, field
from enum import StrEnum

from pointsman.domain.drift.truth_files import FilePlace, RowFault, TruthFormat
from pointsman.domain.violations import Violations, shown

MAX_FAULTS = 100
"""So many rows that are wrong are told; then nothing more is read."""
_UPLOAD_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True)
class TruthUploadLimits:
    """What uploads of outcomes may take up.

    Attributes:
        max_file_bytes: The longest file.
        max_unfinished: How many may be begun and not complete.
        chunk_bytes: The most that one call brings: what is stored in one transaction.
    """

    max_file_bytes: int = 1024**3
    max_unfinished: int = 16
    chunk_bytes: int = 1024 * 1024


class UploadStatus(StrEnum):
    """How an upload stands."""

    OPEN = "open"
    """More is to come; nothing of it can be seen."""
    COMPLETE = "complete"
    """All of it can be seen."""
    REFUSED = "refused"
    """Rows were wrong; nothing of it can ever be seen."""


@dataclass(frozen=True)
class TruthPiece:
    """A part of a file.

    Attributes:
        upload_id: Names the upload among those of the model.
        kind: How the file is written; None where it is not said.
        offset: Where the chunk begins.
        chunk: The bytes from there on; none to ask how far the upload is.
        is_last: Whether the file ends with it.
    """

    upload_id: str
    kind: TruthFormat | None
    offset: int = 0
    chunk: bytes = field(default=b"", repr=False)
    is_last: bool = False

    def check(self, limits: TruthUploadLimits) -> TruthFormat:
        """Checks the part by itself; answers how the file is written.

        Raises:
            InvalidArgumentError: With every field that is wrong.
        """
        found = Violations()
        if not _UPLOAD_ID.fullmatch(self.upload_id):
            found.add(
                "upload_id",
                f"{shown(self.upload_id)} names no upload; choose 1 to 64 letters, digits, '-' and '_', "
                "another name for each file",
            )
        if self.kind is None:
            words = ", ".join(one.value for one in TruthFormat)
            found.add("format", f"is not stated; say how the file is written: {words}")
        if self.offset < 0:
            found.add("offset", f"{self.offset} is below 0; send received_bytes of the answer before")
        if len(self.chunk) > limits.chunk_bytes:
            found.add(
                "chunk", f"has {len(self.chunk)} bytes; at most {limits.chunk_bytes} are taken at a time"
            )
        found.raise_if_any()
        return self.kind or TruthFormat.CSV


@dataclass(frozen=True)
class TruthUpload:
    """How far an upload is.

    Attributes:
        row_key: The store's key of it; 0 of one that is not begun.
        place: How far the file is read.
        begin_us: When it began, in UTC microseconds; rows without a time were observed then.
        kept_before: Outcomes of the model that were kept when it began.
        row_count: Rows that were taken, wrong ones included.
        inserted: How many are new.
        corrected: How many replace another outcome of the same entity and time.
        repeated: How many were there already.
        faults: What is wrong with rows, of the first.
    """

    row_key: int
    upload_id: str
    kind: TruthFormat
    status: UploadStatus
    place: FilePlace
    begin_us: int
    kept_before: int = 0
    row_count: int = 0
    inserted: int = 0
    corrected: int = 0
    repeated: int = 0
    faults: tuple[RowFault, ...] = ()
