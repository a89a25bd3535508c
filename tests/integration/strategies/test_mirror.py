"""Less is better is the mirror image of more is better."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.dataplane.engine import OfflineEngine
from pointsman.v1 import router_pb2

from .routers import ALGORITHMS, ROUTER, a_bandit
from .simulation import calls, picked

RATES = st.lists(st.floats(0, 1), min_size=2, max_size=5)
MIXED = st.sampled_from([{"exploration_floor": 0.0}, {"exploration_floor": 0.05}, {"uniform_slice": 0.2}])


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@settings(max_examples=12, deadline=None, derandomize=True)
@given(rates=RATES, mixed=MIXED, warm_up=st.integers(0, 20), binary=st.booleans(), seed=st.integers(0, 2**32))
def test_mirrored_rewards_give_the_same_shares_and_calls(
    algorithm: str, rates: list[float], mixed: dict[str, float], warm_up: int, binary: bool, seed: int
) -> None:
    most, least = (
        OfflineEngine(
            a_bandit(len(rates), direction, warm_up_pulls=warm_up, **mixed, **ALGORITHMS[algorithm]), seed
        )
        for direction in (router_pb2.METRIC_DIRECTION_MAXIMISE, router_pb2.METRIC_DIRECTION_MINIMISE)
    )
    chance, names = np.random.default_rng(seed), np.array([f"v{number}" for number in range(len(rates))])
    for _ in range(6):
        variants = picked(most.decide(ROUTER, calls(40)))
        assert (picked(least.decide(ROUTER, calls(40))) == variants).all()
        rewards = chance.random(40)
        of_call = np.asarray(rates)[variants]
        rewards = (rewards < of_call).astype(float) if binary else rewards * of_call
        told = names[variants].tolist()
        most.observe_rewards(ROUTER, told, rewards.tolist())
        least.observe_rewards(ROUTER, told, (1 - rewards).tolist())
        assert most.update(ROUTER) == pytest.approx(least.update(ROUTER), abs=1e-6)
