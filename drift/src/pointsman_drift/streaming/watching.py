"""Watching a stream in runs, as if it were one."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pointsman_drift.baselines.edges import Floats
from pointsman_drift.errors import InvalidOptionError, InvalidTableError
from pointsman_drift.streaming.detectors import DETECTORS, library, restored
from pointsman_drift.streaming.state import StreamState, read_state

PARAMETERS: Mapping[str, Mapping[str, float]] = {
    "adwin": {"delta": 0.002},
    "page_hinkley": {"delta": 0.005, "threshold": 50.0, "forgetting": 1e-4, "least": 30.0},
}
"""``delta``: of ADWIN how sure it must be; of Page-Hinkley which changes of the mean do not count, in the
values' unit. ``threshold``: how far sums rise above their least; ``forgetting``: what they lose with a value;
``least``: values before the first change."""


@dataclass(frozen=True)
class Watched:
    """What one run found."""

    detections: tuple[int, ...]
    """Places of the values at which a change was seen, from 0 at the beginning of the stream."""
    state: str
    """To be given to the next run; JSON."""
    seen: int
    """Values since the stream began."""
    missing: int
    """Values of this run that were passed over, for they were missing or infinite."""
    is_new: bool
    """Whether the detector began anew: it had no state, or one that this version of river cannot read."""


def watch(
    algorithm: str,
    values: Floats,
    state: str | None = None,
    parameters: Mapping[str, float] | None = None,
) -> Watched:
    """Looks for changes in the values of one run of a stream.

    However a stream is cut into runs, the detections are those of one run. Values that are missing (NaN) or
    infinite count as places but are not shown to the detector.

    Args:
        algorithm: ``adwin`` (Bifet and Gavaldà 2007) or ``page_hinkley`` (Page 1954), both river's.
        values: In order of time; shape (rows,).
        state: What the run before answered; None at the beginning.
        parameters: Values that replace those of ``PARAMETERS``.

    Raises:
        InvalidOptionError: The algorithm, a parameter or the state means nothing, or the state was kept with
            others.
        InvalidTableError: The values are not one number a row.
        MissingPackageError: river is not installed.

    >>> random = np.random.default_rng(12345)
    >>> values = np.r_[random.normal(0.2, 0.1, 2000), random.normal(0.5, 0.1, 4000)]
    >>> watch("adwin", values).detections
    (2047,)
    >>> first = watch("page_hinkley", values[:2100])
    >>> first.detections, watch("page_hinkley", values[2100:], first.state).detections
    ((), (2177,))
    """
    used = _parameters(algorithm, parameters or {})
    numbers = np.asarray(values, np.float64)
    if numbers.ndim != 1:
        raise InvalidTableError(f"values: the shape is {numbers.shape}; give one number a row")
    before = None if state is None else _checked(read_state(state), algorithm, used)
    whose = library()
    is_new = before is None or before.library != whose
    if before is None or is_new:
        detector = DETECTORS[algorithm].make(used)
    else:
        detector = restored(algorithm, used, before.numbers)
    start = before.seen if before else 0
    found = []
    finite = np.isfinite(numbers)
    for place in np.flatnonzero(finite).tolist():
        detector.update(float(numbers[place]))
        if detector.drift_detected:
            found.append(start + place)
    seen = start + len(numbers)
    after = StreamState(algorithm, used, whose, seen, DETECTORS[algorithm].keep(detector))
    return Watched(tuple(found), after.to_json(), seen, int(np.sum(~finite)), is_new)


def _parameters(algorithm: str, given: Mapping[str, float]) -> dict[str, float]:
    if algorithm not in DETECTORS:
        raise InvalidOptionError(f"algorithm: {algorithm!r} watches no stream; {' and '.join(DETECTORS)} do")
    defaults = PARAMETERS[algorithm]
    for name, value in given.items():
        if name not in defaults:
            raise InvalidOptionError(f"parameters: {name!r} is not known; known are {list(defaults)}")
        if not 0 < value < np.inf:
            raise InvalidOptionError(f"parameters[{name!r}]: {value} is not above 0")
    return {**defaults, **{name: float(value) for name, value in given.items()}}


def _checked(state: StreamState, algorithm: str, parameters: Mapping[str, float]) -> StreamState:
    if (state.algorithm, state.parameters) != (algorithm, parameters):
        raise InvalidOptionError(
            f"state: it was kept by {state.algorithm} with {dict(state.parameters)}, not by {algorithm} with "
            f"{dict(parameters)}; begin anew without a state"
        )
    return state
