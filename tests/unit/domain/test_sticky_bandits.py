"""Sticky bandits: what share of the slots each arm shall have, when that moves, and what is refused."""

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman import _core
from pointsman.domain.router_checks import check_router
from pointsman.domain.routers import SLOT_COUNT, Router, effective_shares
from pointsman.domain.strategies.bandit import Algorithm, Bandit, begun, continued, renewed
from pointsman.domain.strategies.catalogue import policy_of
from pointsman.domain.strategies.slots_moved import SlotsMoved
from pointsman.domain.strategies.sticky_bandit import (
    due_us,
    expected_pulls,
    followed,
    learnt_shares,
    least_slots,
    slot_shares,
)
from pointsman.domain.variants import Variant
from pointsman.errors import InvalidArgumentError

HOUR_US = 3_600_000_000
FLOORED = Bandit(Algorithm.UCB1, metric="clicks", exploration_floor=0.1)


def arms(count: int) -> tuple[Variant, ...]:
    return tuple(Variant(f"v{number}", "m", str(number), 0) for number in range(count))


def a_router(policy: Bandit, variants: tuple[Variant, ...], slots: tuple[int, ...]) -> Router:
    runs = tuple(number for index, count in enumerate(slots) if count for number in (index, count))
    return Router("r", variants, policy, slot_runs=runs)


def counts_of(shares: tuple[float, ...]) -> list[int]:
    runs, _ = _core.reallocate_slots([], shares)
    counts = [0] * len(shares)
    for index, length in zip(runs[::2], runs[1::2], strict=True):
        counts[index] += length
    return counts


