"""Distances of distributions against SciPy and against counting, whatever the batches that values come in."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pointsman.domain.measures.distributions import (
    Bin,
    OrderedSamples,
    ks_p_value,
    population_stability_index,
)

SAME_SIZE = st.integers(1, 60).flatmap(
    lambda size: st.tuples(
        *(st.lists(st.integers(-8, 8), min_size=size, max_size=size) for _ in range(2)), st.integers(1, 9)
    )
)


def ordered(first, second, batch):
    """Both samples, value by value, so many values at a time."""
    samples = OrderedSamples(len(first))
    values = np.unique([*first, *second]).astype(float)
    counts = [np.array([list(one).count(value) for value in values]) for one in (first, second)]
    for start in range(0, len(values), batch):
        part = slice(start, start + batch)
        samples.add(values[part], counts[0][part], counts[1][part])
    return samples


def test_two_small_samples_are_as_far_apart_as_scipy_says():
    first = [0.1, 0.2, 0.2, 0.4, 0.7, 0.7, 0.9, 1.0]
    second = [0.15, 0.2, 0.5, 0.6, 0.7, 0.8, 0.95, 1.0]
    assert ordered(first, second, 3).ks_statistic == 0.25
    assert ks_p_value(0.25, 8, 8) == pytest.approx(0.9639452436648751)


def test_two_normal_samples_are_as_unlikely_as_scipy_says():
    random = np.random.default_rng(7)
    first, second = random.normal(size=500), random.normal(0.2, 1, 500)
    statistic = ordered(first, second, 64).ks_statistic
    assert statistic == pytest.approx(0.166)
    assert ks_p_value(statistic, 500, 500) == pytest.approx(2.0764459170897314e-06, rel=1e-9)


@given(SAME_SIZE)
def test_the_statistic_is_scipys_and_no_batch_changes_it(drawn):
    first, second, batch = drawn
    found = ordered(first, second, batch)
    assert found.ks_statistic == pytest.approx(stats.ks_2samp(first, second, method="asymp").statistic)
    assert found.bins == ordered(first, second, 100).bins


@given(SAME_SIZE)
def test_bins_end_at_the_first_samples_deciles_and_hold_all_of_both(drawn):
    first, second, batch = drawn
    bins = ordered(first, second, batch).bins
    ends = [one.upper for one in bins if one.upper is not None]
    places = [sorted(first)[math.ceil(tenths * len(first) / 10) - 1] for tenths in range(1, 11)]
    tied = {one for one in places if places.count(one) > 1 and first.count(one) > 1}
    below = {max((value for value in first + second if value < one), default=None) for one in tied} - {None}
    assert ends == sorted({*places[:9], *below})
    lowers = [-math.inf, *ends]
    for lower, one in zip(lowers, bins, strict=False):
        upper = math.inf if one.upper is None else one.upper
        assert one.first_count == sum(lower < value <= upper for value in first)
        assert one.second_count == sum(lower < value <= upper for value in second)
    assert sum(one.first_count for one in bins) == sum(one.second_count for one in bins) == len(first)


@pytest.mark.parametrize("batch", [1, 100])
@pytest.mark.parametrize(
    ("first", "second", "ends", "is_much"),
    [
        # Mass that moves to below a tie is told, wherever the tie is.
        ([1.0] * 100, [0.5] * 100, [0.5, 1.0], True),
        ([0.25] * 5 + [1.0] * 95, [0.25] * 5 + [0.5] * 95, [0.5, 1.0], True),
        ([0.0] * 95 + [1.0] * 5, [0.0] * 95 + [1.0] * 5, [0.0], False),
        ([0.5] * 100, [0.5] * 50 + [0.75] * 50, [0.5], True),
    ],
)
def test_what_lies_below_a_value_that_is_several_deciles_is_a_bin(first, second, ends, is_much, batch):
    bins = ordered(first, second, batch).bins
    assert [one.upper for one in bins if one.upper is not None] == ends
    assert (population_stability_index(bins) > 0.25) == is_much


def test_the_stability_index_is_zero_of_equal_shares_and_finite_of_an_empty_bin():
    assert population_stability_index([Bin(1.0, 50, 50), Bin(None, 50, 50)]) == 0.0
    found = population_stability_index([Bin(1.0, 100, 0), Bin(None, 0, 100)])
    shares = 100.5 / 101, 0.5 / 101
    assert found == pytest.approx(2 * (shares[0] - shares[1]) * math.log(shares[0] / shares[1]))


def test_the_stability_index_is_the_divergence_both_ways():
    bins = [Bin(0.2, 10, 30), Bin(0.4, 40, 20), Bin(None, 50, 50)]
    first = np.array([one.first_count + 0.5 for one in bins]) / 101.5
    second = np.array([one.second_count + 0.5 for one in bins]) / 101.5
    both = stats.entropy(first, second) + stats.entropy(second, first)
    assert population_stability_index(bins) == pytest.approx(both)
