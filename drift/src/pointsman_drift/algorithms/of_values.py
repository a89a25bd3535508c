"""Algorithms that need an order of values: of rows, or of fine bins with a bound."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pointsman_drift.algorithms.algorithm import Measurement, NotMeasured
from pointsman_drift.algorithms.pair import ColumnPair
from pointsman_drift.baselines.plan import OrderedPlan
from pointsman_drift.counting.counts import ColumnCounts
from pointsman_drift.statistics.of_bins import Bounded, Side, binned_ks, binned_wasserstein
from pointsman_drift.statistics.of_rows import ks_distance, ks_p_value, wasserstein
from pointsman_drift.statistics.without_drift import expected_ks

LEAST_VALUES = 30
"""With fewer finite values on a side nothing is said of their distribution."""


def measure_ks(pair: ColumnPair, parameters: Mapping[str, float]) -> Measurement | NotMeasured:
    """Measures Kolmogorov's D, which is the effect."""
    refusal = _too_few(pair)
    if refusal:
        return refusal
    n, m = pair.reference.values, pair.current.values
    found = _ks(pair)
    return Measurement(
        found.distance,
        found.distance,
        n,
        m,
        found.p_value,
        found.test,
        expected_ks(n, m),
        method=found.method,
        error=found.error,
    )


def measure_wasserstein(pair: ColumnPair, parameters: Mapping[str, float]) -> Measurement | NotMeasured:
    """Measures the first Wasserstein distance; the effect is the distance in spreads of the reference.

    Whether there is a difference at all is what the Kolmogorov-Smirnov test of the same values says: a single
    far value moves the distance as far as it likes, and no test.
    """
    refusal = _too_few(pair)
    if refusal:
        return refusal
    plan = pair.plan
    assert isinstance(plan, OrderedPlan)
    n, m = pair.reference.values, pair.current.values
    if pair.values is not None:
        method, error = "rows", 0.0
        value, expected = wasserstein(*pair.values)
    else:
        method = "binned"
        sides = [_side(side, plan) for side in (pair.reference, pair.current)]
        edges = (plan.fine - plan.centre) / plan.spread
        bounded, expected = binned_wasserstein(edges, *sides)
        value, error, expected = (
            bounded.value * plan.spread,
            bounded.error * plan.spread,
            expected * plan.spread,
        )
    test = _ks(pair)
    details = {"spread": plan.spread, "expectedEffect": expected / plan.spread}
    if any(_is_beyond(side, plan) for side in (pair.reference, pair.current)) and method == "binned":
        return NotMeasured("values lie farther from the middle than sums of tails are kept for")
    return Measurement(
        value,
        value / plan.spread,
        n,
        m,
        test.p_value,
        test.test,
        expected,
        method=method,
        error=error,
        details=details,
    )


def _too_few(pair: ColumnPair) -> NotMeasured | None:
    if not isinstance(pair.plan, OrderedPlan):
        return NotMeasured("the column's values have no order")
    for name, side in (("reference", pair.reference), ("current table", pair.current)):
        if side.values < LEAST_VALUES:
            return NotMeasured(f"the {name} has {side.values} finite values; {LEAST_VALUES} are needed")
    return None


@dataclass(frozen=True)
class _Ks:
    distance: float
    error: float
    p_value: float
    method: str
    test: str


def _ks(pair: ColumnPair) -> _Ks:
    """The test of a pair, computed once for both algorithms."""
    found: _Ks = pair.once("ks", lambda: _computed_ks(pair))
    return found


def _computed_ks(pair: ColumnPair) -> _Ks:
    plan = pair.plan
    assert isinstance(plan, OrderedPlan)
    if pair.values is not None:
        method, bounded = "rows", Bounded(ks_distance(*pair.values), 0.0)
    else:
        method = "binned"
        is_single = np.r_[False, np.nextafter(plan.fine[:-1], np.inf) == plan.fine[1:], False]
        bounded = binned_ks(pair.reference.bins, pair.current.bins, is_single)
    # Of bins D is at most that of the rows, so that the p-value errs on the large side.
    p_value, how = ks_p_value(bounded.value, pair.reference.values, pair.current.values, pair.values)
    return _Ks(bounded.value, bounded.error, p_value, method, f"Kolmogorov-Smirnov, {how}")


def _side(side: ColumnCounts, plan: OrderedPlan) -> Side:
    """One side in spreads from the centre."""
    quantum = plan.quantum / plan.spread
    least, most = ((end - plan.centre) / plan.spread for end in (side.least, side.most))
    return Side(side.bins, least, most, side.low_moment * quantum, side.high_moment * quantum)


def _is_beyond(side: ColumnCounts, plan: OrderedPlan) -> bool:
    return max(side.most - plan.centre, plan.centre - side.least) > plan.reach
