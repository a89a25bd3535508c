"""Starting, restarting, and a database that is away."""

import asyncio
import sqlite3

import grpc
import pytest

from pointsman.errors import DatabaseTooNewError, InvalidArgumentError
from pointsman.v1 import router_pb2

from .conftest import Bench, Clock, start_plane
from .fake_replica import FakeReplica


async def test_the_first_publication_is_complete_and_brings_a_signing_key(bench):
    first = bench.replica.updates[0]
    assert first.complete
    assert first.HasField("access")
    assert len(bench.replica.signing_keys.keys) == 1
    assert len(bench.replica.signing_keys.keys[0].secret) == 32


async def test_a_restart_publishes_the_same_state(tmp_path, bench, cancer):
    await cancer.deploy()
    await cancer.create("other")
    before = bench.replica
    await bench.plane.stop(1)
    after = FakeReplica()
    plane = start_plane(tmp_path, after, bench.database_url)
    await plane.start()
    assert plane.ready
    assert after.generation == before.generation
    assert after.routers == before.routers
    assert after.models == before.models
    assert after.signing_keys == before.signing_keys
    assert len(after.updates) == 1
    await plane.stop(0)


async def test_a_deployment_that_a_crash_ended_has_failed(tmp_path, bench, cancer):
    with bench.plane.parts.database.write() as connection:
        connection.exec_driver_sql("UPDATE routers SET status = 'deploying'")
    await bench.plane.stop(1)
    plane = start_plane(tmp_path, bench.replica, bench.database_url)
    await plane.start()
    async with grpc.aio.insecure_channel(f"unix:{bench.socket_path}") as channel:
        router = await Bench(plane, bench.replica, channel, Clock(), "", tmp_path).local.get()
    await plane.stop(0)
    assert router.status == router_pb2.ROUTER_STATUS_FAILED
    assert "deploy it again" in router.status_message


async def test_a_data_plane_with_another_state_gets_everything(bench, cancer):
    bench.replica.generation += 100
    await cancer.routers.UpdateVariantWeight(
        router_pb2.UpdateVariantWeightRequest(router_id="cancer", variant="lr", weight=50)
    )
    assert bench.replica.updates[-1].complete
    assert bench.replica.slot_share("cancer", "lr") == 0.625


async def test_changes_of_another_process_are_followed(tmp_path, bench, cancer):
    (tmp_path / "second").mkdir()
    other = FakeReplica()
    plane = start_plane(tmp_path / "second", other, bench.database_url)
    await plane.start()
    await cancer.routers.UpdateVariantWeight(
        router_pb2.UpdateVariantWeightRequest(router_id="cancer", variant="lr", weight=50)
    )
    await asyncio.to_thread(other.wait_for, lambda: other.generation == bench.replica.generation)
    assert not other.updates[-1].complete
    assert other.routers == bench.replica.routers
    await plane.stop(0)


async def test_a_database_that_is_away_is_said_and_waited_for(tmp_path, replica, failing):
    folder = tmp_path / "later"
    plane = start_plane(tmp_path, replica, f"sqlite:///{folder / 'pointsman.db'}")
    await plane.start()
    ready_at_once = plane.ready
    assert not ready_at_once
    assert "does not answer" in plane.reason
    async with grpc.aio.insecure_channel(f"unix:{tmp_path / 'control.sock'}") as channel:
        user = Bench(plane, replica, channel, Clock(), "", tmp_path).local
        failure = await failing(user.get())
        assert failure.code is grpc.StatusCode.UNAVAILABLE
        assert "does not answer" in failure.message
        folder.mkdir()
        await asyncio.to_thread(replica.wait_for, lambda: bool(replica.signing_keys.keys))
        # What made it ready runs on this loop; any call that waits for its turn comes after it.
        while not plane.ready:
            await failing(user.get())
        await user.register()
    assert ("cancer", "1") in replica.models
    await plane.stop(0)


async def test_a_newer_database_is_refused_with_what_to_do(tmp_path, replica):
    path = tmp_path / "pointsman.db"
    plane = start_plane(tmp_path, replica)
    await plane.start()
    await plane.stop(0)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(DatabaseTooNewError, match=r"newer release.*9999.*restore a backup"):
        await start_plane(tmp_path, replica).start()


@pytest.mark.parametrize("url", ["nonsense", "mysql://h/d", "sqlite://", "sqlite:///:memory:"])
def test_an_unknown_kind_of_database_is_refused(tmp_path, replica, url):
    with pytest.raises(InvalidArgumentError, match="database"):
        start_plane(tmp_path, replica, url)


async def test_signing_keys_rotate_and_old_ones_verify_until_the_horizon(bench):
    assert await bench.plane.rotate_signing_key() == 1
    table = bench.replica.signing_keys
    assert [key.key_id for key in table.keys] == [0, 1]
    assert table.current_key_id == 1
    bench.clock.advance_days(91)
    assert await bench.plane.rotate_signing_key() == 2
    assert [key.key_id for key in bench.replica.signing_keys.keys] == [1, 2]


async def test_a_refused_router_does_not_hold_up_the_others(bench, cancer, failing):
    await cancer.create("good")
    bench.replica.refuse_router = "cancer"

    def weigh(router_id):
        return cancer.routers.UpdateVariantWeight(
            router_pb2.UpdateVariantWeightRequest(router_id=router_id, variant="lr", weight=50)
        )

    failure = await failing(weigh("cancer"))
    assert failure.code is grpc.StatusCode.INTERNAL
    assert "refused by the test" in failure.message
    await weigh("good")
    assert bench.replica.slot_share("good", "lr") == 0.625
    bench.replica.refuse_router = ""
    await weigh("cancer")
    assert bench.replica.slot_share("cancer", "lr") == 0.625


async def test_a_refused_router_says_so_where_it_lives_until_it_is_taken(bench, cancer, failing):
    await cancer.create("good")
    await cancer.deploy()
    bench.replica.refuse_router = "cancer"
    changed = router_pb2.UpdateVariantWeightRequest(router_id="cancer", variant="lr", weight=50)
    await failing(cancer.routers.UpdateVariantWeight(changed))

    def listed(status):
        return cancer.routers.ListRouters(router_pb2.ListRoutersRequest(status=status))

    seen = await cancer.get()
    assert seen.status == router_pb2.ROUTER_STATUS_FAILED
    assert "slot_runs: refused by the test" in seen.status_message
    failed = await listed(router_pb2.ROUTER_STATUS_FAILED)
    assert [router.router_id for router in failed.routers] == ["cancer"]
    assert not (await listed(router_pb2.ROUTER_STATUS_RUNNING)).routers
    assert bench.plane.refused == ["router 'cancer': slot_runs: refused by the test"]
    assert 'pointsman_refused_items{kind="router"} 1\n' in bench.plane.metrics()

    bench.replica.refuse_router = ""
    await cancer.deploy()
    assert (await cancer.get()).status == router_pb2.ROUTER_STATUS_RUNNING
    assert bench.plane.refused == []
    assert 'pointsman_refused_items{kind="router"} 0\n' in bench.plane.metrics()
