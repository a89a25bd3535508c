"""The demo of rules: a tumour's features decide who answers, and every answer is held against the rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pointsman.client import (
    FeatureRule,
    FeatureRules,
    Router,
    RuleCondition,
    RuleOperator,
    Strategy,
    Variant,
)
from pointsman.demo.checks import check_answered, check_counts, check_rules
from pointsman.demo.plans import MODEL, ROUTER, VERSIONS
from pointsman.demo.polling import polled_metrics
from pointsman.demo.screen import traffic_table
from pointsman.demo.setting_up import set_up
from pointsman.demo.tally import Tally
from pointsman.demo.traffic import ENTITIES, Traffic, entity_name, entity_number

if TYPE_CHECKING:
    from rich.table import Table

    from pointsman.client import AsyncClient
    from pointsman.demo.dataset import TrainingResult
    from pointsman.demo.screen import Screen

POLL_SECONDS = 1.0
FEATURE = "mean radius"
FIRST_LIMIT = 16.0
SECOND_LIMIT = 13.0
"""Half-way the rule takes tumours from this radius on."""


async def run_rules(
    screen: Screen, client: AsyncClient, training: TrainingResult, seed: int, duration_seconds: float
) -> Tally:
    """Sends large tumours to one model and the others to another, then changes what is large.

    Args:
        screen: Where it is shown.
        client: Calls the server.
        training: The models and the rows to ask them for.
        seed: Makes traffic repeatable.
        duration_seconds: How long traffic is sent.

    Returns:
        What the client counted.

    Raises:
        DemoError: Calls failed or went where no rule sends them, or client and server count differently.
    """
    with screen.step("Registering the models and deploying the router") as done:
        await set_up(client, training, _router(FIRST_LIMIT), VERSIONS)
        done(
            f"Registered two model versions, created and deployed router {ROUTER!r}: tumours whose {FEATURE} "
            f"is above {FIRST_LIMIT:g} go to gb, all others to lr"
        )
    traffic = Traffic(client, ROUTER, list(VERSIONS), training, seed)
    counted = Tally.of(list(VERSIONS))
    await _send(screen, client, traffic, training, FIRST_LIMIT, duration_seconds / 2)
    before = dict(traffic.homes)
    with screen.step("Changing what is large") as done:
        await client.routers.update(_router(SECOND_LIMIT), ["feature_rules"])
        counted.add(traffic.begin_stretch())
        await traffic.ask_again(sorted(before))
        moved = [entity for entity, variant in before.items() if traffic.homes[entity] != variant]
        done(
            f"Tumours above {SECOND_LIMIT:g} are large now, without a restart; asked again for {len(before)} "
            f"patients: {len(moved)} have moved, those between the two"
        )
    await _send(screen, client, traffic, training, SECOND_LIMIT, duration_seconds / 2)
    await _explain(screen, client, training, traffic.homes)
    counted.add(traffic.begin_stretch())
    await check_counts(client, ROUTER, counted)
    check_answered(counted)
    screen.say(
        f"✓ {counted.requests} answers, each by the model that the rules name for its tumour; recounted by "
        "the client: the server's counts are the same"
    )
    return counted


async def _send(
    screen: Screen,
    client: AsyncClient,
    traffic: Traffic,
    training: TrainingResult,
    limit: float,
    seconds: float,
) -> None:
    """Sends traffic for a while, shows it, and holds every patient's variant against the rule."""
    ruled = {entity: _ruled(training, entity, limit) for entity in map(entity_name, range(ENTITIES))}
    shares = {name: list(ruled.values()).count(name) / len(ruled) for name in VERSIONS}
    async with polled_metrics(client, ROUTER, POLL_SECONDS) as latest:

        def render() -> Table:
            title = f"Traffic by the rule: {FEATURE} above {limit:g} to gb"
            return traffic_table(title, traffic.tally, shares, latest[-1] if latest else None)

        async with screen.live(render):
            await traffic.send(seconds)
    check_rules(traffic.homes, ruled)


async def _explain(
    screen: Screen, client: AsyncClient, training: TrainingResult, homes: dict[str, str]
) -> None:
    """Asks why a patient is with the model that answers."""
    patient = next((entity for entity, variant in sorted(homes.items()) if variant == "lr"), None)
    if patient is None:
        return
    row = training.rows[entity_number(patient) % len(training.rows)]
    told = await client.routers.explain(ROUTER, training.features(row), entity_id=patient)
    why = "; ".join(miss.description for miss in told.misses)
    screen.say(f"✓ Why {patient} goes to {told.variant}, by ExplainRouting: {why}")


def _ruled(training: TrainingResult, entity: str, limit: float) -> str:
    """Answers the variant of a patient as the rule has it."""
    row = training.rows[entity_number(entity) % len(training.rows)]
    return "gb" if training.features(row)[FEATURE] > limit else "lr"


def _router(limit: float) -> Router:
    large = RuleCondition(FEATURE, RuleOperator.GREATER_THAN, [limit])
    return Router(
        ROUTER,
        display_name="Breast cancer",
        strategy=Strategy.FEATURE_RULES,
        variants=[Variant(name, MODEL, version, 0.0) for name, (version, _, _) in VERSIONS.items()],
        feature_rules=FeatureRules([FeatureRule("large", [large], variant="gb")], default_variant="lr"),
    )
