"""The newest answered prediction of entities, many at a time: of those whose feedback counts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from pointsman.domain.records.predictions import UNCOUNTED, PredictionFilter
from pointsman.lake.conditions import COUNTED, Conditions, entity_hash
from pointsman.lake.contents import read_contents
from pointsman.lake.keys import READ_FILES, Cursor, KeyFinder, files_of, groups_of
from pointsman.lake.snapshot import SnapshotFile
from pointsman.lake.view import View

_ANSWERED = PredictionFilter(status_code=0)
_IN_FILES = """
SELECT entity_hash, max(struct_pack(time_us := time_us, file := file_index, place := file_row_number))
FROM {files}
WHERE {where} AND {counted}
GROUP BY entity_hash
"""
_IN_TAIL = """
SELECT entity_id, max(struct_pack(time_us := time_us, prediction_id := prediction_id))
FROM {{table}}
WHERE {where} AND {counted}
GROUP BY entity_id
"""

_Newest = tuple[int, str]
"""Time and prediction id."""


class LatestFinder:
    """Finds the newest answered predictions of entities. Of two in one microsecond, either may be it.

    Args:
        view: The state that is read.
    """

    def __init__(self, view: View) -> None:
        self._view = view
        self._conditions = Conditions.of(view.snapshot, _ANSWERED, ())
        self._newest: dict[str, _Newest] = {}
        self._confused: set[str] = set()

    def find(self, entity_ids: Collection[str]) -> dict[str, str]:
        """Answers prediction ids by entity, without entities of which none is recorded.

        Args:
            entity_ids: The entities as they are recorded.

        Raises:
            PositionGoneError: The manifest has gone on.
        """
        self._look_in_tail(entity_ids)
        # The newest files come first, so that most entities are known before the oldest are read.
        for group in groups_of(self._view.snapshot.files, self._conditions):
            last_us = max(file.max_time_us for file in group)
            open_ids = [entity for entity in entity_ids if self._is_open(entity, last_us)]
            if open_ids:
                self._look_in_files(group, open_ids)
        answers = {entity: prediction_id for entity, (_, prediction_id) in self._newest.items()}
        for entity in self._confused:
            answers.pop(entity, None)
            if (prediction_id := self._step_by_step(entity)) is not None:
                answers[entity] = prediction_id
        return answers

    def _is_open(self, entity_id: str, last_us: int) -> bool:
        """Whether rows up to a time may be newer than what is known."""
        if entity_id in self._confused:
            return False
        return entity_id not in self._newest or self._newest[entity_id][0] <= last_us

    def _take(self, entity_id: str, found: _Newest) -> None:
        self._newest[entity_id] = max(found, self._newest.get(entity_id, found))

    def _look_in_tail(self, entity_ids: Collection[str]) -> None:
        tail = self._view.tail.find(replace(self._conditions, entity_ids=tuple(entity_ids)))
        where, values = self._conditions.sql()
        for entity, found in tail.query(
            self._view.connection, _IN_TAIL.format(where=where, counted=COUNTED), values
        ):
            self._take(entity, (found["time_us"], found["prediction_id"]))

    def _look_in_files(self, files: Sequence[SnapshotFile], entity_ids: Sequence[str]) -> None:
        by_hash: dict[int, list[str]] = {}
        for entity in entity_ids:
            by_hash.setdefault(entity_hash(entity), []).append(entity)
        where, values = replace(self._conditions, entity_ids=tuple(entity_ids)).sql()
        paths = [file.path for file in files]
        sql = _IN_FILES.format(files=READ_FILES, where=where, counted=COUNTED)
        rows = self._view.connection.execute(sql, values | files_of(paths))
        newest = {(paths[row["file"]], row["place"]): (key, row["time_us"]) for key, row in rows.fetchall()}
        for places, table in self._view.files.read(newest, ["prediction_id", "entity_id"]):
            columns = (table.column(name).to_pylist() for name in ("prediction_id", "entity_id"))
            for place, prediction_id, entity in zip(places, *columns, strict=True):
                key, time_us = newest[place]
                if by_hash[key] == [entity]:
                    self._take(entity, (time_us, prediction_id))
                else:
                    self._confused.update(by_hash[key])

    def _step_by_step(self, entity_id: str) -> str | None:
        """Goes through the rows of an entity whose hash another one has, too."""
        conditions = replace(self._conditions, entity_ids=(entity_id,))
        finder = KeyFinder(self._view, conditions)
        after: Cursor | None = None
        while keys := finder.find(1, after):
            [row] = read_contents(self._view, conditions, keys)
            if conditions.admit(row) and row.reason not in UNCOUNTED:
                return row.prediction_id
            after = (row.time_us, row.prediction_id, row.row)
        return None
