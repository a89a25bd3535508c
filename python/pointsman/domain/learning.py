"""What is known of a bandit's arms: sums of rewards about a number near them, in buckets of time.

Sums that belong together add up in any order, over servers and batches, and a correction is a value taken out
and another put in. A bucket is named by the time of its beginning; where time tells nothing, there is one, 0.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from pointsman.domain.strategies.bandit import Bandit
from pointsman.domain.values import MICROSECONDS_PER_DAY, MICROSECONDS_PER_SECOND

_BUCKETS_PER_SPAN = 20
"""A bucket takes this part of the half-life or the window: what is told less exactly does not matter."""
_LEAST_BUCKET_US = MICROSECONDS_PER_SECOND
_MOST_BUCKET_US = 60 * 60 * MICROSECONDS_PER_SECOND
UNDATED_PULLS_US = MICROSECONDS_PER_DAY
"""Buckets of calls where time tells nothing: one for each day, so that yesterday's are written no more."""
_LATE_US = 15 * 60 * MICROSECONDS_PER_SECOND
"""So long after its time a server may still write calls into a bucket: clocks differ, databases are away."""
_NOTHING = 1e-9
"""Less than this of a reward is a remainder of sums that cancel out."""


@dataclass(frozen=True, slots=True)
class RewardSums:
    """Rewards of one bucket, or what a batch changes of it.

    Attributes:
        count: How many, less those taken out.
        origin: What the sums are about, a number near the rewards; any, where the count is 0.
        total: The sum of (reward - origin).
        total_squares: The sum of the squares of (reward - origin).
        calls: How many calls had feedback, told by that of their row 0, be it learnt from or not; corrections
            leave it alone.
    """

    count: float
    origin: float
    total: float
    total_squares: float
    calls: float = 0.0

    def about(self, origin: float) -> RewardSums:
        """Answers the same rewards about another number."""
        shift = self.origin - origin
        return RewardSums(
            self.count,
            origin,
            self.total + self.count * shift,
            self.total_squares + shift * (2 * self.total + self.count * shift),
            self.calls,
        )

    def plus(self, other: RewardSums) -> RewardSums:
        """Answers both together, about this one's origin."""
        moved = other.about(self.origin)
        return RewardSums(
            self.count + moved.count,
            self.origin,
            self.total + moved.total,
            self.total_squares + moved.total_squares,
            self.calls + moved.calls,
        )

    def scaled(self, factor: float) -> RewardSums:
        """Answers the same with all weights multiplied."""
        return RewardSums(
            self.count * factor,
            self.origin,
            self.total * factor,
            self.total_squares * factor,
            self.calls * factor,
        )


def one_reward(reward: float, origin: float) -> RewardSums:
    """Answers the sums of one reward about a number."""
    distance = reward - origin
    return RewardSums(1.0, origin, distance, distance * distance)


class RewardBucket(NamedTuple):
    """The rewards of one arm whose predictions are of one bucket."""

    variant: str
    bucket_time_us: int
    sums: RewardSums


class PullBucket(NamedTuple):
    """Calls of one arm in one bucket.

    Attributes:
        weighted_pulls: The same calls, each with what was left of its weight at the bucket's time.
        weighted_unasked: Those of which the arm was not asked, weighed so, too: another answered, or nobody.
            They are counted when that is known, so that a bucket may have more of them than calls.
    """

    variant: str
    bucket_time_us: int
    pulls: int
    weighted_pulls: float
    weighted_unasked: float = 0.0


@dataclass
class KnownArm:
    """What is known of one arm by some moment.

    Attributes:
        pulls: Its calls.
        weighted_pulls: The same, each with what is left of its weight.
        rewards: Its rewards, each with what is left of its weight.
    """

    pulls: int = 0
    weighted_pulls: float = 0.0
    rewards: RewardSums = RewardSums(0.0, 0.0, 0.0, 0.0)
    # Of predictions that have had all the time that their feedback has: calls that the arm was asked, less
    # those that got any.
    _unrewarded: float = field(default=0.0, repr=False)


