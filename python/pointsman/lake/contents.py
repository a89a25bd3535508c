"""Reads the rows of a page in full."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pointsman.domain.data_plane import DataPlane
from pointsman.domain.predictions import Prediction
from pointsman.lake.conditions import Conditions, Span
from pointsman.lake.keys import Key
from pointsman.lake.rows import predictions_of
from pointsman.lake.snapshot import Snapshot
from pointsman.lake.streams import read_stream
from pointsman.lake.tail import PLACE, read_tail
from pointsman.v1 import record_pb2

if TYPE_CHECKING:
    import pyarrow as pa

_Place = tuple[str, int]


class ContentReader:
    """Reads rows that :class:`~pointsman.lake.keys.KeyFinder` found.

    The data plane reads the rows of files, because it opens only the pages that they are in: a query would
    inflate whole row groups for each row of an entity, whose rows lie far apart.

    Args:
        data_plane: Who keeps the tail and reads files.
        snapshot: The state in which they were found.
        conditions: By which they were found.
    """

    def __init__(self, data_plane: DataPlane, snapshot: Snapshot, conditions: Conditions) -> None:
        self._data_plane = data_plane
        self._snapshot = snapshot
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
                # Two reads of the tail number rows differently; ids do not change.
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

    def _from_tail(self, keys: Sequence[Key]) -> dict[_Place, Prediction]:
        if not keys:
            return {}
        times = [key.time_us for key in keys]
        conditions = self._conditions.within(Span(min(times), max(times)))
        tail = read_tail(self._data_plane, self._snapshot, conditions, with_bodies=True)
        wanted = {(key.prediction_id or "", key.row) for key in keys}
        chosen = (_chosen(table, wanted) for table in tail.tables)
        return {row.key: row for table in chosen for row in predictions_of(table)}


def _chosen(table: pa.Table, wanted: set[_Place]) -> pa.Table:
    import pyarrow as pa

    keys = zip(table.column("prediction_id").to_pylist(), table.column("row").to_pylist(), strict=True)
    return table.take(pa.array([place for place, key in enumerate(keys) if key in wanted], pa.int64()))
