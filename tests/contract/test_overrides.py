"""Overrides: everything to one variant for a while, with an end and a reason, and their end by themselves."""

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask

from pointsman.v1 import router_pb2

from .by_hand import run_once
from .conftest import a_variant


def override(variant="gb", seconds=600, reason="lr times out", **fields):
    return router_pb2.SetTrafficOverrideRequest(
        router_id="cancer", variant=variant, ttl=Duration(seconds=seconds), reason=reason, **fields
    )


async def test_it_is_published_with_its_end_and_kept_in_the_history(bench, cancer):
    before = bench.replica.routers["cancer"]
    router = await cancer.routers.SetTrafficOverride(override())
    given = router.traffic_override
    assert (given.variant, given.reason, given.user_id) == ("gb", "lr times out", "local")
    assert given.expire_time.ToMicroseconds() - given.create_time.ToMicroseconds() == 600_000_000
    assert given.create_time == router.update_time
    published = bench.replica.routers["cancer"]
    assert published.settings.traffic_override == given
    assert published.slot_runs == before.slot_runs, "nobody moves"
    history = await cancer.routers.ListRouterRevisions(
        router_pb2.ListRouterRevisionsRequest(router_id="cancer")
    )
    assert history.revisions[0].summary.startswith("everything to gb until ")
    assert history.revisions[0].summary.endswith(": lr times out")


@pytest.mark.parametrize(
    ("request_", "fields"),
    [
        (override(seconds=0), {"ttl": "0s is not between 1s and 2592000s (30 days)"}),
        (override(seconds=31 * 86_400), {"ttl": "2.6784e+06s is not between 1s and 2592000s (30 days)"}),
        (override(reason=" "), {"reason": "is empty; say why, for those who wonder where the traffic went"}),
    ],
)
async def test_an_end_and_a_reason_are_required(cancer, failing, request_, fields):
    failure = await failing(cancer.routers.SetTrafficOverride(request_))
    assert failure.code is grpc.StatusCode.INVALID_ARGUMENT
    assert failure.fields == fields


async def test_the_variant_must_be_there_and_enabled(cancer, failing):
    failure = await failing(cancer.routers.SetTrafficOverride(override("xy")))
    assert failure.code is grpc.StatusCode.NOT_FOUND
    three = [a_variant("lr", "1", 70), a_variant("gb", "2", 30), a_variant("gc", "2", 30, enabled=False)]
    update = router_pb2.UpdateRouterRequest(
        router=router_pb2.Router(router_id="cancer", variants=three),
        update_mask=FieldMask(paths=["variants"]),
    )
    await cancer.routers.UpdateRouter(update)
    failure = await failing(cancer.routers.SetTrafficOverride(override("gc")))
    assert failure.reason == "VARIANT_DISABLED"


async def test_its_variant_is_neither_disabled_nor_taken_away(cancer, failing):
    three = [a_variant("lr", "1", 70), a_variant("gb", "2", 30), a_variant("gc", "2", 30)]
    update = router_pb2.UpdateRouterRequest(
        router=router_pb2.Router(router_id="cancer", variants=three),
        update_mask=FieldMask(paths=["variants"]),
    )
    await cancer.routers.UpdateRouter(update)
    await cancer.routers.SetTrafficOverride(override())
    failure = await failing(
        cancer.routers.ToggleVariant(
            router_pb2.ToggleVariantRequest(router_id="cancer", variant="gb", enabled=False)
        )
    )
    assert failure.reason == "OVERRIDE_NEEDS_VARIANT"
    del update.router.variants[1]
    failure = await failing(cancer.routers.UpdateRouter(update))
    assert "an override sends everything to 'gb', which would be gone" in failure.fields["router.variants"]


async def test_it_is_cleared_and_without_one_nothing_changes(cancer):
    clear = router_pb2.ClearTrafficOverrideRequest(router_id="cancer")
    untouched = await cancer.get()
    assert await cancer.routers.ClearTrafficOverride(clear) == untouched
    await cancer.routers.SetTrafficOverride(override())
    cleared = await cancer.routers.ClearTrafficOverride(clear)
    assert not cleared.HasField("traffic_override")
    assert not (await cancer.get()).HasField("traffic_override")


async def test_a_rollback_leaves_it_in_force(cancer):
    weight = router_pb2.UpdateVariantWeightRequest(router_id="cancer", variant="lr", weight=10)
    await cancer.routers.UpdateVariantWeight(weight)
    await cancer.routers.SetTrafficOverride(override())
    rolled = await cancer.routers.RollbackRouter(
        router_pb2.RollbackRouterRequest(router_id="cancer", revision=1)
    )
    assert rolled.router.traffic_override.variant == "gb"


async def test_ended_ones_leave_the_definition(bench, cancer):
    await cancer.routers.SetTrafficOverride(override(seconds=60))
    bench.clock.advance_days(61 / 86_400)
    await bench.plane.parts.lanes.write(run_once, bench.plane, "expired-overrides")
    assert not (await cancer.get()).HasField("traffic_override")
    history = await cancer.routers.ListRouterRevisions(
        router_pb2.ListRouterRevisionsRequest(router_id="cancer")
    )
    assert (history.revisions[0].summary, history.revisions[0].user_id) == ("override ended", "")
