"""Canaries: a percentage for one variant, said once, checked, grown, promoted and given back."""

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from pointsman.v1 import definition_pb2, router_pb2

from .conftest import a_variant

OLD = a_variant("old", "1", 0, role=router_pb2.VARIANT_ROLE_CONTROL)
NEW = a_variant("new", "2", 0, role=router_pb2.VARIANT_ROLE_CANARY)


async def create(user, percent=5.0, variants=(OLD, NEW), **fields):
    fields.setdefault("strategy", router_pb2.STRATEGY_CANARY)
    canary = None if percent is None else router_pb2.Canary(percent=percent)
    return await user.create("checkout", variants=list(variants), canary=canary, **fields)


async def set_percent(user, percent, **fields):
    return await user.routers.SetCanary(
        router_pb2.SetCanaryRequest(router_id="checkout", percent=percent, **fields)
    )


def shares(router):
    return {variant.name: variant.effective_share for variant in router.variants}


async def test_the_canary_gets_its_part_and_the_control_the_rest(bench, cancer):
    created = await create(cancer)
    assert shares(created) == {"old": 0.95, "new": 0.05}
    published = bench.replica.routers["checkout"]
    assert published.strategy == router_pb2.STRATEGY_CANARY
    assert published.settings.canary.percent == 5.0
    assert (await cancer.get("checkout")).canary.percent == 5.0


@pytest.mark.parametrize(
    ("percent", "variants", "field", "words"),
    [
        (None, (OLD, NEW), "router.canary", "is not set; STRATEGY_CANARY needs it"),
        (100.5, (OLD, NEW), "router.canary.percent", "100.5 is not between 0 and 100"),
        (float("nan"), (OLD, NEW), "router.canary.percent", "nan is not between 0 and 100"),
        (
            5.0,
            (OLD, a_variant("new", "2", 70, role=router_pb2.VARIANT_ROLE_CANARY)),
            "router.variants[1].weight",
            "70 would decide nothing; leave it 0: canary.percent says who gets what",
        ),
        (
            5.0,
            (OLD, a_variant("new", "2", 0)),
            "router.variants",
            "has no variant whose role is canary; give one that role",
        ),
        (
            5.0,
            (OLD, NEW, a_variant("third", "2", 0)),
            "router.variants[2].role",
            "is candidate, and would get no calls",
        ),
        (
            5.0,
            (OLD, NEW, a_variant("third", "2", 0, role=router_pb2.VARIANT_ROLE_CANARY)),
            "router.variants",
            "has 'new', 'third' as canary; a canary router has one",
        ),
    ],
)
async def test_what_is_no_canary_is_refused_with_its_field(cancer, failing, percent, variants, field, words):
    failure = await failing(create(cancer, percent, variants))
    assert failure.code is grpc.StatusCode.INVALID_ARGUMENT
    assert words in failure.fields[field], failure.fields


async def test_settings_of_another_strategy_are_refused(cancer, failing):
    weighted = create(cancer, 5.0, strategy=router_pb2.STRATEGY_WEIGHTED)
    failure = await failing(weighted)
    assert "is for STRATEGY_CANARY, and the router's is STRATEGY_WEIGHTED" in failure.fields["router.canary"]
    update = router_pb2.UpdateRouterRequest(
        router=router_pb2.Router(router_id="cancer", canary=router_pb2.Canary(percent=5)),
        update_mask=FieldMask(paths=["canary"]),
    )
    failure = await failing(cancer.routers.UpdateRouter(update))
    assert "whose strategy is weighted; strategies cannot be changed" in failure.fields["router.canary"]


async def test_growing_moves_only_who_comes_to_the_canary(bench, cancer):
    await create(cancer, 5.0)
    grown = await set_percent(cancer, 20.0)
    assert shares(grown.router) == {"old": 0.8, "new": 0.2}
    assert (grown.moved_slots, grown.moved_share) == (1500, 0.15)
    assert bench.replica.routers["checkout"].settings.canary.percent == 20.0
    update = router_pb2.UpdateRouterRequest(
        router=router_pb2.Router(router_id="checkout", canary=router_pb2.Canary(percent=30)),
        update_mask=FieldMask(paths=["canary"]),
    )
    assert shares(await cancer.routers.UpdateRouter(update)) == {"old": 0.7, "new": 0.3}
    update.router.strategy = router_pb2.STRATEGY_WEIGHTED  # as clients do whose default it is
    update.router.canary.percent = 40
    assert shares(await cancer.routers.UpdateRouter(update)) == {"old": 0.6, "new": 0.4}


