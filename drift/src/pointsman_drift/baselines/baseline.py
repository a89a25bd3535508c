"""A reference, compiled once: every later comparison reads this instead of the rows."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pointsman_drift.baselines.edges import Floats
from pointsman_drift.baselines.plan import Plan
from pointsman_drift.counting.counts import ColumnCounts


@dataclass(frozen=True, eq=False)
class Baseline:
    """What is kept of a reference.

    >>> from pointsman_drift import compile_baseline
    >>> baseline = compile_baseline({"age": list(range(100))})
    >>> baseline.rows, baseline.counts["age"].values
    (100, 100)
    """

    rows: int
    """Rows of the reference, those with missing values included."""
    bins: int
    """Coarse bins that were asked for."""
    seed: int
    """Of the samples that edges may come from."""
    plans: Mapping[str, Plan]
    counts: Mapping[str, ColumnCounts]
    values: Mapping[str, Floats] = field(default_factory=dict)
    """Sorted finite values of ordered columns, less the plan's offset; only while the reference is small
    enough to be compared row by row."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, in the reference's order."""
        return tuple(self.plans)
