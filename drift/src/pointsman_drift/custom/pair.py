"""Both tables as they were given."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pointsman_drift.algorithms.kinds import AlgorithmKind
from pointsman_drift.counting.groups import WHOLE, Group
from pointsman_drift.tables.families import Kind


@dataclass(frozen=True, eq=False)
class WholePair:
    """Both sides whole, in any form that ``compare`` takes."""

    reference: Any
    current: Any
    rows: tuple[int, int]
    features: Sequence[str] | None = None
    """The columns that are read; None for all."""
    memory_limit: str = "2GB"
    kind: Kind | None = None
    group: Group = WHOLE

    @property
    def column(self) -> str:
        """How its figures go."""
        return "(all)"

    @property
    def seen_by(self) -> frozenset[AlgorithmKind]:
        """Algorithms of users that look at both tables."""
        return frozenset({AlgorithmKind.CUSTOM})
