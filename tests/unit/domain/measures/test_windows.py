"""Windows that are asked for, and their figures."""

import pytest

from pointsman.domain.measures.figures import Latencies
from pointsman.domain.measures.statistics import Split
from pointsman.domain.measures.windows import (
    WHOLE,
    WindowCounts,
    WindowFeedback,
    window_figures,
    window_of,
)
from pointsman.domain.records.feedback import FeedbackMoments
from pointsman.domain.routers import Router
from pointsman.domain.strategies.rules import FeatureRules
from pointsman.domain.variants import Variant
from pointsman.errors import InvalidArgumentError

ROUTER = Router("r", (Variant("a", "m", "1", 3), Variant("b", "m", "2", 1)))


def test_a_window_ends_now_and_its_last_step_may_be_shorter():
    window = window_of(100, None, 30, 201)
    assert (window.end_time_us, window.step_count) == (201, 4)
    assert [window.step_start_us(step) for step in range(4)] == [100, 130, 160, 190]
    assert window_of(100, 190, 30, 999).step_count == 3
    assert window_of(100, 100, 30, 999).step_count == 0
    assert window_of(None, 200, 0, 999).step_count == 0


@pytest.mark.parametrize(
    ("start", "end", "step", "field", "words"),
    [
        (200, 100, 0, "end_time", "before start_time"),
        (2000, None, 0, "start_time", "future"),
        (None, 100, 10, "start_time", "not set"),
        (0, 10_000_000, 9_999, "granularity", "0.01s or more"),
    ],
)
def test_a_window_that_makes_no_sense_is_refused(start, end, step, field, words):
    with pytest.raises(InvalidArgumentError, match=words) as caught:
        window_of(start, end, step, 1000)
    assert caught.value.fields[0].field == field


def test_steps_without_calls_are_there_and_former_variants_come_last():
    window = window_of(0, 20, 10, 99)
    counts = WindowCounts(
        by_code={(WHOLE, "a"): {0: 3, 14: 1}, (WHOLE, "old"): {0: 4}, (1, "a"): {0: 3, 14: 1}},
        pinned={(WHOLE, "b"): 2},
        rows={(WHOLE, "a"): 8, (WHOLE, "old"): 4},
        covered={(WHOLE, "a"): 2, (WHOLE, "old"): 4},
        overhead={(WHOLE, "a"): Latencies(1, 1, 1, 1)},
        splits=[Split({"a": 520, "b": 480}, {"a": 0.5, "b": 0.5})],
    )
    feedback = WindowFeedback({(WHOLE, "a"): [FeedbackMoments("a", "reward", 2, 0.5, 0.5)]})
    found = window_figures(ROUTER, window, counts, feedback)
    assert [figure.variant for figure in found.variants] == ["a", "b", "old"]
    assert [figure.served_share for figure in found.variants] == [0.5, 0, 0.5]
    assert [figure.effective_share for figure in found.variants] == [0.75, 0.25, 0]
    assert [figure.feedback_coverage for figure in found.variants] == [0.25, None, 1.0]
    assert found.total.requests_by_code == {0: 7, 14: 1}
    assert (found.total.pinned_count, found.total.feedback_count) == (2, 2)
    assert found.sample_ratio_p_value == pytest.approx(0.2059, abs=1e-4)
    assert [step.start_time_us for step in found.series] == [0, 10]
    assert [step.total.request_count for step in found.series] == [0, 4]


def test_calls_whose_feedback_is_no_longer_kept_have_no_coverage_and_the_answer_says_since_when():
    counts = WindowCounts(
        by_code={(step, "a"): {0: 10} for step in (WHOLE, 0, 1, 2)},
        rows={(step, "a"): 10 for step in (WHOLE, 0, 1, 2)},
        covered={(step, "a"): 5 for step in (WHOLE, 1, 2)},
        first_time_us=1005,
    )
    window = window_of(1000, 1030, 10, 9999)
    found = window_figures(ROUTER, window, counts, WindowFeedback(), feedback_from_us=1015)
    assert found.feedback_start_time_us == 1015
    assert (found.variants[0].feedback_coverage, found.total.feedback_coverage) == (None, None)
    assert [step.total.feedback_coverage for step in found.series] == [None, None, 0.5]


def test_a_window_that_begins_before_feedback_is_kept_is_whole_where_all_calls_are_later():
    counts = WindowCounts(
        by_code={(WHOLE, "a"): {0: 10}},
        rows={(WHOLE, "a"): 10},
        covered={(WHOLE, "a"): 5},
        first_time_us=1020,
    )
    window = window_of(0, 1030, 0, 9999)
    found = window_figures(ROUTER, window, counts, WindowFeedback(), feedback_from_us=1015)
    assert (found.total.feedback_coverage, found.feedback_start_time_us) == (0.5, None)


def test_a_window_that_ends_before_feedback_is_kept_says_that_none_of_it_counts():
    counts = WindowCounts(by_code={(WHOLE, "a"): {0: 10}}, rows={(WHOLE, "a"): 10}, first_time_us=5)
    found = window_figures(ROUTER, window_of(0, 100, 0, 9999), counts, WindowFeedback(), feedback_from_us=500)
    assert (found.total.feedback_coverage, found.feedback_start_time_us) == (None, 100)


def test_shares_that_depend_on_the_call_are_not_held_against_those_served():
    rules = FeatureRules((), default_variant="a")
    router = Router("r", ROUTER.variants, policy=rules)
    counts = WindowCounts(
        by_code={(WHOLE, "a"): {0: 10}, (WHOLE, "b"): {0: 90}},
        splits=[Split({"a": 10, "b": 990}, {"a": 0.5, "b": 0.5})],
    )
    found = window_figures(router, window_of(0, 20, 0, 99), counts, WindowFeedback())
    assert found.sample_ratio_p_value is None
    assert [figure.effective_share for figure in found.variants] == [0, 0]
    assert [figure.served_share for figure in found.variants] == [0.1, 0.9]
