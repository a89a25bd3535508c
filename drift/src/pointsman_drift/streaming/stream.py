"""One run of a stream, as algorithms see it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

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
