"""Several servers on one PostgreSQL server: answers say what they lack, erasures reach all."""

import asyncio
import json

import grpc
import pytest
from sqlalchemy import text

from pointsman.control.lake.erasure import Erasure
from pointsman.store import servers
from pointsman.v1 import prediction_pb2, router_pb2

from .by_hand import run_all
from .conftest import failure_of
from .test_bandits import metrics
from .test_lake import Lake
from .test_sticky_bandits import create_sticky, teach
from .two_servers import east, in_step, open_bench, shared, url, weigh, west

__all__ = ["east", "shared", "url", "west"]

APPLIED = prediction_pb2.FEEDBACK_WAIT_APPLIED


def predict(bench, entity_id="u1"):
    return bench.replica.predict("cancer", "lr", entity_id=entity_id, time_us=bench.clock())


def listed(bench, **fields):
    return bench.local.routers.ListPredictions(
        router_pb2.ListPredictionsRequest(router_id="cancer", **fields)
    )


def erase(bench, entity_id="u1"):
    return bench.local.routers.EraseEntity(
        router_pb2.EraseEntityRequest(router_id="cancer", entity_id=entity_id)
    )


def named(journals):
    return [journal.journal_id for journal in journals]


class TestReads:
    """A read of one server's records says which others it lacks."""

    async def test_a_page_names_the_journal_that_it_cannot_read(self, east, west, shared):
        await in_step(east, west)
        predict(east, "mine")
        await Lake(west).ship({"entity_id": "u1"}, {"entity_id": "u2"})
        page = await listed(east)
        assert [found.entity_id for found in page.predictions] == ["mine"]
        [missing] = page.unreached
        assert missing.journal_id == west.replica.journal_id
        assert missing.row_count == 2
        assert missing.tail_missing
        assert missing.server.endswith(str(west.socket_path.parent))
        assert missing.HasField("seen_time")
        assert named((await listed(west)).unreached) == [east.replica.journal_id]

    async def test_one_prediction_that_is_not_here_may_be_elsewhere(self, east, west, shared):
        await in_step(east, west)
        prediction_id = predict(west)
        request = router_pb2.GetPredictionRequest(router_id="cancer", prediction_id=prediction_id)
        assert (await west.local.routers.GetPrediction(request)).entity_id == "u1"
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await east.local.routers.GetPrediction(request)
        failure = failure_of(caught.value)
        assert failure.code is grpc.StatusCode.NOT_FOUND
        assert west.replica.journal_id[:8] in failure.message
        assert failure.metadata["unreached_journals"] == west.replica.journal_id

    async def test_figures_name_servers_whose_calls_are_not_counted(self, east, west, shared):
        await in_step(east, west)
        live = router_pb2.GetRouterMetricsRequest(router_id="cancer", live=True)
        assert named((await east.local.routers.GetRouterMetrics(live)).unreached) == [west.replica.journal_id]
        live.live = False
        await Lake(west).ship({"entity_id": "u1"})
        live.start_time.FromMicroseconds(1)
        window = await east.local.routers.GetRouterMetrics(live)
        assert window.total.request_count == 0
        assert [(one.journal_id, one.row_count) for one in window.unreached] == [(west.replica.journal_id, 1)]

    async def test_feedback_by_entity_says_that_a_later_prediction_may_be_elsewhere(self, east, west, shared):
        await in_step(east, west)
        mine = predict(east)
        predict(west)
        request = prediction_pb2.RecordFeedbackRequest(router_id="cancer", entity_id="u1", value=1)
        answer = await east.local.predictions.RecordFeedback(request)
        assert answer.prediction_id == mine
        assert named(answer.unreached) == [west.replica.journal_id]
        batch = prediction_pb2.BatchRecordFeedbackRequest(feedback=[request, request])
        answers = await east.local.predictions.BatchRecordFeedback(batch)
        assert named(answers.unreached) == [west.replica.journal_id]
        unknown = prediction_pb2.RecordFeedbackRequest(router_id="cancer", entity_id="u9", value=1)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await east.local.predictions.RecordFeedback(unknown)
        assert west.replica.journal_id[:8] in failure_of(caught.value).message

    async def test_a_server_that_ended_with_all_its_files_here_is_not_missed(
        self, tmp_path_factory, url, east, shared
    ):
        folder = tmp_path_factory.mktemp("gone")
        opened = open_bench(folder, url)
        gone = await anext(opened)
        gone.replica.journal.lake_folder = east.replica.journal.lake_folder
        await Lake(gone).ship({"entity_id": "u1"})
        journal_id = gone.replica.journal_id
        page = await listed(east)
        assert [found.entity_id for found in page.predictions] == ["u1"]
        [missed] = [one for one in page.unreached if one.journal_id == journal_id]
        assert (missed.row_count, missed.tail_missing) == (0, True)
        await anext(opened, None)
        page = await listed(east)
        assert [found.entity_id for found in page.predictions] == ["u1"]
        assert journal_id not in named(page.unreached)

    async def test_a_call_of_another_server_says_that_shadows_answers_may_be_there(
        self, tmp_path_factory, url, east, shared
    ):
        changed = router_pb2.Router(router_id="cancer")
        changed.variants.extend((await east.local.get()).variants)
        changed.variants.add(
            name="next", model_id="cancer", model_version="2", role=router_pb2.VARIANT_ROLE_SHADOW
        )
        request = router_pb2.UpdateRouterRequest(router=changed)
        request.update_mask.paths.append("variants")
        await east.local.routers.UpdateRouter(request)
        opened = open_bench(tmp_path_factory.mktemp("other"), url)
        other = await anext(opened)
        other.replica.journal.lake_folder = east.replica.journal.lake_folder
        await Lake(other).ship({"entity_id": "u1"})
        [theirs] = [found.prediction_id for found in (await listed(east)).predictions]
        ours = predict(east, "u2")

        async def get(made):
            request = router_pb2.GetPredictionRequest(router_id="cancer", prediction_id=made)
            return await east.local.routers.GetPrediction(request)

        found = await get(theirs)
        assert found.entity_id == "u1"
        assert named(found.unreached) == [other.replica.journal_id]
        assert found.unreached[0].tail_missing
        assert not (await get(ours)).unreached, "what this server took is all here"
        assert not (await listed(east)).predictions[0].unreached
        await anext(opened, None)
        assert not (await get(theirs)).unreached, "it ended with all its files here"

    async def test_a_server_that_was_killed_is_missed_for_what_its_journal_may_hold(self, east, west, shared):
        with east.plane.parts.database.write() as connection:
            servers.see(connection, "d" * 32, "dead:/data", 5, 1_000_000)
        dead = next(one for one in (await listed(east)).unreached if one.journal_id == "d" * 32)
        assert dead.server == "dead:/data"
        assert dead.tail_missing
        assert dead.stored_until.seconds == 1
        before = router_pb2.ListPredictionsRequest(router_id="cancer")
        before.end_time.FromMicroseconds(1_000_000)
        page = await east.local.routers.ListPredictions(before)
        assert "d" * 32 not in named(page.unreached)


