"""Counts the recorded rows of a window that have feedback: a join, for each may be there without the other.

Feedback is taken for predictions that are not recorded or no longer kept, and for rows that a batch did not
have; none of it covers anything. In files rows are found by their times, of which a column is short; of
those that are as one with feedback the ids are read, which take up a tenth of a file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from pointsman.domain.batching import batched
from pointsman.domain.measures.windows import WHOLE, Window
from pointsman.domain.ports.core import LakeQueries
from pointsman.lake.conditions import COUNTED, Conditions, Span
from pointsman.lake.file_rows import PLACE, FileReader
from pointsman.lake.keys import READ_FILES, files_of
from pointsman.lake.snapshot import Snapshot, SnapshotFile
from pointsman.lake.streams import table_of_columns
from pointsman.lake.tail import Tail
from pointsman.store.feedback.feedback_reading import RowsWithFeedback

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from duckdb import DuckDBPyConnection
    from numpy.typing import NDArray

_TABLE = "rows_with_feedback"
_NAMES = ("time_us", "prediction_id", "row", "variant", "reason")
_COLUMNS = ", ".join(f'"{name}"' for name in _NAMES)
_IN_SPAN = f"FROM {READ_FILES} WHERE time_us >= $start_us AND time_us <= $end_us"
_FILES_AT_ONCE = 16
_MANY_OF_ONE_TIME = 4
_COVERED = f"""
SELECT variant, CASE WHEN $step_us = 0 THEN {WHOLE} ELSE (time_us - $origin_us) // $step_us END, count(*)
FROM ({{source}})
SEMI JOIN {_TABLE} USING (time_us, prediction_id, "row")
WHERE {{where}} AND {COUNTED}
GROUP BY ALL
"""


def covered_rows(
    connection: DuckDBPyConnection,
    queries: LakeQueries,
    snapshot: Snapshot,
    tail: Tail,
    conditions: Conditions,
    window: Window,
    batches: Iterable[RowsWithFeedback],
) -> dict[tuple[int, str], int]:
    """Answers how many recorded rows of decided calls have feedback, by step and variant.

    Args:
        connection: Where to query.
        queries: Who reads rows of files.
        snapshot: The state that is read.
        tail: The tail's rows of the window.
        conditions: The window's times.
        window: The window; the whole of it is counted under :data:`WHOLE`, too.
        batches: The rows with feedback in the order of their times, each in one batch only.
    """
    covered: dict[tuple[int, str], int] = {}
    if conditions.span.is_empty or not (snapshot.files or tail.tables):
        return covered
    values: dict[str, Any] = {"origin_us": window.start_time_us or 0}
    values["step_us"] = window.step_us if window.step_count else 0
    reader = FileReader(queries, snapshot)
    with tail.registered(connection) as tables:
        for batch in batches:
            here = conditions.within(Span(batch.times_us[0], batch.times_us[-1]))
            if here.span.is_empty:
                continue
            with ExitStack() as registered:
                _register(registered, connection, _TABLE, _table(batch))
                sources = list(tables)
                for number, table in enumerate(_of_these_times(connection, reader, snapshot, here, batch)):
                    sources.append(f"rows_of_files_{number}")
                    _register(registered, connection, sources[-1], table)
                if not sources:
                    continue
                where, of_batch = here.sql()
                source = " UNION ALL ".join(f"SELECT {_COLUMNS} FROM {name}" for name in sources)
                sql = _COVERED.format(source=source, where=where)
                found = connection.execute(sql, values | of_batch).fetchall()
            for variant, step, count in found:
                for key in {(int(step), variant), (WHOLE, variant)}:
                    covered[key] = covered.get(key, 0) + count
    return covered


def _of_these_times(
    connection: DuckDBPyConnection,
    reader: FileReader,
    snapshot: Snapshot,
    here: Conditions,
    batch: RowsWithFeedback,
) -> Iterator[pa.Table]:
    """Reads the rows of files that have time and number of one with feedback."""
    wanted, span = _Wanted(batch), here.span
    files = [
        file
        for file in snapshot.files
        if file.min_time_us <= span.end_us and file.max_time_us >= span.start_us
    ]
    for part in batched(files, _FILES_AT_ONCE):
        asked = {file.name: _places(connection, file, span, wanted) for file in part}
        if numbers := {name: places.tolist() for name, places in asked.items() if len(places)}:
            yield from reader.tables(numbers, _NAMES)


class _Wanted:
    """Times and numbers of rows with feedback."""

    def __init__(self, batch: RowsWithFeedback) -> None:
        import numpy as np

        self.times, of_row = np.unique(np.array(batch.times_us, dtype=np.int64), return_inverse=True)
        rows = np.array(batch.rows, dtype=np.int64)
        self._row_count = int(rows.max()) + 1
        self._pairs = np.unique(of_row * self._row_count + rows)

    def timed(self, times: NDArray[np.int64]) -> NDArray[np.int64]:
        """Answers the places of times that are among them."""
        import numpy as np

        first, behind = np.searchsorted(self.times, [times.min(), times.max() + 1])
        near = self.times[first:behind]
        # As files have them; what is not in order is sorted first.
        order = None if bool(np.all(times[:-1] <= times[1:])) else np.argsort(times, kind="stable")
        rising = times if order is None else times[order]
        starts, ends = np.searchsorted(rising, near), np.searchsorted(rising, near, side="right")
        edges = np.zeros(len(times) + 1, dtype=np.int64)
        edges[starts[ends > starts]] += 1
        edges[ends[ends > starts]] -= 1
        found = np.flatnonzero(np.cumsum(edges[:-1]))
        return found if order is None else np.sort(order[found])

    def numbered(self, times: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Answers which of rows, whose times are among them, have a number of theirs, too."""
        import numpy as np

        pairs = np.searchsorted(self.times, times) * self._row_count + rows
        found: NDArray[np.bool_] = (rows < self._row_count) & np.isin(pairs, self._pairs)
        return found


def _places(
    connection: DuckDBPyConnection, file: SnapshotFile, span: Span, wanted: _Wanted
) -> NDArray[np.int64]:
    """Answers the numbers of a file's rows that may be ones with feedback."""
    values = {"start_us": span.start_us, "end_us": span.end_us} | files_of([file.path])

    def read(*columns: str) -> list[NDArray[np.int64]]:
        found = connection.execute(f"SELECT {', '.join(columns)} {_IN_SPAN}", values).fetchnumpy()
        return [found[column.strip('"')] for column in columns]

    times, places = read("time_us", PLACE)
    if len(times) == 0:
        return places
    found = wanted.timed(times)
    if len(found) <= _MANY_OF_ONE_TIME * len(wanted.times):
        return places[found]
    # Calls of many rows have one time.
    times, rows, places = read("time_us", '"row"', PLACE)
    found = wanted.timed(times)
    return places[found[wanted.numbered(times[found], rows[found])]]


def _register(registered: ExitStack, connection: DuckDBPyConnection, name: str, table: pa.Table) -> None:
    connection.register(name, table)
    registered.callback(connection.unregister, name)


def _table(batch: RowsWithFeedback) -> pa.Table:
    import pyarrow as pa

    schema = pa.schema([("time_us", pa.int64()), ("prediction_id", pa.string()), ("row", pa.int32())])
    return table_of_columns(schema, [batch.times_us, batch.prediction_ids, batch.rows])
