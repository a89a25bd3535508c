"""What another policy's reward would have been, estimated from the calls that this one decided.

Each call tells the probability with which its variant was picked. A call counts in proportion to how much
more often the other policy would pick that variant, so that together they stand for its calls.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Codes = NDArray[np.int64]

LEAST_EFFECTIVE_UNITS = 100.0
"""With fewer the normal approximation of the intervals cannot be relied on."""
_FOLDS = 2
_LEAST_ROWS_BEYOND_COLUMNS = 10
"""A regression of fewer rows than its columns and these is a mean instead."""


class NotEstimableError(Exception):
    """The calls say too little of the other policy; the message says what is lacking."""


@dataclass(frozen=True)
class RewardedCalls:
    """Calls whose reward is known. The sequences are as long as there are calls.

    Attributes:
        variants: The variant that was picked for each.
        propensities: The probability with which it was picked, 0 to 1.
        rewards: What came of it.
        units: What was randomised: the entity where entities keep their variant, else the call itself. Calls
            of one unit are not independent.
        support: How many calls there are by the variants that could be picked for them.
        features: Columns that rewards may depend on, one row for each call; None for none.
    """

    variants: Sequence[str]
    propensities: Sequence[float]
    rewards: Sequence[float]
    units: Sequence[str]
    support: Mapping[frozenset[str], int]
    features: Numbers | None = None


@dataclass(frozen=True)
class SharesByGroup:
    """A policy that picks alike within a group of calls only, as rules do.

    Attributes:
        shares: The probability of each variant in each group, in any unit; variants that are not named have
            none.
        groups: The group of each call, in the order of the calls.
        support: For each group, how many calls there are by the variants that could be picked for them.
    """

    shares: Sequence[Mapping[str, float]]
    groups: Sequence[int]
    support: Sequence[Mapping[frozenset[str], int]]


@dataclass(frozen=True)
class Estimate:
    """A mean reward with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class PolicyValue:
    """What another policy's mean reward would have been.

    Attributes:
        observed: The mean reward of the calls as they were decided.
        inverse_propensity: The plain estimate; unbiased, and wide where the policies differ.
        self_normalised: The same, divided by the mean weight: nearly unbiased, and mostly narrower.
        doubly_robust: With a regression of rewards for each variant, which the weights correct.
        call_count: The calls that it is estimated from.
        unit_count: Their units.
        effective_unit_count: So many units of equal weight would tell as much.
        largest_weight: The weight of the call that counts most.
    """

    observed: Estimate
    inverse_propensity: Estimate
    self_normalised: Estimate
    doubly_robust: Estimate
    call_count: int
    unit_count: int
    effective_unit_count: float
    largest_weight: float


def policy_value(calls: RewardedCalls, shares: Mapping[str, float] | SharesByGroup) -> PolicyValue:
    """Estimates the mean reward of a policy whose probability of each variant is known for each call.

    Intervals are normal ones with variances between units (clusters), which need a hundred effective units.

    Args:
        calls: What was decided, and what came of it.
        shares: The policy's probability of each variant, in any unit; variants that are not named have none.
            Where they are not the same for all calls, those of each group, with its support in the place of
            that of the calls.

    Returns:
        The estimates.

    Raises:
        NotEstimableError: There are fewer than 100 effective units, a variant of the policy could not be
            picked for some calls, or the shares are not valid.

    References:
        Horvitz and Thompson (1952), "A generalization of sampling without replacement from a finite
        universe", JASA 47; Hájek (1971) and Swaminathan and Joachims (2015), "The self-normalized estimator
        for counterfactual learning", NeurIPS; Dudík, Langford and Li (2011), "Doubly robust policy evaluation
        and learning", ICML; Kish (1965), "Survey sampling", for the effective number.

    Example:
        >>> variants = ["a", "b"] * 500
        >>> rewards = [1.0 if variant == "b" else 0.0 for variant in variants]
        >>> units = [str(number) for number in range(1000)]
        >>> support = {frozenset({"a", "b"}): 1000}
        >>> calls = RewardedCalls(variants, [0.5] * 1000, rewards, units, support)
        >>> found = policy_value(calls, {"a": 20, "b": 80})
        >>> round(found.observed.value, 3), round(found.self_normalised.value, 3)
        (0.5, 0.8)
        >>> round(found.effective_unit_count)
        735
    """
    import numpy as np

    if not isinstance(shares, SharesByGroup):
        shares = SharesByGroup([shares], [0] * len(calls.rewards), [calls.support])
    policies = [_normalised(of_group) for of_group in shares.shares]
    for of_group, support in zip(policies, shares.support, strict=True):
        _check_support(support, frozenset(of_group))
    if not calls.rewards:
        raise NotEstimableError("no call has a reward; wait for feedback, or take a longer window")
    rewards = np.asarray(calls.rewards, dtype=np.float64)
    propensities = np.asarray(calls.propensities, dtype=np.float64)
    if not (np.isfinite(rewards).all() and (propensities > 0).all() and (propensities <= 1).all()):
        raise NotEstimableError("a reward is no number, or a propensity not between 0 and 1")
    policy = _Policy(policies, np.asarray(shares.groups, dtype=np.int64))
    weights = policy.of_variants(calls.variants) / propensities
    names, units = np.unique(np.asarray(calls.units), return_inverse=True)
    clusters = _Clusters(units.astype(np.int64), len(names))
    effective = clusters.effective_count(weights)
    if effective < LEAST_EFFECTIVE_UNITS:
        raise NotEstimableError(
            f"the calls tell as much as {effective:.0f} of equal weight, and {LEAST_EFFECTIVE_UNITS:.0f} are "
            "needed; take a longer window, or a policy that is nearer to the present one"
        )
    predicted, of_policy = _regressions(calls, rewards, units.astype(np.int64), policy)
    return PolicyValue(
        observed=clusters.mean(rewards),
        inverse_propensity=clusters.mean(weights * rewards),
        self_normalised=clusters.ratio(weights * rewards, weights),
        doubly_robust=clusters.mean(of_policy + weights * (rewards - predicted)),
        call_count=len(rewards),
        unit_count=len(names),
        effective_unit_count=effective,
        largest_weight=float(weights.max()),
    )


