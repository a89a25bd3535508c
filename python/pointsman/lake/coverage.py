"""Counts the recorded rows of a window that have feedback: a join, for each may be there without the other.

Feedback is taken for predictions that are not recorded or no longer kept, and for rows that a batch did not
have; none of it covers anything. In files rows are found by their times and numbers, whose columns are short;
of those that are as one with feedback the ids are read, which take up a tenth of a file.
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
_TIMES = f'SELECT time_us, "row", {PLACE} FROM {READ_FILES} WHERE time_us >= $start_us AND time_us <= $end_us'
_FILES_AT_ONCE = 16
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

        self._times, of_row = np.unique(np.array(batch.times_us, dtype=np.int64), return_inverse=True)
        rows = np.array(batch.rows, dtype=np.int64)
        self._row_count = int(rows.max()) + 1
        self._pairs = np.unique(of_row * self._row_count + rows)

    def find(self, times: NDArray[np.int64], rows: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Answers which rows are among them; arrays of one length."""
        import numpy as np

        first, behind = np.searchsorted(self._times, [times.min(initial=0), times.max(initial=-1) + 1])
        near = self._times[first:behind]
        if len(near) == 0:
            return np.zeros(len(times), dtype=bool)
        nearest = np.minimum(np.searchsorted(near, times), len(near) - 1)
        found: NDArray[np.bool_] = (near[nearest] == times) & (rows < self._row_count)
        nearest += first
        # Calls of many rows have one time.
        found[found] = np.isin(nearest[found] * self._row_count + rows[found], self._pairs)
        return found


def _places(
    connection: DuckDBPyConnection, file: SnapshotFile, span: Span, wanted: _Wanted
) -> NDArray[np.int64]:
    """Answers the numbers of a file's rows that are as one with feedback."""
    values = {"start_us": span.start_us, "end_us": span.end_us} | files_of([file.path])
    read = connection.execute(_TIMES, values).fetchnumpy()
    places: NDArray[np.int64] = read[PLACE]
    return places[wanted.find(read["time_us"], read["row"])]


def _register(registered: ExitStack, connection: DuckDBPyConnection, name: str, table: pa.Table) -> None:
    connection.register(name, table)
    registered.callback(connection.unregister, name)


def _table(batch: RowsWithFeedback) -> pa.Table:
    import pyarrow as pa

    return pa.table(
        {
            "time_us": pa.array(batch.times_us, pa.int64()),
            "prediction_id": pa.array(batch.prediction_ids, pa.string()),
            "row": pa.array(batch.rows, pa.int32()),
        }
    )
