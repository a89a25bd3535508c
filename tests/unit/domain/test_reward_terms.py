"""Rewards that are sums: folded into one as a direct computation has it, told in words, kept over epochs."""

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.domain.learning import (
    PullBucket,
    RewardBucket,
    changes_with_time,
    folded_pulls,
    folded_rewards,
    known_arms,
)
from pointsman.domain.metrics import MetricDefinition
from pointsman.domain.reward_folding import TermSums, folded
from pointsman.domain.reward_sums import CostSums, RewardSums, one_reward
from pointsman.domain.strategies.bandit import Algorithm, Bandit, begun, continued
from pointsman.domain.strategies.bandit_checks import note_bandit_faults
from pointsman.domain.strategies.catalogue import policy_of
from pointsman.domain.strategies.reward_terms import Cost, RewardTerm, sum_in_words
from pointsman.domain.variants import Variant
from pointsman.domain.violations import Violations
from pointsman.errors import InvalidArgumentError

SECOND = 1_000_000
HOUR = 3600 * SECOND
NOW = 1_700_000_000 * SECOND
CONVERSION = RewardTerm(1.0, "conversion")
TERMS = (CONVERSION, RewardTerm(-0.2, cost=Cost.LATENCY), RewardTerm(-1.0, cost=Cost.ERROR))
SUM = Bandit(Algorithm.THOMPSON_NORMAL, metric="", terms=TERMS)

VALUES = st.lists(st.floats(-1e3, 1e3, width=32), min_size=1, max_size=30)
WEIGHTS = st.floats(0.01, 100).flatmap(lambda size: st.sampled_from([size, -size]))


def sums_of(values: list[float], origin: float = 0.0) -> RewardSums:
    sums = RewardSums(0.0, origin, 0.0, 0.0)
    for value in values:
        sums = sums.plus(dataclasses.replace(one_reward(value, origin), calls=1.0))
    return sums


def near(sums: RewardSums) -> tuple[float, float, float]:
    return sums.count, sums.mean, sums.squared_deviations


@given(st.lists(st.tuples(VALUES, WEIGHTS, st.booleans(), st.floats(-10, 10)), min_size=1, max_size=8))
def test_a_sum_has_the_weighted_mean_and_the_squared_errors_of_its_terms(
    given_terms: list[tuple[list[float], float, bool, float]],
) -> None:
    terms = [
        TermSums(
            RewardTerm(weight, cost=Cost.LATENCY) if is_cost else RewardTerm(weight, f"m{place}"),
            sums_of(values, origin),
        )
        for place, (values, weight, is_cost, origin) in enumerate(given_terms)
    ]
    made = folded(terms)
    counts = [len(values) for values, _, is_cost, _ in given_terms if not is_cost]
    assert made.count == min(counts or [len(values) for values, *_ in given_terms])
    mean = sum(weight * np.mean(values) for values, weight, *_ in given_terms)
    squared_error = sum(weight**2 * np.var(values) / len(values) for values, weight, *_ in given_terms)
    scale = sum(abs(weight) for _, weight, *_ in given_terms)
    assert made.mean == pytest.approx(mean, rel=1e-6, abs=1e-6 * scale)
    # What the learner makes of it: variance / count.
    variance = made.squared_deviations / made.count
    assert variance / made.count == pytest.approx(squared_error, rel=1e-4, abs=1e-6 * scale**2)


@given(VALUES, st.floats(-1e3, 1e3))
def test_a_single_term_of_weight_1_is_its_own_reward(values: list[float], origin: float) -> None:
    own = sums_of(values, origin)
    expected = pytest.approx(near(own), rel=1e-6, abs=1e-3)
    assert near(folded([TermSums(CONVERSION, own)])) == expected


def test_a_sum_is_not_known_while_a_term_is_not() -> None:
    known, nothing = sums_of([1.0, 0.0]), sums_of([])
    for some in ([], [(CONVERSION, nothing)], [(CONVERSION, known), (RewardTerm(2.0, "gain"), nothing)]):
        assert folded([TermSums(*one) for one in some]).count == 0


def test_each_metric_has_its_own_values_and_its_own_missing_ones() -> None:
    terms = (RewardTerm(1.0, "bought", missing=0.0), RewardTerm(0.5, "rated"))
    policy = Bandit(Algorithm.UCB1, metric="", terms=terms, feedback_window_us=60 * SECOND)
    rewards = [
        RewardBucket("a", NOW - HOUR, sums_of([1.0, 1.0]), "bought"),
        RewardBucket("a", NOW - HOUR, sums_of([4.0, 2.0, 3.0]), "rated"),
        RewardBucket("a", NOW - HOUR, sums_of([99.0]), "other"),
    ]
    arm = known_arms(policy, rewards, [PullBucket("a", NOW - HOUR, 10, 10.0, 2.0)], NOW)["a"]
    # Of eight calls that the arm was asked, two bought something.
    assert [near(one.sums)[:2] for one in arm.terms] == [(8.0, 0.25), (3.0, 3.0)]
    assert [one.contribution for one in arm.terms] == [0.25, 1.5]
    assert near(arm.rewards)[:2] == pytest.approx((3.0, 1.75))
    assert changes_with_time(policy)


