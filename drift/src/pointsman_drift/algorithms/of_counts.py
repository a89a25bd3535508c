"""Algorithms that need counts alone."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from scipy import stats

from pointsman_drift.algorithms.algorithm import Measurement, NotMeasured
from pointsman_drift.algorithms.pair import ColumnPair
from pointsman_drift.baselines.plan import UnorderedPlan
from pointsman_drift.statistics import shares
from pointsman_drift.statistics.unseen import unseen_p_value
from pointsman_drift.statistics.without_drift import (
    expected_cramer,
    expected_difference,
    expected_js,
    expected_psi,
)
from pointsman_drift.tables.families import Kind

_HOMOGENEITY = "chi-square of homogeneity over the same bins"


def measure_psi(pair: ColumnPair, parameters: Mapping[str, float]) -> Measurement:
    """Measures the population stability index; the effect is what lies above its mean without drift."""
    epsilon = parameters["epsilon"]
    return replace(_above(pair, shares.psi(*pair.table, epsilon), expected_psi), epsilon=epsilon)


def measure_js(pair: ColumnPair, parameters: Mapping[str, float]) -> Measurement:
    """Measures the Jensen-Shannon divergence; the effect is what lies above its mean without drift."""
    value = shares.js_divergence(*pair.table)
    found = _above(pair, value, expected_js)
    return replace(found, details={"distance": value**0.5, **found.details})


def _above(pair: ColumnPair, value: float, expecting: Callable[[int, int, int], float]) -> Measurement:
    """What lies above the mean without drift, which depends on the bins and on the rows of both sides."""
    reference, current = pair.table
    n, m = int(reference.sum()), int(current.sum())
    expected = expecting(len(reference), n, m)
    return Measurement(
        value,
        max(value - expected, 0.0),
        n,
        m,
        _homogeneity(pair).p_value,
        _HOMOGENEITY,
        expected,
        plain_effect=value,
        details={"bins": len(reference)},
    )


def measure_chi_square(pair: ColumnPair, parameters: Mapping[str, float]) -> Measurement:
    """Measures the contingency table of categories; the effect is Cramér's V."""
    n, m = pair.reference.rows, pair.current.rows
    test = _homogeneity(pair)
    return Measurement(
        test.statistic,
        test.cramer,
        n,
        m,
        test.p_value,
        "chi-square of homogeneity",
        float(test.degrees),
        details={
            "degreesOfFreedom": test.degrees,
            "pooledBins": test.pooled,
            "expectedEffect": expected_cramer(test.degrees + 1, n, m),
        },
    )


def measure_missing(pair: ColumnPair, parameters: Mapping[str, float]) -> Measurement:
    """Measures how far the shares of missing values (null, NaN) lie apart."""
    n, m = pair.reference.rows, pair.current.rows
    before, after = pair.reference.missing, pair.current.missing
    difference = abs(after / m - before / n)
    p_value, test = _two_shares(before, n, after, m)
    return Measurement(
        difference,
        difference,
        n,
        m,
        p_value,
        test,
        expected_difference((before + after) / (n + m), n, m),
        details={
            "referenceShare": before / n,
            "currentShare": after / m,
            "currentNulls": pair.current.nulls,
            "currentNaNs": pair.current.nans,
        },
    )


def measure_unseen(pair: ColumnPair, parameters: Mapping[str, float]) -> Measurement | NotMeasured:
    """Measures the share of current values whose category the reference lacks.

    Without drift that share is about the share of categories that the reference has once (Good 1953).
    """
    plan = pair.plan
    if not isinstance(plan, UnorderedPlan):
        return NotMeasured("the column has no categories")
    if plan.is_open:
        return NotMeasured(
            "the reference has more categories than are kept by name; rare and unseen ones are not told apart"
        )
    n, m = pair.reference.values, pair.current.values
    if not n or not m:
        return NotMeasured(f"the {'current table' if n else 'reference'} has no values")
    known, found = pair.reference.bins[:-2], pair.current.bins[:-2]
    # A slice of the reference may lack categories that the whole has.
    named = {
        plan.categories[place]: int(found[place]) for place in np.flatnonzero((known == 0) & (found > 0))
    }
    # Of more new categories than are told one by one the others are as frequent as the last at most.
    new = {**pair.current.new, **named}
    unseen = int(pair.current.bins[-1]) + sum(named.values())
    share, expected = unseen / m, int(np.sum(known == 1)) / n
    gone = known[(known > 0) & (found == 0)]
    p_value = unseen_p_value(list(new.values()), gone.tolist(), int(np.sum(known > 0)) + len(new), n, m)
    return Measurement(
        share,
        max(share - expected, 0.0),
        n,
        m,
        p_value,
        "new categories beside those that only the reference has",
        expected,
        plain_effect=share,
        details={"unseen": unseen, "mostFrequent": max(new, key=lambda name: new[name], default=None)},
    )


def _homogeneity(pair: ColumnPair) -> shares.ChiSquare:
    """The test of a pair's table, computed once for all algorithms."""
    found: shares.ChiSquare = pair.once(
        "homogeneity", lambda: shares.chi_square(*pair.tested, by_reference=pair.kind is Kind.NUMERIC)
    )
    return found


def _two_shares(before: int, n: int, after: int, m: int) -> tuple[float, str]:
    """The p-value of two shares: chi-square where no cell is sparse, else exact."""
    least = min(before + after, n + m - before - after) * min(n, m) / (n + m)
    if least >= shares.SPARSE:
        table = np.array([[before, n - before], [after, m - after]])
        return shares.chi_square(table[0], table[1]).p_value, "chi-square of homogeneity"
    exact = stats.fisher_exact([[before, n - before], [after, m - after]])
    return float(exact.pvalue), "Fisher's exact test"
