"""Bandits: shares follow from the feedback of one metric, or of several and from what calls cost.

How they follow is computed by the core, which also checks the numbers of an algorithm: see
:class:`pointsman.domain.ports.core.BanditMathematics`.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Self

from pointsman.domain.records.feedback import DEFAULT_METRIC
from pointsman.domain.strategies.policy import Strategy
from pointsman.domain.strategies.reward_terms import RewardTerm, sum_in_words
from pointsman.domain.strategies.slots_moved import DEFAULT_UPDATE_US, SlotsMoved
from pointsman.domain.values import MICROSECONDS_PER_SECOND
from pointsman.domain.variants import Variant, pickable
from pointsman.domain.violations import Violations

DEFAULT_FLOOR = 0.05
FIRST_EPOCH = 1
"""Calls of routers that learn nothing are of epoch 0."""


class Algorithm(StrEnum):
    """How shares follow from what was learnt."""

    THOMPSON_BETA = "thompson_beta"
    THOMPSON_NORMAL = "thompson_normal"
    UCB1 = "ucb1"
    EPSILON_GREEDY = "epsilon_greedy"


@dataclass(frozen=True)
class Bandit:
    """What a bandit learns by, and how.

    Attributes:
        algorithm: How shares follow from what was learnt.
        numbers: Those of the algorithm's numbers that are stated, by their names in alphabetical order.
        metric: The metric whose values are the rewards; empty where they are sums.
        exploration_floor: The part of calls that is split evenly over all arms, 0 to 1.
        uniform_slice: The same, but marked in records; above 0 it replaces the floor.
        half_life_us: After how long a call and its reward count half; None where nothing is forgotten.
        warm_up_pulls: The calls that each arm gets before anything is concluded.
        feedback_window_us: How long after a call its feedback is waited for; None for ever.
        missing_reward: The reward of a call for which none came within that; None where it teaches nothing.
        sticky_update_us: Of a sticky router, how long slots stay as they are at least; None for an hour.
        terms: What the reward is the sum of; empty where it is one metric.
        epoch: Of what is learnt; another one knows nothing of it.
        former: Names of arms that were taken away in this epoch, with their model versions: under the name of
            one, another model would seem to have learnt what that one did.
        dated_from_us: When this epoch began to tell rewards by their time; earlier ones count as of then.
        slots: How the slots of entities last followed what was learnt.
    """

    algorithm: Algorithm = Algorithm.THOMPSON_BETA
    numbers: tuple[tuple[str, float], ...] = ()
    metric: str = DEFAULT_METRIC
    exploration_floor: float = DEFAULT_FLOOR
    uniform_slice: float = 0.0
    half_life_us: int | None = None
    warm_up_pulls: int = 0
    feedback_window_us: int | None = None
    missing_reward: float | None = None
    sticky_update_us: int | None = None
    terms: tuple[RewardTerm, ...] = ()
    # What follows is no setting: it comes of them and of what was there before.
    epoch: int = dataclasses.field(default=0, compare=False)
    former: tuple[tuple[str, str], ...] = dataclasses.field(default=(), compare=False)
    dated_from_us: int = dataclasses.field(default=0, compare=False)
    slots: SlotsMoved = dataclasses.field(default=SlotsMoved(), compare=False)
    strategy: ClassVar[Strategy] = Strategy.BANDIT
    field: ClassVar[str] = "bandit"
    takes_weights: ClassVar[bool] = False
    splits_alike: ClassVar[bool] = False

    @property
    def takes_rates_only(self) -> bool:
        """Whether rewards are from 0 to 1 by the algorithm's nature."""
        return self.algorithm is Algorithm.THOMPSON_BETA

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that are learnt from, in order."""
        if self.terms:
            return tuple(term.metric for term in self.terms if term.cost is None)
        return (self.metric,)

    @property
    def learns_from(self) -> frozenset[str]:
        """Names of all that is learnt from, metrics and costs: other ones begin another epoch."""
        return frozenset(term.name for term in self.terms) if self.terms else frozenset({self.metric})

    @property
    def counts_missing(self) -> bool:
        """Whether calls without feedback count as something, in time."""
        return self.missing_reward is not None or any(term.missing is not None for term in self.terms)

    @property
    def reward_words(self) -> str:
        """What the reward is, for people."""
        return sum_in_words(self.terms) if self.terms else self.metric

    @property
    def is_dated(self) -> bool:
        """Whether rewards of one time count otherwise than those of another."""
        return self.half_life_us is not None or self.feedback_window_us is not None

    @property
    def slots_stay_us(self) -> int:
        """How long the slots of entities stay as they are at least, in microseconds."""
        return DEFAULT_UPDATE_US if self.sticky_update_us is None else self.sticky_update_us

    def takes(self, reward: float) -> bool:
        """Answers whether a value of the metric is learnt from."""
        return not self.takes_rates_only or 0.0 <= reward <= 1.0

    def shares(self, variants: Sequence[Variant]) -> tuple[float, ...]:
        """Answers equal shares of the arms: those of who knows nothing yet."""
        names = {variant.name for variant in pickable(variants)}
        return tuple(1.0 / len(names) if variant.name in names else 0.0 for variant in variants)

    def idle_fault(self, variants: Sequence[Variant]) -> str | None:
        """Answers None: every arm gets some calls at first."""
        return None

    def note_faults(self, found: Violations, field: str, variants: Sequence[Variant]) -> None:
        """Notes weights, which would decide nothing.

        Args:
            found: Takes the faults.
            field: The path of the router.
            variants: The router's.
        """
        for index, variant in enumerate(variants):
            if variant.weight:
                found.add(
                    f"{field}.variants[{index}].weight",
                    f"{variant.weight:g} would decide nothing; leave it 0: a bandit's shares follow from the "
                    f"rewards of {self.reward_words}",
                )

    def words(self) -> str:
        """Says algorithm and metric, and whatever else is not as it is by default."""
        told = [f"bandit {self.algorithm} on {self.reward_words}"]
        told += [f"{name} {number:g}" for name, number in self.numbers]
        if self.exploration_floor != DEFAULT_FLOOR:
            told.append(f"floor {self.exploration_floor:g}")
        if self.uniform_slice:
            told.append(f"uniform slice {self.uniform_slice:g}")
        if self.half_life_us is not None:
            told.append(f"half-life {_seconds(self.half_life_us)}")
        if self.warm_up_pulls:
            told.append(f"warm-up {self.warm_up_pulls}")
        if self.feedback_window_us is not None:
            told.append(f"feedback within {_seconds(self.feedback_window_us)}")
        if self.missing_reward is not None:
            told.append(f"missing {self.missing_reward:g}")
        told += [f"missing {term.metric} {term.missing:g}" for term in self.terms if term.missing is not None]
        if self.sticky_update_us is not None:
            told.append(f"slots each {_seconds(self.sticky_update_us)}")
        if self.epoch:
            told.append(f"epoch {self.epoch}")
        return ", ".join(told)

    def to_document(self) -> Mapping[str, Any]:
        """Answers the settings, and the state of the epoch."""
        return {
            "algorithm": self.algorithm.value,
            "numbers": dict(self.numbers),
            "metric": self.metric,
            "terms": [term.to_document() for term in self.terms],
            "exploration_floor": self.exploration_floor,
            "uniform_slice": self.uniform_slice,
            "half_life_us": self.half_life_us,
            "warm_up_pulls": self.warm_up_pulls,
            "feedback_window_us": self.feedback_window_us,
            "missing_reward": self.missing_reward,
            "sticky_update_us": self.sticky_update_us,
            "epoch": self.epoch,
            "former": dict(self.former),
            "dated_from_us": self.dated_from_us,
            "slots": dataclasses.asdict(self.slots),
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Reads what :meth:`to_document` answered."""
        return cls(
            algorithm=Algorithm(document["algorithm"]),
            numbers=tuple(sorted(document["numbers"].items())),
            metric=document["metric"],
            exploration_floor=document["exploration_floor"],
            uniform_slice=document["uniform_slice"],
            half_life_us=document["half_life_us"],
            warm_up_pulls=document["warm_up_pulls"],
            feedback_window_us=document["feedback_window_us"],
            missing_reward=document["missing_reward"],
            epoch=document["epoch"],
            former=tuple(sorted(document["former"].items())),
            dated_from_us=document["dated_from_us"],
            # Releases before did not know these.
            terms=tuple(RewardTerm.from_document(term) for term in document.get("terms", ())),
            sticky_update_us=document.get("sticky_update_us"),
            slots=SlotsMoved(**document.get("slots", {})),
        )


