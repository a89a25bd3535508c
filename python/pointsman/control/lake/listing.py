"""The manifest as a file in the lake, by which other programs know what to read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from pointsman.domain.records.lake import LakeFile, LakeKind
from pointsman.lake.streams import table_of
from pointsman.store.recording import lake_files

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from pointsman.control.lake.folder import LakeFolder
    from pointsman.domain.ports.journal import JournalName
    from pointsman.store.database import Database

_log = structlog.get_logger(__name__)

LISTING = "files.parquet"
"""The listing's name in the lake's folder."""


@dataclass(frozen=True)
class _Line:
    kind: str
    router_id: str
    model_id: str
    date: str
    sealed: bool
    path: str
    row_count: int
    byte_count: int
    min_time_us: int
    max_time_us: int


class Listing:
    """Keeps the listing as the manifest is.

    Args:
        database: Where the manifest is.
        folder: The lake's folder.
        journal: The journal whose files are here, whether or not they can be seen.
    """

    def __init__(self, database: Database, folder: LakeFolder, journal: JournalName) -> None:
        self._database = database
        self._folder = folder
        self._journal = journal
        self._written: tuple[list[_Line], tuple[int, int] | None] = ([], None)

    def write(self) -> bool:
        """Writes the listing if it does not say what the manifest says.

        A file that was merged or let go must be off the listing before it is deleted.

        Returns:
            Whether it was written.

        Raises:
            DatabaseUnavailableError: The database does not answer.
        """
        with self._database.read() as connection:
            files = [file for kind in LakeKind for file in lake_files.present(connection, kind)]
        lines = self._lines(files)
        # Another server on the same lake writes it, too, and may have been behind.
        seen = self._folder.stamp(LISTING)
        if self._written == (lines, seen) or (not lines and seen is None):
            return False
        table = _table(lines)
        changed = seen is None or not _says(self._folder.place(LISTING), table)
        if changed:
            try:
                self._folder.write(LISTING, lambda place: _write(table, place))
            except OSError as error:
                # A full disk must not keep files from being merged and let go; the next round tries again.
                _log.warning("the listing of the lake's files is not up to date", reason=str(error))
                return False
        self._written = lines, self._folder.stamp(LISTING)
        return changed

    def _lines(self, files: list[LakeFile]) -> list[_Line]:
        sealed = {folder: self._folder.is_sealed(folder) for folder in {file.folder for file in files}}
        return [
            _Line(
                file.kind.value,
                file.router_id,
                file.model_id,
                file.date,
                sealed[file.folder],
                file.path,
                file.row_count,
                file.byte_count,
                file.min_time_us,
                file.max_time_us,
            )
            for file in files
            if file.journal_id == self._journal.journal_id or self._folder.holds(file.path)
        ]


def _table(lines: list[_Line]) -> pa.Table:
    import pyarrow as pa

    text, whole = pa.string(), pa.int64()
    types: dict[str, Any] = {
        "kind": text,
        "router_id": text,
        "model_id": text,
        "date": text,
        "sealed": pa.bool_(),
        "path": text,
        "row_count": whole,
        "byte_count": whole,
        "min_time_us": whole,
        "max_time_us": whole,
    }
    schema = pa.schema([pa.field(name, kind, nullable=False) for name, kind in types.items()])
    return table_of(schema, lines)


def _says(place: Path, table: pa.Table) -> bool:
    """Whether a listing says the same; one that cannot be read says nothing."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(place) as file:
            return bool(file.read(use_threads=False).equals(table))
    except (OSError, pa.ArrowInvalid):
        return False


def _write(table: pa.Table, place: Path) -> None:
    import pyarrow.parquet as pq

    pq.write_table(table, place, compression="zstd", version="2.6")
