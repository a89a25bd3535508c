"""Sums of rewards: in any order, about any number, faded by time, with what is missing."""

import dataclasses
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.domain.learning import (
    PullBucket,
    RewardBucket,
    changes_with_time,
    folded_before_us,
    folded_pulls,
    folded_rewards,
    is_folded,
    known_arms,
    pull_bucket,
    reward_bucket,
    width_us,
)
from pointsman.domain.reward_sums import RewardSums, one_reward
from pointsman.domain.strategies.bandit import Bandit

SECOND = 1_000_000
HOUR = 3600 * SECOND
NOW = 1_700_000_000 * SECOND
REWARDS = st.floats(-1e6, 1e6, width=32)


def sums_of(rewards: list[float], origin: float) -> RewardSums:
    sums = RewardSums(0.0, origin, 0.0, 0.0)
    for reward in rewards:
        sums = sums.plus(of_a_call(reward, origin))
    return sums


def of_a_call(reward: float, origin: float) -> RewardSums:
    return dataclasses.replace(one_reward(reward, origin), calls=1.0)


def mean_and_variance(sums: RewardSums) -> tuple[float, float]:
    mean = sums.total / sums.count
    return sums.origin + mean, sums.total_squares / sums.count - mean**2


@given(st.lists(REWARDS, min_size=1, max_size=20), st.lists(REWARDS, min_size=1, max_size=20), REWARDS)
def test_parts_about_different_numbers_add_up(some: list[float], others: list[float], origin: float) -> None:
    whole = sums_of(some, some[0]).plus(sums_of(others, others[0])).about(origin)
    expected = sums_of(some + others, origin)
    assert whole.count == expected.count
    assert whole.total == pytest.approx(expected.total, abs=1e-3)
    assert whole.total_squares == pytest.approx(expected.total_squares, rel=1e-6, abs=1)


def test_rewards_that_are_far_from_0_keep_the_digits_of_their_variance() -> None:
    rewards = [1e12 + step for step in (0.0, 1.0, 2.0)]
    mean, variance = mean_and_variance(
        sums_of(rewards[:1], rewards[0]).plus(sums_of(rewards[1:], rewards[2]))
    )
    assert mean - 1e12 == 1.0
    assert variance == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("half_life", "window", "width"),
    [
        (None, None, 0),
        (10 * SECOND, None, SECOND),
        (HOUR, None, 180 * SECOND),
        (HOUR, 10 * 60 * SECOND, 30 * SECOND),
        (1000 * HOUR, None, HOUR),
    ],
)
def test_buckets_are_as_wide_as_time_matters(half_life: int | None, window: int | None, width: int) -> None:
    policy = Bandit(half_life_us=half_life, feedback_window_us=window)
    assert width_us(policy) == width
    assert reward_bucket(policy, NOW + 5) == (NOW + 5) // (width or NOW * 2) * width
    assert pull_bucket(policy, NOW) % (width or 24 * HOUR) == 0
    assert folded_before_us(policy, NOW) <= NOW - 2 * (window or 0)


def test_what_is_older_than_a_half_life_counts_half() -> None:
    policy = Bandit(half_life_us=HOUR, dated_from_us=NOW - 2 * HOUR)
    rewards = [
        RewardBucket("a", NOW - HOUR, sums_of([1.0, 0.0], 1.0)),
        RewardBucket("a", 0, one_reward(1.0, 1.0)),
    ]
    arm = known_arms(policy, rewards, [PullBucket("a", NOW - HOUR, 10, 10.0)], NOW)["a"]
    assert (arm.pulls, arm.weighted_pulls) == (10, 5.0)
    assert arm.rewards.count == 2 * 0.5 + 0.25
    assert arm.rewards.about(0.0).total == 0.5 + 0.25


DAY = 24 * HOUR
TURNED_ON = NOW // DAY * DAY + 14 * HOUR
"""In the afternoon: calls of the day lie in a bucket that is as of midnight."""