class TestErasure:
    """An erasure is done by every server in its own files, and says where it is not done yet."""

    async def test_both_servers_delete_what_they_recorded(self, east, west, shared):
        await in_step(east, west)
        ids = [predict(east), predict(west), predict(west)]
        for bench in (east, west):
            predict(bench, "other")
        for bench, prediction_id in zip((west, east, west), ids, strict=True):
            await bench.local.predictions.RecordFeedback(
                prediction_pb2.RecordFeedbackRequest(prediction_id=prediction_id, value=1, wait=APPLIED)
            )
        # The feedback for the one server's predictions is in the other's files as well.
        for bench in (west, east):
            await asyncio.to_thread(bench.plane.parts.lake.upkeep.export_feedback)
        answer = await erase(east)
        assert not answer.pending
        assert (answer.prediction_count, answer.feedback_count) == (3, 3)
        for bench in (east, west):
            assert [row["entity_id"] for row in Lake(bench).on_disk_rows()] == ["other"]
            assert not Lake(bench).on_disk_rows("feedback")
        with east.plane.parts.database.read() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM feedback").scalar_one() == 0
            assert connection.exec_driver_sql("SELECT count(*) FROM erasure_servers").scalar_one() == 0
            assert connection.exec_driver_sql("SELECT entity_id FROM erasures").scalars().all() == [None]
        again = await erase(west)
        assert (again.prediction_count, again.feedback_count, list(again.pending)) == (0, 0, [])

    async def test_a_server_that_does_not_run_is_pending_and_does_it_when_it_runs(
        self, tmp_path_factory, url, east, shared
    ):
        folder = tmp_path_factory.mktemp("away")
        opened = open_bench(folder, url)
        away = await anext(opened)
        await in_step(east, away)
        predict(away)
        predict(east)
        journal_id = away.replica.journal_id
        await Lake(away).ship({"entity_id": "u1"}, {"entity_id": "other"})
        await anext(opened, None)
        answer = await erase(east)
        assert (answer.prediction_count, answer.feedback_count) == (1, 0)
        assert [(one.journal_id, one.row_count) for one in answer.pending] == [(journal_id, 3)]
        assert "pointsman_erasures_pending 1" in east.plane.metrics()

        back = open_bench(folder, url, away.replica.journal.copy())
        again = await anext(back)
        erasure = again.plane.parts.lake.erasure
        async with asyncio.timeout(20):
            while "pointsman_erasures_pending 1" in await asyncio.to_thread(east.plane.metrics):
                await asyncio.to_thread(erasure.go_on)
                await asyncio.to_thread(east.plane.parts.lake.erasure.go_on)
        assert [row["entity_id"] for row in Lake(again).on_disk_rows()] == ["other"]
        await anext(back, None)

    async def test_files_here_of_a_server_that_is_lost_are_cleared_and_its_journal_stays_pending(
        self, east, west, shared
    ):
        """A lost server's tail cannot be reached, so that the answer never says that all is done."""
        await in_step(east, west)
        west.replica.journal.lake_folder = east.replica.journal.lake_folder
        await Lake(west).ship({"entity_id": "u1"}, {"entity_id": "other"})
        lost = west.replica.journal_id
        await west.plane.jobs.stop(1)
        with east.plane.parts.database.write() as connection:
            connection.exec_driver_sql(f"UPDATE servers SET seen_time_us = 1 WHERE journal_id = '{lost}'")
        answer = await erase(east)
        assert answer.prediction_count == 1
        assert named(answer.pending) == [lost]
        assert [row["entity_id"] for row in Lake(east).on_disk_rows()] == ["other"]

    async def test_an_erasure_that_failed_half_way_goes_on_by_itself(self, east, shared, monkeypatch):
        await Lake(east).ship({"entity_id": "u1"}, {"entity_id": "other"})
        with monkeypatch.context() as patched:
            patched.setattr(Erasure, "_erase_predictions", lambda *given: 1 / 0)
            with pytest.raises(grpc.aio.AioRpcError):
                await erase(east)
        async with asyncio.timeout(20):
            while "pointsman_erasures_pending 0" not in await asyncio.to_thread(east.plane.metrics):
                pass
        assert [row["entity_id"] for row in Lake(east).on_disk_rows()] == ["other"]


