"""Sticky bandits: slots follow what was learnt, slowly, with the fewest entities moved, each of them told."""

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration

from pointsman.v1 import definition_pb2, router_pb2

from .by_hand import run_all
from .conftest import Clock, a_variant, start_plane
from .fake_journal import FakeJournal
from .fake_replica import FakeReplica, pairs
from .test_bandits import BETA, CONVERSION, NEW, OLD, create, metrics, reward, update

HOUR_US = 3_600_000_000
JOB = "sticky-bandits"


async def create_sticky(user, **fields):
    made = await create(user, sticky=True, **fields)
    await user.deploy("offers")
    return made


async def teach(bench, old=(0.0,) * 6, new=(1.0,) * 6):
    for variant, values in (("old", old), ("new", new)):
        bench.replica.pick("offers", variant, len(values))
        for value in values:
            await reward(bench, variant, value)
    bench.plane.parts.learning.learn_now()


def owners(bench, router_id="offers"):
    """The variant of each slot, as it was published."""
    router = bench.replica.routers[router_id]
    names = [variant.name for variant in router.variants]
    return [names[index] for index, length in pairs(router.slot_runs) for _ in range(length)]


def moved(before, after):
    return sum(was != now for was, now in zip(before, after, strict=True))


async def history(user):
    request = router_pb2.ListRouterRevisionsRequest(router_id="offers")
    return (await user.routers.ListRouterRevisions(request)).revisions


def pass_an_hour(bench, clock: Clock):
    clock.offset_us += HOUR_US + 1_000_000
    run_all(bench.plane, JOB)


async def test_slots_stay_for_their_interval_and_then_follow_with_the_fewest_moves(bench, cancer, clock):
    made = await create_sticky(cancer)
    assert made.sticky
    assert not made.bandit.HasField("sticky_update_interval")
    first = owners(bench)
    assert (first.count("old"), first.count("new")) == (5_000, 5_000)
    await teach(bench)
    run_all(bench.plane, JOB)
    assert owners(bench) == first
    told = (await metrics(cancer)).bandit
    assert not told.sticky.HasField("update_time")
    assert (told.sticky.moved_slots, {arm.slot_share for arm in told.arms}) == (0, {0.5})

    pass_an_hour(bench, clock)
    second = owners(bench)
    won = second.count("new") - 5_000
    assert won > 4_000
    # The fewest: only slots of who loses some go over, and no more than it loses.
    assert moved(first, second) == won
    assert {now for was, now in zip(first, second, strict=True) if was == "new"} == {"new"}
    # The floor of 5 % is split evenly: 250 slots for each arm whatever was learnt.
    assert second.count("old") >= 250

    told = (await metrics(cancer)).bandit
    assert (told.sticky.moved_slots, told.sticky.epoch_moved_slots) == (won, won)
    assert told.sticky.moved_share == won / 10_000
    gap = told.sticky.next_update_time.ToMicroseconds() - told.sticky.update_time.ToMicroseconds()
    assert gap == HOUR_US
    shares = {arm.variant: arm.slot_share for arm in told.arms}
    assert shares == {"old": second.count("old") / 10_000, "new": second.count("new") / 10_000}
    seen = await cancer.get("offers")
    assert {one.name: one.effective_share for one in seen.variants} == shares
    assert seen.bandit == made.bandit

    newest = (await history(cancer))[0]
    assert (newest.kind, newest.user_id) == (router_pb2.REVISION_KIND_REWEIGHTED, "")
    assert newest.summary == "slots"
    assert newest.comment.startswith(f"what was learnt moved {won} of 10000 slots: old 50.00% → ")
    # Records name the table by this generation, and the revision has it.
    published = bench.replica.routers["offers"]
    assert newest.generation == published.changed_generation == seen.generation
    kept = await cancer.routers.GetRouterRevision(
        router_pb2.GetRouterRevisionRequest(router_id="offers", router_generation=newest.generation)
    )
    assert list(kept.slot_runs) == list(published.slot_runs)