@pytest.mark.parametrize("bucket", [TURNED_ON // DAY * DAY, TURNED_ON - 5 * SECOND])
def test_calls_from_before_time_told_anything_fade_from_then_as_their_rewards_do(bucket: int) -> None:
    policy = Bandit(half_life_us=HOUR, dated_from_us=TURNED_ON)
    rewards, pulls = [RewardBucket("a", 0, one_reward(1.0, 1.0))], [PullBucket("a", bucket, 10, 10.0)]
    arm = known_arms(policy, rewards, pulls, TURNED_ON)["a"]
    assert (arm.rewards.count, arm.weighted_pulls) == (1.0, 10.0)
    arm = known_arms(policy, rewards, pulls, TURNED_ON + HOUR)["a"]
    assert (arm.rewards.count, arm.weighted_pulls) == (0.5, 5.0)
    assert not is_folded(policy, bucket, TURNED_ON - SECOND)
    assert folded_pulls(policy, pulls, TURNED_ON + HOUR)[0].weighted_pulls == 5.0


@pytest.mark.parametrize("bucket", [TURNED_ON // DAY * DAY, TURNED_ON - 5 * SECOND])
def test_calls_from_before_the_window_was_set_get_it_from_then(bucket: int) -> None:
    policy = Bandit(feedback_window_us=1000 * SECOND, missing_reward=0.0, dated_from_us=TURNED_ON)
    rewards, pulls = [RewardBucket("a", 0, of_a_call(1.0, 1.0))], [PullBucket("a", bucket, 10, 10.0)]
    for passed, count in ((0, 1), (1049, 1), (1050, 10)):
        arm = known_arms(policy, rewards, pulls, TURNED_ON + passed * SECOND)["a"]
        assert arm.rewards.count == count


def test_calls_without_a_reward_within_the_window_count_as_missing_and_late_ones_in_their_place() -> None:
    policy = Bandit(feedback_window_us=60 * SECOND, missing_reward=0.0)
    old, young = NOW - 200 * SECOND, NOW - 30 * SECOND
    pulls = [PullBucket("a", old, 10, 10.0), PullBucket("a", young, 7, 7.0)]
    rewards = [
        RewardBucket("a", old, sums_of([1.0] * 3, 1.0)),
        RewardBucket("a", young, of_a_call(1.0, 1.0)),
    ]
    arm = known_arms(policy, rewards, pulls, NOW)["a"]
    assert (arm.rewards.count, arm.rewards.about(0.0).total) == (11.0, 4.0)
    late = [RewardBucket("a", old, sums_of([1.0] * 4, 1.0)), rewards[1]]
    arm = known_arms(policy, late, pulls, NOW)["a"]
    assert (arm.rewards.count, arm.rewards.about(0.0).total) == (11.0, 5.0)


def test_more_rewards_than_calls_are_not_missing() -> None:
    policy = Bandit(feedback_window_us=60 * SECOND, missing_reward=0.0)
    rewards = [RewardBucket("a", NOW - HOUR, sums_of([1.0] * 3, 1.0))]
    arm = known_arms(policy, rewards, [PullBucket("a", NOW - HOUR, 2, 2.0)], NOW)["a"]
    assert arm.rewards.count == 3.0


def test_rewards_of_further_rows_hide_no_missing_ones_of_other_calls() -> None:
    policy = Bandit(feedback_window_us=60 * SECOND, missing_reward=0.0)
    sums = of_a_call(1.0, 1.0)
    for _ in range(4):
        sums = sums.plus(one_reward(1.0, 1.0))
    pulls = [PullBucket("a", NOW - HOUR, 3, 3.0)]
    arm = known_arms(policy, [RewardBucket("a", NOW - HOUR, sums)], pulls, NOW)["a"]
    assert (arm.rewards.count, arm.rewards.about(0.0).total) == (5 + 2, 5.0)


def test_calls_that_the_arm_was_not_asked_miss_no_reward() -> None:
    policy = Bandit(feedback_window_us=60 * SECOND, missing_reward=0.0)
    bucket = NOW - HOUR
    rewards = [RewardBucket("a", bucket, sums_of([1.0] * 3, 1.0))]
    # Of the last four it turned out later, when nothing else was picked.
    pulls = [PullBucket("a", bucket, 20, 20.0, 6.0), PullBucket("a", bucket + 3 * SECOND, 0, 0.0, 4.0)]
    for known in (pulls, folded_pulls(policy, pulls, bucket + 6 * SECOND)):
        arm = known_arms(policy, rewards, known, NOW)["a"]
        assert (arm.pulls, arm.weighted_pulls) == (20, 20.0)
        assert (arm.rewards.count, arm.rewards.about(0.0).total) == (10.0, 3.0)
    alone = known_arms(policy, [], [PullBucket("a", bucket, 5, 5.0, 5.0)], NOW)["a"]
    assert (alone.pulls, alone.rewards.count) == (5, 0.0)


def test_a_call_whose_value_is_not_learnt_from_is_not_missing() -> None:
    policy = Bandit(feedback_window_us=60 * SECOND, missing_reward=0.0)
    not_taken = RewardBucket("a", NOW - 2 * HOUR, RewardSums(0.0, 9.0, 0.0, 0.0, 1.0))
    rewards = [not_taken, RewardBucket("a", NOW - HOUR, of_a_call(1.0, 1.0))]
    folded = folded_rewards(policy, rewards, NOW - HOUR)
    for known in (rewards, folded):
        arm = known_arms(policy, known, [PullBucket("a", NOW - HOUR, 3, 3.0)], NOW)["a"]
        assert (arm.rewards.count, arm.rewards.about(0.0).total) == (2, 1.0)


def test_a_value_that_was_taken_out_again_leaves_no_rounding() -> None:
    sums = one_reward(0.3, 0.1).plus(one_reward(0.3, 0.1).scaled(-1.0))
    arm = known_arms(Bandit(), [RewardBucket("a", 0, sums)], [], NOW)["a"]
    assert (arm.rewards.count, arm.rewards.total, arm.rewards.total_squares) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("half_life", [None, 10 * 60 * SECOND])
def test_folding_changes_nothing_that_is_known(half_life: int | None) -> None:
    chance = random.Random(7)
    policy = Bandit(
        half_life_us=half_life,
        feedback_window_us=5 * 60 * SECOND,
        missing_reward=0.25,
        dated_from_us=NOW - 3 * HOUR,
    )
    width = width_us(policy)
    further_row = one_reward(0.5, 0.0)
    times = [NOW // width * width - step * width for step in range(200)]
    rewards = [
        RewardBucket(chance.choice("ab"), time, sums_of([chance.random()], chance.random()).plus(further_row))
        for time in times
    ]
    pulls = [PullBucket(chance.choice("ab"), time, 5, 5.0, chance.choice((0.0, 2.0))) for time in times]
    before_us = folded_before_us(policy, NOW)
    into_us = before_us - width
    old_rewards = [one for one in rewards if one.bucket_time_us < before_us]
    old_pulls = [one for one in pulls if one.bucket_time_us < before_us]
    assert len(old_rewards) > 50
    assert all(is_folded(policy, one.bucket_time_us, into_us) for one in old_rewards)
    folded = known_arms(
        policy,
        [one for one in rewards if one not in old_rewards] + folded_rewards(policy, old_rewards, into_us),
        [one for one in pulls if one not in old_pulls] + folded_pulls(policy, old_pulls, into_us),
        NOW,
    )
    for name, arm in known_arms(policy, rewards, pulls, NOW).items():
        assert folded[name].pulls == arm.pulls
        assert folded[name].weighted_pulls == pytest.approx(arm.weighted_pulls)
        assert folded[name].rewards.count == pytest.approx(arm.rewards.count)
        assert folded[name].rewards.about(0.0).total == pytest.approx(arm.rewards.about(0.0).total)
        squares = folded[name].rewards.about(0.0).total_squares
        assert math.isclose(squares, arm.rewards.about(0.0).total_squares)


def test_time_alone_changes_what_fades_and_what_is_missing() -> None:
    assert not changes_with_time(Bandit())
    assert not changes_with_time(Bandit(feedback_window_us=SECOND))
    assert changes_with_time(Bandit(half_life_us=SECOND))
    assert changes_with_time(Bandit(feedback_window_us=SECOND, missing_reward=0.0))
