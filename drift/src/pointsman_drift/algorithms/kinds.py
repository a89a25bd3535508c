"""What algorithms look at: one protocol for all that an analysis measures."""

from enum import StrEnum
from typing import Protocol

from pointsman_drift.counting.groups import Group
from pointsman_drift.tables.families import Kind


class AlgorithmKind(StrEnum):
    """What an algorithm looks at, and by that what its ``measure`` gets."""

    UNIVARIATE = "univariate"
    """One column: a ``ColumnPair``. Columns of predictions, too: label, score, confidence."""
    MULTIVARIATE = "multivariate"
    """All columns together: a ``TablePair``."""
    PERFORMANCE = "performance"
    """Predictions, with labels as far as they are known: a ``PredictionPair``."""
    STREAMING = "streaming"
    """Values in order of time: a ``Stream``."""
    CUSTOM = "custom"
    """Both tables as they were given: a ``WholePair``."""


class Measurable(Protocol):
    """What an analysis measures, by every algorithm of a kind that looks at it."""

    @property
    def column(self) -> str:
        """The feature by which its figures go; in parentheses where it is no column of the tables."""

    @property
    def seen_by(self) -> frozenset[AlgorithmKind]:
        """Kinds of algorithms that look at it."""

    @property
    def kind(self) -> Kind | None:
        """Of a single column, whether its values have an order."""

    @property
    def rows(self) -> tuple[int, int]:
        """Rows of the reference and of the current side."""

    @property
    def group(self) -> Group:
        """Which rows of the current side it is of."""
