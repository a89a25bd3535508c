"""Totals of feedback in SQL, its way to the lake and its end."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from pointsman.domain.records.feedback import FeedbackTotals
from pointsman.store.schema import feedback, feedback_totals, routers

# Below the number of parameters that every build of SQLite takes.
_IDS_PER_QUERY = 500


def raise_totals(connection: Connection, sums: Mapping[int, Iterable[FeedbackTotals]]) -> None:
    """Adds to the totals of several routers.

    In the order of their keys, so that two processes that do it at the same time do not block each other.

    Args:
        connection: The transaction that stored the values.
        sums: What to add, by the router's row key.
    """
    raising = _RAISE[connection.dialect.name]
    for router_key in sorted(sums):
        for added in sorted(sums[router_key], key=lambda totals: (totals.variant, totals.metric)):
            values = {
                "router_key": router_key,
                "variant": added.variant,
                "metric": added.metric,
                "count": added.count,
            }
            connection.execute(raising, values)


def totals_of(connection: Connection, router_key: int) -> list[FeedbackTotals]:
    """Answers the totals of a router, ordered by variant and metric."""
    columns = feedback_totals.c
    statement = (
        select(columns.variant, columns.metric, columns["count"])
        .where(columns.router_key == router_key)
        .order_by(columns.variant, columns.metric)
    )
    return [FeedbackTotals(*row) for row in connection.execute(statement)]


def remove_before(connection: Connection, prediction_time_us: int, row_count: int) -> int:
    """Deletes values whose prediction was made before a time and that the lake has.

    The totals keep them. Answers how many.

    Args:
        connection: A writing transaction.
        prediction_time_us: The time, in UTC microseconds.
        row_count: At most so many; when as many are deleted, there may be more.
    """
    columns = feedback.c
    old = (
        select(columns.sequence)
        .where(columns.prediction_time_us < prediction_time_us, columns.exported)
        .limit(row_count)
    )
    return connection.execute(delete(feedback).where(columns.sequence.in_(old))).rowcount


def remove_predictions(connection: Connection, prediction_ids: Sequence[str]) -> int:
    """Deletes all values for some predictions; the totals keep them. Answers how many."""
    removed = 0
    for start in range(0, len(prediction_ids), _IDS_PER_QUERY):
        chunk = prediction_ids[start : start + _IDS_PER_QUERY]
        removed += connection.execute(delete(feedback).where(feedback.c.prediction_id.in_(chunk))).rowcount
    return removed


@dataclass(frozen=True)
class RowToExport:
    """One row of feedback for the lake; its fields are the lake's columns, but for the sequence."""

    sequence: int
    prediction_id: str
    row: int
    metric: str
    value: float
    observe_time_us: int
    apply_time_us: int
    prediction_time_us: int
    variant: str
    epoch: int
    propensity: float
    counted: bool
    revision: int


def routers_to_export(connection: Connection) -> list[tuple[int, str]]:
    """Answers the row key and id of the routers with feedback that the lake has not."""
    waiting = select(feedback.c.router_key).where(~feedback.c.exported).distinct().subquery()
    statement = (
        select(routers.c.row_key, routers.c.router_id)
        .join(waiting, waiting.c.router_key == routers.c.row_key)
        .order_by(routers.c.row_key)
    )
    return [(row_key, router_id) for row_key, router_id in connection.execute(statement)]


def to_export(connection: Connection, router_key: int, row_count: int) -> list[RowToExport]:
    """Answers the oldest rows of a router that the lake has not, in the order of their sequence.

    Args:
        connection: A transaction.
        router_key: The store's key of the router.
        row_count: At most so many.
    """
    columns = [feedback.c[field.name] for field in fields(RowToExport)]
    statement = (
        select(*columns)
        .where(feedback.c.router_key == router_key, ~feedback.c.exported)
        .order_by(feedback.c.sequence)
        .limit(row_count)
    )
    return [RowToExport(*row) for row in connection.execute(statement)]


def mark_exported(connection: Connection, router_key: int, rows: Sequence[RowToExport]) -> bool:
    """Notes that the lake has rows, which are all those of a router between the first and the last.

    Args:
        connection: The writing transaction that lists the file with the rows.
        router_key: The store's key of the router.
        rows: What :func:`to_export` answered, or a part of it without gaps; at least one.

    Returns:
        Whether it was exactly those; when not, the transaction must not be kept.
    """
    columns = feedback.c
    statement = update(feedback).where(
        columns.router_key == router_key,
        ~columns.exported,
        columns.sequence.between(rows[0].sequence, rows[-1].sequence),
        columns.apply_time_us.between(
            min(row.apply_time_us for row in rows), max(row.apply_time_us for row in rows)
        ),
    )
    return connection.execute(statement.values(exported=True)).rowcount == len(rows)


def _raise(dialect: Any) -> Any:
    columns = feedback_totals.c
    statement = dialect.insert(feedback_totals)
    return statement.on_conflict_do_update(
        index_elements=[columns.router_key, columns.variant, columns.metric],
        set_={"count": columns["count"] + statement.excluded["count"]},
    )


# Made once: every batch of feedback runs them.
_RAISE = {"sqlite": _raise(sqlite), "postgresql": _raise(postgresql)}
