"""Times as people and programs write them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from pointsman.domain import times

MOMENT_US = 1_795_343_400_123_456
"""2026-11-22T10:30:00.123456Z."""


@pytest.mark.parametrize(
    "given",
    [
        "2026-11-22T10:30:00.123456Z",
        "2026-11-22t10:30:00.123456z",
        "2026-11-22 10:30:00.123456789+00:00",
        "2026-11-22 10:30:00.123456 UTC",
        "2026-11-22T16:00:00.123456+05:30",
        "2026-11-22 05:00:00.123456-0530",
        "2026-11-22 08:30:00.123456-02",
        "1795343400.123456",
        " 1795343400123.456 ",
        "1795343400123456",
        "1795343400123456789",
        1_795_343_400.123456,
        1_795_343_400_123.456,
        1_795_343_400_123_456,
        1_795_343_400_123_456.0,
        1_795_343_400_123_456_789,
    ],
)
def test_a_time_is_read_to_the_microsecond(given: object) -> None:
    assert times.read_time(given) == MOMENT_US


@pytest.mark.parametrize("unit", [1, 1000, 1_000_000, 1_000_000_000])
def test_the_unit_of_a_number_is_told_by_its_size(unit: int) -> None:
    first = times.EARLIEST_SECONDS
    assert times.read_time(first * unit) == first * 1_000_000
    assert times.read_time(str(4_102_444_800 * unit)) == 4_102_444_800_000_000


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("631151999", "'631151999' is no time from 1990 on in any unit; write a time with its zone such as"),
        ("0", "is no time from 1990 on"),
        ("9" * 24, "is no time from 1990 on"),
        ("-1795343400", "is not a time"),
        ("1.79534E+12", "is not a time"),
        (float("nan"), "'NaN' is not a time"),
        (True, "'True' is not a time"),
        ("22/11/2026 10:30", "is not a time"),
        ("2026-11-22T10:30.5Z", "is not a time"),
        ("2026-13-22T10:30:00Z", "is not in the calendar"),
        ("2026-11-22T10:30:00+24:00", "is not in the calendar"),
        ("0001-01-01T00:00:00+05:00", "is not in the years 1 to 9999"),
        ("300000000000", "is not in the years 1 to 9999"),
        ("2026-11-22 10:30:00", "names no zone; write 2026-11-22T10:30:00Z if it is UTC, or its offset"),
        ("2026-11-22", "names no time of day and no zone; write 2026-11-22T00:00:00Z"),
    ],
)
def test_what_is_no_time_is_refused_by_its_name(given: object, reason: str) -> None:
    with pytest.raises(ValueError, match="; write ") as refusal:
        times.read_time(given)
    assert reason in str(refusal.value)


def test_a_zone_may_be_given_to_times_that_name_none() -> None:
    def zoned(time: datetime) -> datetime:
        return time.replace(tzinfo=timezone(timedelta(hours=1)))

    expected = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
    assert times.datetime_of(times.read_time("2026-11-22T10:30", zoned)) == expected
    assert times.datetime_of(times.read_time("2026-11-22T09:30Z", zoned)) == expected


@pytest.mark.parametrize(
    ("time", "reason"),
    [
        ("2026-11-23T10:30:00.123456Z", None),
        ("2026-11-23T10:30:00.123457Z", "2026-11-23T10:30:00Z is more than a day from now; send when"),
        ("2100-01-01T00:00:00Z", "2100-01-01T00:00:00Z is more than a day from now"),
        ("1990-01-01T00:00:00Z", None),
        ("1767-01-01T00:00:00Z", "1767-01-01T00:00:00Z is before 1990"),
    ],
)
def test_what_was_observed_was_so_since_1990_and_until_now(time: str, reason: str | None) -> None:
    fault = times.observation_fault(times.read_time(time), MOMENT_US)
    assert fault is None if reason is None else (fault or "").startswith(reason)
