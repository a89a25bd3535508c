"""What a read of one state of a router's records works with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pointsman.domain.ports.core import LakeQueries
from pointsman.domain.ports.journal import JournalTail
from pointsman.lake.file_rows import FileReader
from pointsman.lake.snapshot import Snapshot
from pointsman.lake.tail import TailReader

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True)
class View:
    """A state of the records, and who reads which part of it.

    Attributes:
        connection: Where to query files.
        snapshot: The state.
        files: Who reads single rows of files.
        tail: Who reads what is in no file yet.
    """

    connection: DuckDBPyConnection
    snapshot: Snapshot
    files: FileReader
    tail: TailReader

    @classmethod
    def of(
        cls, connection: DuckDBPyConnection, queries: LakeQueries, journal: JournalTail, snapshot: Snapshot
    ) -> View:
        """Makes the view of a state.

        Args:
            connection: Where to query files.
            queries: Who reads rows of files.
            journal: Who knows what is in no file yet.
            snapshot: The state.
        """
        return cls(connection, snapshot, FileReader(queries, snapshot), TailReader(journal, snapshot))
