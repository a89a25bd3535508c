"""Moments of whole columns: those of numpy, and the same in any order."""

import numpy as np
import pyarrow as pa
import pytest

from pointsman_drift import Moments, compare, compile_baseline
from pointsman_drift.baselines.plan import OrderedPlan
from pointsman_drift.statistics.moments import moments_of


def moments(values: object) -> Moments:
    baseline = compile_baseline({"x": values})
    plan = baseline.plans["x"]
    assert isinstance(plan, OrderedPlan)
    return moments_of(plan, baseline.counts["x"])


@pytest.mark.parametrize("name", ["normal", "skewed", "far from zero", "wide tails", "whole", "constant"])
def test_moments_are_those_of_numpy(name: str) -> None:
    random = np.random.default_rng(1)
    values = {
        "normal": random.normal(size=20_000),
        "skewed": random.lognormal(0, 2, 20_000),
        "far from zero": random.normal(1e9, 1, 20_000),
        "wide tails": random.standard_cauchy(20_000),
        "whole": random.poisson(3, 20_000).astype(float),
        "constant": np.full(20_000, 0.1),
    }[name]
    found = moments(values)
    assert found.mean is not None
    assert abs(found.mean - values.mean()) <= found.error + 1e-12 * abs(values.mean())
    assert found.variance == pytest.approx(values.var(ddof=1), rel=1e-5, abs=4 * found.error**2)
    assert (found.n, found.least, found.most) == (20_000, values.min(), values.max())
    assert found.error <= 1e-6 * max(values.std(), abs(values[0]))


def test_moments_are_the_same_in_any_order() -> None:
    random = np.random.default_rng(2)
    values = random.standard_cauchy(50_000)
    assert moments(values) == moments(values[random.permutation(50_000)])


def test_missing_and_infinite_values_have_no_part_in_moments() -> None:
    found = moments(pa.array([1.0, 2.0, 3.0, None, float("nan"), float("inf")] * 10))
    assert (found.n, found.mean, found.least, found.most) == (30, 2.0, 1.0, 3.0)


def test_whole_numbers_beyond_doubles_have_the_mean_of_all_digits() -> None:
    found = moments([2**60 + i for i in range(101)])
    assert found.mean == float(2**60 + 50)
    assert found.variance == pytest.approx(np.var(np.arange(101), ddof=1), rel=1e-9)


def test_values_too_far_out_to_be_added_up_leave_the_mean_unsaid() -> None:
    wide = moments([1.0, 2.0, 3.0, 1e300] * 10)
    assert wide.mean == pytest.approx(2.5e299)
    assert wide.variance is None, "it is beyond doubles"
    far = moments([*np.linspace(0, 1, 1000), 1e300])
    assert (far.mean, far.variance, far.most) == (None, None, 1e300)
    assert moments(pa.nulls(40, pa.float64())).mean is None


def test_results_tell_what_both_sides_are_like() -> None:
    before = {"x": [1.0, 2.0, 3.0, None] * 25, "c": ["a", "b", None, "c"] * 25}
    after = {"x": [2.0, 3.0, 4.0, float("inf")] * 25, "c": ["a", "b", "a", "c"] * 25}
    result = compare(before, after)
    columns = result.to_dict()["columns"]
    assert (columns["x"]["reference"]["mean"], columns["x"]["current"]["mean"]) == (2.0, 3.0)
    assert (columns["x"]["reference"]["missing"], columns["x"]["current"]["infinite"]) == (25, 25)
    assert columns["c"] == {
        "kind": "categorical",
        "reference": {"rows": 100, "missing": 25, "infinite": 0},
        "current": {"rows": 100, "missing": 0, "infinite": 0},
    }
    assert [one.feature for one in result.summaries] == ["x", "c"]
