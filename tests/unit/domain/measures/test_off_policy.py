"""Estimates of another policy's reward, against truths that simulations know."""

import math

import numpy as np
import pytest

from pointsman.domain.measures.off_policy import (
    NotEstimableError,
    PolicyValue,
    RewardedCalls,
    SharesByGroup,
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


def test_a_policy_by_groups_is_estimated_as_its_groups_are() -> None:
    chance = np.random.default_rng(5)
    count = 4_000
    groups = chance.integers(0, 2, count)
    is_b = chance.random(count) < 0.5
    variants = ["b" if one else "a" for one in is_b]
    # In group 0 variant a is worth 0.2 and b 0.6, in group 1 the other way round.
    worth = np.where(is_b == (groups == 0), 0.6, 0.2)
    rewards = (chance.random(count) < worth).astype(float)
    support = [{frozenset("ab"): int((groups == group).sum())} for group in (0, 1)]
    calls = RewardedCalls(variants, [0.5] * count, rewards.tolist(), [str(n) for n in range(count)], {})
    best = SharesByGroup([{"b": 1}, {"a": 1}], groups.tolist(), support)
    found = policy_value(calls, best)
    assert found.self_normalised.low < 0.6 < found.self_normalised.high
    assert found.doubly_robust.low < 0.6 < found.doubly_robust.high
    alike = SharesByGroup([{"a": 2, "b": 6}] * 2, groups.tolist(), support)
    assert policy_value(calls, alike) == policy_value(
        RewardedCalls(variants, [0.5] * count, rewards.tolist(), calls.units, {frozenset("ab"): count}),
        {"a": 0.25, "b": 0.75},
    )


def test_a_group_whose_variant_could_not_be_picked_is_not_made_up() -> None:
    calls = RewardedCalls(["a", "b"] * 200, [0.5] * 400, [1.0] * 400, [str(n) for n in range(400)], {})
    support = [{frozenset("ab"): 200}, {frozenset("a"): 200}]
    shares = SharesByGroup([{"b": 1}, {"b": 1}], [0, 1] * 200, support)
    with pytest.raises(NotEstimableError, match="variant 'b' could not be picked for 200 of 200 calls"):
        policy_value(calls, shares)