def width_us(policy: Bandit) -> int:
    """Answers how long the buckets of a bandit are, in microseconds; 0 where there is one."""
    spans = [span for span in (policy.half_life_us, policy.feedback_window_us) if span is not None]
    if not spans:
        return 0
    return max(_LEAST_BUCKET_US, min(_MOST_BUCKET_US, min(spans) // _BUCKETS_PER_SPAN))


def reward_bucket(policy: Bandit, prediction_time_us: int) -> int:
    """Answers the bucket of the rewards for predictions of a time."""
    width = width_us(policy)
    return max(0, prediction_time_us // width * width) if width else 0


def pull_bucket(policy: Bandit, now_us: int) -> int:
    """Answers the bucket for calls that are counted now."""
    width = width_us(policy) or UNDATED_PULLS_US
    return max(0, now_us // width * width)


def known_arms(
    policy: Bandit, rewards: Iterable[RewardBucket], pulls: Iterable[PullBucket], now_us: int
) -> dict[str, KnownArm]:
    """Adds up what is known of a bandit's arms.

    What time has done to it is worked out here: what is older than a half-life counts half, and calls that
    got no reward within the window got the one that counts as missing. Calls that the arm was not asked miss
    none: their feedback counts for no arm.

    Args:
        policy: The bandit.
        rewards: All rewards of its epoch.
        pulls: All calls of its epoch.
        now_us: The moment, in UTC microseconds.

    Returns:
        What is known, by variant; of whom nothing is known, nothing.
    """
    arms: dict[str, KnownArm] = {}
    # A bucket waits as long as its last call does.
    awaited_before_us = now_us - (policy.feedback_window_us or 0) - width_us(policy)
    for bucket in rewards:
        arm = arms.setdefault(bucket.variant, KnownArm())
        faded = bucket.sums.scaled(_weight(policy, bucket.bucket_time_us, now_us))
        arm.rewards = _together(arm.rewards, faded)
        if _dated(policy, bucket.bucket_time_us) <= awaited_before_us:
            arm._unrewarded -= faded.calls
    for calls in pulls:
        arm = arms.setdefault(calls.variant, KnownArm())
        weight = _weight(policy, calls.bucket_time_us, now_us)
        arm.pulls += calls.pulls
        arm.weighted_pulls += calls.weighted_pulls * weight
        if _dated(policy, calls.bucket_time_us) <= awaited_before_us:
            arm._unrewarded += (calls.weighted_pulls - calls.weighted_unasked) * weight
    for arm in arms.values():
        if policy.missing_reward is not None and arm._unrewarded > 0:
            missing = one_reward(policy.missing_reward, policy.missing_reward).scaled(arm._unrewarded)
            arm.rewards = _together(arm.rewards, missing)
        if arm.rewards.count < _NOTHING:
            # Values that were taken out again, or have faded: their sums hold rounding and no reward.
            arm.rewards = RewardSums(0.0, arm.rewards.origin, 0.0, 0.0)
    return arms


def folded_before_us(policy: Bandit, now_us: int) -> int:
    """Answers the time before which buckets need no telling apart any more, in UTC microseconds.

    Args:
        policy: The bandit.
        now_us: The time, in UTC microseconds.
    """
    width = width_us(policy) or UNDATED_PULLS_US
    kept_us = max(2 * width, 2 * (policy.feedback_window_us or 0)) + _LATE_US
    return max(0, (now_us - kept_us) // width * width)


def is_folded(policy: Bandit, bucket_time_us: int, into_us: int) -> bool:
    """Answers whether a bucket can be put into a later one, with what is left of it then.

    Args:
        policy: The bandit.
        bucket_time_us: The bucket.
        into_us: The later one.
    """
    return _dated(policy, bucket_time_us) <= into_us


def folded_rewards(policy: Bandit, buckets: Iterable[RewardBucket], into_us: int) -> list[RewardBucket]:
    """Makes one bucket of those of each arm, with what is left of each then.

    Args:
        policy: The bandit, whose half-life says what is left.
        buckets: All from before that time.
        into_us: The time of the bucket that they go into.
    """
    found: dict[str, RewardSums] = {}
    for bucket in buckets:
        faded = bucket.sums.scaled(_weight(policy, bucket.bucket_time_us, into_us))
        sums = found.get(bucket.variant)
        found[bucket.variant] = faded if sums is None else _together(sums, faded)
    return [RewardBucket(variant, into_us, sums) for variant, sums in sorted(found.items())]


def folded_pulls(policy: Bandit, buckets: Iterable[PullBucket], into_us: int) -> list[PullBucket]:
    """Makes one bucket of those of each arm, with what is left of each then.

    Args:
        policy: The bandit, whose half-life says what is left.
        buckets: All from before that time.
        into_us: The time of the bucket that they go into.
    """
    found: dict[str, PullBucket] = {}
    for bucket in buckets:
        before = found.get(bucket.variant, PullBucket(bucket.variant, into_us, 0, 0.0))
        weight = _weight(policy, bucket.bucket_time_us, into_us)
        found[bucket.variant] = PullBucket(
            bucket.variant,
            into_us,
            before.pulls + bucket.pulls,
            before.weighted_pulls + bucket.weighted_pulls * weight,
            before.weighted_unasked + bucket.weighted_unasked * weight,
        )
    return [found[variant] for variant in sorted(found)]


def changes_with_time(policy: Bandit) -> bool:
    """Answers whether what is known changes although nothing comes."""
    return policy.half_life_us is not None or policy.missing_reward is not None


def _together(sums: RewardSums, other: RewardSums) -> RewardSums:
    if sums.count == 0 and sums.total == 0:
        # An origin that no reward gave is near none.
        return dataclasses.replace(other, calls=sums.calls + other.calls)
    return sums.plus(other)


def _dated(policy: Bandit, bucket_time_us: int) -> int:
    """Answers the time by which rewards and calls of a bucket are told.

    What came before time told anything counts as of then: rewards of bucket 0, calls of days, and a bucket in
    which it began.
    """
    return max(bucket_time_us, policy.dated_from_us)


def _weight(policy: Bandit, bucket_time_us: int, now_us: int) -> float:
    """Answers what is left at a time of the weight that something had in its bucket's time."""
    if policy.half_life_us is None:
        return 1.0
    age_us = max(0, now_us - _dated(policy, bucket_time_us))
    return float(2.0 ** -(age_us / policy.half_life_us))