class TestGenerations:
    """A database that lost commits gives numbers anew; every server takes its state all the same."""

    @staticmethod
    def set_back(bench, generation, changed_weight):
        """Does what a promoted replica without the last commits does, as far as rows go."""
        with bench.plane.parts.database.write() as connection:
            token = connection.exec_driver_sql(
                f"SELECT token FROM generation_tokens WHERE value = {generation}"
            ).scalar_one()
            connection.exec_driver_sql(f"UPDATE generation SET value = {generation}, token = '{token}'")
            connection.exec_driver_sql(f"DELETE FROM generation_tokens WHERE value > {generation}")
            later = f"WHERE changed_generation > {generation}"
            connection.exec_driver_sql(f"UPDATE routers SET changed_generation = {generation} {later}")
            connection.exec_driver_sql(f"UPDATE variants SET weight = {changed_weight} WHERE name = 'lr'")
            connection.exec_driver_sql(f"DELETE FROM router_revisions WHERE generation > {generation}")

    async def test_the_same_numbers_given_anew_leave_no_server_with_the_lost_state(self, east, west, shared):
        await in_step(east, west)
        kept = east.replica.generation
        # No server sees the database between the loss and the changes made anew, as in a failover.
        following = [bench.plane.parts.publisher for bench in (east, west)]
        syncs = [(one, one.sync) for one in following]
        for weight in (10, 20, 30):
            await weigh(east, weight)
        await in_step(east, west)
        reached = east.replica.generation
        assert reached == kept + 3
        for one, _ in syncs:
            one.sync = lambda: None
        self.set_back(east, kept, 70)
        for weight in (40, 50, 60):
            await weigh(west, weight)
        for one, before in syncs:
            one.sync = before
        assert west.replica.generation == reached
        await asyncio.to_thread(east.replica.wait_for, lambda: weight_of(east) == 60)
        assert weight_of(west) == 60
        assert east.replica.routers == west.replica.routers

    async def test_a_lower_generation_is_followed_without_a_change(self, east, west, shared):
        await in_step(east, west)
        kept = east.replica.generation
        for weight in (10, 20):
            await weigh(east, weight)
        await in_step(east, west)
        self.set_back(east, kept, 70)
        for bench in (east, west):
            replica = bench.replica
            await asyncio.to_thread(replica.wait_for, lambda d=replica: d.generation == kept)
            assert weight_of(bench) == 70

    async def test_a_change_upon_a_lost_state_takes_everything(self, east, west, shared):
        """The number that the change builds on is the one in effect here, but of the lost state."""
        await in_step(east, west)
        kept = east.replica.generation
        syncs = [(bench.plane.parts.publisher, bench.plane.parts.publisher.sync) for bench in (east, west)]
        await weigh(east, 10)
        await in_step(east, west)
        for one, _ in syncs:
            one.sync = lambda: None
        self.set_back(east, kept, 70)
        await west.local.create("another")
        await weigh(east, 33)
        assert east.replica.updates[-1].complete
        assert "another" in east.replica.routers
        for one, before in syncs:
            one.sync = before


