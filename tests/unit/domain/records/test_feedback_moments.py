"""Means and spreads of feedback keep their digits, however large the values and in whatever parts."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.domain.measures.figures import interval_of, sum_feedback
from pointsman.domain.records.feedback import FeedbackMoments

CENTRES = st.sampled_from([0.0, 1.0, -1e3, 1e7, 1.7e9, -1e12])
SPREADS = st.lists(st.floats(-50, 50), min_size=1, max_size=30)


def moments_of(values: list[float]) -> FeedbackMoments:
    shift = values[0] if values else 0.0
    beside = [value - shift for value in values]
    return FeedbackMoments.of_shifted(
        "lr", "m", len(values), shift, math.fsum(beside), math.fsum(one * one for one in beside)
    )


def exact(values: list[float]) -> tuple[float, float]:
    """Answers the mean and the sum of squares about it, in fractions."""
    fractions = [Fraction(value) for value in values]
    mean = sum(fractions) / len(fractions)
    return float(mean), float(sum((one - mean) ** 2 for one in fractions))


def assert_exact(found: FeedbackMoments, values: list[float]) -> None:
    mean, squares = exact(values)
    assert found.count == len(values)
    assert found.mean == pytest.approx(mean, rel=1e-12, abs=1e-12)
    # What is left of a difference that is lost in the values themselves has no digits to keep.
    ulp = math.ulp(max(map(abs, values)))
    assert found.squares == pytest.approx(squares, rel=1e-9, abs=len(values) * ulp * ulp + 1e-15)


@given(CENTRES, SPREADS)
def test_moments_are_exact_however_large_the_mean(centre, spread):
    values = [centre + one for one in spread]
    assert_exact(moments_of(values), values)


@given(CENTRES, SPREADS, SPREADS, SPREADS)
def test_moments_add_up_in_any_order_and_grouping(centre, first, second, third):
    parts = [[centre + one for one in part] for part in (first, second, third)]
    values = [value for part in parts for value in part]
    one, two, three = map(moments_of, parts)
    for summed in (one.plus(two).plus(three), one.plus(two.plus(three)), three.plus(one).plus(two)):
        assert_exact(summed, values)


@given(CENTRES, SPREADS)
def test_nothing_adds_nothing(centre, spread):
    some, nothing = moments_of([centre + one for one in spread]), moments_of([])
    assert some.plus(nothing) == nothing.plus(some) == some
    assert nothing.plus(nothing) == FeedbackMoments("lr", "m", 0, 0.0, 0.0)


@pytest.mark.parametrize("centre", [0.0, 1e7, 1e8, 1.7e9])
def test_an_interval_is_as_wide_wherever_its_values_lie(centre):
    values = [centre + (0.5, -0.5, 0.25, -0.25, 0.0, 1.0)[number % 6] for number in range(60)]
    low, high = interval_of(moments_of(values)) or (math.nan, math.nan)
    wanted_low, wanted_high = interval_of(moments_of([value - centre for value in values])) or (0.0, 0.0)
    assert high - low == pytest.approx(wanted_high - wanted_low, abs=8 * math.ulp(centre + 1))


def test_variants_are_summed_by_metric():
    lr, gb = moments_of([1.0, 3.0]), FeedbackMoments("gb", "m", 2, 6.0, 2.0)
    other = FeedbackMoments("gb", "a", 1, 9.0, 0.0)
    assert sum_feedback([lr, gb, other]) == (
        FeedbackMoments("", "a", 1, 9.0, 0.0),
        FeedbackMoments("", "m", 4, 4.0, 20.0),
    )
