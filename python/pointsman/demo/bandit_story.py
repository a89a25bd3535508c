"""The demo of a bandit: three models of different quality, and shares that follow from late feedback."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pointsman.demo.checks import check_answered, check_counts
from pointsman.demo.errors import DemoError
from pointsman.demo.plans import BANDIT_ROUTER, BANDIT_VERSIONS, ROUTER
from pointsman.demo.polling import polled_metrics
from pointsman.demo.screen import arms_table
from pointsman.demo.setting_up import set_up
from pointsman.demo.traffic import LateTraffic

if TYPE_CHECKING:
    from rich.table import Table

    from pointsman.client import AsyncClient, BanditMetrics
    from pointsman.demo.dataset import TrainingResult
    from pointsman.demo.screen import Screen
    from pointsman.demo.tally import Tally

POLL_SECONDS = 0.5


async def run_bandit(
    screen: Screen, client: AsyncClient, training: TrainingResult, seed: int, duration_seconds: float
) -> Tally:
    """Lets a bandit find the best of three models, and holds its counts against the client's.

    Args:
        screen: Where it is shown.
        client: Calls the server.
        training: The models and the rows to ask them for.
        seed: Makes traffic repeatable.
        duration_seconds: How long traffic is sent.

    Returns:
        What the client counted.

    Raises:
        DemoError: Calls failed, or the counts of client and server differ.
    """
    with screen.step("Registering the models and deploying the router") as done:
        await set_up(client, training, BANDIT_ROUTER, BANDIT_VERSIONS)
        done(
            f"Registered three model versions, created and deployed router {ROUTER!r}: a bandit that learns "
            "from feedback, of which a part never comes and the rest up to a second late"
        )
    traffic = LateTraffic(client, ROUTER, list(BANDIT_VERSIONS), training, seed)
    async with polled_metrics(client, ROUTER, POLL_SECONDS) as latest:

        def render() -> Table:
            return arms_table(traffic.tally, latest[-1].bandit if latest else None)

        async with screen.live(render):
            await traffic.send(duration_seconds)
    counted = traffic.tally
    await check_counts(client, ROUTER, counted)
    learnt = (await client.routers.metrics(ROUTER, live=True)).bandit
    _check_learnt(counted, learnt)
    screen.say("")
    screen.console.print(arms_table(counted, learnt))
    feedback = sum(tally.feedback for tally in counted.variants.values())
    screen.say(
        f"✓ {counted.requests} answers and {feedback} values of feedback, recounted by the client: "
        "the server's counts are the same, and each reward was learnt from once"
    )
    check_answered(counted)
    return counted


def _check_learnt(counted: Tally, learnt: BanditMetrics | None) -> None:
    told = {arm.variant: (arm.pulls, arm.reward_count) for arm in learnt.arms} if learnt else {}
    seen = {name: (tally.requests, float(tally.feedback)) for name, tally in counted.variants.items()}
    if told != seen and not counted.errors:
        raise DemoError(f"calls and rewards of the arms are {told} to the server and {seen} to the client")
