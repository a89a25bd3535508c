"""Bandits without a server: decided in bulk, with rewards in between."""

import random
from collections import Counter

import pyarrow as pa
import pytest

from pointsman.dataplane.engine import OfflineEngine
from pointsman.errors import InvalidRequestError
from pointsman.v1 import router_pb2, snapshot_pb2

RATES = {"a": 0.2, "b": 0.7}


def a_bandit(**settings: object) -> snapshot_pb2.RouterSnapshot:
    bandit = router_pb2.Bandit(epoch=3, **settings)  # type: ignore[arg-type]
    router = snapshot_pb2.RouterSnapshot(
        router_id="r",
        strategy=router_pb2.STRATEGY_BANDIT,
        status=router_pb2.ROUTER_STATUS_RUNNING,
        settings=router_pb2.Router(bandit=bandit),
    )
    router.metrics.add(name="reward", type=router_pb2.METRIC_TYPE_BINARY)
    for name in (*RATES, "off"):
        router.variants.add(name=name, model_id="m", model_version="1", enabled=name != "off")
    return router


def learn(engine: OfflineEngine, rounds: int, seed: int = 1) -> list[str]:
    """Decides so many rounds of calls with rewards in between; answers what was picked."""
    chance = random.Random(seed)
    picked: list[str] = []
    for _ in range(rounds):
        variants = engine.decide("r", [None] * 50).column("variant").to_pylist()
        values = [float(chance.random() < RATES[variant]) for variant in variants]
        assert engine.observe_rewards("r", variants, values) == len(values)
        engine.update("r")
        picked += variants
    return picked


def test_calls_go_to_what_rewards_say_and_come_out_the_same_of_a_seed() -> None:
    first, second = (OfflineEngine(a_bandit(), seed=5) for _ in range(2))
    picked = learn(first, 20)
    assert Counter(picked)["b"] > 700
    assert Counter(picked)["off"] == 0
    assert learn(second, 20) == picked
    assert first.update("r") == pytest.approx([0.025, 0.975, 0.0], abs=1e-6)


def test_decisions_say_epoch_table_and_exact_probability() -> None:
    engine = OfflineEngine(a_bandit(uniform_slice=0.5), seed=5)
    shares = dict(zip((*RATES, "off"), engine.update("r"), strict=True))
    decided = engine.decide("r", ["e1"] * 200).to_pylist()
    assert {call["reason"] for call in decided} == {"bandit", "exploration"}
    assert all(call["propensity"] == shares[call["variant"]] for call in decided)
    assert {(call["epoch"], call["randomised_by"]) for call in decided} == {(3, "request")}
    (before,) = {call["allocation_version"] for call in decided}
    engine.update("r")
    assert engine.decide("r", [None]).column("allocation_version").to_pylist() == [before + 1]


def test_engines_merge_what_they_counted_once() -> None:
    one, other = (OfflineEngine(a_bandit(), seed=seed) for seed in (1, 2))
    learn(one, 10)
    sequence, totals = one.arm_totals("r")
    assert sum(arm.pulls for arm in totals.arms) == 500
    assert other.merge_arm_totals("r", 1, sequence, totals)
    assert not other.merge_arm_totals("r", 1, sequence, totals)
    assert other.update("r") == pytest.approx(one.update("r"))


def test_old_rewards_fade_by_the_clock() -> None:
    bandit = a_bandit(exploration_floor=0)
    bandit.settings.bandit.half_life.FromSeconds(10)
    engine = OfflineEngine(bandit)
    engine.observe_rewards("r", ["a"] * 100 + ["b"] * 100, [1.0] * 100 + [0.0] * 100)
    assert engine.update("r")[0] == pytest.approx(1.0)
    assert engine.update("r", seconds=1000)[0] == pytest.approx(0.5)


def test_what_is_no_reward_is_refused_and_nothing_of_it_counted() -> None:
    engine = OfflineEngine(a_bandit())
    for variants, values, match in (
        (["a", "x"], [1.0, 1.0], r"rewards\[1\]: \"x\" is no variant"),
        (["a", "b"], [1.0, 2.0], r"rewards\[1\]\.reward: 2"),
        (["a"], [1.0, 1.0], r"values: 2 for 1"),
    ):
        with pytest.raises(InvalidRequestError, match=match):
            engine.observe_rewards("r", variants, values)
    assert sum(arm.count for arm in engine.arm_totals("r")[1].arms) == 0
    with pytest.raises(InvalidRequestError, match="ReplayPredictions"):
        engine.replay("r", pa.table({"draw": pa.array([1], pa.uint64())}))


def test_other_routers_learn_nothing() -> None:
    router = a_bandit()
    router.strategy = router_pb2.STRATEGY_WEIGHTED
    router.ClearField("settings")
    router.salt = bytes(16)
    router.slot_runs[:] = [0, 10_000]
    router.variants[0].weight = 1
    with pytest.raises(InvalidRequestError, match="is no bandit"):
        OfflineEngine(router).update("r")
