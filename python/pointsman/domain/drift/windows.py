"""Which predictions an analysis compares."""

from dataclasses import dataclass

from pointsman.domain.times import datetime_of
from pointsman.domain.values import MICROSECONDS_PER_DAY, MICROSECONDS_PER_SECOND
from pointsman.errors import InvalidArgumentError

DEFAULT_DAYS = 7.0
MAX_DAYS = 3_660.0
EARLIEST_US = 631_152_000 * MICROSECONDS_PER_SECOND
"""No prediction is older: 1990."""
NO_LENGTH = f"is not above 0 (a microsecond at least) and at most {MAX_DAYS:g}"
"""What is wrong with days that are none."""


@dataclass(frozen=True)
class AnalysisWindow:
    """Times from ``start_us`` on and before ``end_us``, in UTC microseconds."""

    start_us: int
    end_us: int


def window_of(
    start_us: int | None,
    end_us: int | None,
    days: float | None,
    scheduled_days: float,
    now_us: int,
    prefix: str = "window_",
) -> AnalysisWindow:
    """Answers the window that is asked for: its times win over its days, those over the schedule's.

    Args:
        start_us: Where it begins; None for its days before its end.
        end_us: Where it ends; None for now.
        days: Its days; None for those of the schedule.
        scheduled_days: Those.
        now_us: The time.
        prefix: What stands before the names of its fields.

    Raises:
        InvalidArgumentError: It is empty, ends in the future, or is of no length.
    """
    check_days(days, f"{prefix}days")
    end = now_us if end_us is None else end_us
    if end > now_us:
        raise InvalidArgumentError.at(
            f"{prefix}end", f"{datetime_of(end).isoformat()} is in the future; leave it out for now"
        )
    length_us = int((scheduled_days if days is None else days) * MICROSECONDS_PER_DAY)
    start = end - length_us if start_us is None else start_us
    for field, time_us in ((f"{prefix}end", end), (f"{prefix}start", start)):
        if time_us < EARLIEST_US:
            raise InvalidArgumentError.at(
                field, "the window would begin before 1990; name times of predictions"
            )
    if start >= end:
        raise InvalidArgumentError.at(
            f"{prefix}start",
            f"{datetime_of(start).isoformat()} is not before the end, {datetime_of(end).isoformat()}",
        )
    return AnalysisWindow(start, end)


def check_days(days: float | None, field: str) -> None:
    """Checks a number of days; None is right.

    Raises:
        InvalidArgumentError: It is not above 0, or less than a microsecond, or more than ten years.
    """
    if days is not None and not is_length(days):
        raise InvalidArgumentError.at(field, f"{days:g} {NO_LENGTH}")


def is_length(days: float) -> bool:
    """Whether a window may have so many days: at least a microsecond, for times have no parts of one."""
    # Not a number fails this, too.
    return days * MICROSECONDS_PER_DAY >= 1 and days <= MAX_DAYS
