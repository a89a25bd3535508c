"""Propensities that change with what is learnt are those that calls were drawn by."""

from typing import Any

import numpy as np
import pytest
from scipy.stats import binom

from pointsman.domain.measures.off_policy import RewardedCalls, policy_value

from .routers import ALGORITHMS, ROUTER, a_bandit
from .simulation import Learner, calls
from .sizes import IS_FULL, runs

pytestmark = pytest.mark.timeout(3600)

RATES = (0.30, 0.35, 0.40)
TABLES, CALLS_PER_TABLE = 100, 60
NAMES = tuple(f"v{number}" for number in range(len(RATES)))
POLICIES = {
    "even": dict.fromkeys(NAMES, 1 / len(NAMES)),
    **{f"only {name}": {other: float(other == name) for other in NAMES} for name in NAMES},
}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize(
    "settings", [{"exploration_floor": 0.05}, {"uniform_slice": 0.1}], ids=["floor", "slice"]
)
def test_calls_in_proportion_to_what_they_stand_for_are_one_each(
    algorithm: str, settings: dict[str, Any]
) -> None:
    learner = Learner(a_bandit(len(RATES), **settings, **ALGORITHMS[algorithm]), seed=3)
    chance = np.random.default_rng(4)
    tables, served = set(), []
    for _ in range(800):
        tables.add(tuple(learner.engine.update(ROUTER)))
        served.append(learner.serve(calls(50), RATES, chance))
    of_call = np.concatenate([batch.variants for batch in served])
    weights = 1 / np.concatenate([batch.propensities for batch in served])
    # Epsilon-greedy knows as many tables as arms can lead.
    assert len(tables) >= (2 if algorithm == "epsilon_greedy" else 100)
    for arm in range(len(RATES)):
        stands_for = np.where(of_call == arm, weights, 0.0)
        # Each call's expectation is 1 given those before it, so that these are a martingale's differences.
        error = np.sqrt(((stands_for - 1) ** 2).sum()) / len(stands_for)
        print(f"arm {arm} of {len(tables)} tables: {stands_for.mean():.4f} ± {error:.4f}")
        assert abs(stands_for.mean() - 1) <= 4 * error


def coverage(seed: int) -> dict[str, bool]:
    """Whether intervals of a bandit's calls cover the truth: of an even split, and of each arm alone."""
    learner = Learner(a_bandit(len(RATES), exploration_floor=0.1), seed=seed)
    chance = np.random.default_rng(seed)
    served = []
    for _ in range(TABLES):
        learner.engine.update(ROUTER)
        served.append(learner.serve(calls(CALLS_PER_TABLE), RATES, chance))
    rewarded = RewardedCalls(
        variants=[NAMES[variant] for batch in served for variant in batch.variants],
        propensities=np.concatenate([batch.propensities for batch in served]).tolist(),
        rewards=np.concatenate([batch.rewards for batch in served]).tolist(),
        units=[str(number) for number in range(TABLES * CALLS_PER_TABLE)],
        support={frozenset(NAMES): TABLES * CALLS_PER_TABLE},
    )
    covered = {}
    for policy, shares in POLICIES.items():
        found = policy_value(rewarded, shares).inverse_propensity
        truth = sum(share * rate for share, rate in zip(shares.values(), RATES, strict=True))
        covered[policy] = found.low <= truth <= found.high
    return covered


def test_intervals_of_other_policies_cover_the_truth_as_often_as_they_say() -> None:
    count = runs(25)
    covered = [coverage(seed) for seed in range(1, count + 1)]
    for policy in POLICIES:
        times = sum(run[policy] for run in covered)
        print(f"{policy}: {times} of {count}")
        # Of few runs what is likely of the least and the greatest coverage that is asked for.
        least, most = (
            (0.92 * count, 0.98 * count) if IS_FULL else binom.ppf([0.0005, 0.9995], count, [0.92, 0.98])
        )
        assert least <= times <= most
