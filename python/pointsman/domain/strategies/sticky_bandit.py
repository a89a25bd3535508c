"""Sticky bandits: what share of the slots each arm shall have, and when that follows what was learnt.

Whose a slot is stands in the router's slot table and nowhere else: shares that hold between two updates are
read from it. They are counted in whole slots, so that a change that is none moves none.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import TypeGuard

from pointsman.domain.routers import SLOT_COUNT, Router
from pointsman.domain.strategies.bandit import Bandit
from pointsman.domain.strategies.policy import Policy
from pointsman.domain.strategies.slots_moved import SlotsMoved
from pointsman.domain.variants import Variant, pickable

_ROUNDING = 1e-9


def is_sticky(policy: Policy, *, sticky: bool) -> TypeGuard[Bandit]:
    """Answers whether a policy is a bandit whose entities keep their variants.

    Args:
        policy: A router's.
        sticky: The router's setting.
    """
    return sticky and isinstance(policy, Bandit)


def slot_shares(before: Router, after: Router, variants: Sequence[Variant]) -> tuple[float, ...]:
    """Answers the share of slots that each variant shall have after somebody changed a router.

    The arms of a sticky bandit keep their parts of each other's slots: what an arm leaves is shared in
    proportion, an arm that is new gets an even part, and the floor holds for the arms that there are. Nothing
    is learnt by it; the next update follows what was.

    Args:
        before: The router as it is, with its slots.
        after: The router as it shall be.
        variants: The variants of ``after``, in the order of the answer.
    """
    policy = after.policy
    if not is_sticky(policy, sticky=after.sticky) or not is_sticky(before.policy, sticky=before.sticky):
        return policy.shares(variants)
    if policy.epoch != before.policy.epoch:
        return policy.shares(variants)
    arms_before = [variant.name for variant in pickable(before.variants)]
    arms = [variant.name for variant in pickable(variants)]
    counts = before.slot_table.counts
    least = least_slots(before.policy, len(arms_before))
    above = {name: max(0, counts.get(name, 0) - least) for name in arms if name in arms_before}
    added = len(arms) - len(above)
    kept = 1.0 - added / len(arms)
    total = sum(above.values())
    parts = {name: kept * above[name] / total if total else kept / len(above) for name in above} | {
        name: 1.0 / len(arms) for name in arms if name not in above
    }
    return _with_floor(policy, variants, parts)


def learnt_shares(
    policy: Bandit, variants: Sequence[Variant], shares: Mapping[str, float]
) -> tuple[float, ...]:
    """Answers the share of slots that each variant shall have by what was learnt.

    Args:
        policy: The bandit.
        variants: Its router's variants, in the order of the answer.
        shares: What the core makes of what was learnt, by arm, with the floor in it.
    """
    arms = [variant.name for variant in pickable(variants)]
    even = policy.exploration_floor / len(arms)
    above = {name: max(0.0, shares[name] - even) for name in arms}
    total = sum(above.values())
    # Of a floor of all, nothing is left that could follow.
    is_left = total > _ROUNDING
    parts = {name: above[name] / total if is_left else 1.0 / len(arms) for name in arms}
    return _with_floor(policy, variants, parts)


def least_slots(policy: Bandit, arm_count: int) -> int:
    """Answers how many slots each arm has whatever was learnt: its part of the floor, up to the next slot."""
    if not arm_count:
        return 0
    wanted = math.ceil(policy.exploration_floor * SLOT_COUNT / arm_count - _ROUNDING)
    return min(wanted, SLOT_COUNT // arm_count)


def due_us(policy: Bandit) -> int:
    """Answers from when slots may follow what was learnt, in UTC microseconds."""
    return max(policy.slots.time_us, policy.slots.changed_time_us) + policy.slots_stay_us


def changed(router: Router, moved: int, now_us: int) -> Router:
    """Answers a router that somebody changed: where a sticky bandit's slots moved, they stay for an interval.

    Args:
        router: The router as it shall be, with its slots.
        moved: How many of them moved by the change.
        now_us: The time, in UTC microseconds.
    """
    policy = router.policy
    if not moved or not is_sticky(policy, sticky=router.sticky):
        return router
    slots = dataclasses.replace(policy.slots, changed_time_us=now_us)
    return dataclasses.replace(router, policy=dataclasses.replace(policy, slots=slots))


def expected_pulls(policy: Bandit, pulls: int, now_us: int) -> float:
    """Answers how many calls are expected until slots follow again: as many as came since they did.

    Args:
        policy: The bandit.
        pulls: The calls of all arms in the epoch by now.
        now_us: The time, in UTC microseconds.
    """
    came = max(0, pulls - policy.slots.pulls)
    if not policy.slots.time_us:
        return max(1.0, came)
    passed_us = max(now_us - policy.slots.time_us, policy.slots_stay_us)
    return max(1.0, came * policy.slots_stay_us / passed_us)


def followed(policy: Bandit, now_us: int, pulls: int, moved: int) -> Bandit:
    """Answers a bandit whose slots have followed what was learnt.

    Args:
        policy: The bandit as it stands.
        now_us: The time, in UTC microseconds.
        pulls: The calls of all arms in the epoch by now.
        moved: How many slots moved.
    """
    before = policy.slots.moved_in_epoch
    return dataclasses.replace(policy, slots=SlotsMoved(now_us, pulls, moved, before + moved))


def _with_floor(policy: Bandit, variants: Sequence[Variant], parts: Mapping[str, float]) -> tuple[float, ...]:
    """Adds the floor, in whole slots, to parts of what is above it."""
    least = least_slots(policy, len(parts))
    rest = SLOT_COUNT - least * len(parts)
    return tuple(
        (least + rest * parts[variant.name]) / SLOT_COUNT if variant.name in parts else 0.0
        for variant in variants
    )
