"""Where calls of a variant go that no live backend serves: said of a router, checked, kept and given back."""

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from pointsman.v1 import definition_pb2, router_pb2

from .conftest import a_router, a_variant

CONTROLLED = [
    a_variant("lr", "1", 70, role=router_pb2.VARIANT_ROLE_CONTROL),
    a_variant("gb", "2", 30),
]
NO_CONTROL = "control needs a variant whose role is control; give one that role, or use any_healthy or none"
DISABLED = "control needs 'lr' enabled; enable it, or use any_healthy or none"


def update_of(*paths, **fields):
    router = router_pb2.Router(router_id="cancer", **fields)
    return router_pb2.UpdateRouterRequest(router=router, update_mask=FieldMask(paths=paths))


async def test_a_router_without_a_word_has_none(bench, cancer):
    assert (await cancer.get()).fallback == router_pb2.FALLBACK_NONE
    assert bench.replica.routers["cancer"].settings.fallback == router_pb2.FALLBACK_NONE


@pytest.mark.parametrize("fallback", [router_pb2.FALLBACK_CONTROL, router_pb2.FALLBACK_ANY_HEALTHY])
async def test_what_is_said_is_kept_and_published(bench, cancer, fallback):
    created = await cancer.create("other", variants=CONTROLLED, fallback=fallback)
    assert created.fallback == fallback
    assert (await cancer.get("other")).fallback == fallback
    assert bench.replica.routers["other"].settings.fallback == fallback


async def test_control_needs_one(cancer, failing):
    failure = await failing(cancer.create("other", fallback=router_pb2.FALLBACK_CONTROL))
    assert failure.code is grpc.StatusCode.INVALID_ARGUMENT
    assert failure.fields == {"router.fallback": NO_CONTROL}
    update = update_of("fallback", fallback=router_pb2.FALLBACK_CONTROL)
    failure = await failing(cancer.routers.UpdateRouter(update))
    assert failure.fields == {"router.fallback": NO_CONTROL}
    off = [
        a_variant("lr", "1", 70, role=router_pb2.VARIANT_ROLE_CONTROL, enabled=False),
        a_variant("gb", "2", 30),
        a_variant("gc", "2", 30),
    ]
    failure = await failing(cancer.create("other", variants=off, fallback=router_pb2.FALLBACK_CONTROL))
    assert failure.fields == {"router.fallback": DISABLED}


async def test_a_control_that_is_needed_is_neither_disabled_nor_taken_away(cancer, failing):
    three = [*CONTROLLED, a_variant("gc", "2", 30)]
    both = update_of("variants", "fallback", variants=three, fallback=router_pb2.FALLBACK_CONTROL)
    assert (await cancer.routers.UpdateRouter(both)).fallback == router_pb2.FALLBACK_CONTROL
    toggle = router_pb2.ToggleVariantRequest(router_id="cancer", variant="lr", enabled=False)
    failure = await failing(cancer.routers.ToggleVariant(toggle))
    assert failure.code is grpc.StatusCode.FAILED_PRECONDITION
    assert DISABLED in failure.message
    failure = await failing(cancer.routers.UpdateRouter(update_of("variants", variants=three[1:])))
    assert failure.fields == {"router.fallback": NO_CONTROL}
    freed = update_of("fallback", fallback=router_pb2.FALLBACK_ANY_HEALTHY)
    assert (await cancer.routers.UpdateRouter(freed)).fallback == router_pb2.FALLBACK_ANY_HEALTHY
    answer = await cancer.routers.ToggleVariant(toggle)
    assert not next(variant for variant in answer.variants if variant.name == "lr").enabled


async def test_a_rollback_gives_it_back(cancer):
    await cancer.routers.UpdateRouter(update_of("fallback", fallback=router_pb2.FALLBACK_ANY_HEALTHY))
    await cancer.routers.UpdateRouter(update_of("fallback"))
    assert (await cancer.get()).fallback == router_pb2.FALLBACK_NONE
    request = router_pb2.RollbackRouterRequest(router_id="cancer", revision=2)
    back = (await cancer.routers.RollbackRouter(request)).router
    assert back.fallback == router_pb2.FALLBACK_ANY_HEALTHY


async def test_a_definition_says_it(cancer, failing):
    def wanting(**fields):
        router = a_router("other", **fields)
        return definition_pb2.ApplyDefinitionsRequest(definitions=[definition_pb2.Definition(router=router)])

    failure = await failing(
        cancer.definitions.ApplyDefinitions(wanting(fallback=router_pb2.FALLBACK_CONTROL))
    )
    assert failure.fields == {"definitions[0].router.fallback": NO_CONTROL}
    wanted = wanting(fallback=router_pb2.FALLBACK_CONTROL, variants=CONTROLLED)
    answer = await cancer.definitions.ApplyDefinitions(wanted)
    assert answer.changes[0].outcome == definition_pb2.DEFINITION_OUTCOME_CREATED
    again = await cancer.definitions.ApplyDefinitions(wanted)
    assert again.changes[0].outcome == definition_pb2.DEFINITION_OUTCOME_UNCHANGED
