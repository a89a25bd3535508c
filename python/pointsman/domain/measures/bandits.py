"""What a bandit has learnt, in figures."""

from dataclasses import dataclass

from pointsman.domain.reward_folding import TermSums
from pointsman.domain.strategies.bandit import Bandit
from pointsman.domain.strategies.slots_moved import SlotsMoved


@dataclass(frozen=True)
class ArmFigures:
    """What is believed of one arm; None where nothing can be said.

    Attributes:
        variant: The variant.
        reward_count: How many rewards count, each with what is left of its weight.
        pulls: The calls that it was picked for.
        share: Its share of drawn calls by the table in force at this server.
        mean: The posterior mean of its reward.
        mean_low: The lower end of the interval that holds 95 % of the posterior.
        mean_high: Its upper end.
        best_probability: The probability that it is the best.
        slot_share: Its share of the slots of entities; None where the router is not sticky.
        terms: Of rewards that are sums, what is known of each term; nothing of an arm without calls.
    """

    variant: str
    reward_count: float
    pulls: int
    share: float | None = None
    mean: float | None = None
    mean_low: float | None = None
    mean_high: float | None = None
    best_probability: float | None = None
    slot_share: float | None = None
    terms: tuple[TermSums, ...] = ()


@dataclass(frozen=True)
class BanditFigures:
    """What a bandit has learnt in its epoch.

    Attributes:
        policy: What it learns by.
        arms: In the router's order.
        regret: What all calls are expected to have cost beside always the best arm, in units of reward.
        slots: How the slots of entities last followed it; None where the router is not sticky.
    """

    policy: Bandit
    arms: tuple[ArmFigures, ...]
    regret: float | None = None
    slots: SlotsMoved | None = None

    @property
    def shares(self) -> dict[str, float]:
        """The shares in force by variant, of slots where there are any; of variants that have none, 0."""
        if self.slots is not None:
            return {arm.variant: arm.slot_share or 0.0 for arm in self.arms}
        return {arm.variant: arm.share or 0.0 for arm in self.arms}
