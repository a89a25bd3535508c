"""One detector on its way through the rows of one analysis."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pointsman.domain.drift.streams import KeptStream, remembered
from pointsman.domain.times import datetime_of
from pointsman.domain.values import MICROSECONDS_PER_DAY

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pointsman_drift import NotMeasured, Scale, WatchedRun, Watcher

MOST_TIMES = 20
"""So many changes are told by their times, the newest ones."""


class Course:
    """What a detector keeps, how far it reads, and what it sees on the way.

    Args:
        feature: What it sees, a feature or what predictions have.
        algorithm: The detector.
        parameters: Values that replace its defaults.
        scale: The baseline's, on which it sees values.
        baseline_key: The baseline's row.
        kept: What it left the last time; None for nothing.
        begin_us: From when on it reads where it begins anew.

    Attributes:
        began_anew: Why it goes on from nothing; empty where it goes on from what it left.
        from_us: From this time on it reads.
        begun_us: From this time on it has seen every row.
    """

    def __init__(
        self,
        feature: str,
        algorithm: str,
        parameters: Mapping[str, float],
        scale: Scale,
        baseline_key: int,
        kept: KeptStream | None,
        begin_us: int,
    ) -> None:
        from pointsman_drift import Watcher

        self.feature = feature
        self.algorithm = algorithm
        self._scale = scale
        self._baseline_key = baseline_key
        watcher, self.began_anew = _resumed(kept, baseline_key, algorithm, parameters)
        self.kept = None if watcher is None else kept
        self._watcher = watcher or Watcher(algorithm, None, parameters)
        self.from_us = begin_us if self.kept is None else self.kept.read_until_us
        self.begun_us = begin_us if self.kept is None else self.kept.begun_us
        self._before = self._watcher.seen
        self._changes = 0
        self._times: deque[int] = deque(maxlen=MOST_TIMES)
        self._days: Counter[int] = Counter()

    def see(self, times: NDArray[np.int64], values: NDArray[np.float64]) -> None:
        """Shows rows to the detector, those that it has not seen before.

        Args:
            times: In UTC microseconds, rising; shape (rows,).
            values: What it sees of each, NaN where one is missing; shape (rows,).
        """
        import numpy as np

        first = int(times.searchsorted(self.from_us))
        days, counts = np.unique(times[first:] // MICROSECONDS_PER_DAY, return_counts=True)
        self._days.update(dict(zip(days.tolist(), counts.tolist(), strict=True)))
        start = self._watcher.seen
        found = self._watcher.see(self._scale.of(values[first:]))
        self._changes += len(found)
        self._times.extend(int(times[first + place - start]) for place in found[-MOST_TIMES:])

    def keep(self, until_us: int, before: Mapping[int, int]) -> KeptStream:
        """Answers what it leaves for the next time.

        Args:
            until_us: Before this time it has seen every row.
            before: By day of UTC the rows that are there of times that it had read before.
        """
        return KeptStream(
            self.feature,
            self.algorithm,
            self._baseline_key,
            self.begun_us,
            until_us,
            self._watcher.seen,
            self._watcher.state(),
            remembered(before, self._days, until_us),
        )

    def told(self, until_us: int, late: int) -> WatchedRun | NotMeasured:
        """Answers what its figure tells.

        Args:
            until_us: Before this time it has seen every row.
            late: How many rows came too late to be seen.
        """
        from pointsman_drift import NotMeasured, WatchedRun

        rows = self._watcher.seen - self._before
        missing = self._watcher.missing
        beside = f"; {late} came too late to be seen" if late else ""
        if not rows:
            return NotMeasured(f"no row from {_told(self.from_us)} until {_told(until_us)}{beside}")
        if missing == rows:
            return NotMeasured(f"none of {rows} rows since {_told(self.from_us)} has a number{beside}")
        times = tuple(_told(time_us) for time_us in self._times)
        return WatchedRun(
            self._changes,
            self._watcher.seen,
            rows - missing,
            {
                "changes": times,
                "lastChange": times[-1] if times else None,
                "since": _told(self.begun_us),
                "readFrom": _told(self.from_us),
                "readUntil": _told(until_us),
                "rows": rows,
                "missing": missing,
                "late": late,
                "beganAnew": self.began_anew or None,
                "median": self._scale.median,
                "spread": self._scale.spread,
            },
        )


def _resumed(
    kept: KeptStream | None, baseline_key: int, algorithm: str, parameters: Mapping[str, float]
) -> tuple[Watcher | None, str]:
    """Answers a detector that stands where a kept one stood; or None, and why it begins anew."""
    from pointsman_drift import InvalidOptionError, Watcher

    if kept is None:
        return None, "nothing was kept of it"
    if kept.baseline_key != baseline_key:
        return None, "another baseline is active"
    try:
        watcher = Watcher(algorithm, kept.state, parameters)
    except InvalidOptionError as error:
        return None, f"what was kept is of no use: {error}"
    if watcher.is_new:
        return None, "what was kept is of another version of river, which this one cannot read"
    if watcher.seen != kept.row_count:
        return None, f"what was kept is of {watcher.seen} rows, and {kept.row_count} were counted"
    return watcher, ""


def nothing_new(course: Course, until_us: int) -> NotMeasured:
    """Says that a detector has seen all rows already that an analysis has.

    Args:
        course: The detector.
        until_us: Before this time the analysis reads rows.
    """
    from pointsman_drift import NotMeasured

    if course.kept is None:
        return NotMeasured(
            f"it begins at {_told(course.from_us)}, where the window does, and rows are read until "
            f"{_told(until_us)}: those of the last minute are left to the next analysis"
        )
    return NotMeasured(
        f"rows before {_told(course.from_us)} were seen already, and this analysis reads until "
        f"{_told(until_us)}: each row is seen once, by the first analysis that has it"
    )


def _told(time_us: int) -> str:
    return datetime_of(time_us).isoformat().replace("+00:00", "Z")