def faults(router: Router) -> dict[str, str]:
    try:
        check_router(router)
    except InvalidArgumentError as error:
        return {fault.field: fault.description for fault in error.fields}
    return {}


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=12).filter(lambda parts: sum(parts) > 0.01),
    st.floats(0, 1),
)
def test_slots_keep_the_floor_and_nothing_that_is_no_change_moves_one(
    parts: list[float], floor: float
) -> None:
    policy = dataclasses.replace(FLOORED, exploration_floor=floor)
    variants, count = arms(len(parts)), len(parts)
    shares = {
        variant.name: floor / count + (1 - floor) * part / sum(parts)
        for variant, part in zip(variants, parts, strict=True)
    }
    wanted = learnt_shares(policy, variants, shares)
    slots = counts_of(wanted)
    least = least_slots(policy, count)
    assert min(slots) >= least >= min(floor * SLOT_COUNT / count - 1e-6, SLOT_COUNT // count)
    for held, share in zip(slots, shares.values(), strict=True):
        # A slot for rounding the share, and one for each arm whose floor is rounded up.
        assert abs(held - share * SLOT_COUNT) <= 1 + count
    router = a_router(policy, variants, tuple(slots))
    warmer = dataclasses.replace(router, policy=dataclasses.replace(policy, warm_up_pulls=9))
    assert counts_of(slot_shares(router, warmer, variants)) == slots


def test_what_an_arm_leaves_is_shared_in_proportion_and_a_new_one_gets_an_even_part() -> None:
    variants = arms(3)
    no_floor = dataclasses.replace(FLOORED, exploration_floor=0.0)
    router = a_router(no_floor, variants, (6_000, 3_000, 1_000))
    off = (variants[0], variants[1], dataclasses.replace(variants[2], enabled=False))
    without = dataclasses.replace(router, variants=off)
    assert slot_shares(router, without, off) == pytest.approx((2 / 3, 1 / 3, 0.0))
    more = dataclasses.replace(router, variants=arms(4))
    assert slot_shares(router, more, arms(4)) == pytest.approx((0.45, 0.225, 0.075, 0.25))
    # Nobody of those before is left.
    others = tuple(dataclasses.replace(variant, name=f"{variant.name}x") for variant in variants)
    assert slot_shares(router, dataclasses.replace(router, variants=others), others) == pytest.approx(
        (1 / 3,) * 3
    )


def test_the_floor_holds_for_the_arms_that_there_are() -> None:
    variants = arms(3)
    starved = a_router(FLOORED, variants, (9_332, 334, 334))
    two = variants[:2]
    shares = slot_shares(starved, dataclasses.replace(starved, variants=two), two)
    assert counts_of(shares) == [9_500, 500]
    higher = dataclasses.replace(FLOORED, exploration_floor=0.5)
    assert counts_of(slot_shares(starved, dataclasses.replace(starved, policy=higher), variants))[1] == 1_667
    all_of_it = dataclasses.replace(FLOORED, exploration_floor=1.0)
    told = {"v0": 1 / 3, "v1": 1 / 3, "v2": 1 / 3}
    assert counts_of(learnt_shares(all_of_it, variants, told)) == [3_334, 3_333, 3_333]


def test_another_epoch_begins_with_even_slots() -> None:
    variants = arms(2)
    router = a_router(begun(FLOORED, 7), variants, (9_000, 1_000))
    assert isinstance(router.policy, Bandit)
    anew = dataclasses.replace(router, policy=renewed(router.policy, 9))
    assert slot_shares(router, anew, variants) == (0.5, 0.5)
    drawn = dataclasses.replace(router, sticky=False)
    assert slot_shares(router, drawn, variants) == slot_shares(drawn, router, variants) == (0.5, 0.5)


def test_slots_are_due_an_interval_after_they_followed_or_the_epoch_began() -> None:
    policy = begun(FLOORED, 5)
    assert due_us(policy) == 5 + HOUR_US
    assert due_us(dataclasses.replace(policy, sticky_update_us=10_000_000)) == 10_000_005
    moved = followed(policy, 8 * HOUR_US, 1_000, 120)
    assert moved.slots == SlotsMoved(8 * HOUR_US, 1_000, 120, 120)
    assert followed(moved, 9 * HOUR_US, 1_500, 30).slots.moved_in_epoch == 150
    assert due_us(moved) == 9 * HOUR_US
    assert renewed(moved, 11).slots == SlotsMoved(11)


def test_as_many_calls_are_expected_as_came_since() -> None:
    moved = followed(begun(FLOORED, 5), 8 * HOUR_US, 1_000, 120)
    assert expected_pulls(moved, 3_000, 9 * HOUR_US) == 2_000
    assert expected_pulls(moved, 3_000, 12 * HOUR_US) == 500
    assert expected_pulls(moved, 1_000, 12 * HOUR_US) == 1
    assert expected_pulls(FLOORED, 700, 12 * HOUR_US) == 700


def test_a_document_gives_slots_back_and_one_of_before_has_none() -> None:
    policy = dataclasses.replace(followed(begun(FLOORED, 5), HOUR_US, 9, 4), sticky_update_us=60_000_000)
    document = json.loads(json.dumps(policy.to_document()))
    again = policy_of(policy.strategy, document)
    assert isinstance(again, Bandit)
    assert dataclasses.astuple(again) == dataclasses.astuple(policy)
    for name in ("slots", "sticky_update_us"):
        del document[name]
    before = policy_of(policy.strategy, document)
    assert isinstance(before, Bandit)
    assert (before.slots, before.sticky_update_us) == (SlotsMoved(), None)


def test_the_pace_is_a_setting_and_what_moved_is_none() -> None:
    standing = followed(begun(FLOORED, 5), HOUR_US, 9, 4)
    assert standing == FLOORED
    slower = dataclasses.replace(FLOORED, sticky_update_us=2 * HOUR_US)
    assert slower != FLOORED
    assert slower.words() == "bandit ucb1 on clicks, floor 0.1, slots each 7200s"
    assert continued(standing, arms(2), slower, arms(2), 9).slots == standing.slots


def test_shares_of_slots_are_the_routers_effective_ones() -> None:
    router = a_router(FLOORED, arms(2), (9_000, 1_000))
    assert effective_shares(router) == (0.9, 0.1)
    assert effective_shares(dataclasses.replace(router, sticky=False)) == (0.0, 0.0)


def test_what_cannot_be_is_refused_by_its_field() -> None:
    paced = dataclasses.replace(FLOORED, sticky_update_us=HOUR_US)
    assert faults(a_router(paced, arms(2), ())) == {}
    drawn = faults(dataclasses.replace(a_router(paced, arms(2), ()), sticky=False))
    assert list(drawn) == ["router.bandit.sticky_update_interval"]
    sliced = faults(a_router(dataclasses.replace(FLOORED, uniform_slice=0.2), arms(2), ()))
    assert sliced["router.bandit.uniform_slice"].startswith("0.2 would be drawn for each call")
