"""How a column is counted: what follows from the reference once and holds for every window."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pointsman_drift.baselines.edges import Floats
from pointsman_drift.tables.families import ColumnType, Kind

CLAMP = 2**48
"""A moment counts no value as farther from the centre than so many quanta."""


@dataclass(frozen=True, eq=False)
class OrderedPlan:
    """Bins of numbers and times."""

    column: str
    type: ColumnType
    edges: Floats
    """Edges of coarse bins; shape (bins - 1,)."""
    fine: Floats
    """Edges of fine bins, those of coarse ones among them."""
    offset: int | None
    """What is subtracted before values become doubles: None, or the least of exact numbers that doubles
    lack."""
    centre: float
    spread: float
    """The unit of distances; see ``spread_of``."""
    sampled: bool = False
    """Whether edges come from a sample of the reference; counts never do."""
    kind: Kind = Kind.NUMERIC

    @property
    def size(self) -> int:
        """How many fine bins there are."""
        return len(self.fine) + 1

    @cached_property
    def quantum(self) -> float:
        """The power of two of which moments are multiples: about a millionth of the spread."""
        exponent = math.floor(math.log2(self.spread)) - 20
        return math.ldexp(1.0, min(max(exponent, -1000), 960))

    @property
    def reach(self) -> float:
        """How far from the centre moments are exact."""
        return CLAMP * self.quantum

    @cached_property
    def coarse_of_fine(self) -> NDArray[np.int64]:
        """The coarse bin of each fine one; shape (fine bins,)."""
        starts = np.r_[-np.inf, self.fine]
        return np.asarray(np.searchsorted(self.edges, starts, side="right"), np.int64)


OWN_CATEGORIES = 100
"""So many frequent categories have a coarse bin each."""


@dataclass(frozen=True, eq=False)
class UnorderedPlan:
    """Bins of categories: each known one, then those not kept by name, then unseen ones."""

    column: str
    type: ColumnType
    categories: tuple[str, ...]
    """Known by name, the most frequent first."""
    once: int
    """How many categories the reference has exactly once."""
    is_open: bool = False
    """Whether the reference has more categories than are known by name, so that none can be called unseen."""
    kind: Kind = Kind.CATEGORICAL

    @property
    def size(self) -> int:
        """How many fine bins there are."""
        return len(self.categories) + 2

    @cached_property
    def coarse_of_fine(self) -> NDArray[np.int64]:
        """The coarse bin of each fine one: frequent categories, ``other``, ``unseen``; shape (fine bins,)."""
        own = min(len(self.categories), OWN_CATEGORIES)
        return np.asarray(np.r_[np.minimum(np.arange(len(self.categories) + 1), own), own + 1], np.int64)


Plan = OrderedPlan | UnorderedPlan
