"""The history of routers: what every change leaves behind, what records name, and going back."""

import itertools

import grpc
import pytest
from sqlalchemy import update

from pointsman.control.routing.revision_upkeep import RevisionUpkeep
from pointsman.domain import revisions as rules
from pointsman.store.database import Database
from pointsman.store.routing import router_revisions
from pointsman.store.schema import routers as router_table
from pointsman.v1 import model_pb2, router_pb2

from .conftest import a_variant


def kinds(revisions):
    return [
        router_pb2.RevisionKind.Name(one.kind).removeprefix("REVISION_KIND_").lower() for one in revisions
    ]


async def history(user, router_id="cancer", **fields):
    request = router_pb2.ListRouterRevisionsRequest(router_id=router_id, **fields)
    return (await user.routers.ListRouterRevisions(request)).revisions


async def revision(user, number, router_id="cancer"):
    request = router_pb2.GetRouterRevisionRequest(router_id=router_id, revision=number)
    return await user.routers.GetRouterRevision(request)


async def reweight(user, weight, variant="lr"):
    request = router_pb2.UpdateVariantWeightRequest(router_id="cancer", variant=variant, weight=weight)
    return await user.routers.UpdateVariantWeight(request)


async def roll_back(user, number, **fields):
    request = router_pb2.RollbackRouterRequest(router_id="cancer", revision=number, **fields)
    return await user.routers.RollbackRouter(request)


async def change_in_every_way(user):
    """Goes once through everything that may happen to a router."""
    await reweight(user, 50)
    await user.deploy()
    await user.routers.ToggleVariant(
        router_pb2.ToggleVariantRequest(router_id="cancer", variant="lr", enabled=True)
    )
    await user.routers.UpdateRouter(
        router_pb2.UpdateRouterRequest(router=router_pb2.Router(router_id="cancer", description="x"))
    )
    await user.routers.UpdateRouterPermissions(
        router_pb2.UpdateRouterPermissionsRequest(
            router_id="cancer", permissions=router_pb2.RouterPermissions(public=True)
        )
    )
    await user.routers.StopRouter(router_pb2.StopRouterRequest(router_id="cancer"))
    await user.routers.StartRouter(router_pb2.StartRouterRequest(router_id="cancer"))
    await roll_back(user, 1)


async def test_every_change_is_a_revision_with_who_did_it_and_what_is_different(cancer):
    await change_in_every_way(cancer)
    found = await history(cancer)
    assert [one.revision for one in found] == list(range(9, 0, -1))
    assert kinds(found) == [
        *("rolled_back", "started", "stopped", "permissions", "updated", "toggled", "deployed"),
        *("reweighted", "created"),
    ]
    assert {one.user_id for one in found} == {"local"}
    assert [one.current for one in found] == [True] + [False] * 8
    by_number = {one.revision: one for one in found}
    assert by_number[1].summary == "lr 70, gb 30"
    assert by_number[2].summary == "lr 70 → 50"
    assert by_number[5].summary == "description"
    assert by_number[6].summary == "public on"
    assert (by_number[9].summary, by_number[9].source_revision) == ("lr 50 → 70", 1)


async def test_every_generation_of_a_router_is_some_revisions(bench, cancer):
    await change_in_every_way(cancer)
    published = {
        router.changed_generation: router
        for sent in bench.replica.updates
        for router in sent.changed_routers
        if router.router_id == "cancer"
    }
    assert len(published) >= 9
    for generation, router in published.items():
        request = router_pb2.GetRouterRevisionRequest(router_id="cancer", router_generation=generation)
        found = await cancer.routers.GetRouterRevision(request)
        assert found.generation <= generation <= found.last_generation
        assert list(found.slot_runs) == list(router.slot_runs)
        assert found.salt == router.salt
        assert list(found.variants) == list(router.variants)
        assert found.definition.permissions == router.permissions


