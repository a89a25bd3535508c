"""Keeps what bandits learn small: former epochs go, buckets that need no telling apart become one."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from pointsman.control.jobs.job import Job, JobContext, Scope
from pointsman.control.lanes import Lanes
from pointsman.domain.learning import UNDATED_PULLS_US as DAY_US
from pointsman.domain.learning import (
    PullBucket,
    RewardBucket,
    folded_before_us,
    folded_pulls,
    folded_rewards,
    is_folded,
    width_us,
)
from pointsman.domain.strategies.bandit import Bandit
from pointsman.store import servers
from pointsman.store.learning import arm_pulls, arm_rewards
from pointsman.store.learning.arm_pulls import TakenPulls
from pointsman.store.learning.arm_rewards import bandit_of
from pointsman.store.routing import routers

_EVERY_SECONDS = 60.0


class LearningUpkeep:
    """The job that one server does for all.

    Args:
        lanes: The threads for it.
        clock: Answers the time in UTC microseconds.
    """

    def __init__(self, lanes: Lanes, clock: Callable[[], int]) -> None:
        self._lanes = lanes
        self._clock = clock

    def job(self) -> Job:
        """Answers the job."""
        return Job(
            "bandit-learning",
            _EVERY_SECONDS,
            Scope.INSTALLATION,
            self.keep,
            self._lanes.write,
            needed=lambda connection: bool(routers.find_bandits(connection)),
        )

    def keep(self, context: JobContext) -> bool:
        """Goes through the bandits, each in transactions of its own; writes only where something is due."""
        with context.reading() as connection:
            bandits = routers.find_bandits(connection)
        for bandit in bandits:
            if context.is_over():
                return True
            router_key, policy = bandit.row_key, bandit_of(bandit.policy)
            with context.reading() as connection:
                # Ours may be ahead, and other servers still write what it takes for long past.
                now_us = servers.clock_us(connection, self._clock())
                due = _due(connection, router_key, policy, now_us)
            if due.folds_rewards:
                with context.transaction() as connection:
                    _make_room(connection, router_key, policy, now_us)
            if due.any:
                with context.transaction() as connection:
                    _keep_one(connection, router_key, policy, now_us, folds_rewards=due.folds_rewards)
        return False


@dataclass(frozen=True)
class _Due:
    """What there is to do for a bandit."""

    removes_epochs: bool
    folds_rewards: bool
    folds_pulls: bool

    @property
    def any(self) -> bool:
        """Whether there is anything."""
        return self.removes_epochs or self.folds_rewards or self.folds_pulls


def _due(connection: Connection, router_key: int, policy: Bandit, now_us: int) -> _Due:
    """Looks, without a lock: what comes later is due next time."""
    before_us, into_us, rewards_into_us = _places(policy, now_us)
    former = (arm_rewards.has_former_epochs, arm_pulls.has_former_epochs)
    rewards = arm_rewards.take_before(connection, router_key, policy.epoch, before_us, locked=False)
    pulls = arm_pulls.take_before(connection, router_key, policy.epoch, before_us, locked=False)
    return _Due(
        removes_epochs=any(has(connection, router_key, policy.epoch) for has in former),
        folds_rewards=_are_several_of_one(_foldable(policy, rewards, rewards_into_us)),
        folds_pulls=_are_several_of_one([one.bucket for one in _foldable_pulls(policy, pulls, into_us)]),
    )


def _make_room(connection: Connection, router_key: int, policy: Bandit, now_us: int) -> None:
    """Adds the rows that rewards will be put together in, and lets go of them.

    Then all rows are there to be locked in order, as those who store feedback do: made while others are held,
    such a row would wait for somebody who made it first and waits for one of those.
    """
    before_us, _, into_us = _places(policy, now_us)
    known = arm_rewards.rewards_of(connection, router_key, policy.epoch)
    rewards = _foldable(policy, [one for one in known if one.bucket_time_us < before_us], into_us)
    if _are_several_of_one(rewards):
        arm_rewards.add_empty(connection, router_key, policy.epoch, rewards, into_us)


def _places(policy: Bandit, now_us: int) -> tuple[int, int, int]:
    """Answers before when buckets are folded, and into which those of calls and of rewards are."""
    before_us = folded_before_us(policy, now_us)
    into_us = max(0, before_us - (width_us(policy) or DAY_US))
    # Where time tells nothing, new rewards go into bucket 0, and so do those of before that.
    return before_us, into_us, into_us if width_us(policy) else 0


def _foldable(policy: Bandit, buckets: Iterable[RewardBucket], into_us: int) -> list[RewardBucket]:
    return [one for one in buckets if into_us == 0 or is_folded(policy, one.bucket_time_us, into_us)]


def _foldable_pulls(policy: Bandit, rows: Iterable[TakenPulls], into_us: int) -> list[TakenPulls]:
    return [one for one in rows if is_folded(policy, one.bucket.bucket_time_us, into_us)]


def _are_several_of_one(buckets: Sequence[RewardBucket] | Sequence[PullBucket]) -> bool:
    places = {(one.variant, one.metric if isinstance(one, RewardBucket) else "") for one in buckets}
    return len(buckets) > len(places)


def _keep_one(
    connection: Connection, router_key: int, policy: Bandit, now_us: int, *, folds_rewards: bool
) -> None:
    """Does what is due; rewards are folded only where room was made for them."""
    arm_rewards.remove_other_epochs(connection, router_key, policy.epoch)
    arm_pulls.remove_other_epochs(connection, router_key, policy.epoch)
    before_us, into_us, rewards_into_us = _places(policy, now_us)
    if folds_rewards:
        taken = arm_rewards.take_before(connection, router_key, policy.epoch, before_us)
        rewards = _foldable(policy, taken, rewards_into_us)
        if _are_several_of_one(rewards):
            folded = folded_rewards(policy, rewards, rewards_into_us)
            arm_rewards.replace(connection, router_key, policy.epoch, rewards, folded)
    taken_pulls = arm_pulls.take_before(connection, router_key, policy.epoch, before_us)
    pulls = _foldable_pulls(policy, taken_pulls, into_us)
    if _are_several_of_one([one.bucket for one in pulls]):
        together = folded_pulls(policy, [one.bucket for one in pulls], into_us)
        arm_pulls.replace(connection, router_key, policy.epoch, pulls, together)
