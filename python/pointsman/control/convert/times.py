"""Times and durations: microseconds and milliseconds here, protobuf messages there."""

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from pointsman.errors import InvalidArgumentError

# The years 1 to 9999, as protobuf defines them.
_MIN_SECONDS = -62_135_596_800
_MAX_SECONDS = 253_402_300_799
_NANOS_PER_SECOND = 1_000_000_000


def timestamp_of(time_us: int) -> Timestamp:
    """Makes a timestamp of UTC microseconds."""
    seconds, micros = divmod(time_us, 1_000_000)
    return Timestamp(seconds=seconds, nanos=micros * 1000)


def microseconds_of(timestamp: Timestamp, field: str) -> int:
    """Reads a timestamp as UTC microseconds.

    Raises:
        InvalidArgumentError: It is outside the years 1 to 9999.
    """
    if not _MIN_SECONDS <= timestamp.seconds <= _MAX_SECONDS or not 0 <= timestamp.nanos < _NANOS_PER_SECOND:
        raise InvalidArgumentError.at(
            field, f"{timestamp.seconds}s {timestamp.nanos}ns is not a time of the years 1 to 9999"
        )
    return timestamp.seconds * 1_000_000 + timestamp.nanos // 1000


def bound_us_of(timestamp: Timestamp, field: str) -> int:
    """Reads the start or the end of a window as UTC microseconds, rounded up.

    Records have whole microseconds: those at or after a time are at or after it rounded up, and those before
    it are before it rounded up. So a start takes nothing from before it, and an end leaves nothing out.

    Raises:
        InvalidArgumentError: It is outside the years 1 to 9999.
    """
    return microseconds_of(timestamp, field) + (timestamp.nanos % 1000 > 0)


def duration_of_ns(nanoseconds: int) -> Duration:
    """Makes a duration of nanoseconds."""
    seconds, nanos = divmod(nanoseconds, _NANOS_PER_SECOND)
    return Duration(seconds=seconds, nanos=nanos)


def nanoseconds_of(duration: Duration) -> int:
    """Reads a duration as nanoseconds."""
    return duration.seconds * _NANOS_PER_SECOND + duration.nanos


def positive_milliseconds_of(duration: Duration, field: str) -> int:
    """Reads a duration that must be above zero as milliseconds, rounded up.

    Raises:
        InvalidArgumentError: It is zero or below.
    """
    nanoseconds = nanoseconds_of(duration)
    if nanoseconds <= 0:
        raise InvalidArgumentError.at(
            field,
            f"{nanoseconds / _NANOS_PER_SECOND:g}s is not above 0; leave it out for the server's default",
        )
    return -(-nanoseconds // 1_000_000)