async def test_what_did_not_change_moves_nobody_and_is_no_revision(bench, cancer, clock):
    await create_sticky(cancer)
    await teach(bench)
    pass_an_hour(bench, clock)
    before, revisions = owners(bench), len(await history(cancer))
    for _ in range(3):
        pass_an_hour(bench, clock)
    assert owners(bench) == before
    assert len(await history(cancer)) == revisions
    # What is learnt by then moves slots the other way, and back are those that had gone.
    await teach(bench, old=(1.0,) * 60)
    pass_an_hour(bench, clock)
    after = owners(bench)
    assert after.count("old") > before.count("old")
    assert moved(before, after) == after.count("old") - before.count("old")


async def test_a_restart_keeps_slots_and_pace(tmp_path, bench, cancer, clock):
    await create_sticky(cancer)
    await teach(bench)
    pass_an_hour(bench, clock)
    before = owners(bench)
    bench.replica.stop(0)
    await bench.plane.stop(1)
    after = FakeReplica(journal=FakeJournal(tmp_path / "second"), clock=clock)
    plane = start_plane(tmp_path, after, bench.database_url, clock=clock)
    await plane.start()
    try:
        router = after.routers["offers"]
        names = [variant.name for variant in router.variants]
        assert [names[index] for index, length in pairs(router.slot_runs) for _ in range(length)] == before
        run_all(plane, JOB)
        assert after.routers["offers"].changed_generation == router.changed_generation
    finally:
        after.stop(0)
        await plane.stop(1)


async def test_operators_move_no_more_than_they_must_and_a_reset_begins_evenly(bench, cancer, clock):
    await create_sticky(cancer)
    await teach(bench)
    pass_an_hour(bench, clock)
    learnt = owners(bench)
    await update(cancer, "bandit", bandit=router_pb2.Bandit(metric="conversion", warm_up_pulls=3))
    assert owners(bench) == learnt
    third = a_variant("third", "1", 0)
    await update(cancer, "variants", variants=[OLD, NEW, third])
    added = owners(bench)
    assert moved(learnt, added) == added.count("third") == 3_333
    toggle = router_pb2.ToggleVariantRequest(router_id="offers", variant="third", enabled=False)
    answer = await cancer.routers.ToggleVariant(toggle)
    assert answer.moved_slots == 3_333
    off = owners(bench)
    assert off == learnt
    assert {one.name: one.effective_share for one in answer.variants}["third"] == 0

    back = router_pb2.RollbackRouterRequest(router_id="offers", revision=1)
    await cancer.routers.RollbackRouter(back)
    assert owners(bench).count("old") == 5_000
    await cancer.routers.RollbackRouter(router_pb2.RollbackRouterRequest(router_id="offers", revision=3))
    assert owners(bench) == learnt
    await cancer.routers.ResetLearning(router_pb2.ResetLearningRequest(router_id="offers"))
    even = owners(bench)
    assert (even.count("old"), even.count("new")) == (5_000, 5_000)
    sticky = (await metrics(cancer)).bandit.sticky
    assert (sticky.moved_slots, sticky.epoch_moved_slots) == (0, 0)


