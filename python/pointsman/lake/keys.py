"""Finds which rows make a page: first only their times, and ids where times are equal.

A file holds its rows in order of time, so the newest rows of a large router are in a few row groups of a few
files. Reading ids and contents of rows that do not make it onto the page would take many times as long.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pointsman.lake.conditions import Conditions, Span
from pointsman.lake.file_rows import PLACE, FilePlace, FileReader
from pointsman.lake.snapshot import SnapshotFile
from pointsman.lake.tail import Tail, TailKey
from pointsman.lake.view import View

Cursor = tuple[int, str, int]
"""Time, prediction id and row: what a list is ordered by."""

# Asked for beyond what is needed, so that a few rows of one time do not need another query.
_SPARE = 64
_GROWTH = 8
_FIRST_GROUP_ROWS = 600_000
_FIRST_GROUP_FILES = 16
_GROUP_GROWTH = 4


@dataclass(frozen=True)
class Key:
    """Where a row is, and what it is ordered by.

    Attributes:
        prediction_id: Its id; None while it is not known.
        path: Its file; empty in the tail.
        place: Its number in the file.
    """

    time_us: int
    row: int
    prediction_id: str | None
    path: str
    place: int

    @property
    def cursor(self) -> Cursor:
        """What it is ordered by; an id that is not known comes first."""
        return (self.time_us, self.prediction_id or "", self.row)

    @property
    def file_place(self) -> FilePlace:
        """Where it is in the files."""
        return (self.path, self.place)

    @property
    def tail_key(self) -> TailKey:
        """Which row of the tail it is."""
        return (self.prediction_id or "", self.row)


def files_of(paths: Sequence[str]) -> dict[str, Any]:
    """Answers the parameter that names the files of a query."""
    return {"files": list(paths)}


READ_FILES = "read_parquet($files, file_row_number = true, hive_partitioning = false)"


class KeyFinder:
    """Finds the first rows of a list after a cursor.

    Args:
        view: The state that is read.
        conditions: Which rows.
    """

    def __init__(self, view: View, conditions: Conditions) -> None:
        self._view = view
        self._conditions = conditions

    def find(self, count: int, after: Cursor | None) -> list[Key]:
        """Answers the first rows in order; fewer than asked for only when there are no more.

        Args:
            count: How many.
            after: Only rows behind this one.
        """
        conditions = self._conditions
        if after is not None:
            edge = Span(conditions.span.start_us, after[0])
            if not conditions.descending:
                edge = Span(after[0], conditions.span.end_us)
            conditions = conditions.within(edge)
        found: list[Key] = []
        if conditions.span.is_empty:
            return found
        # The newest rows are in the tail, the oldest are not.
        if conditions.descending:
            found = self._merged(found, self._tail_keys(conditions, count, after), after)
        for group in groups_of(self._view.snapshot.files, conditions):
            narrowed = conditions.within(_before(found, count, conditions))
            files = [file for file in group if file.overlaps(narrowed.span.start_us, narrowed.span.end_us)]
            if files:
                found = self._merged(found, self._file_keys(files, narrowed, count, after), after)
        if not conditions.descending:
            narrowed = conditions.within(_before(found, count, conditions))
            found = self._merged(found, self._tail_keys(narrowed, count, after), after)
        return found[:count]

    def _merged(self, found: list[Key], more: list[Key], after: Cursor | None) -> list[Key]:
        """Puts keys in order, having found out the ids on which the order depends."""
        both = found + more
        times = Counter(key.time_us for key in both)
        tied = [
            key
            for key in both
            if key.prediction_id is None
            and (times[key.time_us] > 1 or (after is not None and key.time_us == after[0]))
        ]
        if tied:
            known = with_ids(self._view.files, tied)
            both = [key for key in both if key not in known] + list(known.values())
        if after is not None:
            descending = self._conditions.descending
            both = [key for key in both if (key.cursor < after if descending else key.cursor > after)]
        both.sort(key=lambda key: key.cursor, reverse=self._conditions.descending)
        return both

    def _tail_keys(self, conditions: Conditions, count: int, after: Cursor | None) -> list[Key]:
        """Reads the tail in slices from its newest rows on, until there are enough."""
        if not conditions.descending:
            return self._keys_in(self._view.tail.find(conditions), conditions)
        asked = count + _SPARE if conditions.tail_can_tell else _GROWTH * (count + _SPARE)
        found: list[Key] = []
        while True:
            tail = self._view.tail.find(conditions, asked)
            keys = self._keys_in(tail, conditions)
            if not tail.full:
                return found + keys
            # Of the earliest time, some may be missing.
            found += [key for key in keys if key.time_us > tail.oldest_us]
            behind = sum(1 for key in found if after is None or key.cursor < after)
            if behind >= count:
                return found
            asked *= _GROWTH
            conditions = conditions.within(Span(conditions.span.start_us, tail.oldest_us))

    def _keys_in(self, tail: Tail, conditions: Conditions) -> list[Key]:
        where, values = conditions.sql()
        sql = f'SELECT time_us, "row", prediction_id, {PLACE} FROM {{table}} WHERE {where}'
        rows = tail.query(self._view.connection, sql, values)
        return [Key(time_us, row, known, "", place) for time_us, row, known, place in rows]

    def _file_keys(
        self, files: Sequence[SnapshotFile], conditions: Conditions, count: int, after: Cursor | None
    ) -> list[Key]:
        where, values = conditions.sql()
        paths = [file.path for file in files]
        order = "DESC" if conditions.descending else "ASC"
        sql = (
            f'SELECT time_us, "row", file_index, file_row_number FROM {READ_FILES} '
            f"WHERE {where} ORDER BY time_us {order} LIMIT $count"
        )
        asked = count + _SPARE
        while True:
            rows = self._view.connection.execute(sql, values | files_of(paths) | {"count": asked}).fetchall()
            if len(rows) < asked:
                break
            # Of the last time, some may be missing.
            last_us = rows[-1][0]
            whole = [row for row in rows if row[0] != last_us]
            behind = sum(1 for row in whole if after is None or row[0] != after[0])
            if behind >= count:
                rows = whole
                break
            asked *= _GROWTH
        return [Key(time_us, row, None, paths[index], place) for time_us, row, index, place in rows]


def with_ids(files: FileReader, keys: Sequence[Key]) -> dict[Key, Key]:
    """Finds out the prediction ids of rows in files.

    Args:
        files: Who reads them.
        keys: Rows whose id is not known.

    Returns:
        The completed key of each.
    """
    by_place = {key.file_place: key for key in keys}
    known: dict[Key, Key] = {}
    for places, table in files.read(by_place, ["prediction_id"]):
        for place, prediction_id in zip(places, table.column("prediction_id").to_pylist(), strict=True):
            key = by_place[place]
            known[key] = replace(key, prediction_id=prediction_id)
    return known


def _before(found: Sequence[Key], count: int, conditions: Conditions) -> Span:
    """Answers the times in which rows could still come onto the page."""
    if len(found) < count:
        return conditions.span
    last_us = found[count - 1].time_us
    if conditions.descending:
        return Span(last_us, conditions.span.end_us)
    return Span(conditions.span.start_us, last_us)


def groups_of(files: Sequence[SnapshotFile], conditions: Conditions) -> Iterator[list[SnapshotFile]]:
    """Answers files from the list's beginning on, in groups that grow: most pages need only the first."""
    ordered = [file for file in files if file.overlaps(conditions.span.start_us, conditions.span.end_us)]
    if conditions.descending:
        ordered.sort(key=lambda file: file.max_time_us, reverse=True)
    else:
        ordered.sort(key=lambda file: file.min_time_us)
    group: list[SnapshotFile] = []
    rows, most_rows, most_files = 0, _FIRST_GROUP_ROWS, _FIRST_GROUP_FILES
    for file in ordered:
        group.append(file)
        rows += file.row_count
        if rows >= most_rows or len(group) >= most_files:
            yield group
            group, rows = [], 0
            most_rows, most_files = most_rows * _GROUP_GROWTH, most_files * _GROUP_GROWTH
    if group:
        yield group