def test_what_calls_cost_fades_and_is_put_together_as_they_are() -> None:
    policy = dataclasses.replace(SUM, half_life_us=HOUR)
    old, young = CostSums(8.0, 4.0, 16.0, 40.0), CostSums(2.0, 0.0, 1.0, 0.5)
    pulls = [
        PullBucket("a", NOW - HOUR, 8, 8.0, costs=old),
        PullBucket("a", NOW, 2, 2.0, costs=young),
    ]
    rewards = [RewardBucket("a", NOW - HOUR, sums_of([1.0, 0.0]), "conversion")]
    arm = known_arms(policy, rewards, pulls, NOW)["a"]
    latency, error = arm.terms[1].sums, arm.terms[2].sums
    assert (latency.count, latency.mean, error.mean) == pytest.approx((6.0, 1.5, 2 / 6))
    assert near(arm.rewards)[:2] == pytest.approx((1.0, 0.5 - 0.2 * 1.5 - 2 / 6))
    together = folded_pulls(policy, pulls, NOW), folded_rewards(policy, rewards, NOW)
    again = known_arms(policy, together[1], together[0], NOW)["a"]
    assert near(again.rewards) == pytest.approx(near(arm.rewards))


def test_buckets_of_different_metrics_stay_apart_when_they_are_put_together() -> None:
    buckets = [
        RewardBucket("a", time, sums_of([value]), metric)
        for time, value, metric in ((1, 1.0, "one"), (2, 3.0, "one"), (1, 9.0, "two"))
    ]
    made = folded_rewards(Bandit(), buckets, 5)
    assert [(one.metric, *near(one.sums)[:2]) for one in made] == [("one", 2.0, 2.0), ("two", 1.0, 9.0)]


def test_costs_alone_are_as_sure_as_there_are_calls() -> None:
    policy = dataclasses.replace(SUM, terms=TERMS[1:])
    pulls = [PullBucket("a", 0, 12, 12.0, costs=CostSums(10.0, 1.0, 5.0, 4.0))]
    arm = known_arms(policy, [], pulls, NOW)["a"]
    assert near(arm.rewards)[:2] == pytest.approx((10.0, -0.2 * 0.5 - 0.1))
    assert policy.metrics == ()


def test_a_document_gives_the_terms_back_and_one_without_them_is_read() -> None:
    policy = dataclasses.replace(SUM, terms=(*TERMS, RewardTerm(2.0, "gain", missing=0.0)))
    document = json.loads(json.dumps(policy.to_document()))
    assert policy_of(policy.strategy, document) == policy
    del document["terms"]
    assert policy_of(policy.strategy, document) == dataclasses.replace(policy, terms=())


def test_a_reward_is_told_as_people_write_it() -> None:
    assert sum_in_words(TERMS) == "conversion - 0.2 × latency (s) - error"
    assert sum_in_words(TERMS[1:]) == "-0.2 × latency (s) - error"
    assert sum_in_words((RewardTerm(-1.0, "loss"), RewardTerm(3.0, "gain"))) == "-loss + 3 × gain"
    assert "on conversion - 0.2 × latency (s) - error" in SUM.words()


@pytest.mark.parametrize(
    ("after", "begins"),
    [
        (dataclasses.replace(SUM, terms=(RewardTerm(5.0, "conversion", missing=0.0), *TERMS[1:])), False),
        (dataclasses.replace(SUM, terms=TERMS[::-1]), False),
        (dataclasses.replace(SUM, terms=TERMS[:2]), True),
        (dataclasses.replace(SUM, terms=(RewardTerm(1.0, "gain"), *TERMS[1:])), True),
        (dataclasses.replace(SUM, terms=(), metric="conversion"), True),
    ],
)
def test_other_metrics_or_costs_begin_an_epoch_and_other_weights_none(after: Bandit, begins: bool) -> None:
    variants = [Variant("old", "m", "1", 0), Variant("new", "m", "2", 0)]
    assert continued(begun(SUM, 7), variants, after, variants, 8).epoch == (2 if begins else 1)


def test_a_term_of_a_metric_that_is_not_declared_is_told_by_its_path() -> None:
    found = Violations()
    note_bandit_faults(found, "router", SUM, [MetricDefinition("clicks")], sticky=False)
    with pytest.raises(InvalidArgumentError) as refused:
        found.raise_if_any()
    (fault,) = refused.value.fields
    assert fault.field == "router.bandit.reward_terms[0].metric"
    assert "'conversion' is none of the router's metrics, 'clicks'" in fault.description
