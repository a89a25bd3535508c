"""Estimates of another policy's reward, against truths that simulations know."""

import math

import numpy as np
import pytest

from pointsman.domain.measures.off_policy import (
    NotEstimableError,
    PolicyValue,
    RewardedCalls,
    policy_value,
)

LOGGED = {"a": 0.6, "b": 0.3, "c": 0.1}
CHANGED = {"a": 20.0, "b": 50.0, "c": 30.0}
MEANS = {"a": 0.2, "b": 0.5, "c": 0.35}
TRUTH = sum(CHANGED[variant] / 100 * mean for variant, mean in MEANS.items())
RUNS = 200


def simulated(
    rng: np.random.Generator, units: int, *, sticky: bool, with_features: bool = False
) -> RewardedCalls:
    """Calls as a router would record them; a unit's calls have a reward in common."""
    names = np.array(list(LOGGED))
    counts = rng.integers(1, 7, units) if sticky else np.ones(units, dtype=int)
    owner = np.repeat(np.arange(units), counts)
    picked = rng.choice(len(names), units, p=list(LOGGED.values()))[owner]
    mood = rng.normal(0, 0.3, units)[owner]
    feature = rng.normal(0, 1, len(owner))
    means = np.array([MEANS[name] for name in names])[picked]
    rewards = means + mood + 0.2 * feature + rng.normal(0, 0.3, len(owner))
    return RewardedCalls(
        variants=list(names[picked]),
        propensities=list(np.array(list(LOGGED.values()))[picked]),
        rewards=list(rewards),
        units=[f"u{number}" for number in owner],
        support={frozenset(LOGGED): len(owner)},
        features=feature[:, None] if with_features else None,
    )


@pytest.fixture(scope="module", params=["sticky", "by request"])
def runs(request: pytest.FixtureRequest) -> list[PolicyValue]:
    rng = np.random.default_rng(20261129)
    sticky = request.param == "sticky"
    return [
        policy_value(simulated(rng, 800, sticky=sticky, with_features=True), CHANGED) for _ in range(RUNS)
    ]


@pytest.mark.parametrize("method", ["inverse_propensity", "self_normalised", "doubly_robust"])
def test_intervals_cover_the_truth_as_often_as_they_say(runs: list[PolicyValue], method: str) -> None:
    estimates = [getattr(found, method) for found in runs]
    covered = sum(estimate.low <= TRUTH <= estimate.high for estimate in estimates)
    assert 0.92 <= covered / RUNS <= 0.98
    # Five standard errors of the mean over the runs.
    spread = float(np.std([estimate.value for estimate in estimates]))
    assert abs(np.mean([estimate.value for estimate in estimates]) - TRUTH) < 5 * spread / math.sqrt(RUNS)


def test_normalising_and_regressions_narrow_the_intervals(runs: list[PolicyValue]) -> None:
    def width(method: str) -> float:
        return float(np.mean([getattr(found, method).high - getattr(found, method).low for found in runs]))

    assert width("doubly_robust") < width("self_normalised") < width("inverse_propensity")


def test_a_policy_that_is_the_present_one_gets_the_mean_that_was_observed() -> None:
    calls = simulated(np.random.default_rng(1), 2_000, sticky=False)
    found = policy_value(calls, LOGGED)
    assert found.inverse_propensity.value == pytest.approx(found.observed.value)
    assert found.effective_unit_count == pytest.approx(2_000)
    assert found.largest_weight == pytest.approx(1)


def test_calls_of_one_unit_do_not_pass_for_many() -> None:
    calls = RewardedCalls(
        ["a", "b"] * 100_000,
        [0.5] * 200_000,
        [1.0, 0.0] * 100_000,
        [f"u{number % 50}" for number in range(200_000)],
        {frozenset("ab"): 200_000},
    )
    with pytest.raises(NotEstimableError, match=r"tell as much as 25 .* and 100 are needed"):
        policy_value(calls, {"a": 1})


def test_a_variant_that_could_not_be_picked_is_not_made_up() -> None:
    calls = simulated(np.random.default_rng(2), 500, sticky=False)
    with pytest.raises(NotEstimableError, match="variant 'd' could not be picked for 500 of 500 calls"):
        policy_value(calls, {"a": 1, "d": 1})
    assert policy_value(calls, {"a": 1, "d": 0}).call_count == 500


@pytest.mark.parametrize("shares", [{}, {"a": 0.0}, {"a": -1.0, "b": 2.0}, {"a": math.nan}, {"a": math.inf}])
def test_shares_that_are_none_are_refused(shares: dict[str, float]) -> None:
    calls = simulated(np.random.default_rng(3), 500, sticky=False)
    with pytest.raises(NotEstimableError, match="shares"):
        policy_value(calls, shares)
