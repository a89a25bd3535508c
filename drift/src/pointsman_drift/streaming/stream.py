"""One run of a stream, as algorithms see it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pointsman_drift.algorithms.algorithm import Detail, NotMeasured
from pointsman_drift.algorithms.kinds import AlgorithmKind
from pointsman_drift.baselines.edges import Floats
from pointsman_drift.counting.groups import WHOLE, Group
from pointsman_drift.tables.families import Kind


@dataclass(frozen=True, eq=False)
class Stream:
    """Values of one column, or errors of a model, in order of time."""

    column: str
    values: Floats
    """Of this run, NaN where one is missing; shape (rows,)."""
    states: Mapping[str, str] = field(default_factory=dict)
    """By algorithm the ``state`` in the details of the run before; none at the beginning."""
    seen: int = 0
    """Values of the runs before."""
    kind: Kind | None = None
    group: Group = WHOLE

    @property
    def seen_by(self) -> frozenset[AlgorithmKind]:
        """Algorithms of streams."""
        return frozenset({AlgorithmKind.STREAMING})

    @property
    def rows(self) -> tuple[int, int]:
        """Values since the beginning, and those of this run."""
        return self.seen + len(self.values), len(self.values)


@dataclass(frozen=True)
class WatchedRun:
    """What a detector found in one run of a stream."""

    changes: int
    """How many it saw."""
    seen: int
    """Values since the stream began."""
    shown: int
    """Values of this run that the detector was shown."""
    details: Mapping[str, Detail] = field(default_factory=dict)
    """What its figure tells beside that."""


@dataclass(frozen=True)
class WatchedStream:
    """One run of a stream that was too long to be in memory at once: detectors have seen it already."""

    column: str
    runs: Mapping[str, WatchedRun | NotMeasured]
    """By algorithm what it found, or why it says nothing."""
    kind: Kind | None = None
    group: Group = WHOLE

    @property
    def seen_by(self) -> frozenset[AlgorithmKind]:
        """Algorithms of streams."""
        return frozenset({AlgorithmKind.STREAMING})

    @property
    def rows(self) -> tuple[int, int]:
        """Values since the beginning, and those of this run, of the detector that saw most."""
        told = [(one.seen, one.shown) for one in self.runs.values() if isinstance(one, WatchedRun)]
        return max(told, default=(0, 0))