def _normalised(shares: Mapping[str, float]) -> dict[str, float]:
    total = math.fsum(shares.values())
    if not math.isfinite(total) or total <= 0 or any(share < 0 for share in shares.values()):
        raise NotEstimableError(f"shares {dict(shares)} are not valid; none is below 0, and one is above")
    return {variant: share / total for variant, share in shares.items() if share > 0}


class _Policy:
    """The probabilities with which a policy picks variants.

    Args:
        by_group: Those of each group of calls.
        groups: The group of each call.
    """

    def __init__(self, by_group: Sequence[Mapping[str, float]], groups: Codes) -> None:
        self._by_group = by_group
        self._groups = groups
        self.variants = sorted(set().union(*by_group))

    def of(self, variant: str) -> Numbers:
        """Answers the probability of a variant for each call."""
        import numpy as np

        return np.array([policy.get(variant, 0.0) for policy in self._by_group])[self._groups]

    def of_variants(self, variants: Sequence[str]) -> Numbers:
        """Answers for each call the probability of its own variant."""
        import numpy as np

        picked = np.asarray(variants)
        found = np.zeros(len(picked))
        for variant in self.variants:
            here = picked == variant
            found[here] = self.of(variant)[here]
        return found


def _check_support(support: Mapping[frozenset[str], int], wanted: frozenset[str]) -> None:
    """Refuses a policy some of whose variants could not be picked: nothing is known of them there.

    Raises:
        NotEstimableError: A variant could not be picked for some calls.
    """
    for variant in sorted(wanted):
        lacking = sum(count for eligible, count in support.items() if variant not in eligible)
        if lacking:
            raise NotEstimableError(
                f"variant {variant!r} could not be picked for {lacking} of {sum(support.values())} calls, so "
                "that nothing tells what would have come of it; take a window in which it could be"
            )


class _Clusters:
    """Sums over units, whose calls are not independent.

    Args:
        units: The number of each call's unit.
        count: How many units there are.
    """

    def __init__(self, units: Codes, count: int) -> None:
        self._units = units
        self._count = count

    def effective_count(self, weights: Numbers) -> float:
        """Answers how many units of equal weight would tell as much."""
        sums = self._sums(weights)
        squares = float((sums**2).sum())
        return float(sums.sum()) ** 2 / squares if squares > 0 else 0.0

    def mean(self, values: Numbers) -> Estimate:
        """Answers the mean of values of calls."""
        mean = float(values.mean())
        return self._estimate(mean, values - mean)

    def ratio(self, values: Numbers, weights: Numbers) -> Estimate:
        """Answers the sum of values divided by that of weights; the interval by its linear part."""
        value = float(values.sum() / weights.sum())
        return self._estimate(value, (values - value * weights) / float(weights.mean()))

    def _sums(self, values: Numbers) -> Numbers:
        import numpy as np

        sums: Any = np.bincount(self._units, weights=values, minlength=self._count)
        return np.asarray(sums, dtype=np.float64)

    def _estimate(self, value: float, influences: Numbers) -> Estimate:
        """Makes an interval of what each call adds to the distance from the truth."""
        from scipy.special import stdtrit

        sums = self._sums(influences)
        spread = self._count / max(1, self._count - 1)
        error = math.sqrt(spread * float((sums**2).sum())) / len(influences)
        half = float(stdtrit(max(1, self._count - 1), 0.975)) * error
        return Estimate(value, value - half, value + half)


def _regressions(
    calls: RewardedCalls, rewards: Numbers, units: Codes, policy: _Policy
) -> tuple[Numbers, Numbers]:
    """Predicts the reward of each call by regressions on the calls of other units.

    Args:
        calls: The calls.
        rewards: Their rewards.
        units: The numbers of their units; one half of them predicts the other.
        policy: The probability of each variant for each call.

    Returns:
        What is predicted for the variant that was picked, and on the average over the policy.
    """
    import numpy as np

    features = np.zeros((len(rewards), 0)) if calls.features is None else calls.features
    columns = np.column_stack([np.ones(len(rewards)), features])
    variants = np.asarray(calls.variants)
    picked, of_policy = np.zeros(len(rewards)), np.zeros(len(rewards))
    for fold in range(_FOLDS):
        here = units % _FOLDS == fold
        for variant in sorted({*calls.variants, *policy.variants}):
            others = ~here & (variants == variant)
            weights: Any = _least_squares(columns[others], rewards[others], float(rewards.mean()))
            predicted = columns[here] @ weights
            of_policy[here] += policy.of(variant)[here] * predicted
            picked[here] = np.where(variants[here] == variant, predicted, picked[here])
    return picked, of_policy


def _least_squares(columns: Numbers, rewards: Numbers, otherwise: float) -> Numbers:
    """Answers the coefficients of a regression; of few rows their mean, of none another number."""
    import numpy as np

    coefficients = np.zeros(columns.shape[1])
    if len(rewards) < columns.shape[1] + _LEAST_ROWS_BEYOND_COLUMNS:
        coefficients[0] = rewards.mean() if len(rewards) else otherwise
        return coefficients
    fitted: Any = np.linalg.lstsq(columns, rewards, rcond=None)[0]
    coefficients[:] = fitted
    return coefficients
