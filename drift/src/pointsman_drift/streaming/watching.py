"""Watching a stream in runs, as if it were one."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pointsman_drift.algorithms.bounds import Bounds
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

BOUNDS: Mapping[str, Mapping[str, Bounds]] = {
    "adwin": {"delta": Bounds(below=1.0)},
    "page_hinkley": {"forgetting": Bounds(below=1.0), "least": Bounds(is_whole=True)},
}
"""Between what parameters lie that are not just above 0: shares stay below 1, numbers of values are whole."""


class Watcher:
    """Watches one run of a stream as it comes, part by part.

    Args:
        algorithm: ``adwin`` (Bifet and Gavaldà 2007) or ``page_hinkley`` (Page 1954), both river's.
        state: What the run before left; None at the beginning.
        parameters: Values that replace those of ``PARAMETERS``.

    Attributes:
        algorithm: The algorithm.
        seen: Values since the stream began.
        missing: Values of this run that were passed over, for they were missing or infinite.
        is_new: Whether the detector began anew: it had no state, or one that this version of river cannot
            read.

    Raises:
        InvalidOptionError: The algorithm, a parameter or the state means nothing, or the state was kept with
            others.
        MissingPackageError: river is not installed.

    >>> watcher = Watcher("adwin")
    >>> values = np.r_[np.zeros(1000), np.ones(1000)]
    >>> watcher.see(values[:1000]), len(watcher.see(values[1000:]))
    ((), 1)
    """

    def __init__(
        self, algorithm: str, state: str | None = None, parameters: Mapping[str, float] | None = None
    ) -> None:
        self.algorithm = algorithm
        self._parameters = _parameters(algorithm, parameters or {})
        self._library = library()
        before = None if state is None else _checked(read_state(state), algorithm, self._parameters)
        self.is_new = before is None or before.library != self._library
        if before is None or self.is_new:
            self._detector = DETECTORS[algorithm].make(self._parameters)
        else:
            self._detector = restored(algorithm, self._parameters, before.numbers)
        self.seen = before.seen if before else 0
        self.missing = 0

    def see(self, values: Floats) -> tuple[int, ...]:
        """Shows the next values to the detector.

        Args:
            values: In order of time; shape (rows,). NaN and infinite ones count as places alone.

        Returns:
            Places of the values at which a change was seen, from 0 at the beginning of the stream.

        Raises:
            InvalidTableError: The values are not one number a row.
        """
        numbers = np.asarray(values, np.float64)
        if numbers.ndim != 1:
            raise InvalidTableError(f"values: the shape is {numbers.shape}; give one number a row")
        finite = np.isfinite(numbers)
        places = np.flatnonzero(finite)
        detector, found = self._detector, []
        for place, value in zip(places.tolist(), numbers[places].tolist(), strict=True):
            detector.update(value)
            if detector.drift_detected:
                found.append(self.seen + place)
        self.seen += len(numbers)
        self.missing += len(numbers) - len(places)
        return tuple(found)

    def state(self) -> str:
        """Answers where the detector stands, to be given to the next run; JSON."""
        numbers = DETECTORS[self.algorithm].keep(self._detector)
        return StreamState(self.algorithm, self._parameters, self._library, self.seen, numbers).to_json()


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
        algorithm: As ``Watcher`` takes it.
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
    watcher = Watcher(algorithm, state, parameters)
    found = watcher.see(values)
    return Watched(found, watcher.state(), watcher.seen, watcher.missing, watcher.is_new)


def _parameters(algorithm: str, given: Mapping[str, float]) -> dict[str, float]:
    if algorithm not in DETECTORS:
        raise InvalidOptionError(f"algorithm: {algorithm!r} watches no stream; {' and '.join(DETECTORS)} do")
    defaults = PARAMETERS[algorithm]
    for name, value in given.items():
        if name not in defaults:
            raise InvalidOptionError(f"parameters: {name!r} is not known; known are {list(defaults)}")
        if fault := BOUNDS[algorithm].get(name, Bounds()).fault(value):
            raise InvalidOptionError(f"parameters[{name!r}]: {value} {fault}")
    return {**defaults, **{name: float(value) for name, value in given.items()}}


def _checked(state: StreamState, algorithm: str, parameters: Mapping[str, float]) -> StreamState:
    if (state.algorithm, state.parameters) != (algorithm, parameters):
        raise InvalidOptionError(
            f"state: it was kept by {state.algorithm} with {dict(state.parameters)}, not by {algorithm} with "
            f"{dict(parameters)}; begin anew without a state"
        )
    return state
