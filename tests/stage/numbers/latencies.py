"""Latencies: what may be recorded of a call, and what figures must be of those that are recorded."""

import math
from collections.abc import Sequence
from typing import Any

from google.protobuf.duration_pb2 import Duration

PRECISION = 0.0101
"""Figures of a window are of buckets: within 1 % of the exact ones."""
QUANTILES = {"p50_seconds": 0.5, "p90_seconds": 0.9, "p99_seconds": 0.99}


def nanoseconds_of(duration: Duration) -> int:
    """Reads a duration in nanoseconds."""
    return duration.seconds * 1_000_000_000 + duration.nanos


def check_window(told: Any, recorded_ns: Sequence[int], what: str) -> None:
    """Insists that figures of a window are those of the latencies that its records have.

    Args:
        told: The figures.
        recorded_ns: The latencies of its decided calls, in nanoseconds.
        what: What is looked at, for messages.
    """
    cells = {"mean_seconds": sum(recorded_ns) / len(recorded_ns) if recorded_ns else 0.0}
    ordered = sorted(recorded_ns)
    for name, share in QUANTILES.items():
        cells[name] = ordered[math.ceil(share * len(ordered)) - 1] if ordered else 0.0
    for name, exact_ns in cells.items():
        seconds = getattr(told, name)
        assert math.isclose(seconds, exact_ns / 1e9, rel_tol=PRECISION), (
            f"{what}, {name}: {seconds}, not {exact_ns / 1e9} of {len(ordered)} calls"
        )


def check_live(told: Any, observed_ns: Sequence[int], recorded_ns: Sequence[int], what: str) -> None:
    """Insists that what a server counted is within what its clients saw.

    Args:
        told: The figures.
        observed_ns: How long the clients waited, in nanoseconds; an upper bound of each call.
        recorded_ns: What is recorded of some of these calls.
        what: What is looked at, for messages.
    """
    quantiles = [getattr(told, name) for name in QUANTILES]
    assert quantiles == sorted(quantiles), f"{what}: the quantiles {quantiles} are not in order"
    assert (told.mean_seconds > 0) == bool(observed_ns), f"{what}: {told} of {len(observed_ns)} calls"
    if observed_ns:
        least, most = sum(recorded_ns) / len(observed_ns) / 1e9, sum(observed_ns) / len(observed_ns) / 1e9
        # The counters have whole nanoseconds, and their sum is a double.
        assert least * (1 - 1e-9) <= told.mean_seconds <= most, (
            f"{what}: the mean is {told.mean_seconds}, not between {least} and {most}"
        )
