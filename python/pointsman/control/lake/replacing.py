"""Puts what an erasure leaves of a file in the file's place."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from pointsman.control.lake.manifest import discard, swap
from pointsman.domain.records.lake_plans import erased_path
from pointsman.errors import AbortedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pointsman.control.lake.folder import LakeFolder
    from pointsman.control.lake.retention import Retention
    from pointsman.domain.ports.journal import JournalName
    from pointsman.domain.records.lake import LakeFile
    from pointsman.store.database import Database


class Left(Protocol):
    """What is left of a file: at least one row."""

    @property
    def row_count(self) -> int:
        """How many rows."""

    @property
    def min_time_us(self) -> int:
        """The first time, in UTC microseconds."""

    @property
    def max_time_us(self) -> int:
        """The last time, in UTC microseconds."""


class Replacing:
    """Has files of the lake stand for what is left of others.

    Args:
        database: Where the manifest is.
        journal: This server's journal, which names what it writes.
        folder: The lake's folder.
        retention: Who deletes files.
        clock: Answers the time in UTC microseconds.
    """

    def __init__(
        self,
        database: Database,
        journal: JournalName,
        folder: LakeFolder,
        retention: Retention,
        clock: Callable[[], int],
    ) -> None:
        self._database = database
        self._journal = journal
        self._folder = folder
        self._retention = retention
        self._clock = clock

    def path_of(self, file: LakeFile) -> str:
        """Names what takes a file's place; no two servers ever write to the same name."""
        own = self._journal.journal_id
        return erased_path(file.path, "" if file.journal_id == own else own[:8])

    def left_of(self, file: LakeFile, path: str, left: Left) -> LakeFile:
        """Answers the file that has what is left of another, as the manifest lists it.

        Args:
            file: The other.
            path: Where it was written.
            left: What is in it.
        """
        return replace(
            file,
            path=path,
            row_count=left.row_count,
            byte_count=self._folder.size(path),
            min_time_us=left.min_time_us,
            max_time_us=left.max_time_us,
            row_key=0,
        )

    def put(self, file: LakeFile, new: LakeFile | None) -> None:
        """Lists a file in the place of another, and deletes this one.

        Args:
            file: The file to replace, as it is listed.
            new: The one with what is left of it, on disk and not listed; None when no row is left.

        Raises:
            AbortedError: Another server replaced it before; nothing was changed.
        """
        if not swap(self._database, [file], [new] if new else [], self._clock()):
            if new is not None:
                with self._database.read() as connection:
                    discard(connection, self._folder, new.path)
            raise AbortedError(
                f"{file.path} was replaced by another server meanwhile; try again", reason="LAKE_CHANGED"
            )
        self._retention.delete([file])
