"""What an algorithm declares, and what it answers for one column."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pointsman_drift.algorithms.bounds import Bounds
from pointsman_drift.algorithms.kinds import AlgorithmKind
from pointsman_drift.packages import find_lacking
from pointsman_drift.tables.families import Kind

Detail = float | int | str | tuple[str, ...] | None


@dataclass(frozen=True)
class Thresholds:
    """From which score on a figure is a warning and an alert."""

    warning: float
    alert: float


@dataclass(frozen=True)
class Measurement:
    """What an algorithm found of one column."""

    value: float
    """The statistic as the literature has it."""
    effect: float
    """How large the difference is, free of what these numbers of rows bring by chance where that is known."""
    n: int
    """Rows or values of the reference that entered."""
    m: int
    """The same of the current table."""
    p_value: float | None = None
    """None when there is no test; then the effect decides alone."""
    test: str | None = None
    """What the p-value is of."""
    expected: float | None = None
    """The statistic's mean without drift for these n and m."""
    plain_effect: float | None = None
    """The score with calibration off, where it is not the effect."""
    method: str = "counts"
    """``rows``, ``binned`` or ``counts``."""
    error: float = 0.0
    """How far ``value`` may lie from that of the rows."""
    epsilon: float | None = None
    details: Mapping[str, Detail] = field(default_factory=dict)


@dataclass(frozen=True)
class NotMeasured:
    """Why an algorithm says nothing of a column."""

    reason: str


Measure = Callable[[Any, Mapping[str, float]], Measurement | NotMeasured]
"""Gets what algorithms of its kind look at (``AlgorithmKind`` says which class) and the parameters."""


@dataclass(frozen=True)
class Algorithm:
    """An algorithm of the registry.

    Args:
        name: As users call it.
        measure: Answers a figure of what algorithms of its kind look at.
        thresholds: Of the score, unless users override them.
        effect: What the score is, and its unit.
        types: Kinds of columns that it applies to, where it looks at single columns.
        parameters: Names and defaults.
        bounds: By parameter between what it may lie; any other is above 0.
        kind: What it looks at.
        is_default: Whether it runs when none is named.
        plain_test: Whether with calibration off p < 0.05 makes it a warning, as the table of levels has it.
        needs: A module without which it does not run, and the extra of this distribution that brings it.
    """

    name: str
    measure: Measure
    thresholds: Thresholds
    effect: str
    types: frozenset[Kind] = frozenset(Kind)
    parameters: Mapping[str, float] = field(default_factory=dict)
    kind: AlgorithmKind = AlgorithmKind.UNIVARIATE
    is_default: bool = True
    plain_test: bool = False
    needs: tuple[str, str] | None = None
    bounds: Mapping[str, Bounds] = field(default_factory=dict)

    def fault_of(self, parameter: str, value: float) -> str:
        """Says what is wrong with the value of a parameter; empty where nothing is."""
        return self.bounds.get(parameter, Bounds()).fault(value)

    def find_lacking(self) -> str:
        """Says what to install before it can run; empty where everything is there."""
        return "" if self.needs is None else find_lacking(*self.needs)