def weight_of(bench):
    return next(one.weight for one in bench.replica.routers["cancer"].variants if one.name == "lr")


class TestStickyBandits:
    """Slots of entities are moved by one server, and are the same at all."""

    async def test_what_both_learnt_moves_slots_once_and_alike(self, east, west, shared):
        await create_sticky(east.local)
        await in_step(east, west)
        for bench in (east, west):
            await teach(bench)
        with east.plane.parts.database.write() as connection:
            # As if an hour had passed by the database's clock.
            [document] = connection.exec_driver_sql(
                "SELECT policy FROM routers WHERE router_id = 'offers'"
            ).scalars()
            policy = json.loads(document)
            policy["slots"]["time_us"] = 1
            connection.execute(
                text("UPDATE routers SET policy = :policy WHERE router_id = 'offers'"),
                {"policy": json.dumps(policy)},
            )
        both = (asyncio.to_thread(run_all, bench.plane, "sticky-bandits") for bench in (east, west))
        await asyncio.gather(*both)
        await in_step(east, west)
        tables = [bench.replica.routers["offers"] for bench in (east, west)]
        assert tables[0] == tables[1]
        assert east.replica.slot_share("offers", "new") > 0.9
        request = router_pb2.ListRouterRevisionsRequest(router_id="offers")
        revisions = (await west.local.routers.ListRouterRevisions(request)).revisions
        assert len([one for one in revisions if one.comment.startswith("what was learnt")]) == 1
        learnt = (await metrics(west.local)).bandit
        assert {arm.variant: arm.pulls for arm in learnt.arms} == {"old": 12, "new": 12}


@pytest.mark.parametrize("way", ["created", "reset", "rolled back"])
async def test_the_pace_of_slots_goes_by_the_databases_clock_whoever_changes_the_router(east, west, way):
    """A server whose clock is hours ahead must not hold up slots, nor one that is behind hurry them."""
    east.clock.offset_us = 5 * 3_600_000_000
    await create_sticky_on(east)
    if way == "reset":
        await east.local.routers.ResetLearning(router_pb2.ResetLearningRequest(router_id="offers"))
    elif way == "rolled back":
        # An arm that is new gets slots, and they come back with the first revision.
        request = router_pb2.UpdateRouterRequest(router=router_pb2.Router(router_id="offers"))
        for variant in (await east.local.get("offers")).variants:
            request.router.variants.add().CopyFrom(variant)
        request.router.variants.add(name="third", model_id="cancer", model_version="1")
        request.update_mask.paths.append("variants")
        await east.local.routers.UpdateRouter(request)
        back = router_pb2.RollbackRouterRequest(router_id="offers", revision=1)
        await east.local.routers.RollbackRouter(back)
    due_us = (await metrics(east.local)).bandit.sticky.next_update_time.ToMicroseconds()
    hours = (due_us - west.clock()) / 3_600_000_000
    assert hours == pytest.approx(1.0, abs=0.1)


async def create_sticky_on(bench):
    for version in ("1", "2"):
        await bench.local.register(version=version)
    await create_sticky(bench.local)
