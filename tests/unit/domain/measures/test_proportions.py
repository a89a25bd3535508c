"""Proportions against SciPy's own numbers and against counting every case."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.domain.measures.proportions import (
    Proportion,
    mcnemar_p_value,
    paired_difference_interval,
    wilson_interval,
)

WILSON = [
    (0, 10, 0.0, 0.27753279986288926),
    (10, 10, 0.7224672001371109, 1.0),
    (1, 10, 0.017876213095072896, 0.4041500267952385),
    (81, 263, 0.2552885198782742, 0.36620957698280004),
    (500, 1000, 0.4690696003681042, 0.5309303996318958),
]
"""``scipy.stats.binomtest(count, total).proportion_ci(method="wilson")``."""

MCNEMAR = [
    (1, 0, 1.0),
    (5, 15, 0.04138946533203125),
    (10, 10, 1.0),
    (3, 20, 0.00048828125),
    (59, 6, 4.964650327128616e-12),
]
"""``scipy.stats.binomtest(first, first + second, 0.5).pvalue``."""


@pytest.mark.parametrize(("count", "total", "low", "high"), WILSON)
def test_the_interval_of_a_proportion_is_that_of_scipy(count, total, low, high):
    assert wilson_interval(count, total) == pytest.approx((low, high), rel=1e-12, abs=1e-12)


@given(st.integers(1, 10**9).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))))
def test_an_interval_holds_its_proportion_and_stays_within_zero_and_one(counts):
    count, total = counts
    interval = wilson_interval(count, total)
    assert interval is not None
    low, high = interval
    assert 0 <= low <= count / total <= high <= 1


def test_of_no_rows_there_is_neither_share_nor_interval():
    assert (Proportion(0, 0).share, Proportion(0, 0).interval) == (None, None)
    assert Proportion(1, 4).share == 0.25
    assert Proportion(1, 4).interval == wilson_interval(1, 4)


@pytest.mark.parametrize(("first", "second", "p_value"), MCNEMAR)
def test_mcnemars_test_is_the_binomial_test_of_scipy(first, second, p_value):
    assert mcnemar_p_value(first, second) == pytest.approx(p_value, rel=1e-12)


@given(st.integers(0, 30), st.integers(0, 30))
def test_mcnemars_test_adds_up_what_is_at_least_as_unequal(first, second):
    total = first + second
    at_least = sum(
        math.comb(total, count) for count in range(total + 1) if abs(2 * count - total) >= abs(first - second)
    )
    assert mcnemar_p_value(first, second) == pytest.approx(at_least / 2**total)
    assert mcnemar_p_value(first, second) == mcnemar_p_value(second, first)


def test_no_differing_rows_say_nothing_against_equality():
    assert mcnemar_p_value(0, 0) == 1.0


def test_the_interval_of_a_difference_is_that_of_tables_with_half_a_row_more_in_each_cell():
    # By hand: 10/102, and the root of (21 - 10^2/102) / 102^2.
    half = 1.959963984540054 * math.sqrt((21 - 100 / 102) / 102**2)
    assert paired_difference_interval(5, 15, 100) == pytest.approx((10 / 102 - half, 10 / 102 + half))
    assert paired_difference_interval(0, 0, 0) is None


def test_the_interval_of_a_difference_holds_the_true_one_about_as_often_as_it_says():
    random = np.random.default_rng(5)
    probabilities = [0.7, 0.06, 0.14, 0.1]
    true, held = probabilities[2] - probabilities[1], 0
    for _, first, second, _ in random.multinomial(60, probabilities, 4000):
        interval = paired_difference_interval(int(first), int(second), 60)
        assert interval is not None
        held += interval[0] <= true <= interval[1]
    assert 0.94 < held / 4000 < 0.975
