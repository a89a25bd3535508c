"""Policies as messages, each by the room of its strategy."""

from collections.abc import Callable, Mapping
from typing import Any

from pointsman.control.convert.enums import STRATEGY
from pointsman.control.convert.strategies import bandit, canary, rules
from pointsman.domain.routers import Router
from pointsman.domain.strategies.catalogue import POLICY_FIELDS, SERVED_STRATEGIES
from pointsman.domain.strategies.policy import Policy, Strategy
from pointsman.domain.strategies.weighted import Weighted
from pointsman.errors import InvalidArgumentError, UnimplementedError
from pointsman.v1 import router_pb2, snapshot_pb2

_READ: Mapping[Strategy, Callable[[router_pb2.Router, str], Policy]] = {
    Strategy.CANARY: canary.read,
    Strategy.FEATURE_RULES: rules.read,
    Strategy.BANDIT: bandit.read,
}
_WRITE: Mapping[Strategy, Callable[[router_pb2.Router, Any], None]] = {
    Strategy.CANARY: canary.write,
    Strategy.FEATURE_RULES: rules.write,
    Strategy.BANDIT: bandit.write,
}


SERVED_NAMES = " or ".join(f"STRATEGY_{strategy.name}" for strategy in SERVED_STRATEGIES)
"""What a router's strategy may be, in words."""


def policy_from(message: router_pb2.Router, path: str) -> Policy:
    """Reads a router's policy. Without a strategy it is that of the settings that are there, or weighted.

    Args:
        message: The router.
        path: That of the field that holds it.

    Raises:
        InvalidArgumentError: The strategy's settings are missing, wrong, or another strategy's.
        UnimplementedError: The strategy is of a later version.
    """
    given = message.WhichOneof("policy") or ""
    stated = STRATEGY.word(message.strategy, f"{path}.strategy")
    strategy = stated or POLICY_FIELDS.get(given, Strategy.WEIGHTED)
    if strategy not in SERVED_STRATEGIES:
        name = f"STRATEGY_{strategy.name}"
        raise UnimplementedError(
            f"{path}.strategy: {name} is not implemented in this version; use {SERVED_NAMES}",
            reason="STRATEGY_UNIMPLEMENTED",
            metadata={"strategy": name},
        )
    field = next((name for name, of in POLICY_FIELDS.items() if of is strategy), "")
    if given and given != field:
        raise InvalidArgumentError.at(
            f"{path}.{given}",
            f"is for STRATEGY_{POLICY_FIELDS[given].name}, and the router's is STRATEGY_{strategy.name}; "
            "leave it out, or use that strategy",
        )
    if field and not given:
        raise InvalidArgumentError.at(f"{path}.{field}", f"is not set; STRATEGY_{strategy.name} needs it")
    read = _READ.get(strategy)
    return Weighted() if read is None else read(message, path)


def write_policy(message: router_pb2.Router, policy: Policy) -> None:
    """Writes a policy's settings into the message of its router; a weighted one has none."""
    write = _WRITE.get(policy.strategy)
    if write is not None:
        write(message, policy)


def publish_policy(message: snapshot_pb2.RouterSnapshot, router: Router) -> None:
    """Writes a router's policy into its snapshot, with what follows from it there."""
    write_policy(message.settings, router.policy)
    rules.publish_tables(message, router)


def published_policy(message: snapshot_pb2.RouterSnapshot) -> Policy:
    """Reads the policy that was published: settings beside which the snapshot itself names the strategy."""
    published = router_pb2.Router()
    published.CopyFrom(message.settings)
    published.strategy = message.strategy
    return rules.with_published_tables(policy_from(published, "settings"), message)