async def test_what_is_only_checked_leaves_no_revision(cancer):
    request = router_pb2.UpdateVariantWeightRequest(
        router_id="cancer", variant="lr", weight=5, validate_only=True
    )
    await cancer.routers.UpdateVariantWeight(request)
    checked = await roll_back(cancer, 1, validate_only=True)
    assert checked.revision == 0
    assert len(await history(cancer)) == 1


async def test_a_deployment_that_fails_says_so_and_why(bench, cancer):
    bench.replica.down.add("cancer/2")
    answer = await cancer.deploy()
    assert answer.router.status == router_pb2.ROUTER_STATUS_FAILED
    found = await history(cancer)
    assert kinds(found) == ["failed", "created"]
    assert found[0].comment == answer.router.status_message


async def test_pages_go_from_the_newest_to_the_first(cancer):
    for weight in range(1, 8):
        await reweight(cancer, weight)
    seen, token = [], ""
    while True:
        request = router_pb2.ListRouterRevisionsRequest(router_id="cancer", page_size=3, page_token=token)
        page = await cancer.routers.ListRouterRevisions(request)
        seen += [one.revision for one in page.revisions]
        token = page.next_page_token
        if not token:
            break
    assert seen == list(range(8, 0, -1))


async def test_going_back_gives_every_slot_back(cancer):
    for weight in (50, 10, 90, 33, 70.5):
        await reweight(cancer, weight)
    third = await revision(cancer, 3)
    answer = await roll_back(cancer, 3, comment="gb was better")
    assert answer.revision == 7
    again = await revision(cancer, 7)
    assert list(again.slot_runs) == list(third.slot_runs)
    assert again.salt == third.salt
    assert list(again.variants) == list(third.variants) == list(answer.router.variants)
    assert (again.source_revision, again.comment, again.current) == (3, "gb was better", True)
    assert answer.moved_slots == round(answer.moved_share * 10_000) > 0


async def test_going_back_leaves_texts_permissions_status_and_recording_alone(cancer):
    changed = router_pb2.Router(
        router_id="cancer",
        description="new",
        recording=router_pb2.Recording(entity=router_pb2.ENTITY_RECORDING_HMAC),
        sticky=False,
    )
    await cancer.routers.UpdateRouter(router_pb2.UpdateRouterRequest(router=changed))
    await cancer.deploy()
    router = (await roll_back(cancer, 1)).router
    assert router.description == "new"
    assert router.recording.entity == router_pb2.ENTITY_RECORDING_HMAC
    assert router.status == router_pb2.ROUTER_STATUS_RUNNING
    assert router.sticky


async def test_a_variant_that_was_taken_away_comes_back_with_its_slots(bench, cancer):
    before = await revision(cancer, 1)
    variants = [a_variant("lr", "1", 10), a_variant("other", "2", 90)]
    await cancer.routers.UpdateRouter(
        router_pb2.UpdateRouterRequest(router=router_pb2.Router(router_id="cancer", variants=variants))
    )
    await roll_back(cancer, 1)
    now = bench.replica.routers["cancer"]
    assert [variant.name for variant in now.variants] == ["lr", "gb"]
    assert list(now.slot_runs) == list(before.slot_runs)


async def test_going_back_is_refused_when_a_model_version_is_gone_or_another(bench, cancer, failing):
    await cancer.register(version="3")
    variants = [a_variant("lr", "1", 70), a_variant("gb", "3", 30)]
    await cancer.routers.UpdateRouter(
        router_pb2.UpdateRouterRequest(router=router_pb2.Router(router_id="cancer", variants=variants))
    )
    await cancer.models.DeleteModelVersion(
        model_pb2.DeleteModelVersionRequest(model_id="cancer", version="2")
    )
    failure = await failing(roll_back(cancer, 1))
    assert (failure.code, failure.reason) == (
        grpc.StatusCode.FAILED_PRECONDITION,
        "MODEL_VERSION_GONE",
    )
    assert failure.metadata["version"] == "2"
    assert "revision.variants[1].model_version" in failure.message
    await cancer.register(version="2")
    failure = await failing(roll_back(cancer, 1))
    assert (failure.code, failure.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "MODEL_VERSION_REPLACED")
    assert kinds(await history(cancer)) == ["updated", "created"]
    assert (await cancer.get()).variants[1].model_version == "3"


