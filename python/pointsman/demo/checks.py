"""Holds what the client counted against what the server says."""

from __future__ import annotations

import asyncio
import math
import time
from typing import TYPE_CHECKING

from pointsman.dataplane.replay import decide_again, read_kept_state
from pointsman.demo.errors import DemoError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pointsman.client import AsyncClient, RouterMetrics
    from pointsman.demo.tally import Tally

SETTLE_SECONDS = 5.0
"""How long the server's counts may lag behind the last answer."""
POLL_SECONDS = 0.1
STANDARD_DEVIATIONS = 4.5
"""Chance leaves this range once in 150,000 runs."""


async def check_counts(client: AsyncClient, router_id: str, counted: Tally) -> RouterMetrics:
    """Waits until the server's counts are the client's.

    Args:
        client: Calls the server.
        router_id: The router.
        counted: All that the client counted since the router was deployed.

    Returns:
        The server's figures.

    Raises:
        DemoError: They differ after the time given; the message says where.
    """
    ends = time.monotonic() + SETTLE_SECONDS
    while True:
        metrics = await client.routers.metrics(router_id, live=True)
        differences = find_differences(counted, metrics)
        if not differences:
            return metrics
        if time.monotonic() > ends:
            raise DemoError("client and server count differently:\n" + "\n".join(differences))
        await asyncio.sleep(POLL_SECONDS)


def find_differences(counted: Tally, metrics: RouterMetrics) -> list[str]:
    """Says in lines where the server's figures are not the client's."""
    differences = []
    told = {figures.variant: figures for figures in metrics.variants}
    for name, seen in counted.variants.items():
        figures = told.get(name)
        if figures is None:
            differences.append(f"{name}: the server does not name it")
            continue
        answered = figures.request_count - figures.error_count
        pairs = [
            ("answered requests", seen.requests, answered),
            ("feedback", seen.feedback, figures.feedback_count),
        ]
        differences += [
            f"{name}: {what}: the client counted {mine}, the server {theirs}"
            for what, mine, theirs in pairs
            if mine != theirs
        ]
        accuracy, reward = seen.accuracy, figures.mean_reward
        if accuracy is not None and (reward is None or not math.isclose(accuracy, reward, abs_tol=1e-9)):
            differences.append(f"{name}: mean reward: the client computed {accuracy}, the server {reward}")
    total = metrics.total
    if total is not None and total.request_count != counted.requests + counted.failed_requests:
        asked = counted.requests + counted.failed_requests
        differences.append(f"all: requests: the client counted {asked}, the server {total.request_count}")
    return differences


def check_answered(counted: Tally) -> None:
    """Checks that every call and every value of feedback was taken.

    Raises:
        DemoError: Some failed; the message says how many by status, and what the last said.
    """
    if counted.errors:
        told = ", ".join(f"{count} × {code}" for code, count in counted.errors.items())
        raise DemoError(f"calls failed: {told}; the last said: {counted.last_error}")


def check_rules(homes: Mapping[str, str], ruled: Mapping[str, str]) -> None:
    """Checks that each patient got the variant that the rules name.

    Args:
        homes: The variant that each patient got.
        ruled: The one that the client has worked out from the rules.

    Raises:
        DemoError: A patient got another one.
    """
    for entity, variant in sorted(homes.items()):
        if variant != ruled[entity]:
            raise DemoError(f"{entity} got {variant}, but the rules give {ruled[entity]}")


async def check_homes(data_dir: Path, router_id: str, homes: dict[str, str], generation: int) -> None:
    """Checks that each patient got the variant to which the slot table in force gives them.

    Args:
        data_dir: The server's data folder, whose copy of the routing state is replayed.
        router_id: The router.
        homes: The variant that each patient got.
        generation: The generation in which the table came into force; the copy on disk may lag behind it.

    Raises:
        DemoError: A patient got another variant.
    """
    ends = time.monotonic() + SETTLE_SECONDS
    state = read_kept_state(data_dir)
    while state.generation < generation and time.monotonic() < ends:
        await asyncio.sleep(POLL_SECONDS)
        state = read_kept_state(data_dir)
    expected = decide_again(state, router_id, sorted(homes))
    for entity, variant in expected.items():
        if homes[entity] != variant:
            raise DemoError(f"{entity} got {homes[entity]}, but the slot table gives {variant}")


def check_moves(before: dict[str, str], after: dict[str, str], gained: set[str], moved_share: float) -> int:
    """Checks that as many patients changed their variant as the server said, and none without need.

    Args:
        before: The variant of each patient before the change of weights.
        after: The variant of each of them after it.
        gained: The variants whose share grew.
        moved_share: The share of patients that the server says has moved.

    Returns:
        How many patients moved.

    Raises:
        DemoError: A patient moved to a variant that gained nothing, or too many or too few moved.
    """
    moved = {entity for entity, home in before.items() if after[entity] != home}
    astray = sorted(entity for entity in moved if after[entity] not in gained or before[entity] in gained)
    if astray:
        first = astray[0]
        raise DemoError(f"{first} moved needlessly, from {before[first]} to {after[first]}")
    expected = moved_share * len(before)
    leeway = STANDARD_DEVIATIONS * math.sqrt(expected * (1.0 - moved_share)) + 1.0
    if abs(len(moved) - expected) > leeway:
        raise DemoError(
            f"{len(moved)} of {len(before)} patients moved; a moved share of {moved_share:.1%} means about "
            f"{expected:.0f}, and not more than {leeway:.0f} away from that"
        )
    return len(moved)
