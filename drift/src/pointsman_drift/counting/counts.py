"""What a scan counted of one column; adding such counts is all that merging is."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from pointsman_drift.errors import DriftError

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ColumnCounts:
    """Counts of one column: whole numbers only, so that merging in any order gives the same."""

    bins: Counts
    """Rows in each bin of the column's plan; shape (fine bins,)."""
    nulls: int = 0
    nans: int = 0
    below: int = 0
    """Rows of negative infinity."""
    above: int = 0
    """Rows of positive infinity."""
    least: float = np.inf
    """The least finite value; infinity when there is none."""
    most: float = -np.inf
    low_moment: int = 0
    """Sum of the first bin's values as whole multiples of the plan's quantum from its centre."""
    high_moment: int = 0
    """The same of the last bin."""
    moment: int = 0
    """The same of all finite values."""
    square_moment: int = 0
    """Sum of the squares of those multiples."""

    new: Mapping[str, int] = field(default_factory=dict)
    """Rows of each unseen category, of very many the most frequent."""
    most_unnamed: int = 0
    """No category has more rows beside those that ``new`` tells; 0 where it tells all."""

    @property
    def values(self) -> int:
        """Rows that lie in a bin."""
        return int(self.bins.sum())

    @property
    def missing(self) -> int:
        """Rows without a value: null or NaN, which pandas does not tell apart."""
        return self.nulls + self.nans

    @property
    def infinite(self) -> int:
        """Rows of either infinity."""
        return self.below + self.above

    @property
    def rows(self) -> int:
        """All rows."""
        return self.values + self.missing + self.infinite

    def merged(self, other: "ColumnCounts") -> "ColumnCounts":
        """Answers the counts of both, in whatever order they are merged.

        >>> one = ColumnCounts(np.array([1, 2]), nulls=1, least=3.0, most=4.0)
        >>> one.merged(one).rows
        8
        """
        if self.bins.shape != other.bins.shape:
            raise DriftError(
                f"counts of {len(self.bins)} and of {len(other.bins)} bins are of different baselines"
            )
        return replace(
            self,
            bins=self.bins + other.bins,
            nulls=self.nulls + other.nulls,
            nans=self.nans + other.nans,
            below=self.below + other.below,
            above=self.above + other.above,
            least=min(self.least, other.least),
            most=max(self.most, other.most),
            low_moment=self.low_moment + other.low_moment,
            high_moment=self.high_moment + other.high_moment,
            moment=self.moment + other.moment,
            square_moment=self.square_moment + other.square_moment,
            new=_added(self.new, other.new),
            most_unnamed=self.most_unnamed + other.most_unnamed,
        )


def most_unnamed(bins: Counts, new: Mapping[str, int]) -> int:
    """Answers how many rows a category has at most that is not told by name.

    Args:
        bins: Rows in each bin of a column of categories; the last two are those of ``new``.
        new: The most frequent of these.
    """
    return min(new.values(), default=0) if int(bins[-2:].sum()) > sum(new.values()) else 0


def _added(one: Mapping[str, int], other: Mapping[str, int]) -> Mapping[str, int]:
    """Rows of each category of both, the most frequent first."""
    if not one or not other:
        return one or other
    found = {name: one.get(name, 0) + other.get(name, 0) for name in {*one, *other}}
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


@dataclass(frozen=True, eq=False)
class Counted:
    """What was counted of the rows of one group."""

    rows: int
    counts: Mapping[str, ColumnCounts]
    values: Mapping[str, Floats] = field(default_factory=dict)
    """Sorted finite values of ordered columns, less the plan's offset; only while they are kept."""
