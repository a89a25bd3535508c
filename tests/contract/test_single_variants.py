"""Routers with one enabled variant, where their users say that it is meant."""

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from pointsman.v1 import definition_pb2, router_pb2

from .conftest import a_router, a_variant

ONE = [a_variant("lr", "1", 70)]
REFUSAL = "at least 2 must be, or 1 with allow_single (--allow-single)"


def update_of(*paths, **fields):
    router = router_pb2.Router(router_id="cancer", **fields)
    return router_pb2.UpdateRouterRequest(router=router, update_mask=FieldMask(paths=paths))


def toggle_of(variant, enabled, router_id="cancer"):
    return router_pb2.ToggleVariantRequest(router_id=router_id, variant=variant, enabled=enabled)


async def test_one_variant_is_refused_and_told_how_to_mean_it(cancer, failing):
    failure = await failing(cancer.create("single", variants=ONE))
    assert failure.code is grpc.StatusCode.INVALID_ARGUMENT
    assert failure.fields == {"router.variants": f"has 1 enabled; {REFUSAL}"}
    failure = await failing(cancer.routers.UpdateRouter(update_of("variants", variants=ONE)))
    assert failure.fields == {"router.variants": f"has 1 enabled; {REFUSAL}"}


async def test_a_router_of_one_variant_gives_it_every_slot(bench, cancer):
    created = await cancer.create("single", variants=ONE, allow_single=True)
    assert [variant.effective_share for variant in created.variants] == [1]
    assert list(bench.replica.routers["single"].slot_runs) == [0, 10_000]
    assert (await cancer.deploy("single")).router.status == router_pb2.ROUTER_STATUS_RUNNING


async def test_variants_are_toggled_down_to_one_and_back(bench, cancer, failing):
    failure = await failing(cancer.routers.ToggleVariant(toggle_of("gb", False)))
    assert failure.message == (
        f"variant: without 'gb' router 'cancer' has 1 enabled; {REFUSAL}; "
        "enable another first, or stop the router"
    )
    await cancer.routers.UpdateRouter(update_of("allow_single", allow_single=True))
    answer = await cancer.routers.ToggleVariant(toggle_of("gb", False))
    assert [variant.effective_share for variant in answer.variants] == [1, 0]
    assert bench.replica.slot_share("cancer", "lr") == 1
    last = await failing(cancer.routers.ToggleVariant(toggle_of("lr", False)))
    assert "without 'lr' router 'cancer' has 0 enabled; at least 1 must be" in last.message
    again = await cancer.routers.ToggleVariant(toggle_of("gb", True))
    assert [variant.effective_share for variant in again.variants] == [pytest.approx(0.7), pytest.approx(0.3)]


async def test_a_running_router_is_updated_to_one_variant_with_or_after_the_setting(cancer, failing):
    await cancer.deploy()
    both = update_of("variants", "allow_single", variants=ONE, allow_single=True)
    assert len((await cancer.routers.UpdateRouter(both)).variants) == 1
    gb = [a_variant("gb", "2", 5)]
    assert len((await cancer.routers.UpdateRouter(update_of("variants", variants=gb))).variants) == 1
    failure = await failing(cancer.routers.UpdateRouter(update_of("allow_single")))
    assert failure.fields == {"router.variants": f"has 1 enabled; {REFUSAL}"}


async def test_no_enabled_variant_at_all_is_refused_in_any_case(cancer, failing):
    off = [a_variant("lr", "1", 70, enabled=False)]
    failure = await failing(cancer.create("single", variants=off, allow_single=True))
    assert failure.fields == {"router.variants": "has 0 enabled; at least 1 must be"}


async def test_going_back_to_a_split_of_one_gives_the_setting_back(cancer):
    await cancer.create("single", variants=ONE, allow_single=True)
    two = [*ONE, a_variant("gb", "2", 30)]
    update = update_of("variants", "allow_single", variants=two)
    update.router.router_id = "single"
    assert not (await cancer.routers.UpdateRouter(update)).allow_single
    request = router_pb2.RollbackRouterRequest(router_id="single", revision=1)
    back = (await cancer.routers.RollbackRouter(request)).router
    assert (len(back.variants), back.allow_single) == (1, True)


async def test_a_definition_says_that_one_variant_is_meant(cancer, failing):
    def wanting(**fields):
        router = a_router("single", variants=ONE, **fields)
        return definition_pb2.ApplyDefinitionsRequest(definitions=[definition_pb2.Definition(router=router)])

    failure = await failing(cancer.definitions.ApplyDefinitions(wanting()))
    assert failure.fields == {"definitions[0].router.variants": f"has 1 enabled; {REFUSAL}"}
    answer = await cancer.definitions.ApplyDefinitions(wanting(allow_single=True))
    assert answer.changes[0].outcome == definition_pb2.DEFINITION_OUTCOME_CREATED
    again = await cancer.definitions.ApplyDefinitions(wanting(allow_single=True))
    assert again.changes[0].outcome == definition_pb2.DEFINITION_OUTCOME_UNCHANGED
