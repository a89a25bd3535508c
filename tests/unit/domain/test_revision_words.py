"""What is different between two definitions, in words."""

import dataclasses

from pointsman.domain.permissions import Permissions
from pointsman.domain.revision_words import summary
from pointsman.domain.revisions import MAX_SUMMARY_CHARS, moved_slots
from pointsman.domain.routers import Router, SlotTable
from pointsman.domain.variants import Variant, VariantRole

LR, GB = Variant("lr", "cancer", "1", 70), Variant("gb", "cancer", "2", 30)
ROUTER = Router("cancer", (LR, GB))


def changed(**fields):
    return summary(ROUTER, dataclasses.replace(ROUTER, **fields))


def with_gb(**fields):
    return changed(variants=(LR, dataclasses.replace(GB, **fields)))


def test_a_new_router_is_its_split():
    off = dataclasses.replace(ROUTER, variants=(LR, dataclasses.replace(GB, enabled=False)))
    assert (summary(None, ROUTER), summary(None, off)) == ("lr 70, gb 30", "lr 70, gb off")


def test_each_difference_has_its_words():
    assert changed() == ""
    assert with_gb(weight=12.5) == "gb 30 → 12.5"
    assert with_gb(enabled=False) == "gb off"
    assert with_gb(model_version="3") == "gb cancer/2 → cancer/3"
    assert with_gb(role=VariantRole.CANARY) == "gb candidate → canary"
    assert changed(variants=(LR, Variant("x", "m", "1", 5))) == "x 5 added (m/1), gb removed"
    assert changed(sticky=False, default_timeout_ms=1500) == "sticky off, default_timeout the server's → 1.5s"
    assert changed(tags=("a",), description="d") == "description, tags"
    shared = dataclasses.replace(ROUTER, permissions=Permissions(shared_user_ids=("bob",)))
    assert summary(ROUTER, shared) == "shared with bob"
    assert summary(shared, ROUTER) == "no longer shared with bob"
    assert changed(slot_runs=(0, 10_000)) == "slots"


def test_very_many_differences_are_cut():
    variants = tuple(Variant(f"{number:0100}", "m", "1", 1) for number in range(100))
    words = changed(variants=variants)
    assert len(words) == MAX_SUMMARY_CHARS
    assert words.endswith(" …")


def test_moved_slots_go_by_names():
    before = SlotTable(("a", "b"), (0, 6_000, 1, 4_000))
    assert moved_slots(before, SlotTable(("b", "a"), (1, 6_000, 0, 4_000))) == 0
    assert moved_slots(before, SlotTable(("b", "a"), (1, 5_000, 0, 5_000))) == 1_000
