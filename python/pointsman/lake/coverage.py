"""Counts the recorded rows of a window that have feedback: a join, for each may be there without the other.

Feedback is taken for predictions that are not recorded or no longer kept, and for rows that a batch did not
have; none of it covers anything.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pointsman.domain.measures.windows import WHOLE, Window
from pointsman.lake.conditions import COUNTED, Conditions, Span
from pointsman.lake.keys import READ_FILES, files_of
from pointsman.lake.snapshot import Snapshot
from pointsman.lake.tail import Tail
from pointsman.store.feedback.feedback_reading import RowsWithFeedback

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_TABLE = "rows_with_feedback"
_COLUMNS = 'time_us, prediction_id, "row", variant, reason'
_COVERED = f"""
SELECT variant, CASE WHEN $step_us = 0 THEN {WHOLE} ELSE (time_us - $origin_us) // $step_us END, count(*)
FROM ({{source}})
SEMI JOIN {_TABLE} USING (time_us, prediction_id, "row")
WHERE {{where}} AND {COUNTED}
GROUP BY ALL
"""


def covered_rows(
    connection: DuckDBPyConnection,
    snapshot: Snapshot,
    tail: Tail,
    conditions: Conditions,
    window: Window,
    batches: Iterable[RowsWithFeedback],
) -> dict[tuple[int, str], int]:
    """Answers how many recorded rows of decided calls have feedback, by step and variant.

    Args:
        connection: Where to query.
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
    parts = [f"SELECT {_COLUMNS} FROM {READ_FILES}"] if snapshot.files else []
    with tail.registered(connection) as tables:
        parts += [f"SELECT {_COLUMNS} FROM {table}" for table in tables]
        for batch in batches:
            # Files without a time of the batch are not opened.
            here = conditions.within(Span(batch.times_us[0], batch.times_us[-1]))
            if here.span.is_empty:
                continue
            where, of_batch = here.sql()
            if snapshot.files:
                of_batch |= files_of([file.path for file in snapshot.files])
            sql = _COVERED.format(source=" UNION ALL ".join(parts), where=where)
            connection.register(_TABLE, _table(batch))
            try:
                found = connection.execute(sql, values | of_batch).fetchall()
            finally:
                connection.unregister(_TABLE)
            for variant, step, count in found:
                for key in {(int(step), variant), (WHOLE, variant)}:
                    covered[key] = covered.get(key, 0) + count
    return covered


def _table(batch: RowsWithFeedback) -> Any:
    import pyarrow as pa

    return pa.table(
        {
            "time_us": pa.array(batch.times_us, pa.int64()),
            "prediction_id": pa.array(batch.prediction_ids, pa.string()),
            "row": pa.array(batch.rows, pa.int32()),
        }
    )
