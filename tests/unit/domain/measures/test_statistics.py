"""Statistics against SciPy's own."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pointsman.domain.measures.statistics import Split, mean_interval, sample_ratio_p_value

VALUES = st.lists(st.floats(-100, 100), min_size=2, max_size=50)


@given(VALUES, st.sampled_from([0.5, 0.95, 0.999]))
def test_the_interval_of_a_mean_is_that_of_student(values, confidence):
    mean = math.fsum(values) / len(values)
    interval = mean_interval(len(values), mean, math.fsum((v - mean) ** 2 for v in values), confidence)
    assert interval is not None
    low, high = interval
    error = np.std(values, ddof=1) / math.sqrt(len(values))
    if error < 1e-6:
        assert high - low < 1e-3
        return
    wanted = stats.t.interval(confidence, len(values) - 1, loc=np.mean(values), scale=error)
    assert (low, high) == pytest.approx(wanted, rel=1e-6, abs=1e-4)


def test_one_value_has_no_interval():
    assert mean_interval(1, 5.0, 0.0) is None
    assert mean_interval(0, 0.0, 0.0) is None


def test_equal_values_have_an_interval_of_no_width():
    assert mean_interval(3, 0.1, 0.0) == (0.1, 0.1)


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500), st.integers(40, 500)), max_size=4))
def test_independent_splits_add_up(counts):
    shares = {"a": 0.5, "b": 0.3, "c": 0.2}
    splits = [Split(dict(zip("abc", row, strict=True)), shares) for row in counts]
    statistic = sum(
        stats.chisquare(row, [sum(row) * share for share in shares.values()]).statistic for row in counts
    )
    p_value = sample_ratio_p_value(splits)
    if not counts:
        assert p_value is None
    elif min(sum(row) for row in counts) * 0.2 >= 5:
        assert p_value == pytest.approx(stats.chi2.sf(statistic, 2 * len(counts)), abs=1e-12)


def test_rare_variants_are_taken_together():
    rare = Split({"a": 90, "b": 1, "c": 6, "d": 3}, {"a": 0.9, "b": 0.02, "c": 0.04, "d": 0.04})
    wanted = stats.chisquare([90, 10], [90, 10]).pvalue
    assert sample_ratio_p_value([rare]) == pytest.approx(wanted)


def test_too_few_units_say_nothing():
    assert sample_ratio_p_value([Split({"a": 4, "b": 5}, {"a": 0.5, "b": 0.5})]) is None
    assert sample_ratio_p_value([Split({}, {"a": 0.5, "b": 0.5})]) is None


def test_a_variant_that_could_not_be_picked_and_was_is_beyond_chance():
    assert sample_ratio_p_value([Split({"a": 100, "b": 1}, {"a": 1.0, "b": 0.0})]) == 0


def test_a_split_that_works_is_seldom_suspected():
    random = np.random.default_rng(7)
    p_values = []
    for n in random.binomial(1000, 0.7, 2000):
        p_value = sample_ratio_p_value([Split({"a": int(n), "b": 1000 - int(n)}, {"a": 0.7, "b": 0.3})])
        assert p_value is not None
        p_values.append(p_value)
    assert np.mean(np.array(p_values) < 0.05) == pytest.approx(0.05, abs=0.015)
    assert min(p_values) > 1e-5


def test_the_examples_of_the_documentation_are_true():
    import doctest

    from pointsman.domain.measures import statistics

    assert doctest.testmod(statistics).failed == 0
