"""Sums of rewards made anew, where a value that was far from all others has been taken out of them.

A distance of 10^9 has a square whose last digit is above 100: after it has been in a sum, what the others'
squares had below that is gone, and taking it out does not bring it back.
"""

from typing import NamedTuple

import structlog
from sqlalchemy import ColumnElement, Connection, func, select, update

from pointsman.store.schema import arm_rewards, feedback, routers

_FAR = 1e5
"""So many times farther than a value is large, or than 1, its square may take digits along."""
_LOST = 1e-9
"""Squares that are less than this of the far one's hold fewer than some 6 digits."""
_MOST_VALUES = 2_000_000
"""So many are added up in about a second, while all feedback waits."""
_log = structlog.get_logger(__name__)


class Correction(NamedTuple):
    """A value that took the place of one that was far from it.

    Attributes:
        metric: The metric of both.
        value: The value that stands.
        distance: How far the one before was.
        until_us: Where the bucket ends, in UTC microseconds; None where it never does.
    """

    metric: str
    value: float
    distance: float
    until_us: int | None


def is_far(value: float, before: float) -> bool:
    """Answers whether a value was so far from the one in its place that it may have spoilt the sums."""
    return abs(value - before) > _FAR * max(1.0, abs(value))


def renew(
    connection: Connection, router_key: int, epoch: int, variant: str, bucket_us: int, made: Correction
) -> None:
    """Makes the sums of a bucket anew from the values that are stored, where they have lost their digits.

    What is not stored value by value any more, or was folded, cannot be made anew: that is logged.

    Args:
        connection: The transaction that stored the feedback and holds the row of the bucket, so that whoever
            stores feedback of it has added to both or to neither.
        router_key: The store's key of the router.
        epoch: The epoch.
        variant: The arm.
        bucket_us: The bucket.
        made: The correction.
    """
    place = (
        _COLUMNS.router_key == router_key,
        _COLUMNS.epoch == epoch,
        _COLUMNS.variant == variant,
        _COLUMNS.bucket_time_us == bucket_us,
        _COLUMNS.metric == made.metric,
    )
    known = select(_COLUMNS["count"], _COLUMNS["sum"], _COLUMNS.sum_of_squares).where(*place)
    count, total, squares = connection.execute(known).one()
    if count >= 1 and squares - total * total / count > _LOST * (count + 1) * made.distance**2:
        return
    if count <= _MOST_VALUES:
        inside = _inside(router_key, epoch, variant, bucket_us, made)
        beside = feedback.c.value - made.value
        stored = select(func.count(), func.sum(beside), func.sum(beside * beside)).where(*inside)
        found, total, squares = connection.execute(stored).one()
        if abs(found - count) <= 1e-6 * (1 + found):
            values = {
                "origin": made.value,
                "count": float(found),
                "sum": float(total or 0.0),
                "sum_of_squares": float(squares or 0.0),
                "revision": _COLUMNS.revision + 1,
            }
            connection.execute(update(arm_rewards).where(*place).values(values))
            return
    router_id = connection.execute(
        select(routers.c.router_id).where(routers.c.row_key == router_key)
    ).scalar_one()
    _log.warning(
        "a value far from all others was corrected too late: how much an arm's rewards vary is not known "
        "exactly any more; reset-learning begins anew",
        router=router_id,
        variant=variant,
        metric=made.metric,
    )


def _inside(
    router_key: int, epoch: int, variant: str, bucket_us: int, made: Correction
) -> list[ColumnElement[bool]]:
    columns = feedback.c
    conditions: list[ColumnElement[bool]] = [
        columns.router_key == router_key,
        columns.variant == variant,
        columns.metric == made.metric,
        columns.epoch == epoch,
        columns.counted,
    ]
    if made.until_us is not None:
        conditions += [columns.prediction_time_us >= bucket_us, columns.prediction_time_us < made.until_us]
    return conditions


_COLUMNS = arm_rewards.c
