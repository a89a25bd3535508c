"""The calls that this server's replica picked arms for, on their way into SQL."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from pointsman.domain.learning import folded_before_us, pull_bucket
from pointsman.domain.reward_sums import NO_COSTS, CostSums
from pointsman.domain.strategies.bandit import Bandit
from pointsman.store.learning.arm_pulls import OwnPulls
from pointsman.v1 import learning_pb2


@dataclass(frozen=True)
class _Counted:
    """What is stored of an arm's calls.

    Attributes:
        seen: What the replica said when it was stored.
        bucket_time_us: The bucket into which its last calls went.
        in_bucket: All that this start counted in it.
        sequence: The number under which that was stored.
        unasked_seen: What the replica said of calls that the arm was not asked.
        unasked_in_bucket: All of them that turned out to be so in the bucket.
        costs_seen: What the replica said of what calls cost.
        costs_in_bucket: What those cost that ended in the bucket.
    """

    seen: int = 0
    bucket_time_us: int = 0
    in_bucket: int = 0
    sequence: int = 0
    unasked_seen: int = 0
    unasked_in_bucket: int = 0
    costs_seen: CostSums = NO_COSTS
    costs_in_bucket: CostSums = NO_COSTS


_Place = tuple[int, int]
"""Router and epoch."""
_Counts = dict[_Place, dict[str, _Counted]]
"""By place, and by variant."""


@dataclass(frozen=True)
class Served:
    """A bandit that the replica decides by, as the database has it.

    Attributes:
        router_key: The store's key of the router.
        policy: What it learns by.
        state: What the replica says of it.
    """

    router_key: int
    policy: Bandit
    state: learning_pb2.BanditState


class PullCounts:
    """Knows which of the replica's calls are stored. To be used by one thread at a time.

    What a replica counts begins with each start, so that a start is who counts: its name is made for it, and
    what it stores is absolute. Between two looks calls are at most a second old; a crash takes those along.

    Args:
        replica: The name of this start, that no other has.
    """

    def __init__(self, replica: str) -> None:
        self._replica = replica
        self._counted: _Counts = {}
        # What was tried and perhaps stored: nothing else may have its numbers, and it goes first.
        self._unsent: _Counts = {}

    def store(
        self, served: Sequence[Served], now_us: int, write: Callable[[Sequence[OwnPulls]], None]
    ) -> None:
        """Stores the calls that came since the last time; those that fail to be stored come next time.

        Args:
            served: The bandits, all or some; of others nothing is stored or forgotten.
            now_us: The time, in UTC microseconds: calls go into its bucket.
            write: Stores rows, or raises; what may have been stored all the same is given to it again as it
                was.
        """
        places = {(bandit.router_key, bandit.policy.epoch) for bandit in served}
        self._give_up_folded(served, now_us)
        self._send(places, write)
        for bandit in served:
            place = (bandit.router_key, bandit.policy.epoch)
            counted = self._counted.get(place, {})
            bucket = pull_bucket(bandit.policy, now_us)
            changed = {}
            for arm in bandit.state.arms:
                before = counted.get(arm.variant, _Counted())
                seen = (before.seen, before.unasked_seen, before.costs_seen)
                if (arm.pulls, arm.unasked_pulls, _costs(arm)) != seen:
                    changed[arm.variant] = _with(before, arm, bucket)
            if changed:
                self._unsent[place] = changed
        self._send(places, write)

    def forget_others(self, served: Sequence[Served]) -> None:
        """Forgets the routers and epochs that the replica decides by no more."""
        kept = {(bandit.router_key, bandit.policy.epoch) for bandit in served}
        self._counted = {place: arms for place, arms in self._counted.items() if place in kept}
        self._unsent = {place: arms for place, arms in self._unsent.items() if place in kept}

    def of(self, router_key: int, epoch: int) -> Mapping[str, int]:
        """Answers how many of the replica's calls are stored, by variant.

        Args:
            router_key: The store's key of the router.
            epoch: The epoch.
        """
        arms = self._counted.get((router_key, epoch), {})
        return {variant: counted.seen for variant, counted in arms.items()}

    def _send(self, places: Collection[_Place], write: Callable[[Sequence[OwnPulls]], None]) -> None:
        # Whether others' buckets may be folded already nobody looked.
        unsent = {place: arms for place, arms in self._unsent.items() if place in places}
        if not unsent:
            return
        write(
            [
                OwnPulls(
                    *place,
                    variant,
                    self._replica,
                    counted.bucket_time_us,
                    counted.in_bucket,
                    counted.sequence,
                    counted.unasked_in_bucket,
                    counted.costs_in_bucket,
                )
                for place, arms in unsent.items()
                for variant, counted in arms.items()
            ]
        )
        self._settle(unsent)
        self._unsent = {place: arms for place, arms in self._unsent.items() if place not in unsent}

    def _settle(self, stored: _Counts) -> None:
        for place, arms in stored.items():
            self._counted[place] = self._counted.get(place, {}) | arms

    def _give_up_folded(self, served: Sequence[Served], now_us: int) -> None:
        """Lets go of what waited so long that its bucket may be folded: stored again it would count twice."""
        before_us = {
            (bandit.router_key, bandit.policy.epoch): folded_before_us(bandit.policy, now_us)
            for bandit in served
        }
        late = {
            place: arms
            for place, arms in self._unsent.items()
            if any(counted.bucket_time_us < before_us.get(place, 0) for counted in arms.values())
        }
        self._settle(late)
        self._unsent = {place: arms for place, arms in self._unsent.items() if place not in late}


def _with(before: _Counted, arm: learning_pb2.ArmState, bucket_time_us: int) -> _Counted:
    added, unasked = arm.pulls - before.seen, arm.unasked_pulls - before.unasked_seen
    seen = _costs(arm)
    costs = seen.minus(before.costs_seen)
    if added < 0 or unasked < 0 or min(costs) < 0:
        # A replica that counts less than before has begun anew.
        added, unasked, costs = arm.pulls, arm.unasked_pulls, seen
    # Never an earlier bucket: what it holds is not remembered, and would be written over.
    bucket = max(before.bucket_time_us, bucket_time_us)
    if bucket == before.bucket_time_us:
        added, unasked = before.in_bucket + added, before.unasked_in_bucket + unasked
        costs = before.costs_in_bucket.plus(costs)
    return _Counted(arm.pulls, bucket, added, before.sequence + 1, arm.unasked_pulls, unasked, seen, costs)


def _costs(arm: learning_pb2.ArmState) -> CostSums:
    return CostSums(arm.ended_pulls, arm.failed_pulls, arm.seconds, arm.squared_seconds)