async def test_a_part_is_said_and_is_a_percentage(cancer, failing):
    await create(cancer)
    failure = await failing(cancer.routers.SetCanary(router_pb2.SetCanaryRequest(router_id="checkout")))
    assert failure.fields == {"percent": "is not set; say 0 to 100"}
    failure = await failing(set_percent(cancer, -1))
    assert failure.fields == {"percent": "-1 is not between 0 and 100"}
    failure = await failing(
        cancer.routers.SetCanary(router_pb2.SetCanaryRequest(router_id="cancer", percent=1))
    )
    assert failure.code is grpc.StatusCode.FAILED_PRECONDITION
    assert failure.reason == "NO_CANARY"


async def test_promoting_makes_the_canary_the_control_of_everybody(cancer):
    await create(cancer, 20.0)
    promoted = await cancer.routers.PromoteCanary(router_pb2.PromoteCanaryRequest(router_id="checkout"))
    roles = {variant.name: variant.role for variant in promoted.router.variants}
    assert roles == {"old": router_pb2.VARIANT_ROLE_CANARY, "new": router_pb2.VARIANT_ROLE_CONTROL}
    assert shares(promoted.router) == {"old": 0.0, "new": 1.0}
    assert promoted.router.canary.percent == 0.0
    assert promoted.moved_slots == 8000


async def test_a_disabled_canary_is_not_promoted_and_the_other_takes_all(cancer, failing):
    await create(cancer, 20.0, allow_single=True)
    toggle = router_pb2.ToggleVariantRequest(router_id="checkout", variant="new", enabled=False)
    toggled = await cancer.routers.ToggleVariant(toggle)
    assert {variant.name: variant.effective_share for variant in toggled.variants} == {"old": 1.0, "new": 0.0}
    failure = await failing(
        cancer.routers.PromoteCanary(router_pb2.PromoteCanaryRequest(router_id="checkout"))
    )
    assert failure.reason == "CANARY_DISABLED"


async def test_weights_of_a_canary_router_are_refused(cancer, failing):
    await create(cancer)
    failure = await failing(
        cancer.routers.UpdateVariantWeight(
            router_pb2.UpdateVariantWeightRequest(router_id="checkout", variant="new", weight=50)
        )
    )
    assert failure.code is grpc.StatusCode.FAILED_PRECONDITION
    assert failure.reason == "STRATEGY_TAKES_NO_WEIGHTS"


async def test_checking_alone_changes_nothing(cancer):
    await create(cancer, 5.0)
    checked = await set_percent(cancer, 50.0, validate_only=True)
    assert checked.moved_slots == 4500
    assert (await cancer.get("checkout")).canary.percent == 5.0


async def test_a_rollback_gives_percentage_roles_and_slots_back(bench, cancer):
    await create(cancer, 5.0)
    first = bench.replica.routers["checkout"]
    await set_percent(cancer, 40.0)
    await cancer.routers.PromoteCanary(router_pb2.PromoteCanaryRequest(router_id="checkout"))
    history = await cancer.routers.ListRouterRevisions(
        router_pb2.ListRouterRevisionsRequest(router_id="checkout")
    )
    assert [one.summary for one in history.revisions] == [
        "old control → canary, new canary → control, canary 40% → canary 0%",
        "canary 5% → canary 40%",
        "old control, new canary, canary 5%",
    ]
    await cancer.routers.RollbackRouter(router_pb2.RollbackRouterRequest(router_id="checkout", revision=1))
    again = bench.replica.routers["checkout"]
    assert (again.settings.canary.percent, list(again.slot_runs)) == (5.0, list(first.slot_runs))
    assert [variant.role for variant in again.variants] == [variant.role for variant in first.variants]


async def test_definitions_state_it(cancer):
    await create(cancer, 5.0)
    wanted = router_pb2.Router(
        router_id="checkout",
        strategy=router_pb2.STRATEGY_CANARY,
        variants=[OLD, NEW],
        canary=router_pb2.Canary(percent=12.5),
    )
    applied = await cancer.definitions.ApplyDefinitions(
        definition_pb2.ApplyDefinitionsRequest(definitions=[definition_pb2.Definition(router=wanted)])
    )
    assert [change.field for change in applied.changes[0].fields] == ["canary.percent"]
    assert (await cancer.get("checkout")).canary.percent == 12.5