@pytest.mark.parametrize("way", ["toggle", "rollback", "floor"])
async def test_slots_that_a_change_moved_stay_for_an_interval_of_their_own(bench, cancer, clock, way):
    await create_sticky(cancer)
    await teach(bench)
    pass_an_hour(bench, clock)
    learnt = owners(bench)
    await teach(bench, old=(1.0,) * 60, new=(0.0,) * 60)
    # The interval since slots followed is nearly over when somebody changes the router.
    clock.offset_us += HOUR_US - 10_000_000
    if way == "toggle":
        await update(cancer, "variants", variants=[OLD, NEW, a_variant("third", "1", 0)])
        toggle = router_pb2.ToggleVariantRequest(router_id="offers", variant="third", enabled=False)
        await cancer.routers.ToggleVariant(toggle)
    elif way == "rollback":
        await cancer.routers.RollbackRouter(router_pb2.RollbackRouterRequest(router_id="offers", revision=1))
    else:
        higher = router_pb2.Bandit(metric="conversion", exploration_floor=0.4)
        await update(cancer, "bandit", bandit=higher)
        higher.exploration_floor = 0.05
        await update(cancer, "bandit", bandit=higher)
    changed = owners(bench)
    told = (await metrics(cancer)).bandit.sticky
    # Moved by learning alone.
    assert told.epoch_moved_slots == learnt.count("new") - 5_000
    assert told.next_update_time.ToMicroseconds() > clock() + HOUR_US - 10_000_000
    clock.offset_us += 60_000_000
    run_all(bench.plane, JOB)
    assert owners(bench) == changed
    pass_an_hour(bench, clock)
    assert owners(bench).count("old") > max(changed.count("old"), learnt.count("old"))


async def test_stickiness_can_be_switched_and_slots_follow_at_the_next_look(bench, cancer, clock, failing):
    await create(cancer)
    await cancer.deploy("offers")
    await teach(bench)
    pass_an_hour(bench, clock)
    assert owners(bench).count("old") == 5_000
    assert not (await metrics(cancer)).bandit.HasField("sticky")
    await update(cancer, "sticky", sticky=True)
    run_all(bench.plane, JOB)
    assert owners(bench).count("new") > 9_000
    sliced = router_pb2.Bandit(metric="conversion", uniform_slice=0.1)
    failure = await failing(update(cancer, "bandit", bandit=sliced))
    assert (failure.code, list(failure.fields)) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        ["router.bandit.uniform_slice"],
    )
    await update(cancer, "sticky", sticky=False)
    await update(cancer, "bandit", bandit=sliced)
    failure = await failing(update(cancer, "sticky", sticky=True))
    assert list(failure.fields) == ["router.bandit.uniform_slice"]


@pytest.mark.parametrize("algorithm", ["thompson_beta", "ucb1", "epsilon_greedy"])
async def test_every_algorithm_has_slots_follow(bench, cancer, clock, algorithm):
    bandit = router_pb2.Bandit(metric="conversion")
    getattr(bandit, algorithm).SetInParent()
    await create_sticky(cancer, bandit=bandit)
    await teach(bench, old=(0.0, 0.0, 1.0) * 4, new=(1.0, 1.0, 0.0) * 4)
    pass_an_hour(bench, clock)
    assert owners(bench).count("new") > 5_000


async def test_a_definition_comes_back_as_it_was_given(cancer):
    bandit = router_pb2.Bandit(
        metric="conversion", exploration_floor=0.05, sticky_update_interval=Duration(seconds=86_400)
    )
    bandit.thompson_beta.SetInParent()
    router = router_pb2.Router(
        router_id="offers",
        strategy=router_pb2.STRATEGY_BANDIT,
        variants=[OLD, NEW],
        metrics=[CONVERSION],
        sticky=True,
        bandit=bandit,
    )
    request = definition_pb2.ApplyDefinitionsRequest(definitions=[definition_pb2.Definition(router=router)])
    await cancer.definitions.ApplyDefinitions(request)
    made = await cancer.get("offers")
    bandit.epoch = 1
    assert (made.sticky, made.bandit) == (True, bandit)
    again = await cancer.definitions.ApplyDefinitions(request)
    assert again.changes[0].outcome == definition_pb2.DEFINITION_OUTCOME_UNCHANGED
    router.bandit.CopyFrom(BETA)
    request = definition_pb2.ApplyDefinitionsRequest(definitions=[definition_pb2.Definition(router=router)])
    changed = await cancer.definitions.ApplyDefinitions(request)
    assert [change.field for change in changed.changes[0].fields] == ["bandit.sticky_update_interval"]
