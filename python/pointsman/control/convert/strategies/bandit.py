"""Bandits as messages."""

from typing import Any

from google.protobuf.duration_pb2 import Duration

from pointsman.control.convert.times import duration_of_ns, nanoseconds_of
from pointsman.domain.records.feedback import DEFAULT_METRIC
from pointsman.domain.strategies.bandit import DEFAULT_FLOOR, Algorithm, Bandit
from pointsman.domain.strategies.reward_terms import Cost, RewardTerm
from pointsman.v1 import router_pb2

_NANOSECONDS = 1000
_ALGORITHM = "algorithm"
_COSTS = {router_pb2.COST_ERROR: Cost.ERROR, router_pb2.COST_LATENCY: Cost.LATENCY}
_COST_NUMBERS = {cost: number for number, cost in _COSTS.items()}


def read(message: router_pb2.Router, path: str) -> Bandit:
    """Reads what a bandit learns by."""
    bandit = message.bandit
    word = bandit.WhichOneof(_ALGORITHM) or Algorithm.THOMPSON_BETA.value
    numbers: Any = getattr(bandit, word)
    return Bandit(
        algorithm=Algorithm(word),
        numbers=tuple(sorted((field.name, value) for field, value in numbers.ListFields())),
        # Both is the core's to refuse.
        metric=bandit.metric if bandit.reward_terms else bandit.metric or DEFAULT_METRIC,
        terms=tuple(_read_term(term) for term in bandit.reward_terms),
        exploration_floor=(
            bandit.exploration_floor if bandit.HasField("exploration_floor") else DEFAULT_FLOOR
        ),
        uniform_slice=bandit.uniform_slice,
        half_life_us=_microseconds(bandit.half_life) if bandit.HasField("half_life") else None,
        warm_up_pulls=bandit.warm_up_pulls,
        feedback_window_us=(
            _microseconds(bandit.feedback_window) if bandit.HasField("feedback_window") else None
        ),
        missing_reward=bandit.missing_reward if bandit.HasField("missing_reward") else None,
        sticky_update_us=(
            _microseconds(bandit.sticky_update_interval)
            if bandit.HasField("sticky_update_interval")
            else None
        ),
        epoch=bandit.epoch,
    )


def write(message: router_pb2.Router, policy: Bandit) -> None:
    """Writes what a bandit learns by into the message of its router."""
    bandit = message.bandit
    numbers: Any = getattr(bandit, policy.algorithm.value)
    numbers.SetInParent()
    for name, number in policy.numbers:
        setattr(numbers, name, number)
    bandit.metric = policy.metric
    bandit.reward_terms.extend(term_to(term) for term in policy.terms)
    bandit.exploration_floor = policy.exploration_floor
    bandit.uniform_slice = policy.uniform_slice
    bandit.warm_up_pulls = policy.warm_up_pulls
    if policy.half_life_us is not None:
        bandit.half_life.CopyFrom(duration_of_ns(policy.half_life_us * _NANOSECONDS))
    if policy.feedback_window_us is not None:
        bandit.feedback_window.CopyFrom(duration_of_ns(policy.feedback_window_us * _NANOSECONDS))
    if policy.missing_reward is not None:
        bandit.missing_reward = policy.missing_reward
    if policy.sticky_update_us is not None:
        bandit.sticky_update_interval.CopyFrom(duration_of_ns(policy.sticky_update_us * _NANOSECONDS))
    bandit.epoch = policy.epoch


def term_to(term: RewardTerm) -> router_pb2.RewardTerm:
    """Makes the message of a term."""
    message = router_pb2.RewardTerm(weight=term.weight, missing=term.missing)
    if term.cost is not None:
        message.cost = _COST_NUMBERS[term.cost]
    elif term.metric:
        message.metric = term.metric
    return message


def _read_term(message: router_pb2.RewardTerm) -> RewardTerm:
    """Reads a term; one of neither metric nor cost is the core's to refuse."""
    return RewardTerm(
        weight=message.weight,
        metric=message.metric,
        cost=_COSTS.get(message.cost),
        missing=message.missing if message.HasField("missing") else None,
    )


def _microseconds(duration: Duration) -> int:
    return nanoseconds_of(duration) // _NANOSECONDS
