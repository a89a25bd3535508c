"""Weights, shares and the slots that move."""

import math

import grpc
import pytest
from sqlalchemy import select

from pointsman.store.database import Database
from pointsman.store.routing import former_slot_tables as former
from pointsman.store.schema import former_slot_tables
from pointsman.v1 import router_pb2

from .conftest import a_variant


def weight_of(**fields):
    return router_pb2.UpdateVariantWeightRequest(router_id="cancer", **fields)


async def test_shares_are_relative_to_the_enabled_weights(bench, cancer):
    answer = await cancer.routers.UpdateVariantWeight(weight_of(variant="lr", weight=50))
    assert [(v.name, v.weight, v.effective_share) for v in answer.variants] == [
        ("lr", 50, pytest.approx(0.625)),
        ("gb", 30, pytest.approx(0.375)),
    ]
    assert (answer.moved_slots, answer.moved_share) == (750, pytest.approx(0.075))
    assert answer.generation == bench.replica.generation
    assert bench.replica.slot_share("cancer", "lr") == 0.625
    assert (await cancer.get()).etag == answer.etag


async def test_a_weight_change_publishes_one_router_and_nothing_else(bench, cancer):
    await cancer.create("other")
    await cancer.routers.UpdateVariantWeight(weight_of(variant="lr", weight=50))
    update = bench.replica.updates[-1]
    assert not update.complete
    assert [router.router_id for router in update.changed_routers] == ["cancer"]
    assert not update.changed_models
    assert not update.HasField("access")


async def test_the_same_weight_again_moves_nobody(bench, cancer):
    answer = await cancer.routers.UpdateVariantWeight(weight_of(variant="lr", weight=70))
    assert answer.moved_slots == 0


async def test_several_weights_change_in_one_step(bench, cancer):
    answer = await cancer.routers.BatchUpdateVariantWeights(
        router_pb2.BatchUpdateVariantWeightsRequest(
            router_id="cancer",
            weights=[
                router_pb2.VariantWeight(variant="lr", weight=0),
                router_pb2.VariantWeight(variant="gb", weight=10),
            ],
        )
    )
    assert [v.effective_share for v in answer.variants] == [0, 1]
    assert answer.moved_share == pytest.approx(0.7)


async def test_a_disabled_variant_gives_its_slots_away_and_gets_them_back(bench, cancer):
    await cancer.routers.UpdateRouter(
        router_pb2.UpdateRouterRequest(
            router=router_pb2.Router(
                router_id="cancer",
                variants=[a_variant("lr", "1", 50), a_variant("gb", "2", 30), a_variant("old", "1", 20)],
            )
        )
    )

    def toggle(enabled):
        return router_pb2.ToggleVariantRequest(router_id="cancer", variant="old", enabled=enabled)

    off = await cancer.routers.ToggleVariant(toggle(False))
    assert [v.effective_share for v in off.variants] == pytest.approx([0.625, 0.375, 0])
    assert off.moved_share == pytest.approx(0.2)
    on = await cancer.routers.ToggleVariant(toggle(True))
    assert [v.effective_share for v in on.variants] == pytest.approx([0.5, 0.3, 0.2])
    assert on.moved_share == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("weight", "said"),
    [
        (
            140,
            "weight: 140 is above 100; weights are relative, 0 to 100: make all of them smaller",
        ),
        (-1, "weight: -1 is below 0; weights are relative, 0 to 100"),
        (math.nan, "weight: nan is not a finite number"),
        (math.inf, "weight: inf is not a finite number"),
    ],
)
async def test_a_wrong_weight_changes_nothing(bench, cancer, failing, weight, said):
    before = await cancer.get()
    failure = await failing(cancer.routers.UpdateVariantWeight(weight_of(variant="lr", weight=weight)))
    assert failure.code is grpc.StatusCode.INVALID_ARGUMENT
    assert failure.message.startswith(said)
    assert list(failure.fields) == ["weight"]
    assert await cancer.get() == before


async def test_all_weights_zero_are_refused(bench, cancer, failing):
    failure = await failing(
        cancer.routers.BatchUpdateVariantWeights(
            router_pb2.BatchUpdateVariantWeightsRequest(
                router_id="cancer",
                weights=[router_pb2.VariantWeight(variant=name) for name in ("lr", "gb")],
            )
        )
    )
    assert failure.code is grpc.StatusCode.INVALID_ARGUMENT
    assert "weights: all enabled variants (lr, gb) would have weight 0" in failure.message


async def test_a_batch_names_each_variant_once_and_by_its_place(bench, cancer, failing):
    async def batch(*weights):
        return await cancer.routers.BatchUpdateVariantWeights(
            router_pb2.BatchUpdateVariantWeightsRequest(router_id="cancer", weights=weights)
        )

    weight = router_pb2.VariantWeight(variant="lr", weight=10)
    assert list((await failing(batch(weight, weight))).fields) == ["weights[1].variant"]
    assert list((await failing(batch())).fields) == ["weights"]
    high = router_pb2.VariantWeight(variant="gb", weight=101)
    assert list((await failing(batch(weight, high))).fields) == ["weights[1].weight"]


async def test_an_unknown_variant_is_not_found_and_the_known_ones_are_named(bench, cancer, failing):
    failure = await failing(cancer.routers.UpdateVariantWeight(weight_of(variant="xgb", weight=1)))
    assert failure.code is grpc.StatusCode.NOT_FOUND
    assert failure.message == "variant: 'xgb' is no variant of router 'cancer'; it has 'lr', 'gb'"
    assert failure.reason == "VARIANT_NOT_FOUND"


