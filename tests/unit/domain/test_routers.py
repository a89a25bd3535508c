"""Shares and slot tables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.domain.router_checks import check_router, check_weight
from pointsman.domain.routers import Router, effective_shares, renumbered_runs
from pointsman.domain.strategies.weighted import Weighted
from pointsman.domain.variants import Variant
from pointsman.errors import InvalidArgumentError

VARIANTS = st.lists(st.tuples(st.floats(0, 100), st.booleans()), min_size=1, max_size=10).map(
    lambda rows: [Variant(f"v{i}", "m", "1", w, enabled=e) for i, (w, e) in enumerate(rows)]
)


@given(VARIANTS)
def test_shares_add_up_to_one_and_only_enabled_ones_have_any(variants):
    shares = Weighted().shares(variants)
    total = sum(variant.weight for variant in variants if variant.enabled)
    assert sum(shares) == (pytest.approx(1) if total else 0)
    assert all(variant.enabled or share == 0 for variant, share in zip(variants, shares, strict=True))


def test_fifty_against_thirty_serves_five_eighths():
    assert Weighted().shares([Variant("a", "m", "1", 50), Variant("b", "m", "1", 30)]) == (0.625, 0.375)


@given(st.permutations(range(5)), st.integers(0, 5))
def test_renumbering_keeps_every_slot_with_its_name(order, kept_count):
    before = [f"v{i}" for i in range(5)]
    after = [*(before[i] for i in order[:kept_count]), "new"]
    runs = [0, 10, 4, 20, 2, 30, 0, 40, 1, 50, 3, 60]
    renumbered = renumbered_runs(runs, before, after)
    assert renumbered[1::2] == tuple(runs[1::2])
    for old, new in zip(runs[::2], renumbered[::2], strict=True):
        if before[old] in after:
            assert after[new] == before[old]
        else:
            assert new >= len(after)
    gone = {new for new in renumbered[::2] if new >= len(after)}
    assert len(gone) == len({old for old in runs[::2] if before[old] not in after})


@given(st.floats())
def test_a_weight_is_a_percentage(weight):
    if 0 <= weight <= 100:
        check_weight(weight, "weight")
    else:
        with pytest.raises(InvalidArgumentError, match=r"^weight: "):
            check_weight(weight, "weight")


def test_an_error_names_the_field_the_value_and_the_way_out():
    with pytest.raises(InvalidArgumentError) as caught:
        check_router(Router("r", (Variant("a", "m", "1", 1), Variant("b", "m", "1", 140))))
    assert str(caught.value) == (
        "router.variants[1].weight: 140 is above 100; "
        "weights are relative, 0 to 100: make all of them smaller"
    )


def test_etags_tell_states_and_routers_of_one_id_apart():
    router = Router("r", (), revision=1, row_key=1)
    others = [Router("r", (), revision=2, row_key=1), Router("r", (), revision=1, row_key=2)]
    assert router.etag not in {other.etag for other in others}


TINY = (
    Variant("a", "m", "1", 99.999),
    Variant("b", "m", "2", 0.001),
    Variant("c", "m", "3", 5, enabled=False),
)


def test_the_effective_share_of_a_sticky_router_is_that_of_its_slots():
    router = Router("r", TINY, slot_runs=(0, 5_000, 1, 1, 0, 4_999))
    assert effective_shares(router) == (0.9999, 0.0001, 0.0)


def test_the_effective_share_of_other_routers_is_that_of_the_weights():
    router = Router("r", TINY, sticky=False, slot_runs=(0, 9_999, 1, 1))
    assert effective_shares(router) == pytest.approx((0.99999, 0.00001, 0.0))
