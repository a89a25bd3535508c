"""Counts the recorded rows of a window that have feedback: a join, for each may be there without the other.

Feedback is taken for predictions that are not recorded or no longer kept, and for rows that a batch did not
have; none of it covers anything.
"""

from __future__ import annotations

from collections.abc import Iterable

from pointsman.domain.measures.windows import WHOLE, Window
from pointsman.domain.ports.core import LakeQueries
from pointsman.lake.conditions import Conditions, Span
from pointsman.lake.snapshot import Snapshot
from pointsman.lake.streams import table_of_columns, write_stream
from pointsman.lake.tail import Tail
from pointsman.store.feedback.feedback_reading import RowsWithFeedback
from pointsman.v1 import record_pb2

COLUMNS = ("time_us", "row", "prediction_id", "variant", "reason")
"""What is read of a row."""


def covered_rows(
    queries: LakeQueries,
    snapshot: Snapshot,
    tail: Tail,
    conditions: Conditions,
    window: Window,
    batches: Iterable[RowsWithFeedback],
    threads: int,
) -> dict[tuple[int, str], int]:
    """Answers how many recorded rows of decided calls have feedback, by step and variant.

    Args:
        queries: Who counts.
        snapshot: The state that is read.
        tail: The tail's rows of the window.
        conditions: The window's times.
        window: The window; the whole of it is counted under :data:`WHOLE`, too.
        batches: The rows with feedback in the order of their times, each in one batch only.
        threads: So many threads count.
    """
    covered: dict[tuple[int, str], int] = {}
    if conditions.span.is_empty or not (snapshot.files or tail.tables):
        return covered
    step_us = window.step_us if window.step_count else 0
    for batch in batches:
        span = conditions.within(Span(batch.times_us[0], batch.times_us[-1])).span
        if span.is_empty:
            continue
        query = record_pb2.CoverageQuery(
            files=[file.name for file in snapshot.files if file.overlaps(span.start_us, span.end_us)],
            # Most feedback is for what is in files already.
            arrow_streams=tail.streams if span.end_us >= tail.oldest_us else (),
            start_time_us=span.start_us,
            end_time_us=span.end_us,
            origin_time_us=window.start_time_us or 0,
            step_us=step_us,
            rows_with_feedback=_stream_of(batch),
            thread_count=threads,
        )
        answer = queries.count_lake_coverage(snapshot.lake_folder, query.SerializeToString())
        for found in record_pb2.CoverageCounts.FromString(answer).counts:
            for step in {found.step, WHOLE} if step_us else {WHOLE}:
                key = (step, found.variant)
                covered[key] = covered.get(key, 0) + found.row_count
    return covered


def _stream_of(batch: RowsWithFeedback) -> bytes:
    import pyarrow as pa

    schema = pa.schema([("time_us", pa.int64()), ("prediction_id", pa.string()), ("row", pa.int32())])
    return write_stream(table_of_columns(schema, [batch.times_us, batch.prediction_ids, batch.rows]))