def begun(policy: Bandit, now_us: int) -> Bandit:
    """Answers a bandit in its first epoch.

    Args:
        policy: The bandit, as it is given.
        now_us: The time, in UTC microseconds.
    """
    return dataclasses.replace(
        policy,
        epoch=FIRST_EPOCH,
        former=(),
        dated_from_us=now_us if policy.is_dated else 0,
        slots=SlotsMoved(now_us),
    )


def renewed(policy: Bandit, now_us: int) -> Bandit:
    """Answers a bandit in the epoch after its own, which knows nothing.

    Args:
        policy: The bandit, as it stands.
        now_us: The time, in UTC microseconds.
    """
    return dataclasses.replace(begun(policy, now_us), epoch=policy.epoch + 1)


def continued(
    before: Bandit,
    variants_before: Sequence[Variant],
    after: Bandit,
    variants_after: Sequence[Variant],
    now_us: int,
) -> Bandit:
    """Answers a bandit with new settings or variants, in the epoch that they are of.

    A new one begins where what was learnt is not of the same things any more: with other metrics or costs,
    where a name comes to stand for another model version, and where thompson_beta, which takes no rewards
    beyond 0 and 1, takes over or is left. Each term of a sum is learnt by itself, so that other weights, and
    other values for missing ones, begin none.

    Args:
        before: The bandit as it stands.
        variants_before: Its router's variants.
        after: The new settings; what they say of epochs does not count.
        variants_after: The variants that the router shall have.
        now_us: The time, in UTC microseconds.
    """
    arms_before, arms_after = _models_of(variants_before), _models_of(variants_after)
    known = dict(before.former) | arms_before
    is_other = (
        after.learns_from != before.learns_from
        or after.takes_rates_only is not before.takes_rates_only
        or any(known.get(name, model) != model for name, model in arms_after.items())
    )
    if is_other:
        return renewed(dataclasses.replace(after, epoch=before.epoch), now_us)
    left = known.keys() - arms_after.keys()
    dated_from_us = now_us if after.is_dated and not before.is_dated else before.dated_from_us
    return dataclasses.replace(
        after,
        epoch=before.epoch,
        former=tuple(sorted((name, known[name]) for name in left)),
        dated_from_us=dated_from_us,
        slots=before.slots,
    )


def _models_of(variants: Sequence[Variant]) -> dict[str, str]:
    """Answers the model versions of arms, be they on or off: of shadows nothing is learnt."""
    return {one.name: str(one.model_key) for one in variants if not one.is_shadow}


def _seconds(microseconds: int) -> str:
    return f"{microseconds / MICROSECONDS_PER_SECOND:g}s"