async def test_two_variants_must_stay_enabled(bench, cancer, failing):
    request = router_pb2.ToggleVariantRequest(router_id="cancer", variant="lr", enabled=False)
    failure = await failing(cancer.routers.ToggleVariant(request))
    assert failure.code is grpc.StatusCode.FAILED_PRECONDITION
    assert "at least 2 must be" in failure.message


async def test_toggle_wants_to_know_which_way(bench, cancer, failing):
    request = router_pb2.ToggleVariantRequest(router_id="cancer", variant="lr")
    assert list((await failing(cancer.routers.ToggleVariant(request))).fields) == ["enabled"]


async def test_a_stale_etag_is_aborted_and_a_fresh_one_taken(bench, cancer, failing):
    etag = (await cancer.get()).etag
    changed = await cancer.routers.UpdateVariantWeight(weight_of(variant="lr", weight=60, etag=etag))
    failure = await failing(cancer.routers.UpdateVariantWeight(weight_of(variant="lr", weight=50, etag=etag)))
    assert failure.code is grpc.StatusCode.ABORTED
    assert "read it again" in failure.message
    await cancer.routers.UpdateVariantWeight(weight_of(variant="lr", weight=50, etag=changed.etag))


async def test_validate_only_answers_and_changes_nothing(bench, cancer):
    before, generation = await cancer.get(), bench.replica.generation
    answer = await cancer.routers.UpdateVariantWeight(weight_of(variant="lr", weight=50, validate_only=True))
    assert answer.moved_slots == 750
    assert await cancer.get() == before
    assert bench.replica.generation == generation


async def test_enabling_on_a_running_router_asks_the_backend_first(bench, cancer, failing):
    await cancer.register(version="3")
    variants = [a_variant("lr", "1", 50), a_variant("gb", "2", 50), a_variant("new", "3", 50, enabled=False)]
    await cancer.routers.UpdateRouter(
        router_pb2.UpdateRouterRequest(router=router_pb2.Router(router_id="cancer", variants=variants))
    )
    await cancer.deploy()
    bench.replica.down.add("cancer/3")
    request = router_pb2.ToggleVariantRequest(router_id="cancer", variant="new", enabled=True)
    failure = await failing(cancer.routers.ToggleVariant(request))
    assert failure.code is grpc.StatusCode.FAILED_PRECONDITION
    assert "variant 'new' (cancer/3)" in failure.message
    bench.replica.down.clear()
    answer = await cancer.routers.ToggleVariant(request)
    assert answer.variants[2].enabled


def owners(bench):
    """The variant of each slot, by name."""
    router = bench.replica.routers["cancer"]
    names = [variant.name for variant in router.variants]
    runs = zip(router.slot_runs[::2], router.slot_runs[1::2], strict=True)
    return [names[index] for index, length in runs for _ in range(length)]


async def set_variants(cancer, weights):
    versions = {"lr": "1", "gb": "2", "old": "1"}
    variants = [a_variant(name, versions[name], weight) for name, weight in weights.items()]
    await cancer.routers.UpdateRouter(
        router_pb2.UpdateRouterRequest(
            router=router_pb2.Router(router_id="cancer", variants=variants),
            update_mask={"paths": ["variants"]},
        )
    )


LONG_WAY = [(50, 30, 20), (20, 60, 20), (70, 10, 20), (10, 10, 80), (34, 33, 33), (5, 90, 5)]


@pytest.mark.parametrize("listed", [("lr", "gb", "old"), ("old", "gb", "lr")])
async def test_going_back_after_a_long_way_finds_the_table_that_was_in_force(bench, cancer, listed):
    for step in LONG_WAY:
        await set_variants(
            cancer, {name: dict(zip(("lr", "gb", "old"), step, strict=True))[name] for name in listed}
        )
    last = owners(bench)
    await set_variants(cancer, {"lr": 60, "gb": 20, "old": 20})
    await set_variants(cancer, {"old": 5, "lr": 5, "gb": 90})
    assert owners(bench) == last


async def test_the_order_in_which_variants_are_listed_moves_no_slot(bench, cancer):
    await set_variants(cancer, {"lr": 1, "gb": 1, "old": 1})
    before = owners(bench)
    for listed in (["old", "gb", "lr"], ["gb", "lr", "old"]):
        await set_variants(cancer, dict.fromkeys(listed, 1))
        assert owners(bench) == before


async def test_a_variant_taken_away_and_added_again_finds_its_entities(bench, cancer):
    for step in LONG_WAY:
        await set_variants(cancer, dict(zip(("lr", "gb", "old"), step, strict=True)))
    before = owners(bench)
    await set_variants(cancer, {"lr": 5, "gb": 90})
    await set_variants(cancer, {"old": 5, "lr": 5, "gb": 90})
    assert owners(bench) == before


async def test_only_so_many_former_tables_are_kept_and_the_oldest_go(bench, cancer):
    for weight in [*range(1, 100), 3]:
        await cancer.routers.UpdateVariantWeight(weight_of(variant="lr", weight=weight))
    database = Database(bench.database_url)
    with database.read() as connection:
        kept = connection.execute(select(former_slot_tables.c.slot_runs)).scalars().all()
    database.close()
    assert former.KEPT <= len(kept) < former.KEPT + former.CHANGES_PER_SWEEP
    assert len(set(kept)) == len(kept)