async def test_a_revision_that_is_not_there_is_not_found(cancer, failing):
    for number in (2, 2**63, 2**64 - 1):
        for call in (revision(cancer, number), roll_back(cancer, number)):
            failure = await failing(call)
            assert (failure.code, failure.reason) == (grpc.StatusCode.NOT_FOUND, "REVISION_NOT_FOUND")
    neither = router_pb2.GetRouterRevisionRequest(router_id="cancer")
    assert (await failing(cancer.routers.GetRouterRevision(neither))).fields.keys() == {"revision"}


async def test_an_old_etag_refuses_going_back(cancer, failing):
    etag = (await cancer.get()).etag
    await reweight(cancer, 50)
    assert (await failing(roll_back(cancer, 1, etag=etag))).code is grpc.StatusCode.ABORTED


async def test_keys_are_told_to_those_who_may_change_the_router(bench, cancer):
    public = router_pb2.RouterPermissions(public=True)
    await cancer.routers.UpdateRouterPermissions(
        router_pb2.UpdateRouterPermissionsRequest(router_id="cancer", permissions=public)
    )
    database = Database(bench.database_url)
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE router_revisions SET key_id = 'abcdefgh'")
    database.close()
    assert {one.key_id for one in await history(cancer)} == {"abcdefgh"}
    assert {one.key_id for one in await history(bench.user("bob"))} == {""}


async def test_a_record_names_its_revision_only_when_both_agree(bench, cancer):
    await reweight(cancer, 50)
    router = bench.replica.routers["cancer"]
    facts = {"reason": "pin", "randomised_by": "nothing", "slot": None, "draw": None}
    times = itertools.count(bench.clock(), 1_000_000)

    async def named(**fields):
        given = facts | {"router_generation": router.changed_generation, "time_us": next(times)} | fields
        bench.replica.predict("cancer", given.pop("variant", "lr"), **given)
        request = router_pb2.ListPredictionsRequest(router_id="cancer", page_size=1)
        return (await cancer.routers.ListPredictions(request)).predictions[0].router_revision

    assert await named(model_version="1") == 2
    assert await named(model_version="1", router_generation=router.changed_generation - 1) == 1
    # Of a generation that is none of its, of another model, and of a slot that is another variant's.
    assert await named(model_version="1", router_generation=router.changed_generation + 1) == 0
    assert await named(model_version="7") == 0
    shares = {"eligible_variants": ["lr", "gb"], "eligible_propensities": [0.625, 0.375]}
    by_slot = {"model_version": "1", "reason": "slot", "randomised_by": "entity", **shares}
    assert await named(slot=9_999, **by_slot) == 2
    assert await named(slot=0, **by_slot) == 0
    assert await named(slot=9_999, **by_slot | {"eligible_propensities": [0.7, 0.3]}) == 0


async def test_routers_without_a_history_begin_one(bench, cancer):
    await reweight(cancer, 50)
    database = bench.plane.parts.database
    with database.write() as connection:
        connection.exec_driver_sql("DELETE FROM router_revisions")
        connection.exec_driver_sql("DELETE FROM router_slot_tables")
    upkeep = RevisionUpkeep(database, bench.clock)
    assert (upkeep.import_unnoted(), upkeep.import_unnoted()) == (1, 0)
    (only,) = await history(cancer)
    assert (only.revision, kinds([only]), only.summary) == (1, ["imported"], "lr 50, gb 30")
    assert (await revision(cancer, 1)).slot_runs


