"""Feedback and its totals in SQL."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from pointsman.domain.predictions import Feedback, FeedbackOutcome, FeedbackTotals
from pointsman.store.schema import feedback, feedback_totals


def record(connection: Connection, router_key: int, given: Feedback) -> FeedbackOutcome:
    """Stores a value of feedback, unless one came before for the same prediction and metric.

    The totals are raised by :func:`raise_totals`, in the same transaction.

    Returns:
        ``APPLIED`` when it is new, ``DUPLICATE`` when the same was there, ``CONFLICT`` when another was.
    """
    values = {
        "prediction_id": given.prediction_id,
        "metric": given.metric,
        "router_key": router_key,
        "variant": given.variant,
        "value": given.value,
        "observe_time_us": given.observe_time_us,
        "prediction_time_us": given.prediction_time_us,
        "counted": given.counted,
    }
    if connection.execute(_INSERT[connection.dialect.name], values).first() is not None:
        return FeedbackOutcome.APPLIED
    first = connection.execute(
        select(feedback.c.value).where(
            feedback.c.prediction_id == given.prediction_id, feedback.c.metric == given.metric
        )
    ).scalar_one()
    return FeedbackOutcome.DUPLICATE if first == given.value else FeedbackOutcome.CONFLICT


def raise_totals(connection: Connection, sums: Mapping[int, Iterable[FeedbackTotals]]) -> None:
    """Adds to the totals of several routers.

    In the order of their keys, so that two processes that do it at the same time do not block each other.

    Args:
        connection: The transaction that stored the values.
        sums: What to add, by the router's row key.
    """
    statement = _RAISE[connection.dialect.name]
    for router_key in sorted(sums):
        for added in sorted(sums[router_key], key=lambda totals: (totals.variant, totals.metric)):
            values = {
                "router_key": router_key,
                "variant": added.variant,
                "metric": added.metric,
                "count": added.count,
                "total": added.total,
                "total_squares": added.total_squares,
            }
            connection.execute(statement, values)


def totals_of(connection: Connection, router_key: int) -> list[FeedbackTotals]:
    """Answers the totals of a router, ordered by variant and metric."""
    columns = feedback_totals.c
    statement = (
        select(columns.variant, columns.metric, columns["count"], columns.total, columns.total_squares)
        .where(columns.router_key == router_key)
        .order_by(columns.variant, columns.metric)
    )
    return [FeedbackTotals(*row) for row in connection.execute(statement)]


def remove_before(connection: Connection, prediction_time_us: int, row_count: int) -> int:
    """Deletes values whose prediction was made before a time; the totals keep them. Answers how many."""
    old = (
        select(feedback.c.prediction_id)
        .where(feedback.c.prediction_time_us < prediction_time_us)
        .limit(row_count)
    )
    return connection.execute(delete(feedback).where(feedback.c.prediction_id.in_(old))).rowcount


def _insert(dialect: Any) -> Any:
    return dialect.insert(feedback).on_conflict_do_nothing().returning(feedback.c.metric)


def _raise(dialect: Any) -> Any:
    columns = feedback_totals.c
    statement = dialect.insert(feedback_totals)
    return statement.on_conflict_do_update(
        index_elements=[columns.router_key, columns.variant, columns.metric],
        set_={
            "count": columns["count"] + statement.excluded["count"],
            "total": columns.total + statement.excluded.total,
            "total_squares": columns.total_squares + statement.excluded.total_squares,
        },
    )


# Made once: every value of feedback runs them.
_INSERT = {"sqlite": _insert(sqlite), "postgresql": _insert(postgresql)}
_RAISE = {"sqlite": _raise(sqlite), "postgresql": _raise(postgresql)}
