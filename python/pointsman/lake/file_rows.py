"""Rows of files by their numbers.

The core reads them, because it opens only the pages that they are in: a query would inflate whole row
groups for each row of an entity, whose rows lie far apart.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from pointsman.domain.batching import batched
from pointsman.domain.ports.core import LakeQueries
from pointsman.lake.snapshot import Snapshot
from pointsman.lake.streams import read_stream
from pointsman.v1 import record_pb2

if TYPE_CHECKING:
    import pyarrow as pa

PLACE = "file_row_number"
"""The column with the number of a row in its file."""

FilePlace = tuple[str, int]
"""A file's whole path, and the number of a row in it."""

_MOST_ROWS = 50_000
"""So many rows are asked for at a time."""


class FileReader:
    """Reads rows of a snapshot's files.

    Args:
        queries: Who reads them.
        snapshot: The state that is read.
    """

    def __init__(self, queries: LakeQueries, snapshot: Snapshot) -> None:
        self._queries = queries
        self._snapshot = snapshot

    def read(
        self, places: Collection[FilePlace], columns: Sequence[str] = ()
    ) -> Iterator[tuple[list[FilePlace], pa.Table]]:
        """Answers tables of rows that have the same columns, each with the places of its rows.

        Args:
            places: Which rows.
            columns: Only these columns, and of those only what a file has; none for all.

        Raises:
            PositionGoneError: A file was replaced, so that the manifest must be read again.
        """
        names = {file.path: file.name for file in self._snapshot.files}
        for part in batched(sorted(places), _MOST_ROWS):
            asked: dict[str, list[int]] = {}
            for path, number in part:
                asked.setdefault(path, []).append(number)
            paths = list(asked)
            query = record_pb2.RowsQuery(
                files=[record_pb2.FileRows(path=names[path], rows=rows) for path, rows in asked.items()],
                columns=columns,
            )
            answer = record_pb2.RowsAnswer.FromString(
                self._queries.read_lake_rows(self._snapshot.lake_folder, query.SerializeToString())
            )
            for table in map(read_stream, answer.arrow_streams):
                indexes, numbers = table.column("file_index").to_pylist(), table.column(PLACE).to_pylist()
                yield [(paths[index], number) for index, number in zip(indexes, numbers, strict=True)], table
