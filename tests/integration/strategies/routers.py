"""Routers of each strategy as they are published, with variants that must never be picked beside them."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from pointsman import _core
from pointsman.v1 import router_pb2, snapshot_pb2

ROUTER = "r"
EPOCH = 1
ALGORITHMS: Mapping[str, Mapping[str, Any]] = {
    "thompson_beta": {"thompson_beta": router_pb2.ThompsonBeta()},
    "thompson_normal": {"thompson_normal": router_pb2.ThompsonNormal()},
    "ucb1": {"ucb1": router_pb2.Ucb1()},
    "epsilon_greedy": {"epsilon_greedy": router_pb2.EpsilonGreedy()},
}


def a_bandit(
    arms: int,
    direction: router_pb2.MetricDirection = router_pb2.METRIC_DIRECTION_MAXIMISE,
    **settings: Any,
) -> snapshot_pb2.RouterSnapshot:
    """Makes a bandit with so many arms, and a disabled variant after them.

    Args:
        arms: How many variants are enabled.
        direction: Which rewards are better.
        settings: Fields of the bandit's message.
    """
    router = _router(router_pb2.STRATEGY_BANDIT, arms)
    router.variants.add(name="off", model_id="m", model_version="1", enabled=False)
    router.settings.bandit.CopyFrom(router_pb2.Bandit(epoch=EPOCH, **settings))
    router.metrics.add(
        name="reward", type=router_pb2.METRIC_TYPE_NUMBER, min_value=0, max_value=1, direction=direction
    )
    return router


def a_sticky_bandit(shares: Sequence[float], **settings: Any) -> snapshot_pb2.RouterSnapshot:
    """Makes a bandit whose arms hold these shares of the slots of entities.

    Args:
        shares: One for each arm.
        settings: Fields of the bandit's message.
    """
    return _split(a_bandit(len(shares), **settings), [*shares, 0], sticky=True)


def unmixed(arms: int, algorithm: str, **settings: Any) -> snapshot_pb2.RouterSnapshot:
    """Makes a bandit that explores no more than its algorithm asks for."""
    return a_bandit(arms, exploration_floor=0, **ALGORITHMS[algorithm], **settings)


def a_weighted(weights: Sequence[float], *, sticky: bool) -> snapshot_pb2.RouterSnapshot:
    """Makes a router of these weights, of which the last variant is disabled whatever its weight."""
    router = _router(router_pb2.STRATEGY_WEIGHTED, len(weights))
    for variant, weight in zip(router.variants, weights, strict=True):
        variant.weight = weight
    router.variants[-1].enabled = False
    return _split(router, [*weights[:-1], 0], sticky=sticky)


def a_canary(percent: float, *, sticky: bool) -> snapshot_pb2.RouterSnapshot:
    """Makes a canary with this part of calls, and a disabled variant that is neither."""
    router = _router(router_pb2.STRATEGY_CANARY, 2)
    router.variants.add(name="off", model_id="m", model_version="1", enabled=False)
    router.variants[0].role = router_pb2.VARIANT_ROLE_CONTROL
    router.variants[1].role = router_pb2.VARIANT_ROLE_CANARY
    router.settings.canary.percent = percent
    return _split(router, [100 - percent, percent, 0], sticky=sticky)


def overridden(
    router: snapshot_pb2.RouterSnapshot, variant: str, seconds: int = 86_400
) -> snapshot_pb2.RouterSnapshot:
    """Sends everything to one variant for so long from now; below 0 it has ended."""
    given = router.settings.traffic_override
    given.variant = variant
    given.expire_time.FromSeconds(int(time.time()) + seconds)
    return router


def _router(strategy: router_pb2.Strategy, count: int) -> snapshot_pb2.RouterSnapshot:
    router = snapshot_pb2.RouterSnapshot(
        router_id=ROUTER,
        strategy=strategy,
        status=router_pb2.ROUTER_STATUS_RUNNING,
        changed_generation=1,
    )
    for number in range(count):
        router.variants.add(name=f"v{number}", model_id="m", model_version="1", enabled=True)
    return router


def _split(
    router: snapshot_pb2.RouterSnapshot, weights: Sequence[float], *, sticky: bool
) -> snapshot_pb2.RouterSnapshot:
    shares = [weight / sum(weights) for weight in weights]
    router.salt, router.sticky = bytes(range(16)), sticky
    router.slot_runs[:] = _core.reallocate_slots([], shares)[0]
    return router
