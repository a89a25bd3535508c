"""How often verdicts are wrong: without drift, and with drift of a known size.

``POINTSMAN_TORTURE_DRIFT_RUNS=1000`` draws more often.
"""

import os
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from pointsman_drift import ColumnPair, Result, Status, compare
from pointsman_drift.analysing import analyse
from pointsman_drift.baselines.edges import edges_of, fine_bin_count, spread_of
from pointsman_drift.baselines.plan import OrderedPlan, UnorderedPlan
from pointsman_drift.counting.counts import ColumnCounts
from pointsman_drift.counting.sums import OrderedSums
from pointsman_drift.options import read_options
from pointsman_drift.tables.families import column_type

Floats = NDArray[np.float64]
RUNS = int(os.environ.get("POINTSMAN_TORTURE_DRIFT_RUNS", "120"))
FEATURES = 20
DEFAULT = read_options(None, {}, {}, "on", 30)


def counted(name: str, reference: Floats, current: Floats) -> ColumnPair:
    """Counts two columns as the scan does, without the time that a query takes."""
    before, after = (np.sort(side[~np.isnan(side)]) for side in (reference, current))
    edges = edges_of(before, 10)
    fine = np.union1d(edges, edges_of(before, fine_bin_count(len(before))))
    centre = float(np.median(before))
    plan = OrderedPlan(name, column_type(name, "DOUBLE"), edges, fine, None, centre, spread_of(before))
    counts = []
    for side, present in ((reference, before), (current, after)):
        sums = OrderedSums(plan)
        sums.add(present)
        sums.add_nulls(len(side) - len(present))
        counts.append(sums.counts())
    return ColumnPair(plan, counts[0], counts[1], (before, after))


def categories(name: str, reference: NDArray[np.int64], current: NDArray[np.int64]) -> ColumnPair:
    """Counts two columns of the categories 0, 1, … by numpy."""
    size = int(max(reference.max(), current.max())) + 1
    counts = np.bincount(reference, minlength=size)
    known = np.flatnonzero(counts)
    known = known[np.argsort(-counts[known], kind="stable")]
    plan = UnorderedPlan(name, column_type(name, "VARCHAR"), tuple(map(str, known)), int(np.sum(counts == 1)))
    after = np.bincount(current, minlength=size)
    bins = [np.r_[counts[known], 0, 0], np.r_[after[known], 0, len(current) - after[known].sum()]]
    new = {str(one): int(after[one]) for one in np.flatnonzero(after) if not counts[one]}
    return ColumnPair(plan, ColumnCounts(bins[0]), ColumnCounts(bins[1], new=new))


def analysed(pairs: list[ColumnPair]) -> Result:
    rows = pairs[0].reference.rows, pairs[0].current.rows
    return analyse(pairs, DEFAULT, rows, 0)


def test_what_is_counted_here_is_what_the_scan_counts() -> None:
    random = np.random.default_rng(0)
    sides = [{f"f{i}": random.normal(size=500) for i in range(3)} for _ in range(2)]
    for side in sides:
        side["f0"][:20] = np.nan
    drawn = random.zipf(1.5, (2, 500)).clip(max=300)
    wanted = compare(*({**side, "c": one.astype(str)} for side, one in zip(sides, drawn, strict=True)))
    pairs = [counted(name, sides[0][name], sides[1][name]) for name in sides[0]]
    found = analysed([*pairs, categories("c", *drawn)])
    for here, there in zip(found.figures, wanted.figures, strict=True):
        assert (here.feature, here.algorithm, here.n, here.m) == (
            there.feature,
            there.algorithm,
            there.n,
            there.m,
        )
        assert (here.value, here.p_value) == pytest.approx((there.value, there.p_value), rel=1e-9)


def null_pair(random: np.random.Generator, n: int, place: int) -> ColumnPair:
    """A column without drift: normal, skewed, of few values, with missing ones, or of categories."""
    name = f"f{place}"
    if place % 5 == 4:
        shares = 1 / np.arange(1, 41) ** 1.2
        drawn = random.choice(40, (2, n), p=shares / shares.sum())
        return categories(name, drawn[0], drawn[1])
    kinds: list[Callable[[], Floats]] = [
        lambda: random.normal(size=(2, n)),
        lambda: random.lognormal(0, 2, (2, n)),
        lambda: random.poisson(3, (2, n)).astype(np.float64),
        lambda: np.where(random.random((2, n)) < 0.1, np.nan, random.standard_t(2, (2, n))),
    ]
    return counted(name, *kinds[place % 5]())


