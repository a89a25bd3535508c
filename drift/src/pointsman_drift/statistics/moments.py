"""Mean and variance of whole columns, of sums that are the same in any order."""

from dataclasses import dataclass
from fractions import Fraction

from pointsman_drift.baselines.plan import OrderedPlan
from pointsman_drift.counting.counts import ColumnCounts


@dataclass(frozen=True)
class Moments:
    """What a column's finite values are as a whole, in their unit; of times in microseconds since 1970."""

    n: int
    """How many finite values there are."""
    mean: float | None
    """None without values, and where some lie farther out than sums are kept for."""
    variance: float | None
    """Of a sample, divided by n − 1; None where there is no mean, or but one value."""
    least: float | None
    most: float | None
    error: float
    """How far the mean may lie from that of the values, which are rounded to multiples of twice this."""

    def to_dict(self) -> dict[str, float | int | None]:
        """Answers it with names in camelCase."""
        return {
            "n": self.n,
            "mean": self.mean,
            "variance": self.variance,
            "min": self.least,
            "max": self.most,
            "meanError": self.error,
        }


def moments_of(plan: OrderedPlan, counts: ColumnCounts) -> Moments:
    """Answers the moments of counted values.

    Values are rounded to about a millionth of the reference's spread before they are added up, as whole
    numbers: so windows, slices and files add up to the same in any order.

    Args:
        plan: How they were counted.
        counts: Theirs.

    >>> from pointsman_drift import compile_baseline
    >>> baseline = compile_baseline({"x": [1.0, 2.0, 3.0, 4.0] * 10})
    >>> found = moments_of(baseline.plans["x"], baseline.counts["x"])
    >>> found.n, found.mean, round(found.variance, 6), found.least, found.most
    (40, 2.5, 1.282051, 1.0, 4.0)
    """
    n, quantum, offset = counts.values, Fraction(plan.quantum), plan.offset or 0
    if not n:
        return Moments(0, None, None, None, None, 0.0)
    least, most = float(offset + Fraction(counts.least)), float(offset + Fraction(counts.most))
    if max(counts.most - plan.centre, plan.centre - counts.least) > plan.reach:
        return Moments(n, None, None, least, most, 0.0)
    mean = offset + Fraction(plan.centre) + quantum * counts.moment / n
    squares = n * counts.square_moment - counts.moment**2
    variance = quantum**2 * Fraction(squares, n * (n - 1)) if n > 1 else None
    return Moments(
        n, float(mean), None if variance is None else _finite(variance), least, most, plan.quantum / 2
    )


def _finite(value: Fraction) -> float | None:
    """Answers the double, or None where it is beyond them: a variance may be, though no value is."""
    try:
        return float(value)
    except OverflowError:
        return None
