"""Keeps what bandits learn small: former epochs go, buckets that need no telling apart become one."""

from collections.abc import Callable

from sqlalchemy import Connection

from pointsman.control.jobs.job import Job, JobContext, Scope
from pointsman.control.lanes import Lanes
from pointsman.domain.learning import UNDATED_PULLS_US as DAY_US
from pointsman.domain.learning import (
    folded_before_us,
    folded_pulls,
    folded_rewards,
    is_folded,
    width_us,
)
from pointsman.domain.strategies.bandit import Bandit
from pointsman.store import arm_pulls, arm_rewards, routers, servers
from pointsman.store.arm_rewards import bandit_of

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
        """Goes through the bandits, each in a transaction of its own."""
        with context.transaction() as connection:
            bandits = routers.find_bandits(connection)
        for router_key, document in bandits:
            if context.is_over():
                return True
            with context.transaction() as connection:
                # Ours may be ahead, and other servers still write what it takes for long past.
                now_us = servers.clock_us(connection, self._clock())
                _keep_one(connection, router_key, bandit_of(document), now_us)
        return False


def _keep_one(connection: Connection, router_key: int, policy: Bandit, now_us: int) -> None:
    arm_rewards.remove_other_epochs(connection, router_key, policy.epoch)
    arm_pulls.remove_other_epochs(connection, router_key, policy.epoch)
    before_us = folded_before_us(policy, now_us)
    into_us = max(0, before_us - (width_us(policy) or DAY_US))
    # Where time tells nothing, new rewards go into bucket 0, and so do those of before that.
    rewards_into_us = into_us if width_us(policy) else 0
    rewards = [
        bucket
        for bucket in arm_rewards.take_before(connection, router_key, policy.epoch, before_us)
        if rewards_into_us == 0 or is_folded(policy, bucket.bucket_time_us, into_us)
    ]
    if len(rewards) > len({bucket.variant for bucket in rewards}):
        folded = folded_rewards(policy, rewards, rewards_into_us)
        arm_rewards.replace(connection, router_key, policy.epoch, rewards, folded)
    pulls = [
        taken
        for taken in arm_pulls.take_before(connection, router_key, policy.epoch, before_us)
        if is_folded(policy, taken.bucket.bucket_time_us, into_us)
    ]
    if len(pulls) > len({taken.bucket.variant for taken in pulls}):
        together = folded_pulls(policy, [taken.bucket for taken in pulls], into_us)
        arm_pulls.replace(connection, router_key, policy.epoch, pulls, together)
