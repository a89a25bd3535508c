"""Algorithms that look at values in order of time."""

from collections.abc import Callable, Mapping

from pointsman_drift.algorithms.algorithm import Measurement, NotMeasured
from pointsman_drift.streaming.stream import Stream, WatchedRun, WatchedStream
from pointsman_drift.streaming.watching import watch


def stream_measure(
    algorithm: str,
) -> Callable[[Stream | WatchedStream, Mapping[str, float]], Measurement | NotMeasured]:
    """Answers what measures a run by a detector: the score is how many changes it saw.

    Of a ``Stream``, details have the place of the last one, from 0 at the beginning of the stream, and
    ``state``, which the next run needs.
    """

    def measure(stream: Stream | WatchedStream, parameters: Mapping[str, float]) -> Measurement | NotMeasured:
        run = (
            stream.runs.get(algorithm, NotMeasured(f"{algorithm} did not see this stream"))
            if isinstance(stream, WatchedStream)
            else _watch(algorithm, stream, parameters)
        )
        if isinstance(run, NotMeasured):
            return run
        return Measurement(
            run.changes, run.changes, run.seen, run.shown, method="stream", details=run.details
        )

    return measure


def _watch(algorithm: str, stream: Stream, parameters: Mapping[str, float]) -> WatchedRun:
    found = watch(algorithm, stream.values, stream.states.get(algorithm), parameters)
    changes = len(found.detections)
    return WatchedRun(
        changes,
        found.seen,
        len(stream.values) - found.missing,
        {
            "lastChange": found.detections[-1] if changes else None,
            "beganAnew": "yes" if found.is_new else "no",
            "state": found.state,
        },
    )
