"""Times as people and programs write them, read as UTC microseconds: RFC 3339, or a number since 1970."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

from pointsman.domain.values import MICROSECONDS_PER_DAY, MICROSECONDS_PER_SECOND
from pointsman.domain.violations import shown

EARLIEST_SECONDS = 631_152_000
"""The start of 1990. From here on a number tells its unit: a thousand times it is past the year 9999."""
MAX_AHEAD_US = MICROSECONDS_PER_DAY
"""How far the clock of who observed may be ahead of ours."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# Not with an exponent: a spreadsheet that writes 1.79534E+12 has dropped the day.
_NUMBER = re.compile(r"(?P<whole>[0-9]{1,24})(?:\.(?P<fraction>[0-9]*))?")
# How many of a unit are a second, the coarsest first.
_UNITS = (1, 1000, 1_000_000, 1_000_000_000)
_RFC_3339 = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)"
    r"(?:[Tt ](?P<clock>\d\d:\d\d(?::\d\d)?)(?:(?<=:\d\d:\d\d)\.(?P<fraction>\d{1,9}))?"
    r" ?(?P<zone>[Zz]|UTC|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII,
)
_USUAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_ACCEPTED = (
    "write a time with its zone such as 2026-11-22T10:30:00Z, or seconds, milliseconds, microseconds or "
    "nanoseconds since 1970"
)


def read_time(given: object, zoned: Callable[[datetime], datetime] | None = None) -> int:
    """Reads a time as UTC microseconds; what is finer is cut off.

    A number is seconds, milliseconds, microseconds or nanoseconds since 1970: whichever unit makes it a time
    of the years 1990 to 9999, which at most one does.

    Args:
        given: Text or a number.
        zoned: Gives a time that names no zone its zone; without it, such a time is refused.

    Raises:
        ValueError: It is no such time; the message names it and what is read.
    """
    text = _text_of(given)
    if _USUAL.fullmatch(text):
        # Most times of large files: what reads any of them takes ten times as long.
        try:
            return microseconds_of(datetime.fromisoformat(text))
        except ValueError:
            pass
    try:
        time_us = _read(text, zoned)
        datetime_of(time_us)
    except OverflowError:
        raise ValueError(f"{shown(text)} is not in the years 1 to 9999; {_ACCEPTED}") from None
    return time_us


def microseconds_of(time: datetime) -> int:
    """Reads a time that has a zone as UTC microseconds."""
    return (time - _EPOCH) // _MICROSECOND


def datetime_of(time_us: int) -> datetime:
    """Makes a time of UTC microseconds.

    Raises:
        OverflowError: It is outside the years 1 to 9999.
    """
    return _EPOCH + timedelta(microseconds=time_us)


def observation_fault(time_us: int, now_us: int) -> str | None:
    """Says why nothing can have been observed at a time of the years 1 to 9999; None when it can."""
    if time_us < EARLIEST_SECONDS * MICROSECONDS_PER_SECOND:
        reason = "before 1990"
    elif time_us > now_us + MAX_AHEAD_US:
        reason = "more than a day from now"
    else:
        return None
    time = datetime_of(time_us).replace(tzinfo=None).isoformat(timespec="seconds")
    return f"{time}Z is {reason}; send when it was observed, or leave it out for now"


def _read(text: str, zoned: Callable[[datetime], datetime] | None) -> int:
    number = _NUMBER.fullmatch(text)
    if number is not None:
        return _of_number(text, int(number["whole"]), number["fraction"] or "")
    match = _RFC_3339.fullmatch(text)
    if match is None:
        raise ValueError(f"{shown(text)} is not a time; {_ACCEPTED}")
    if zoned is None and match["zone"] is None:
        lacks = "zone" if match["clock"] else "time of day and no zone"
        example = f"{match['day']}T{match['clock'] or '00:00:00'}"
        raise ValueError(
            f"{shown(text)} names no {lacks}; write {example}Z if it is UTC, or its offset as in "
            f"{example}+01:00"
        )
    try:
        time = datetime.fromisoformat(f"{match['day']}T{match['clock'] or '00:00'}")
        if match["zone"] is not None:
            time = time.replace(tzinfo=_zone(match["zone"]))
        elif zoned is not None:
            time = zoned(time)
    except ValueError:
        raise ValueError(f"{shown(text)} is not in the calendar; {_ACCEPTED}") from None
    return microseconds_of(time) + int((match["fraction"] or "")[:6].ljust(6, "0"))


def _text_of(given: object) -> str:
    if isinstance(given, float):
        # The shortest text that means this number: the microseconds are those that were written.
        return format(Decimal(repr(given)), "f")
    return str(given).strip()


def _of_number(text: str, whole: int, fraction: str) -> int:
    for unit in _UNITS:
        if EARLIEST_SECONDS * unit <= whole < EARLIEST_SECONDS * unit * 1000:
            return (whole * 1_000_000 + int(fraction[:6].ljust(6, "0"))) // unit
    raise ValueError(f"{shown(text)} is no time from 1990 on in any unit; {_ACCEPTED}")


def _zone(text: str) -> timezone:
    if text[0] not in "+-":
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    hours, minutes = int(digits[:2]), int(digits[2:])
    if hours > 23 or minutes > 59:
        raise ValueError(text)
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if text[0] == "-" else offset)
