"""Streams of a model: its features and predictions as detectors of changes see them, over all analyses."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pointsman.domain.drift.analyses import Analysis
from pointsman.domain.values import MICROSECONDS_PER_DAY, MICROSECONDS_PER_SECOND

SETTLING_US = 60 * MICROSECONDS_PER_SECOND
"""Rows so young are left to the next analysis: a call is recorded when it ends, under the time it began."""
MOST_WAIT_US = 2 * 3600 * MICROSECONDS_PER_SECOND
"""So long rows wait for records of other servers; how far these are in files is told every ten minutes, less
an hour."""
MOST_STREAMS = 1_000
"""Detectors of a model: what they see by algorithms."""
MAX_STATE_CHARS = 16_384
"""What a detector remembers; it grows by the logarithm of the rows, and is some 3,500 after a million."""
REMEMBERED_DAYS = 31
"""Of so many days the rows that were read are counted, by which late ones are told."""


@dataclass(frozen=True)
class KeptStream:
    """What one detector keeps from one analysis to the next.

    Attributes:
        feature: What it sees: a feature, or what predictions have under the name that figures have for it.
        algorithm: The detector.
        baseline_key: The row of the baseline on whose scale it sees values.
        begun_us: From this time on it has seen every row.
        read_until_us: Until before this time.
        row_count: How many rows these were.
        state: Where it stands, as the library writes it.
        days: By UTC day, counted from 1970, the rows of it that were there when it was read last.
    """

    feature: str
    algorithm: str
    baseline_key: int
    begun_us: int
    read_until_us: int
    row_count: int
    state: str
    days: Mapping[int, int] = field(default_factory=dict)


def readable_until(analysis: Analysis, stored_until_us: int | None) -> int:
    """Answers before which time the rows of an analysis are taken to be complete.

    Args:
        analysis: The analysis.
        stored_until_us: Until when what other servers recorded can be read; None where nothing is lacking.
    """
    until_us = min(analysis.window_end_us, analysis.start_time_us - SETTLING_US)
    if stored_until_us is None:
        return until_us
    return min(until_us, max(stored_until_us, until_us - MOST_WAIT_US))


def first_remembered_us(until_us: int) -> int:
    """Answers from when on rows before a time are counted by day: the beginning of a day of UTC."""
    return (until_us // MICROSECONDS_PER_DAY - REMEMBERED_DAYS + 1) * MICROSECONDS_PER_DAY


def remembered(before: Mapping[int, int], shown: Mapping[int, int], until_us: int) -> dict[int, int]:
    """Answers the rows by day that are remembered of a stream that is read until a time.

    Args:
        before: By day those that were there of times that were read before.
        shown: By day those that were read now: one that comes meanwhile is late.
        until_us: Before this time all are read.

    >>> remembered({1: 10, 40: 2}, {40: 3, 41: 4}, 41 * MICROSECONDS_PER_DAY + 1)
    {40: 5, 41: 4}
    """
    first_day = first_remembered_us(until_us) // MICROSECONDS_PER_DAY
    days = sorted(day for day in {*before, *shown} if day >= first_day)
    return {day: before.get(day, 0) + shown.get(day, 0) for day in days}


def late_rows(remembered: Mapping[int, int], found: Mapping[int, int]) -> int:
    """Answers how many rows of days that were read already came after that, as far as counts tell it.

    Rows that were erased since, or are past their time, make up for others of the same day: it is at least so
    many.

    Args:
        remembered: By day the rows that were there when it was read.
        found: By day those of the same time that are there now.

    >>> late_rows({1: 10, 2: 5}, {1: 12, 2: 4, 3: 7})
    9
    """
    return sum(max(0, count - remembered.get(day, 0)) for day, count in found.items())
