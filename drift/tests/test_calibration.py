"""How often verdicts are wrong: without drift, and with drift of a known size.

``POINTSMAN_TORTURE_DRIFT_RUNS=1000`` draws more often; tests that are no simulation draw a few of the runs.
"""

import os

import numpy as np
import pytest
from scipy import stats

from pointsman_drift import ColumnPair, Status, compare
from pointsman_drift.analysing import analyse
from pointsman_drift.options import read_options
from simulation import (
    NullShares,
    analysed,
    categories,
    counted,
    found_share,
    null_counts,
    null_pair,
    null_shares,
    reweighed,
    shifted,
    thinned,
)

RUNS = int(os.environ.get("POINTSMAN_TORTURE_DRIFT_RUNS", "120"))
FEW_RUNS = 20


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


def check_hardly_ever(shares: NullShares, runs: int = RUNS) -> None:
    # More than that only as far as so few runs bring it by chance.
    assert shares.warned <= 0.06 + allowance(0.06, runs), shares
    assert shares.alerted <= 0.01 + allowance(0.01, runs), shares


def test_without_drift_few_of_a_few_analyses_warn() -> None:
    check_hardly_ever(null_shares(null_pair, 100, FEW_RUNS), FEW_RUNS)
    check_hardly_ever(null_shares(null_counts, 10_000, FEW_RUNS), FEW_RUNS)


@pytest.mark.simulation
@pytest.mark.parametrize("n", [100, 1000])
def test_without_drift_hardly_any_analysis_warns(n: int) -> None:
    check_hardly_ever(null_shares(null_pair, n, RUNS))


@pytest.mark.simulation
@pytest.mark.parametrize("n", [10_000, 1_000_000])
def test_without_drift_hardly_any_analysis_of_simulated_counts_warns(n: int) -> None:
    check_hardly_ever(null_shares(null_counts, n, RUNS // 2))


@pytest.mark.simulation
def test_simulated_counts_are_distributed_as_those_of_rows() -> None:
    random = np.random.default_rng(11)
    for place in range(5):
        rows = [null_pair(random, 4000, place) for _ in range(40)]
        without = [ColumnPair(one.plan, one.reference, one.current) for one in rows]
        found = [null_counts(random, 4000, place) for _ in range(40)]
        for name in ("psi", "js_divergence", "wasserstein", "ks_test", "chi_square", "missing_values"):
            values = [
                [one.value for pair in pairs for one in analysed([pair]).figures if one.algorithm == name]
                for pairs in (without, found)
            ]
            assert len(values[0]) == len(values[1]), (place, name)
            if np.std(values[0]) > 0:
                p_value = stats.ks_2samp(*values).pvalue
                assert p_value > 1e-4, (place, name, np.mean(values[0]), np.mean(values[1]))


@pytest.mark.simulation
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


def allowance(share: float, runs: int = RUNS) -> float:
    """What few runs bring by chance: two standard errors; nothing from 1,000 runs on."""
    return 0.0 if runs >= 1000 else 2 * (share * (1 - share) / runs) ** 0.5


def test_a_shift_is_found_in_a_few_analyses() -> None:
    assert found_share(shifted(0.5), FEW_RUNS) >= 0.95


@pytest.mark.simulation
def test_a_shift_of_psi_015_is_found() -> None:
    assert found_share(shifted(0.395), 60) >= 0.8


@pytest.mark.simulation
def test_a_shift_of_half_a_standard_deviation_is_found() -> None:
    assert found_share(shifted(0.5), 100) >= 0.99


@pytest.mark.simulation
def test_category_shares_of_psi_015_are_found() -> None:
    before, after = np.array([0.4, 0.3, 0.2, 0.1]), np.array([0.26, 0.27, 0.27, 0.20])
    assert np.sum((after - before) * np.log(after / before)) == pytest.approx(0.15, abs=0.01)
    assert found_share(reweighed(before, after), 60) >= 0.8


@pytest.mark.simulation
@pytest.mark.parametrize(("before", "after"), [(0.05, 0.1645), (0.3, 0.488)])
def test_missing_rates_of_psi_015_are_found(before: float, after: float) -> None:
    index = (after - before) * (np.log(after / before) - np.log((1 - after) / (1 - before)))
    assert index == pytest.approx(0.15, abs=0.005)
    assert found_share(thinned(before, after), 60) >= 0.8


@pytest.mark.simulation
def test_values_that_begin_to_be_missing_are_found() -> None:
    assert found_share(thinned(0.0, 0.03), 60) >= 0.8


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
