"""Reads the rows of a page in full."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pointsman.domain.data_plane import DataPlane
from pointsman.domain.predictions import Prediction
from pointsman.lake.conditions import Conditions, Span
from pointsman.lake.keys import AT_PLACES, READ_ALL_COLUMNS, Key, at_places, files_of
from pointsman.lake.rows import prediction_of
from pointsman.lake.snapshot import Snapshot
from pointsman.lake.tail import PLACE, read_tail

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_Place = tuple[str, int]
_TailPlace = tuple[str, int]


class ContentReader:
    """Reads rows that :class:`~pointsman.lake.keys.KeyFinder` found.

    Args:
        connection: Where to query.
        data_plane: Who keeps the tail.
        snapshot: The state in which they were found.
        conditions: By which they were found.
    """

    def __init__(
        self,
        connection: DuckDBPyConnection,
        data_plane: DataPlane,
        snapshot: Snapshot,
        conditions: Conditions,
    ) -> None:
        self._connection = connection
        self._data_plane = data_plane
        self._snapshot = snapshot
        self._conditions = conditions

    def read(self, keys: Sequence[Key]) -> list[Prediction]:
        """Answers the rows in the order of their keys."""
        in_files = [key for key in keys if key.path]
        in_tail = [key for key in keys if not key.path]
        from_files = self._from_files(in_files)
        from_tail = self._from_tail(in_tail)
        found = []
        for key in keys:
            if key.path:
                found.append(from_files[key.path, key.place])
            else:
                # Two reads of the tail number rows differently; ids do not change.
                found.append(from_tail[key.prediction_id or "", key.row])
        return found

    def _from_files(self, keys: Sequence[Key]) -> dict[_Place, Prediction]:
        by_path: dict[str, list[Key]] = {}
        for key in keys:
            by_path.setdefault(key.path, []).append(key)
        if self._conditions.entity_ids and len(by_path) > 1:
            return self._of_entity(keys, list(by_path))
        found: dict[_Place, Prediction] = {}
        sql = f"SELECT * FROM {READ_ALL_COLUMNS} WHERE {AT_PLACES}"
        for path, here in by_path.items():
            rows = self._connection.execute(sql, files_of([path]) | at_places(here))
            names = [column[0] for column in rows.description]
            place = names.index(PLACE)
            for values in rows.fetchall():
                found[path, values[place]] = prediction_of(names, values)
        return found

    def _of_entity(self, keys: Sequence[Key], paths: list[str]) -> dict[_Place, Prediction]:
        """Reads rows that lie far apart: comparing the entity passes over most pages without opening them."""
        times = [key.time_us for key in keys]
        where, values = self._conditions.within(Span(min(times), max(times))).sql()
        sql = f"SELECT *, file_index FROM {READ_ALL_COLUMNS} WHERE {where} AND list_contains($times, time_us)"
        rows = self._connection.execute(sql, values | files_of(paths) | {"times": times})
        names = [column[0] for column in rows.description]
        place, index = names.index(PLACE), names.index("file_index")
        return {
            (paths[values[index]], values[place]): prediction_of(names, values) for values in rows.fetchall()
        }

    def _from_tail(self, keys: Sequence[Key]) -> dict[_TailPlace, Prediction]:
        if not keys:
            return {}
        times = [key.time_us for key in keys]
        conditions = self._conditions.within(Span(min(times), max(times)))
        tail = read_tail(self._data_plane, self._snapshot, conditions, with_bodies=True)
        wanted = {(key.prediction_id or "", key.row) for key in keys}
        found: dict[_TailPlace, Prediction] = {}
        for table in tail.tables:
            ids = table.column("prediction_id").to_pylist()
            numbers = table.column("row").to_pylist()
            chosen = [place for place, key in enumerate(zip(ids, numbers, strict=True)) if key in wanted]
            names = table.column_names
            if not chosen:
                continue
            for row in table.take(chosen).to_pylist(maps_as_pydicts="strict"):
                prediction = prediction_of(names, [row[name] for name in names])
                found[prediction.key] = prediction
        return found
