"""A reference, compiled once: every later comparison reads this instead of the rows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pointsman_drift.baselines.edges import Floats
from pointsman_drift.baselines.plan import Plan
from pointsman_drift.counting.counts import ColumnCounts, Counted
from pointsman_drift.counting.groups import Slice


@dataclass(frozen=True, eq=False)
class Baseline:
    """What is kept of a reference.

    >>> from pointsman_drift import compile_baseline
    >>> baseline = compile_baseline({"age": list(range(100))})
    >>> baseline.rows, baseline.counts["age"].values
    (100, 100)
    >>> Baseline.from_bytes(baseline.to_bytes()).counts["age"].values
    100
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
    slices: Mapping[Slice, Counted] = field(default_factory=dict)
    """The same of each slice that was asked for, by the same bins; the rest of each column among them."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, in the reference's order."""
        return tuple(self.plans)

    @property
    def slice_columns(self) -> tuple[str, ...]:
        """Names of the columns by which it is sliced."""
        return tuple(dict.fromkeys(one.column for one in self.slices))

    def to_bytes(self) -> bytes:
        """Answers it as bytes for ``from_bytes``: versioned, with a checksum, and nothing in it runs.

        Raises:
            InvalidBaselineError: It is larger than one that is read.
        """
        from pointsman_drift.baselines.encoding import encode

        return encode(self)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Baseline":
        """Answers what ``to_bytes`` wrote; comparisons with it give the same to the last bit.

        Raises:
            InvalidBaselineError: It is no baseline, is damaged, or is of another version.
        """
        from pointsman_drift.baselines.decoding import decode

        return decode(data)

    def save(self, path: str | Path) -> None:
        """Writes it to a file, which is there whole or not at all.

        Args:
            path: Where to; a file there is replaced.

        Raises:
            InvalidBaselineError: It is larger than one that is read.
            OSError: It cannot be written.
        """
        from pointsman_drift.baselines.encoding import write_whole

        write_whole(Path(path), self.to_bytes())


def load_baseline(path: str | Path) -> Baseline:
    """Answers the baseline that ``Baseline.save`` wrote.

    Args:
        path: The file.

    Raises:
        InvalidBaselineError: It is no baseline, is damaged, or is of another version.
        OSError: It cannot be read.
    """
    return Baseline.from_bytes(Path(path).read_bytes())
