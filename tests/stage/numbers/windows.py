"""Windows of time, whose ends lie where a wrong comparison would be seen."""

import random

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from .client import Client
from .client_log import ClientLog

MICROSECOND_NS = 1000
LONG_AGO_US = 1_790_000_000_000_000


def some_window(log: ClientLog, drawn: random.Random) -> tuple[int, int]:
    """Draws a window whose ends are at, just before or just behind calls."""
    times = sorted(call.time_us for call in log.calls.values()) or [LONG_AGO_US]
    ends = [drawn.choice(times) + drawn.choice((-1, 0, 0, 1)) for _ in range(2)]
    return min(ends), max(ends)


def bound_of(time_us: int, client: Client, drawn: random.Random) -> Timestamp:
    """Makes a time that is this one when it is rounded up to whole microseconds."""
    finer = drawn.choice((0, 0, 1, 500, 999))
    client.see("bound finer than a microsecond", when=finer > 0)
    nanos = time_us * MICROSECOND_NS - finer
    return Timestamp(seconds=nanos // 10**9, nanos=nanos % 10**9)


def duration_of(time_us: int) -> Duration:
    """Makes a duration of microseconds."""
    seconds, micros = divmod(time_us, 1_000_000)
    return Duration(seconds=seconds, nanos=micros * MICROSECOND_NS)
