"""What a case found: figures with their limits, and tables behind them."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Figure:
    """One figure and what it must reach.

    Attributes:
        name: What was measured.
        value: The figure.
        unit: Written behind it.
        limit: What it must reach; None for one that is only told.
        is_ceiling: Whether smaller is better.
        spread: What the median was taken of, or its quartiles, or nothing.
    """

    name: str
    value: float
    unit: str = ""
    limit: float | None = None
    is_ceiling: bool = True
    spread: Sequence[float] = ()

    @property
    def passed(self) -> bool:
        """Whether it reaches its limit."""
        if self.limit is None:
            return True
        return self.value <= self.limit if self.is_ceiling else self.value >= self.limit


@dataclass
class Table:
    """Rows of text and numbers under a header."""

    header: tuple[str, ...]
    rows: list[tuple[object, ...]] = field(default_factory=list)

    def add(self, *cells: object) -> None:
        """Adds a row."""
        self.rows.append(cells)


@dataclass
class Findings:
    """All that a case found.

    Attributes:
        name: The case.
        conditions: Under what it was measured, in words.
    """

    name: str
    conditions: str
    figures: list[Figure] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def at_most(
        self, name: str, value: float, limit: float, unit: str = "", spread: Sequence[float] = ()
    ) -> None:
        """Adds a figure that must not be above its limit."""
        self.figures.append(Figure(name, value, unit, limit, is_ceiling=True, spread=spread))

    def at_least(
        self, name: str, value: float, limit: float, unit: str = "", spread: Sequence[float] = ()
    ) -> None:
        """Adds a figure that must not be below its limit."""
        self.figures.append(Figure(name, value, unit, limit, is_ceiling=False, spread=spread))

    def tell(self, name: str, value: float, unit: str = "") -> None:
        """Adds a figure without a limit."""
        self.figures.append(Figure(name, value, unit))


def quantile(values: Sequence[float], share: float) -> float:
    """Answers the value at a rank: of 100 values the 99th for 0.99, of 20 the last one."""
    ordered = sorted(values)
    rank = -(-len(ordered) * round(share * 1000) // 1000)
    return ordered[max(1, rank) - 1]
