"""Whether labels follow from scores otherwise than they did: realised figures that stay out of the band."""

from collections.abc import Sequence
from dataclasses import dataclass

from pointsman_drift.errors import InvalidOptionError
from pointsman_drift.performance.metrics import Estimate

PERIODS = 5
OUTSIDE = 3


@dataclass(frozen=True)
class Divergence:
    """What the last periods say of the estimate."""

    is_concept_drift: bool
    outside: int
    """Periods on the side that has more of them outside the band."""
    periods: int
    """How many of the last periods had both an estimate and a realised value."""
    inside_share: float | None
    """Of all periods that had both, the share inside the band; None where there was none."""
    direction: str | None
    """``worse`` or ``better`` than estimated, on concept drift."""


def find_divergence(
    history: Sequence[tuple[Estimate, float | None]], *, outside: int = OUTSIDE, periods: int = PERIODS
) -> Divergence:
    """Says **concept drift** when realised values were outside the band in some of the last periods.

    Those must lie on one side: what a change of the rule does lasts, and chance has no side. Without a change
    a period is outside in less than one case of three hundred.

    Args:
        history: Of one metric and of each period, the oldest first, the estimate and the realised value of
            the **same rows** (those with labels), None where there is none yet; such periods are passed over.
        outside: How many periods must lie outside, on one side.
        periods: How many of the last are looked at.

    Raises:
        InvalidOptionError: More are asked to lie outside than are looked at, or none.

    >>> band = Estimate("accuracy", 0.9, 0.88, 0.92, 0.0067)
    >>> find_divergence([(band, 0.89), (band, 0.8), (band, 0.79), (band, 0.8)]).direction
    'worse'
    """
    if not 1 <= outside <= periods:
        raise InvalidOptionError(f"outside: {outside} is not within 1 and periods ({periods})")
    both = [(one, value) for one, value in history if value is not None and one.value is not None]
    last = both[-periods:]
    worse = sum(value < one.lower for one, value in last)
    better = sum(value > one.upper for one, value in last)
    found = max(worse, better)
    drifts = found >= outside
    share = sum(one.holds(value) for one, value in both) / len(both) if both else None
    side = ("worse" if worse >= better else "better") if drifts else None
    return Divergence(drifts, found, len(last), share, side)
