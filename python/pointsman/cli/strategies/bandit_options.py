"""The options of ``pointsman routers create`` and ``update`` about bandits."""

from __future__ import annotations

import dataclasses
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

from pointsman.cli.line import arguments, commandline
from pointsman.cli.strategies import reward_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pointsman.client import Bandit, MetricDefinition

_NUMBERS = {
    "thompson_beta": ("prior_alpha", "prior_beta"),
    "thompson_normal": ("prior_mean", "prior_count", "prior_variance", "prior_variance_shape"),
    "ucb1": ("alpha",),
    "epsilon_greedy": ("epsilon",),
}
"""The algorithms with the numbers that each takes, by the names of their fields."""


class StrategyName(StrEnum):
    """How a router picks a variant."""

    WEIGHTED = "weighted"
    FEATURE_RULES = "feature_rules"
    BANDIT = "bandit"
    CANARY = "canary"


class AlgorithmName(StrEnum):
    """How a bandit's shares follow from what it learnt."""

    THOMPSON_BETA = "thompson_beta"
    THOMPSON_NORMAL = "thompson_normal"
    UCB1 = "ucb1"
    EPSILON_GREEDY = "epsilon_greedy"


Strategy = Annotated[
    StrategyName | None,
    commandline.Option(help="How a new router picks; weighted, or what its other options are about."),
]
Algorithm = Annotated[
    AlgorithmName | None,
    commandline.Option(
        help="How a bandit's shares follow from rewards; thompson_beta for a new one, and with --reward "
        "thompson_normal."
    ),
]
AlgorithmNumber = Annotated[
    list[str] | None,
    commandline.Option(
        metavar="NAME=NUMBER",
        help="A number of the algorithm, e.g. prior_alpha=2, alpha=0.5 or epsilon=0.2; those given are all.",
    ),
]
RewardMetric = Annotated[
    str | None,
    commandline.Option(
        metavar="METRIC", help="The metric whose values are rewards; the only --metric, or 'reward'."
    ),
]
Reward = Annotated[
    list[str] | None,
    commandline.Option(
        metavar="[WEIGHT*]TERM",
        help="A term of a reward that is a sum: a metric, conversion=0 where silence counts as 0, or a cost "
        "of calls, @error (0 or 1) or @latency (seconds), e.g. '-0.2*@latency'. Repeated; in place of "
        "--reward-metric.",
    ),
]
ExplorationFloor = Annotated[
    float | None,
    commandline.Option(help="The part of calls that a bandit splits evenly, 0 to 1; 0.05 for a new one."),
]
UniformSlice = Annotated[
    float | None,
    commandline.Option(help="The same, but marked in records; above 0 it replaces the floor."),
]
HalfLife = Annotated[
    str | None,
    commandline.Option(metavar="DURATION", help="After how long a reward counts half; 0s forgets nothing."),
]
WarmUpPulls = Annotated[
    int | None, commandline.Option(help="The calls that each arm gets before anything is concluded.")
]
FeedbackWindow = Annotated[
    str | None,
    commandline.Option(metavar="DURATION", help="How long the reward of a call is waited for; 0s for ever."),
]
MissingReward = Annotated[
    str | None,
    commandline.Option(
        metavar="NUMBER", help="The reward of a call for which none came within that; empty for none."
    ),
]
StickyUpdateInterval = Annotated[
    str | None,
    commandline.Option(
        metavar="DURATION",
        help="How long a sticky bandit's entities keep their slots at least; 0s means an hour, the default.",
    ),
]


@dataclasses.dataclass(frozen=True)
class BanditSaid:
    """What a line says of a bandit; what is None it does not say."""

    algorithm: AlgorithmName | None
    numbers: Sequence[str] | None
    metric: str | None
    exploration_floor: float | None
    uniform_slice: float | None
    half_life: str | None
    warm_up_pulls: int | None
    feedback_window: str | None
    missing_reward: str | None
    sticky_update_interval: str | None = None
    reward: Sequence[str] | None = None

    @property
    def any(self) -> bool:
        """Whether it says anything."""
        return any(value is not None for value in dataclasses.astuple(self))

    def bandit(self, now: Bandit | None, declared: Sequence[MetricDefinition] = ()) -> Bandit:
        """Answers the bandit that the line means.

        Args:
            now: The bandit as it is; None for a new one.
            declared: The metrics that the line declares, of which a new one learns by the only one.

        Raises:
            commandline.BadParameter: A value is of another form.
        """
        from pointsman.client import Bandit

        changes: dict[str, Any] = {}
        if self.algorithm is not None or self.numbers is not None or (now is None and self.reward):
            changes = self._algorithm(now)
        if self.reward is not None:
            changes |= reward_options.sum_of(self.reward, self.metric)
        elif self.metric is not None:
            changes |= {"metric": self.metric, "reward_terms": ()}
        elif now is None and len(declared) == 1:
            changes["metric"] = declared[0].name
        for name in ("exploration_floor", "uniform_slice", "warm_up_pulls"):
            value = getattr(self, name)
            if value is not None:
                changes[name] = value
        for name in ("half_life", "feedback_window", "sticky_update_interval"):
            text = getattr(self, name)
            if text is not None:
                changes[name] = arguments.duration(text, f"--{name.replace('_', '-')}") or None
        if self.missing_reward is not None:
            missing = {"missing_reward": self.missing_reward} if self.missing_reward else {}
            changes["missing_reward"] = _numbers(missing, "--missing-reward").get("missing_reward")
        return dataclasses.replace(now or Bandit(), **changes)

    def takes_rates_only(self) -> bool:
        """Whether the line means an algorithm whose rewards are from 0 to 1."""
        return self.algorithm is AlgorithmName.THOMPSON_BETA or (self.algorithm is None and not self.reward)

    def _algorithm(self, now: Bandit | None) -> dict[str, Any]:
        from pointsman import client

        kinds = {
            "thompson_beta": client.ThompsonBeta,
            "thompson_normal": client.ThompsonNormal,
            "ucb1": client.Ucb1,
            "epsilon_greedy": client.EpsilonGreedy,
        }
        current = next((name for name in kinds if now is not None and getattr(now, name) is not None), None)
        usual = "thompson_normal" if self.reward else "thompson_beta"
        name = self.algorithm.value if self.algorithm is not None else current or usual
        pairs = arguments.pairs(list(self.numbers or ()), "--algorithm-number")
        for given in pairs:
            if given not in _NUMBERS[name]:
                raise commandline.BadParameter(
                    f"{given} is no number of {name}, which takes {', '.join(_NUMBERS[name])}",
                    param_hint="--algorithm-number",
                )
        made = kinds[name](**_numbers(pairs, "--algorithm-number"))
        return {**dict.fromkeys(kinds), name: made}


def rate_metrics(metrics: Sequence[MetricDefinition], name: str) -> list[MetricDefinition]:
    """Answers metrics of which the one that is said by its name alone takes values from 0 to 1.

    Args:
        metrics: The metrics that a line declares.
        name: The one that thompson_beta learns by.
    """
    from pointsman.client import MetricDefinition

    return [
        dataclasses.replace(metric, min_value=0.0, max_value=1.0)
        if metric == MetricDefinition(name)
        else metric
        for metric in metrics
    ]


def _numbers(pairs: dict[str, str], option: str) -> dict[str, float]:
    return arguments.numbers([f"{name}={text}" for name, text in pairs.items()], option)
