"""Reads the rows of a page in full."""

from __future__ import annotations

from collections.abc import Sequence

from pointsman.domain.data_plane import DataPlane
from pointsman.domain.predictions import Prediction
from pointsman.lake.conditions import Conditions, Span
from pointsman.lake.keys import Key
from pointsman.lake.rows import predictions_of
from pointsman.lake.snapshot import Snapshot
from pointsman.lake.streams import read_stream
from pointsman.lake.tail import PLACE, TailKey, TailReader
from pointsman.v1 import record_pb2

_Place = tuple[str, int]


class ContentReader:
    """Reads rows that :class:`~pointsman.lake.keys.KeyFinder` found.

    The data plane reads the rows of files, because it opens only the pages that they are in: a query would
    inflate whole row groups for each row of an entity, whose rows lie far apart.

    Args:
        data_plane: Who reads files.
        snapshot: The state in which they were found.
        tail: Who reads the tail.
        conditions: By which they were found.
    """

    def __init__(
        self, data_plane: DataPlane, snapshot: Snapshot, tail: TailReader, conditions: Conditions
    ) -> None:
        self._data_plane = data_plane
        self._snapshot = snapshot
        self._tail = tail
        self._conditions = conditions

    def read(self, keys: Sequence[Key]) -> list[Prediction]:
        """Answers the rows in the order of their keys."""
        from_files = self._from_files([key for key in keys if key.path])
        from_tail = self._from_tail([key for key in keys if not key.path])
        found = []
        for key in keys:
            if key.path:
                found.append(from_files[key.path, key.place])
            else:
                found.append(from_tail[key.prediction_id or "", key.row])
        return found

    def _from_files(self, keys: Sequence[Key]) -> dict[_Place, Prediction]:
        if not keys:
            return {}
        asked: dict[str, list[int]] = {}
        for key in keys:
            asked.setdefault(key.path, []).append(key.place)
        names = {file.path: file.name for file in self._snapshot.files}
        query = record_pb2.RowsQuery(
            files=[record_pb2.FileRows(path=names[path], rows=rows) for path, rows in asked.items()]
        )
        answer = record_pb2.RowsAnswer.FromString(
            self._data_plane.read_lake_rows(self._snapshot.lake_folder, query.SerializeToString())
        )
        paths = list(asked)
        found: dict[_Place, Prediction] = {}
        for table in map(read_stream, answer.arrow_streams):
            indexes = table.column("file_index").to_pylist()
            places = table.column(PLACE).to_pylist()
            for index, place, prediction in zip(indexes, places, predictions_of(table), strict=True):
                found[paths[index], place] = prediction
        return found

    def _from_tail(self, keys: Sequence[Key]) -> dict[TailKey, Prediction]:
        if not keys:
            return {}
        times = [key.time_us for key in keys]
        conditions = self._conditions.within(Span(min(times), max(times)))
        return self._tail.rows(conditions, {(key.prediction_id or "", key.row) for key in keys})