async def test_a_change_that_comes_before_its_import_keeps_what_the_router_was(bench, cancer):
    await reweight(cancer, 50)
    with bench.plane.parts.database.write() as connection:
        connection.exec_driver_sql("DELETE FROM router_revisions")
        connection.exec_driver_sql("DELETE FROM router_slot_tables")
    await reweight(cancer, 20)
    found = await history(cancer)
    assert [(one.revision, one.summary) for one in found] == [(2, "lr 50 → 20"), (1, "lr 50, gb 30")]
    assert kinds(found) == ["reweighted", "imported"]
    assert found[1].last_generation < found[0].generation


async def test_what_a_server_of_an_older_release_changed_is_no_part_of_the_revision_before(bench, cancer):
    database = bench.plane.parts.database
    with database.write() as connection:
        changed = router_table.c.changed_generation
        connection.execute(update(router_table).values(changed_generation=changed + 1000))
        connection.exec_driver_sql("UPDATE generation SET value = value + 2000")
    await cancer.deploy()
    found = await history(cancer)
    assert kinds(found) == ["deployed", "imported", "created"]
    assert found[2].last_generation == found[2].generation


async def test_revisions_go_when_no_record_can_name_them_and_never_the_latest(bench, cancer, monkeypatch):
    monkeypatch.setattr("pointsman.control.routing.revision_upkeep.ALWAYS_KEPT", 3)
    monkeypatch.setattr(rules, "ALWAYS_KEPT", 3)
    monkeypatch.setattr("pointsman.control.routing.revision_upkeep.PRUNED_AT_ONCE", 2)
    for weight in range(1, 8):
        await reweight(cancer, weight)
    upkeep = RevisionUpkeep(bench.plane.parts.database, bench.clock)
    # Nobody knows how far the journal is stored.
    bench.clock.advance_days(30)
    assert upkeep.prune() == 0
    with bench.plane.parts.database.write() as connection:
        connection.exec_driver_sql(f"UPDATE servers SET stored_until_us = {bench.clock()}")
    assert [upkeep.prune() for _ in range(4)] == [2, 2, 1, 0]
    assert [one.revision for one in await history(cancer)] == [8, 7, 6]
    with bench.plane.parts.database.read() as connection:
        tables = connection.exec_driver_sql("SELECT count(*) FROM router_slot_tables").scalar_one()
    assert tables == 3


async def test_a_deleted_routers_revisions_go_with_its_records(bench, cancer):
    await cancer.routers.DeleteRouter(router_pb2.DeleteRouterRequest(router_id="cancer"))
    upkeep = RevisionUpkeep(bench.plane.parts.database, bench.clock)
    bench.clock.advance_days(6)
    with bench.plane.parts.database.write() as connection:
        connection.exec_driver_sql(f"UPDATE servers SET stored_until_us = {bench.clock()}")
    assert upkeep.prune() == 0
    bench.clock.advance_days(2)
    with bench.plane.parts.database.write() as connection:
        connection.exec_driver_sql(f"UPDATE servers SET stored_until_us = {bench.clock()}")
    assert upkeep.prune() == 2


def test_a_revision_whose_records_are_in_a_file_stays(bench):
    gone = rules.may_go([(1, 0), (2, 10)], 200, None, 10 + rules.LAG_US)
    assert gone == []
    assert rules.may_go([(1, 0), (2, 10)], 200, None, 11 + rules.LAG_US) == [1]


def test_far_too_many_revisions_go_whatever_names_them():
    newest = rules.MOST_KEPT + 2
    assert rules.may_go([(1, 0), (2, 1), (3, 2)], newest, None, 0) == [1, 2]


@pytest.mark.parametrize("count", [1, 3])
async def test_revisions_of_several_generations_are_found_at_once(bench, cancer, count):
    await cancer.deploy()
    for weight in range(1, 1 + count):
        await reweight(cancer, weight)
    with bench.plane.parts.database.read() as connection:
        found = router_revisions.find_many_at(connection, 1, range(30))
    of_each = {kept.revision.number: kept.revision for kept in found.values()}
    assert set(of_each) == set(range(1, 3 + count))
    for generation, kept in found.items():
        assert kept.revision.generation <= generation <= kept.revision.last_generation
