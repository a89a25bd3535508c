"""Figures made of counters."""

import bisect

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.domain.measures.counters import Counters, Histogram, VariantCounters, figures
from pointsman.domain.measures.windows import WHOLE, Window, WindowFeedback
from pointsman.domain.records.feedback import FeedbackMoments
from pointsman.domain.routers import Router
from pointsman.domain.strategies.rules import FeatureRules
from pointsman.domain.variants import Variant

BOUNDS = (0.001, 0.002, 0.005, 0.01)


def histogram_of(values):
    counts = [0] * (len(BOUNDS) + 1)
    for value in values:
        counts[bisect.bisect_left(BOUNDS, value)] += 1
    return Histogram(BOUNDS, tuple(counts), sum(values))


VALUES = st.lists(st.floats(0.00001, 0.01), min_size=1, max_size=200)


@given(VALUES, st.sampled_from([0.5, 0.9, 0.99]))
def test_a_quantile_lies_in_the_bucket_of_the_true_one(values, quantile):
    estimated = histogram_of(values).quantile_seconds(quantile)
    rank = max(1, -(-len(values) * quantile // 1))
    true = sorted(values)[int(rank) - 1]
    bucket = bisect.bisect_left(BOUNDS, true)
    lower = BOUNDS[bucket - 1] if bucket else 0
    assert lower <= estimated <= BOUNDS[bucket]


@given(VALUES)
def test_quantiles_are_in_order(values):
    histogram = histogram_of(values)
    quantiles = [histogram.quantile_seconds(q) for q in (0.1, 0.5, 0.9, 0.99, 1.0)]
    assert quantiles == sorted(quantiles)


@given(VALUES, VALUES)
def test_adding_histograms_is_the_histogram_of_both(left, right):
    added = histogram_of(left).plus(histogram_of(right))
    both = histogram_of(left + right)
    assert added.counts == both.counts
    assert added.sum_seconds == pytest.approx(both.sum_seconds)
    assert Histogram().plus(both) == both == both.plus(Histogram())


def test_an_empty_histogram_says_nothing():
    assert Histogram().quantile_seconds(0.5) == Histogram().mean_seconds == 0
    assert Histogram(BOUNDS, (0,) * 5).quantile_seconds(0.99) == 0


def test_beyond_the_last_bound_the_last_bound_is_said():
    assert Histogram(BOUNDS, (0, 0, 0, 0, 9), 1).quantile_seconds(0.5) == 0.01


def test_a_variant_that_went_away_keeps_its_counts_after_the_present_ones():
    router = Router("r", (Variant("new", "m", "1", 3), Variant("lr", "m", "1", 1)))
    counters = Counters(
        {"old": VariantCounters("old", (5,)), "lr": VariantCounters("lr", (10, 0, 5), pinned_count=2)}
    )
    gone, kept = FeedbackMoments("gone", "reward", 2, 0.5, 0.5), FeedbackMoments("lr", "reward", 2, 1.0, 0.0)
    feedback = WindowFeedback({(WHOLE, "gone"): [gone], (WHOLE, "lr"): [kept]})
    found = figures(router, counters, Window(3, 7), feedback)
    each, total = found.variants, found.total
    assert [figure.variant for figure in each] == ["new", "lr", "gone", "old"]
    assert [figure.served_share for figure in each] == [0, 0.75, 0, 0.25]
    assert [figure.effective_share for figure in each] == [0.75, 0.25, 0, 0]
    assert (total.request_count, total.error_count, total.pinned_count) == (20, 5, 2)
    assert (total.feedback_count, total.mean_reward) == (4, 0.75)
    assert each[1].requests_by_code == {0: 10, 2: 5}
    assert each[1].mean_reward == 1
    assert each[0].mean_reward is None
    assert (found.live, found.start_time_us, found.end_time_us) == (True, 3, 7)
    assert {figure.feedback_coverage for figure in [*each, total]} == {None}


@pytest.mark.parametrize(
    ("sticky", "changed_us", "known"), [(False, 5, True), (True, 5, False), (False, 15, False)]
)
def test_shares_are_compared_where_each_request_was_drawn_from_the_present_split(sticky, changed_us, known):
    router = Router(
        "r",
        (Variant("a", "m", "1", 50), Variant("b", "m", "2", 50)),
        sticky=sticky,
        update_time_us=changed_us,
    )
    counted = {"a": VariantCounters("a", (520,)), "b": VariantCounters("b", (480,))}
    found = figures(router, Counters(counted, start_time_us=10), Window(10, 20), WindowFeedback())
    p_value = found.sample_ratio_p_value
    assert p_value == (pytest.approx(0.2059, abs=1e-4) if known else None)


def test_after_an_outage_that_a_fallback_bridged_shares_are_not_compared():
    variants = (Variant("a", "m", "1", 50), Variant("b", "m", "2", 50))
    router = Router("r", variants, sticky=False, update_time_us=5)
    counted = {"a": VariantCounters("a", (500,), fallback_count=300), "b": VariantCounters("b", (200,))}
    found = figures(router, Counters(counted, start_time_us=10), Window(10, 20), WindowFeedback())
    assert found.sample_ratio_p_value is None


def test_shares_that_depend_on_the_call_are_not_compared():
    variants = (Variant("a", "m", "1", 50), Variant("b", "m", "2", 50))
    router = Router("r", variants, policy=FeatureRules(), sticky=False, update_time_us=5)
    counted = {"a": VariantCounters("a", (20,)), "b": VariantCounters("b", (980,))}
    found = figures(router, Counters(counted, start_time_us=10), Window(10, 20), WindowFeedback())
    assert found.sample_ratio_p_value is None
    assert [figure.effective_share for figure in found.variants] == [0, 0]