@pytest.mark.parametrize("n", [100, 1000])
def test_without_drift_hardly_any_analysis_warns(n: int) -> None:
    random = np.random.default_rng(n)
    statuses = [
        analysed([null_pair(random, n, place) for place in range(FEATURES)]).status for _ in range(RUNS)
    ]
    share = [sum(status is one for status in statuses) / RUNS for one in Status]
    warned, alerted = share[1] + share[2], share[2]
    # More than that only as far as so few runs bring it by chance.
    assert warned <= 0.06 + allowance(0.06), share
    assert alerted <= 0.01 + allowance(0.01), share


@pytest.mark.parametrize(("n", "m"), [(100, 5000), (5000, 100)])
def test_without_drift_sides_of_different_size_hardly_ever_warn(n: int, m: int) -> None:
    random = np.random.default_rng(n + m)
    shares = 1 / np.arange(1, 301)
    warned = 0
    for _ in range(RUNS // 2):
        columns = random.normal(size=(4, n)), random.normal(size=(4, m))
        pairs = [counted(f"f{place}", columns[0][place], columns[1][place]) for place in range(4)]
        names = [random.choice(300, rows, p=shares / shares.sum()) for rows in (n, m)]
        warned += analysed([*pairs, categories("c", *names)]).status is not Status.OK
    assert warned / (RUNS // 2) <= 0.06 + allowance(0.06)


def allowance(share: float) -> float:
    """What few runs bring by chance: two standard errors; nothing from 1,000 runs on."""
    return 0.0 if RUNS >= 1000 else 2 * (share * (1 - share) / RUNS) ** 0.5


def found_share(drift: Callable[[np.random.Generator, int], ColumnPair], runs: int, n: int = 1000) -> float:
    """How often one drifting column among twenty is found."""
    random = np.random.default_rng(7)
    still = [null_pair(random, n, place) for place in range(FEATURES - 1)]
    hits = [
        analysed([*still, drift(random, n)]).features.get("drifting", Status.OK) is not Status.OK
        for _ in range(runs)
    ]
    return float(np.mean(hits))


def shifted(by: float) -> Callable[[np.random.Generator, int], ColumnPair]:
    return lambda random, n: counted("drifting", random.normal(size=n), random.normal(by, 1, n))


def test_a_shift_of_psi_015_is_found() -> None:
    assert found_share(shifted(0.395), 60) >= 0.8


def test_a_shift_of_half_a_standard_deviation_is_found() -> None:
    assert found_share(shifted(0.5), 100) >= 0.99


def test_category_shares_of_psi_015_are_found() -> None:
    before, after = np.array([0.4, 0.3, 0.2, 0.1]), np.array([0.26, 0.27, 0.27, 0.20])
    assert np.sum((after - before) * np.log(after / before)) == pytest.approx(0.15, abs=0.01)

    def drift(random: np.random.Generator, n: int) -> ColumnPair:
        return categories("drifting", random.choice(4, n, p=before), random.choice(4, n, p=after))

    assert found_share(drift, 60) >= 0.8


@pytest.mark.parametrize(("before", "after"), [(0.05, 0.1645), (0.3, 0.488)])
def test_missing_rates_of_psi_015_are_found(before: float, after: float) -> None:
    index = (after - before) * (np.log(after / before) - np.log((1 - after) / (1 - before)))
    assert index == pytest.approx(0.15, abs=0.005)

    def drift(random: np.random.Generator, n: int) -> ColumnPair:
        sides = [np.where(random.random(n) < rate, np.nan, random.normal(size=n)) for rate in (before, after)]
        return counted("drifting", *sides)

    assert found_share(drift, 60) >= 0.8


def test_values_that_begin_to_be_missing_are_found() -> None:
    def drift(random: np.random.Generator, n: int) -> ColumnPair:
        current = np.where(random.random(n) < 0.03, np.nan, random.normal(size=n))
        return counted("drifting", random.normal(size=n), current)

    assert found_share(drift, 60) >= 0.8


def test_calibration_off_is_the_plain_table() -> None:
    random = np.random.default_rng(5)
    fired = 0
    for _ in range(100):
        pair = counted("x", *random.normal(size=(2, 100)))
        plain = analyse([pair], read_options(["psi"], {}, {}, "off", 30), (100, 100), 0)
        figure = plain.figures[0]
        assert figure.score == figure.value
        assert figure.status is (
            Status.OK if figure.value < 0.1 else Status.WARNING if figure.value < 0.2 else Status.ALERT
        )
        fired += figure.drift
    assert fired / 100 == pytest.approx(0.84, abs=0.11)
