"""Reads feedback in SQL: of some predictions, of a router's in order, and its sums in a window."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, func, select, tuple_

from pointsman.domain.batching import batched
from pointsman.domain.measures.windows import WHOLE, Window, WindowFeedback
from pointsman.domain.records.feedback import FeedbackMoments
from pointsman.domain.records.predictions import RecordedFeedback
from pointsman.store.schema import feedback, feedback_totals

# Below the number of parameters that every build of SQLite takes.
_IDS_PER_QUERY = 500

PredictionRow = tuple[int, str, int]
"""Time, prediction id and row."""


class RowsWithFeedback(NamedTuple):
    """Rows of calls, column by column, because there are very many; one may be there several times.

    Attributes:
        times_us: When their predictions were made, ascending.
    """

    times_us: Sequence[int]
    prediction_ids: Sequence[str]
    rows: Sequence[int]


@dataclass(frozen=True)
class MetricValue:
    """A value of a metric for a row of a call."""

    prediction_id: str
    row: int
    value: float


def values_of(connection: Connection, prediction_ids: Iterable[str]) -> dict[str, list[RecordedFeedback]]:
    """Answers the feedback of some predictions, of each ordered by row and metric."""
    columns = feedback.c
    found: dict[str, list[RecordedFeedback]] = {}
    for ids in batched(dict.fromkeys(prediction_ids), _IDS_PER_QUERY):
        statement = (
            select(columns.prediction_id, columns.metric, columns.value, columns.observe_time_us, columns.row)
            .where(columns.prediction_id.in_(ids))
            .order_by(columns.prediction_id, columns.row, columns.metric)
        )
        for prediction_id, *value in connection.execute(statement):
            found.setdefault(prediction_id, []).append(RecordedFeedback(*value))
    return found


def rows_with_feedback(connection: Connection, prediction_ids: Iterable[str]) -> set[tuple[str, int]]:
    """Answers the id and row of those of some predictions that have feedback."""
    columns = feedback.c
    found: set[tuple[str, int]] = set()
    for ids in batched(dict.fromkeys(prediction_ids), _IDS_PER_QUERY):
        statement = (
            select(columns.prediction_id, columns.row).where(columns.prediction_id.in_(ids)).distinct()
        )
        found.update((prediction_id, row) for prediction_id, row in connection.execute(statement))
    return found


def predictions_with_feedback(
    connection: Connection,
    router_key: int,
    *,
    variant: str,
    first_us: int,
    last_us: int,
    after: PredictionRow | None,
    descending: bool,
    row_count: int,
) -> list[PredictionRow]:
    """Answers a router's predictions that have feedback, in order of time, id and row.

    Args:
        connection: A transaction.
        router_key: The router's row key.
        variant: Only predictions of this variant; empty for all.
        first_us: Only predictions from this time on.
        last_us: Only predictions up to this time.
        after: Only predictions behind this one.
        descending: Whether the newest come first.
        row_count: At most so many.
    """
    columns = feedback.c
    order = [columns.prediction_time_us, columns.prediction_id, columns.row]
    statement = select(*order).where(
        # Not by an index of the router: that one would have to be sorted, the times are in order.
        columns.router_key + 0 == router_key,
        columns.prediction_time_us >= first_us,
        columns.prediction_time_us <= last_us,
    )
    if variant:
        statement = statement.where(columns.variant == variant)
    if after is not None:
        place = tuple_(*order)
        statement = statement.where(place < after if descending else place > after)
    ordered = [column.desc() if descending else column.asc() for column in order]
    statement = statement.distinct().order_by(*ordered).limit(row_count)
    return [(time_us, prediction_id, row) for time_us, prediction_id, row in connection.execute(statement)]


def rows_with_feedback_of(
    connection: Connection, router_key: int, first_us: int, last_us: int, batch_rows: int
) -> Iterator[RowsWithFeedback]:
    """Answers which rows of a router's calls have feedback that counts, in the order of their times.

    Args:
        connection: A transaction.
        router_key: The router's row key.
        first_us: Only predictions from this time on.
        last_us: Only predictions up to this time.
        batch_rows: At most so many values at a time; a row that has several is in one batch only.
    """
    columns = feedback.c
    order = [columns.prediction_time_us, columns.prediction_id, columns.row]
    statement = (
        select(*order)
        .where(
            # Not by an index of the router: that one would have to be sorted, the times are in order.
            columns.router_key + 0 == router_key,
            columns.prediction_time_us <= last_us,
            columns.counted,
        )
        .order_by(*order)
        .limit(batch_rows)
    )
    page = statement.where(columns.prediction_time_us >= first_us)
    while values := _plain_rows(connection, page):
        yield RowsWithFeedback(
            times_us=[time_us for time_us, _, _ in values],
            prediction_ids=[prediction_id for _, prediction_id, _ in values],
            rows=[row for _, _, row in values],
        )
        # Other values of the last row are behind no place. The time alone is what enters the index.
        last = values[-1]
        page = statement.where(columns.prediction_time_us >= last[0], tuple_(*order) > last)


def _plain_rows(connection: Connection, statement: Select[Any]) -> Sequence[PredictionRow]:
    """Reads rows as the driver has them: to make SQLAlchemy's of a million takes as long as to read them."""
    with closing(connection.execute(statement)) as result:
        cursor = result.cursor
        return [] if cursor is None else cursor.fetchall()


