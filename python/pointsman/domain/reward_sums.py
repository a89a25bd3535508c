"""Sums of rewards about a number near them, and of what calls cost.

Sums that belong together add up in any order, over servers and batches, and a correction is a value taken out
and another put in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


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

    @property
    def mean(self) -> float:
        """The mean of the rewards; of none, 0."""
        return self.origin + self.total / self.count if self.count > 0 else 0.0

    @property
    def squared_deviations(self) -> float:
        """The sum of the squares of (reward - mean)."""
        return max(0.0, self.total_squares - self.total * self.total / self.count) if self.count > 0 else 0.0


def one_reward(reward: float, origin: float) -> RewardSums:
    """Answers the sums of one reward about a number."""
    distance = reward - origin
    return RewardSums(1.0, origin, distance, distance * distance)


class CostSums(NamedTuple):
    """What calls cost that an arm was asked.

    Attributes:
        calls: How many there were, of those that are over.
        failures: How many of them the arm failed.
        seconds: The sum of the times from asking it to its answer or failure.
        squares: The sum of the squares of these times.
    """

    calls: float = 0.0
    failures: float = 0.0
    seconds: float = 0.0
    squares: float = 0.0

    def plus(self, other: CostSums, weight: float = 1.0) -> CostSums:
        """Answers both together, the other one's weighed."""
        return CostSums(*(one + weight * more for one, more in zip(self, other, strict=True)))

    def minus(self, other: CostSums) -> CostSums:
        """Answers what came since the other one's."""
        return self.plus(other, -1.0)

    @property
    def errors(self) -> RewardSums:
        """The failures as rewards: 1 for each, 0 for each other call."""
        return RewardSums(self.calls, 0.0, self.failures, self.failures)

    @property
    def latencies(self) -> RewardSums:
        """The times as rewards, in seconds."""
        return RewardSums(self.calls, 0.0, self.seconds, self.squares)


NO_COSTS = CostSums()
