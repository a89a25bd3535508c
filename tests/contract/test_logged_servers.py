"""Logged predictions in files where several servers share a database: who has them, and who erases them."""

import asyncio
from datetime import UTC, datetime, timedelta

from pointsman.v1 import drift_pb2, model_pb2, router_pb2
from stage.logged_files import ship_all, shipping_to

from .by_hand import run_all
from .drift_by_hand import a_prediction, moment
from .test_lake import Lake
from .two_servers import east, in_step, shared, url, west

__all__ = ["east", "shared", "url", "west"]

LIST = drift_pb2.GetPredictionsRequest(model_id="cancer")


async def log(bench, *entity_ids):
    for entity_id in entity_ids:
        await bench.local.drift.LogPrediction(a_prediction(entity_id=entity_id))


def ship(bench, folder_of=None):
    """Has a server write all that waits into its folder, or another's that it shares."""
    folder = (folder_of or bench).replica.journal.lake_folder
    shipping = shipping_to(folder, bench.replica.journal, bench.clock, is_sqlite=False)
    ship_all(shipping, bench.plane.parts.database)


async def listed(bench):
    return await bench.local.drift.GetPredictions(LIST)


def on_disk(bench):
    return sorted(row["entity_id"] for row in Lake(bench).on_disk_rows("logged"))


async def erase(bench, entity_id="ann"):
    return await bench.local.routers.EraseEntity(
        router_pb2.EraseEntityRequest(router_id="cancer", entity_id=entity_id)
    )


async def test_what_is_in_another_servers_folder_is_lacking_and_named(east, west, shared):
    await in_step(east, west)
    await log(east, "ann", "bob")
    ship(east)
    await log(west, "cid")
    assert [one.entity_id for one in (await listed(east)).predictions] == ["cid", "bob", "ann"]
    page = await listed(west)
    assert (page.total, [one.entity_id for one in page.predictions]) == (1, ["cid"])
    [note] = page.notes
    assert f"2 rows and its latest records of journal {east.replica.journal_id[:8]}" in note


async def test_servers_that_share_a_folder_read_what_any_of_them_wrote(east, west, shared):
    await in_step(east, west)
    await log(west, "ann", "bob")
    ship(west, folder_of=east)
    page = await listed(east)
    assert page.total == 2
    assert "cannot read its latest records of journal" in page.notes[0], (
        "what is recorded, not what is logged"
    )


async def test_an_erasure_reaches_files_of_all_servers_and_rows(east, west, shared):
    await in_step(east, west)
    for bench in (east, west):
        await log(bench, "ann", "bob", "ann")
        ship(bench)
    await log(east, "ann")
    answer = await erase(east)
    assert not answer.pending
    assert answer.logged_prediction_count == 5
    assert on_disk(east) == on_disk(west) == ["bob"]
    assert (await listed(east)).total == 1
    again = await erase(west)
    assert (again.logged_prediction_count, list(again.pending)) == (0, [])


async def test_files_here_of_a_server_that_is_lost_are_cleared(east, west, shared):
    await in_step(east, west)
    await log(west, "ann", "bob")
    ship(west, folder_of=east)
    lost = west.replica.journal_id
    await west.plane.jobs.stop(1)
    with east.plane.parts.database.write() as connection:
        connection.exec_driver_sql(f"UPDATE servers SET seen_time_us = 1 WHERE journal_id = '{lost}'")
    answer = await erase(east)
    assert answer.logged_prediction_count == 1
    assert [one.journal_id for one in answer.pending] == [lost]
    assert on_disk(east) == ["bob"]


async def test_other_programs_find_files_in_the_listing_and_merging_keeps_their_rows(bench, cancer):
    for entity_id in ("ann", "bob", "cid"):
        await log(bench, entity_id)
        ship(bench)
    lake = Lake(bench)
    await lake.upkeep()
    lines = [line for line in lake.listed() if line["kind"] == "logged"]
    assert sum(line["row_count"] for line in lines) == 3
    assert {(line["router_id"], line["model_id"]) for line in lines} == {("", "cancer")}
    assert sorted(row["entity_id"] for row in lake.rows("logged")) == ["ann", "bob", "cid"]


async def test_one_job_writes_models_of_which_enough_waits_and_one_days_that_are_over(bench, cancer):
    yesterday = datetime.fromtimestamp(bench.clock() / 1e6, UTC) - timedelta(days=1)
    await bench.local.drift.LogPrediction(a_prediction(timestamp=moment(yesterday)))
    await log(bench, "ann")
    lake = Lake(bench)
    await asyncio.to_thread(run_all, bench.plane, "logged-predictions")
    assert lake.files("logged") == []
    bench.clock.offset_us += 2 * 3_600_000_000
    await asyncio.to_thread(run_all, bench.plane, "rest-of-logged-predictions")
    assert lake.files("logged") == [], "one prediction is not worth a file"
    bench.plane.parts.drift.shipping._enough_of_day = 1
    await asyncio.to_thread(run_all, bench.plane, "rest-of-logged-predictions")
    dates = [line.split("date=")[1][:10] for line in lake.files("logged")]
    assert yesterday.date().isoformat() in dates
    bench.plane.parts.drift.shipping._enough_rows = 1
    await asyncio.to_thread(run_all, bench.plane, "logged-predictions")
    assert len(lake.rows("logged")) == 2
    assert (await listed(bench)).total == 2


async def test_a_deleted_model_takes_its_files_along_and_its_id_starts_empty(bench, cancer):
    await bench.local.register("short", "1", backend=None)
    await bench.local.drift.LogPrediction(a_prediction("short"))
    ship(bench)
    lake = Lake(bench)
    assert len(lake.files("logged")) == 1
    last = model_pb2.DeleteModelVersionRequest(model_id="short", version="1")
    await bench.local.models.DeleteModelVersion(last)
    await bench.local.register("short", "1", backend=None)
    told = await bench.local.drift.GetPredictions(drift_pb2.GetPredictionsRequest(model_id="short"))
    assert told.total == 0
    await lake.upkeep()
    assert lake.files("logged") == []
