"""A thousand picks among ten arms, after ten thousand rewards: the engine beside MABWiser and River.

All three learn from the same rewards. The peers compute or draw anew for each pick. The engine draws from
shares that it computed once, which its update shows, and answers the probability of each pick as well.
"""

import random
from collections.abc import Callable
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from pointsman.dataplane.engine import OfflineEngine
from pointsman.v1 import router_pb2, snapshot_pb2

ARMS = [f"arm-{number}" for number in range(10)]
REWARDS = 10_000
PICKS = 1_000
EPSILON = 0.1
ALGORITHMS = ("thompson_beta", "ucb1", "epsilon_greedy")

algorithms = pytest.mark.parametrize("algorithm", ALGORITHMS)


def rewards() -> tuple[list[str], list[float]]:
    draws = random.Random(5)
    variants = [draws.choice(ARMS) for _ in range(REWARDS)]
    return variants, [float(draws.random() < 0.05 + 0.01 * ARMS.index(variant)) for variant in variants]


def engine_of(algorithm: str) -> OfflineEngine:
    router = snapshot_pb2.RouterSnapshot(
        router_id="bench",
        strategy=router_pb2.STRATEGY_BANDIT,
        status=router_pb2.ROUTER_STATUS_RUNNING,
        variants=[
            router_pb2.Variant(name=name, model_id="m", model_version="1", enabled=True) for name in ARMS
        ],
        metrics=[router_pb2.MetricDefinition(name="reward", type=router_pb2.METRIC_TYPE_BINARY)],
        salt=bytes(16),
        owner="local",
    )
    bandit = router.settings.bandit
    bandit.epoch = 1
    getattr(bandit, algorithm).SetInParent()
    engine = OfflineEngine(router, seed=5)
    engine.decide("bench", [None] * REWARDS)
    engine.observe_rewards("bench", *rewards())
    engine.update("bench")
    return engine


@algorithms
def test_picks_by_the_engine(benchmark: BenchmarkFixture, algorithm: str) -> None:
    benchmark.group = f"{PICKS} picks, {algorithm}"
    engine = engine_of(algorithm)
    calls = [None] * PICKS
    picked = benchmark(engine.decide, "bench", calls)
    assert picked.num_rows == PICKS


@algorithms
def test_the_engine_learns(benchmark: BenchmarkFixture, algorithm: str) -> None:
    benchmark.group = "new shares of ten arms"
    shares = benchmark(engine_of(algorithm).update, "bench")
    assert sum(shares) == pytest.approx(1)


@algorithms
def test_picks_by_mabwiser(benchmark: BenchmarkFixture, algorithm: str) -> None:
    mab = pytest.importorskip("mabwiser.mab", reason="the group bench has it")
    benchmark.group = f"{PICKS} picks, {algorithm}"
    policies = {
        "thompson_beta": mab.LearningPolicy.ThompsonSampling(),
        "ucb1": mab.LearningPolicy.UCB1(alpha=1),
        "epsilon_greedy": mab.LearningPolicy.EpsilonGreedy(epsilon=EPSILON),
    }
    bandit = mab.MAB(arms=ARMS, learning_policy=policies[algorithm], seed=5)
    bandit.fit(*rewards())
    assert benchmark(repeat, bandit.predict) in ARMS


@algorithms
def test_picks_by_river(benchmark: BenchmarkFixture, algorithm: str) -> None:
    river = pytest.importorskip("river.bandit", reason="the group bench has it")
    probabilities = pytest.importorskip("river.proba", reason="the group bench has it")
    benchmark.group = f"{PICKS} picks, {algorithm}"
    policies: dict[str, Callable[[], Any]] = {
        "thompson_beta": lambda: river.ThompsonSampling(reward_obj=probabilities.Beta(), seed=5),
        "ucb1": lambda: river.UCB(delta=1, seed=5),
        "epsilon_greedy": lambda: river.EpsilonGreedy(epsilon=EPSILON, seed=5),
    }
    bandit = policies[algorithm]()
    for variant, value in zip(*rewards(), strict=True):
        bandit.update(variant, bool(value) if algorithm == "thompson_beta" else value)
    assert benchmark(repeat, lambda: bandit.pull(ARMS)) in ARMS


def repeat(pick: Callable[[], str]) -> str:
    for _ in range(PICKS):
        picked = pick()
    return picked
