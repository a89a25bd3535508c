"""Algorithms that look at values in order of time."""

from collections.abc import Callable, Mapping

from pointsman_drift.algorithms.algorithm import Measurement
from pointsman_drift.streaming.stream import Stream
from pointsman_drift.streaming.watching import watch


def stream_measure(algorithm: str) -> Callable[[Stream, Mapping[str, float]], Measurement]:
    """Answers what measures a run by a detector: the score is how many changes it saw.

    Details have the place of the last one, from 0 at the beginning of the stream, and ``state``, which the
    next run needs.
    """

    def measure(stream: Stream, parameters: Mapping[str, float]) -> Measurement:
        found = watch(algorithm, stream.values, stream.states.get(algorithm), parameters)
        changes = len(found.detections)
        return Measurement(
            changes,
            changes,
            found.seen,
            len(stream.values) - found.missing,
            method="stream",
            details={
                "lastChange": found.detections[-1] if changes else None,
                "beganAnew": "yes" if found.is_new else "no",
                "state": found.state,
            },
        )

    return measure