def window_feedback(
    connection: Connection, router_key: int, window: Window, feedback_from_us: int = 0
) -> WindowFeedback:
    """Adds up the feedback for a router's predictions of a window, without that for pinned calls.

    Each sum is a range of one index: to group a million values would take ten times as long.

    Args:
        connection: A transaction.
        router_key: The router's row key.
        window: The window, by the time of the prediction.
        feedback_from_us: Feedback for predictions before this is not counted, deleted already or not.
    """
    start_us = 0 if window.start_time_us is None else window.start_time_us
    steps = [(WHOLE, max(start_us, feedback_from_us), window.end_time_us)]
    if window.step_count:
        steps = [
            (
                step,
                max(window.step_start_us(step), feedback_from_us),
                min(window.step_start_us(step + 1), window.end_time_us),
            )
            for step in range(window.step_count)
        ]
    totals: dict[tuple[int, str], list[FeedbackMoments]] = {}
    for variant, metrics in _metrics_of(connection, router_key).items():
        whole: dict[str, FeedbackMoments] = {}
        for step, from_us, to_us in steps:
            here = [_moments(connection, router_key, variant, metric, from_us, to_us) for metric in metrics]
            here = [added for added in here if added.count]
            for added in here:
                if step != WHOLE:
                    totals.setdefault((step, variant), []).append(added)
                before = whole.get(added.metric)
                whole[added.metric] = added if before is None else before.plus(added)
        if whole:
            totals[WHOLE, variant] = list(whole.values())
    return WindowFeedback(totals)


def values_of_metric(
    connection: Connection, router_key: int, metric: str, first_us: int, last_us: int, batch_rows: int
) -> Iterator[Sequence[MetricValue]]:
    """Answers the feedback of a metric for a router's predictions of a time, as it is read.

    Also that for calls that are in no statistics: what is true of a call is, whoever picked its variant.

    Args:
        connection: A transaction.
        router_key: The router's row key.
        metric: The metric.
        first_us: Only predictions from this time on.
        last_us: Only predictions up to this time.
        batch_rows: At most so many at a time.
    """
    columns = feedback.c
    statement = select(columns.prediction_id, columns.row, columns.value).where(
        columns.router_key == router_key,
        columns.metric == metric,
        columns.prediction_time_us >= first_us,
        columns.prediction_time_us <= last_us,
    )
    result = connection.execution_options(stream_results=True).execute(statement)
    for rows in result.partitions(batch_rows):
        yield [MetricValue(*row) for row in rows]


def _metrics_of(connection: Connection, router_key: int) -> dict[str, list[str]]:
    """Answers the metrics that each variant has ever had feedback of, the most frequent first."""
    columns = feedback_totals.c
    statement = (
        select(columns.variant, columns.metric)
        .where(columns.router_key == router_key)
        .order_by(columns.variant, columns["count"].desc())
    )
    found: dict[str, list[str]] = {}
    for variant, metric in connection.execute(statement):
        found.setdefault(variant, []).append(metric)
    return found


def _moments(
    connection: Connection, router_key: int, variant: str, metric: str, from_us: int, to_us: int
) -> FeedbackMoments:
    columns = feedback.c
    inside = _inside(router_key, variant, metric, from_us, to_us)
    first = select(columns.value).where(*inside).order_by(columns.prediction_time_us, columns.value).limit(1)
    shift = connection.execute(first).scalar()
    if shift is None:
        return FeedbackMoments(variant, metric, 0, 0.0, 0.0)
    # Differences from one of the values keep their digits where all are large beside their spread.
    beside = columns.value - float(shift)
    statement = select(func.count(), func.sum(beside), func.sum(beside * beside)).where(*inside)
    count, total, squares = connection.execute(statement).one()
    return FeedbackMoments.of_shifted(variant, metric, count, float(shift), float(total), float(squares))


def _inside(
    router_key: int, variant: str, metric: str, from_us: int, to_us: int
) -> list[ColumnElement[bool]]:
    columns = feedback.c
    return [
        columns.router_key == router_key,
        columns.variant == variant,
        columns.metric == metric,
        columns.prediction_time_us >= from_us,
        columns.prediction_time_us < to_us,
        columns.counted,
    ]
