"""The strategies that are served: the one list of them."""

from collections.abc import Mapping
from typing import Any, Protocol

from pointsman.domain.strategies.bandit import Bandit
from pointsman.domain.strategies.canary import Canary
from pointsman.domain.strategies.policy import Policy, Strategy
from pointsman.domain.strategies.rules import FeatureRules
from pointsman.domain.strategies.weighted import Weighted


class _Reading(Protocol):
    def __call__(self, document: Mapping[str, Any], /) -> Policy: ...


_READ: Mapping[Strategy, _Reading] = {
    Strategy.WEIGHTED: Weighted.from_document,
    Strategy.CANARY: Canary.from_document,
    Strategy.FEATURE_RULES: FeatureRules.from_document,
    Strategy.BANDIT: Bandit.from_document,
}

SERVED_STRATEGIES = tuple(_READ)
"""Those that the data plane decides by; the others are names that later versions give a meaning."""

POLICY_FIELDS: Mapping[str, Strategy] = {
    "feature_rules": Strategy.FEATURE_RULES,
    "bandit": Strategy.BANDIT,
    "canary": Strategy.CANARY,
}
"""The strategies that have settings, by what messages and documents call these."""


def policy_of(strategy: Strategy, document: Mapping[str, Any]) -> Policy:
    """Reads a policy's settings.

    Args:
        strategy: Which it is, one of :data:`SERVED_STRATEGIES`.
        document: What its ``to_document`` answered.
    """
    return _READ[strategy](document)
