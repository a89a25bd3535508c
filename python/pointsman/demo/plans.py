"""What the demo does with its router, by strategy: how traffic is split, and what changes half-way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from pointsman.client import (
    AsyncClient,
    Bandit,
    Canary,
    MetricDefinition,
    MetricType,
    Router,
    Strategy,
    Variant,
    VariantRole,
)

ROUTER = "cancer"
MODEL = "cancer"
VERSIONS = {
    "lr": ("1", "cancer-lr.onnx", "logistic regression"),
    "gb": ("2", "cancer-gb.onnx", "gradient boosting"),
}
RULES = "rules"
BANDIT = "bandit"
DRIFT = "drift"
"""No split of traffic: a model that is watched."""
BANDIT_VERSIONS = VERSIONS | {"stump": ("3", "cancer-stump.onnx", "one question to one feature")}
"""A bandit has a third model, which is plainly worse."""
BANDIT_ROUTER = Router(
    ROUTER,
    display_name="Breast cancer",
    strategy=Strategy.BANDIT,
    variants=[Variant(name, MODEL, version, 0.0) for name, (version, _, _) in BANDIT_VERSIONS.items()],
    bandit=Bandit(metric="reward"),
    metrics=[MetricDefinition("reward", MetricType.BINARY)],
)


@dataclass(frozen=True)
class Split:
    """How traffic is split for a while.

    Attributes:
        title: What people call it.
        shares: The share of each variant; together 1.
    """

    title: str
    shares: Mapping[str, float]


@dataclass(frozen=True)
class Plan:
    """A router and a change of it.

    Attributes:
        router: As it is created.
        first: How its traffic is split until the change.
        second: How it is split afterwards.
        change: Changes it; answers the share of slots that moved.
        doing: What the change is called while it happens.
        done: What it is called afterwards.
        shadow: The variant whose answers to copies are compared before the change; empty for none.
    """

    router: Router
    first: Split
    second: Split
    change: Callable[[AsyncClient], Awaitable[float]]
    doing: str
    done: str
    shadow: str = ""

    @property
    def gained(self) -> set[str]:
        """The variants that get more after the change."""
        return {name for name, share in self.second.shares.items() if share > self.first.shares[name]}


async def _reweight(client: AsyncClient) -> float:
    return (await client.routers.set_weights(ROUTER, {"lr": 50.0, "gb": 50.0})).moved_share


async def _grow(client: AsyncClient) -> float:
    return (await client.routers.set_canary(ROUTER, 50.0)).moved_share


async def _take_in(client: AsyncClient) -> float:
    variants = [Variant("lr", MODEL, "1", 100.0), Variant("gb", MODEL, "2", 0.0)]
    await client.routers.update(_router(Strategy.WEIGHTED, variants), ["variants"])
    return await _reweight(client)


def _router(strategy: Strategy, variants: list[Variant], canary: Canary | None = None) -> Router:
    return Router(ROUTER, display_name="Breast cancer", strategy=strategy, variants=variants, canary=canary)


PLANS: Mapping[str, Plan] = {
    "weighted": Plan(
        _router(Strategy.WEIGHTED, [Variant("lr", MODEL, "1", 70.0), Variant("gb", MODEL, "2", 30.0)]),
        Split("70/30", {"lr": 0.7, "gb": 0.3}),
        Split("50/50", {"lr": 0.5, "gb": 0.5}),
        _reweight,
        "Reweighting to 50/50",
        "Reweighted to 50/50",
    ),
    "canary": Plan(
        _router(
            Strategy.CANARY,
            [
                Variant("lr", MODEL, "1", 0.0, role=VariantRole.CONTROL),
                Variant("gb", MODEL, "2", 0.0, role=VariantRole.CANARY),
            ],
            Canary(10.0),
        ),
        Split("10 % canary", {"lr": 0.9, "gb": 0.1}),
        Split("50 % canary", {"lr": 0.5, "gb": 0.5}),
        _grow,
        "Giving the canary 50 %",
        "Gave the canary 50 %",
    ),
    "shadow": Plan(
        _router(
            Strategy.WEIGHTED,
            [
                Variant("lr", MODEL, "1", 100.0, role=VariantRole.CONTROL),
                Variant("gb", MODEL, "2", 0.0, role=VariantRole.SHADOW),
            ],
        ),
        Split("lr alone, gb its shadow", {"lr": 1.0, "gb": 0.0}),
        Split("50/50", {"lr": 0.5, "gb": 0.5}),
        _take_in,
        "Giving the shadow half of the calls",
        "Gave the former shadow half of the calls",
        shadow="gb",
    ),
}
"""By the name of the strategy."""
