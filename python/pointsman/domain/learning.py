"""What is known of a bandit's arms: sums of rewards and of costs, in buckets of time.

A bucket is named by the time of its beginning; where time tells nothing, there is one, 0.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from pointsman.domain.records.feedback import DEFAULT_METRIC
from pointsman.domain.reward_folding import TermSums, folded
from pointsman.domain.reward_sums import NO_COSTS, CostSums, RewardSums, one_reward
from pointsman.domain.strategies.bandit import Bandit
from pointsman.domain.strategies.reward_terms import Cost, RewardTerm
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


class RewardBucket(NamedTuple):
    """The values of one metric of one arm whose predictions are of one bucket."""

    variant: str
    bucket_time_us: int
    sums: RewardSums
    metric: str = DEFAULT_METRIC


class PullBucket(NamedTuple):
    """Calls of one arm in one bucket.

    Attributes:
        weighted_pulls: The same calls, each with what was left of its weight at the bucket's time.
        weighted_unasked: Those of which the arm was not asked, weighed so, too: another answered, or nobody.
            They are counted when that is known, so that a bucket may have more of them than calls.
        costs: What calls cost that ended in the bucket, weighed so, too; nothing where no reward has costs.
    """

    variant: str
    bucket_time_us: int
    pulls: int
    weighted_pulls: float
    weighted_unasked: float = 0.0
    costs: CostSums = NO_COSTS


_NO_REWARDS = RewardSums(0.0, 0.0, 0.0, 0.0)


@dataclass
class _KnownMetric:
    """What is known of one metric of an arm.

    Attributes:
        sums: Its values.
        answered: Calls that got any, of those that have had all the time that it has.
    """

    sums: RewardSums = _NO_REWARDS
    answered: float = 0.0

    def with_missing(self, missing: float | None, awaited: float) -> RewardSums:
        """Answers the values with those that count as missing among them.

        Args:
            missing: What a call without one counts as; None where it teaches nothing.
            awaited: How many calls have had all the time that it has.
        """
        sums, unanswered = self.sums, awaited - self.answered
        if missing is not None and unanswered > 0:
            sums = _together(sums, one_reward(missing, missing).scaled(unanswered))
        if sums.count < _NOTHING:
            # Values that were taken out again, or have faded: their sums hold rounding and no reward.
            return RewardSums(0.0, sums.origin, 0.0, 0.0)
        return sums


@dataclass
class KnownArm:
    """What is known of one arm by some moment.

    Attributes:
        pulls: Its calls.
        weighted_pulls: The same, each with what is left of its weight.
        rewards: Its rewards, each with what is left of its weight; of a sum, those that stand for it.
        terms: Of a sum, what is known of each term.
    """

    pulls: int = 0
    weighted_pulls: float = 0.0
    rewards: RewardSums = _NO_REWARDS
    terms: tuple[TermSums, ...] = ()
    _costs: CostSums = field(default=NO_COSTS, repr=False)
    _metrics: dict[str, _KnownMetric] = field(default_factory=dict, repr=False)
    # Calls that the arm was asked and that have had all the time that their feedback has.
    _awaited: float = field(default=0.0, repr=False)


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
        metric = arm._metrics.setdefault(bucket.metric, _KnownMetric())
        faded = bucket.sums.scaled(_weight(policy, bucket.bucket_time_us, now_us))
        metric.sums = _together(metric.sums, faded)
        if _dated(policy, bucket.bucket_time_us) <= awaited_before_us:
            metric.answered += faded.calls
    for calls in pulls:
        arm = arms.setdefault(calls.variant, KnownArm())
        weight = _weight(policy, calls.bucket_time_us, now_us)
        arm.pulls += calls.pulls
        arm.weighted_pulls += calls.weighted_pulls * weight
        arm._costs = arm._costs.plus(calls.costs, weight)
        if _dated(policy, calls.bucket_time_us) <= awaited_before_us:
            arm._awaited += (calls.weighted_pulls - calls.weighted_unasked) * weight
    for arm in arms.values():
        if policy.terms:
            arm.terms = tuple(TermSums(term, _values_of(arm, term)) for term in policy.terms)
            arm.rewards = folded(arm.terms)
        else:
            known = arm._metrics.get(policy.metric, _KnownMetric())
            arm.rewards = known.with_missing(policy.missing_reward, arm._awaited)
    return arms


def _values_of(arm: KnownArm, term: RewardTerm) -> RewardSums:
    """Answers the values of a term, before they are weighed."""
    if term.cost is None:
        return arm._metrics.get(term.metric, _KnownMetric()).with_missing(term.missing, arm._awaited)
    sums = arm._costs.errors if term.cost is Cost.ERROR else arm._costs.latencies
    return sums if sums.count >= _NOTHING else _NO_REWARDS


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
    """Makes one bucket of those of each arm and metric, with what is left of each then.

    Args:
        policy: The bandit, whose half-life says what is left.
        buckets: All from before that time.
        into_us: The time of the bucket that they go into.
    """
    found: dict[tuple[str, str], RewardSums] = {}
    for bucket in buckets:
        faded = bucket.sums.scaled(_weight(policy, bucket.bucket_time_us, into_us))
        place = (bucket.variant, bucket.metric)
        found[place] = _together(found[place], faded) if place in found else faded
    return [
        RewardBucket(variant, into_us, found[variant, metric], metric) for variant, metric in sorted(found)
    ]


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
            before.costs.plus(bucket.costs, weight),
        )
    return [found[variant] for variant in sorted(found)]


def changes_with_time(policy: Bandit) -> bool:
    """Answers whether what is known changes although nothing comes."""
    return policy.half_life_us is not None or policy.counts_missing


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
