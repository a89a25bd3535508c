"""What both sides' columns are like as a whole, beside the figures."""

from dataclasses import dataclass
from typing import Any

from pointsman_drift.algorithms.pair import ColumnPair
from pointsman_drift.baselines.plan import OrderedPlan
from pointsman_drift.counting.counts import ColumnCounts
from pointsman_drift.statistics.moments import Moments, moments_of
from pointsman_drift.tables.families import Kind


@dataclass(frozen=True)
class SideSummary:
    """One side of a column."""

    rows: int
    missing: int
    """Rows of null or NaN."""
    infinite: int
    moments: Moments | None
    """None of categories."""

    def to_dict(self) -> dict[str, Any]:
        """Answers it with names in camelCase."""
        own = {} if self.moments is None else self.moments.to_dict()
        return {"rows": self.rows, "missing": self.missing, "infinite": self.infinite, **own}


@dataclass(frozen=True)
class Summary:
    """A column."""

    feature: str
    kind: Kind
    reference: SideSummary
    current: SideSummary

    def to_dict(self) -> dict[str, Any]:
        """Answers it with names in camelCase."""
        return {
            "kind": self.kind.value,
            "reference": self.reference.to_dict(),
            "current": self.current.to_dict(),
        }


def summarise(pair: ColumnPair) -> Summary:
    """Answers what a pair's sides are like."""

    def side(counts: ColumnCounts) -> SideSummary:
        moments = moments_of(pair.plan, counts) if isinstance(pair.plan, OrderedPlan) else None
        return SideSummary(counts.rows, counts.missing, counts.infinite, moments)

    return Summary(pair.column, pair.kind, side(pair.reference), side(pair.current))
