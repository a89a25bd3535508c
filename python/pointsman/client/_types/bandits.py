"""Bandits: what they learn by, and what they have learnt."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta


@dataclass(frozen=True)
class ThompsonBeta:
    """By the probability of being best, for rewards from 0 to 1; numbers that are None are the server's."""

    prior_alpha: float | None = None
    """As if so many rewards of 1 had come before."""
    prior_beta: float | None = None
    """As if so many rewards of 0 had come before."""


@dataclass(frozen=True)
class ThompsonNormal:
    """By the probability of being best, for rewards of any size; numbers that are None are the server's."""

    prior_mean: float | None = None
    prior_count: float | None = None
    """How many rewards that mean is worth."""
    prior_variance: float | None = None
    prior_variance_shape: float | None = None
    """How sure that variance is: twice this is the degrees of freedom it is worth."""


@dataclass(frozen=True)
class Ucb1:
    """By the greatest mean plus an allowance for doubt."""

    alpha: float | None = None
    """How much doubt counts, in units of reward; None means 1."""


@dataclass(frozen=True)
class EpsilonGreedy:
    """A part of calls is split evenly, the rest goes to the best mean."""

    epsilon: float | None = None
    """That part, 0 to 1; None means 0.1."""


class Cost(StrEnum):
    """What a call costs that its arm was asked; no feedback need say it."""

    UNSPECIFIED = "unspecified"
    ERROR = "error"
    """1 for a call that did not answer OK, else 0."""
    LATENCY = "latency"
    """Seconds from asking the arm to its answer or failure."""


@dataclass(frozen=True)
class RewardTerm:
    """One term of a reward that is a sum; of metric and cost one is given."""

    weight: float
    """How much one unit of it is worth, below 0 where more is worse."""
    metric: str | None = None
    cost: Cost | None = None
    missing: float | None = None
    """What a call counts as for which the metric does not come within the window; None teaches nothing."""


@dataclass(frozen=True)
class Bandit:
    """What a bandit learns by, and how. Of the four algorithms one is given; none means ``thompson_beta``."""

    thompson_beta: ThompsonBeta | None = None
    thompson_normal: ThompsonNormal | None = None
    ucb1: Ucb1 | None = None
    epsilon_greedy: EpsilonGreedy | None = None
    metric: str = ""
    """The metric whose values are the rewards; empty means ``reward``, or that there are reward terms."""
    exploration_floor: float | None = None
    """The part of calls that is split evenly over all arms, 0 to 1; None means 0.05."""
    uniform_slice: float = 0.0
    """The same, but marked in records; above 0 it replaces the floor. Not of a sticky router."""
    half_life: timedelta | None = None
    """After how long a call and its reward count half; None forgets nothing."""
    warm_up_pulls: int = 0
    """The calls that each arm gets before anything is concluded."""
    feedback_window: timedelta | None = None
    """How long after a call its feedback is waited for; needed for ``missing_reward``."""
    missing_reward: float | None = None
    """The reward of a call for which none came within that; None teaches nothing."""
    epoch: int = 0
    """Of what is learnt; the server's to say."""
    sticky_update_interval: timedelta | None = None
    """Of a sticky router, how long entities keep their slots at least; None means an hour."""
    reward_terms: Sequence[RewardTerm] = ()
    """What the reward is the sum of, in place of one metric; not with ``thompson_beta``."""


@dataclass(frozen=True)
class TermMetrics:
    """What is known of one term of an arm's reward."""

    mean: float | None = None
    """The mean of its values, before the weight; None while there are none."""
    count: float = 0.0
    """How many values count, each with what is left of its weight."""
    contribution: float | None = None
    """What it adds to the arm's reward: the weight times the mean."""


@dataclass(frozen=True)
class ArmMetrics:
    """What is believed of one arm; None where nothing can be said."""

    variant: str
    mean: float | None = None
    """The posterior mean of its reward."""
    mean_low: float | None = None
    """The lower end of the interval that holds 95 % of the posterior."""
    mean_high: float | None = None
    """Its upper end."""
    share: float | None = None
    """Its share of drawn calls in force at the server that answered; if sticky, of those without entity."""
    best_probability: float | None = None
    reward_count: float = 0.0
    """How many rewards count, each with what is left of its weight."""
    pulls: int = 0
    """Calls that it was picked for in this epoch, over all servers."""
    slot_share: float | None = None
    """Its share of the slots of entities; None where the router is not sticky."""
    terms: Sequence[TermMetrics] = ()
    """Of a reward that is a sum, what is known of each term, in the order of ``reward_terms``."""


@dataclass(frozen=True)
class StickyMetrics:
    """How the slots of a sticky bandit's entities follow what is learnt."""

    update_time: datetime | None = None
    """When they last did; None before they did in this epoch."""
    moved_slots: int = 0
    """How many of the 10,000 slots, and so of entities, went to another variant then."""
    moved_share: float = 0.0
    """The same as a share, 0 to 1."""
    epoch_moved_slots: int = 0
    """How many did in this epoch, all updates together."""
    next_update_time: datetime | None = None
    """When they may follow next."""


@dataclass(frozen=True)
class BanditMetrics:
    """What a bandit has learnt by now, whatever window the other figures are of."""

    epoch: int
    algorithm: str
    metric: str
    regret: float | None = None
    """What all calls are expected to have cost beside always the best arm, in units of reward."""
    arms: Sequence[ArmMetrics] = ()
    sticky: StickyMetrics | None = None
    """What became of the slots of entities; None where the router is not sticky."""
    reward_terms: Sequence[RewardTerm] = ()
    """What the rewards are the sum of; empty where they are one metric."""
