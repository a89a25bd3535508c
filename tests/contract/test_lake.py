"""The lake's manifest and upkeep: registered once, merged, kept no longer than said, sealed, erased."""

import asyncio
import datetime as dt
from pathlib import Path

import grpc
import pyarrow.parquet as pq
import pytest
from sqlalchemy import func, select

from pointsman.control.lake.folder import SEALED
from pointsman.control.lake.listing import LISTING
from pointsman.domain.recording import hashed_entity
from pointsman.store.recording import lake_files
from pointsman.store.schema import feedback_totals
from pointsman.v1 import prediction_pb2, router_pb2

from .by_hand import LAKE_JOBS, run_all

DAY_US = 86_400_000_000


class Lake:
    """The lake of a bench, its upkeep run by hand."""

    def __init__(self, bench):
        self.bench = bench
        self.replica = bench.replica
        self.root = bench.replica.journal.lake_folder
        self.parts = bench.plane.parts.lake
        self.database = bench.plane.parts.database

    async def ship(self, *predictions):
        """Records predictions in a segment of their own and waits until it is registered."""
        for fields in predictions or ({},):
            self.replica.predict("cancer", "lr", time_us=self.bench.clock(), **fields)
        position = self.replica.journal.seal_predictions()
        assert await asyncio.to_thread(self.parts.registration.wait_for, position, 20)

    async def upkeep(self):
        await asyncio.to_thread(run_all, self.bench.plane, *LAKE_JOBS)

    def files(self, kind="predictions"):
        """The paths that are read."""
        with self.database.read() as connection:
            return [file.path for file in lake_files.present(connection, kind_of(kind))]

    def on_disk(self, kind="predictions"):
        return sorted(
            path.relative_to(self.root).as_posix() for path in (self.root / kind).rglob("*.parquet")
        )

    def rows(self, kind="predictions"):
        return [
            row for path in self.files(kind) for row in pq.ParquetFile(self.root / path).read().to_pylist()
        ]

    def listed(self):
        """The lines that other programs read."""
        return pq.ParquetFile(self.root / LISTING).read().to_pylist()

    def on_disk_rows(self, kind="predictions"):
        """The rows of every file of this lake's folder, listed or not."""
        return [
            row for path in self.on_disk(kind) for row in pq.ParquetFile(self.root / path).read().to_pylist()
        ]

    def sealed(self):
        return [path.parent.name for path in self.root.rglob(SEALED)]


def kind_of(kind):
    from pointsman.domain.records.lake import LakeKind

    return LakeKind(kind)


@pytest.fixture
def lake(bench, cancer):
    return Lake(bench)


def day_of(time_us):
    return dt.datetime.fromtimestamp(time_us // 1_000_000, dt.UTC).date().isoformat()


async def test_what_is_shipped_is_registered_once_and_then_released(lake):
    await lake.ship({"entity_id": "u1"}, {"entity_id": "u2"})
    await lake.ship({"entity_id": "u3"})
    assert lake.files() == lake.on_disk()
    assert [row["entity_id"] for row in lake.rows()] == ["u1", "u2", "u3"]
    assert lake.replica.journal.predictions_released == 300
    assert lake.replica.journal.rows == []


async def test_a_segment_that_is_shipped_again_after_a_crash_is_registered_once(lake):
    journal = lake.replica.journal
    await lake.ship()
    with lake.database.read() as connection:
        [file] = lake_files.present(connection, kind_of("predictions"))
    from pointsman.v1 import record_pb2

    again = record_pb2.LakeFile(
        path=file.path, router_id="cancer", model_id="cancer", date=file.date, row_count=1, byte_count=1
    )
    journal.sealed.append(
        record_pb2.ShippedSegment(
            journal_id=journal.journal_id, start_position=0, end_position=100, files=[again]
        )
    )
    from pointsman.control.journals.registration import FileRegistration

    keeper = lake.bench.plane.parts.keeper
    registration = FileRegistration(
        lake.database, lake.replica, keeper, lake.bench.clock, lambda folders: None
    )
    await asyncio.to_thread(registration._step, 0.0)
    assert lake.files() == [file.path]
    assert journal.sealed == []


async def test_eight_small_files_become_one_and_the_old_ones_outlive_queries_under_way(lake):
    for number in range(8):
        await lake.ship({"entity_id": f"u{number}"})
    old = lake.files()
    await lake.upkeep()
    [merged] = lake.files()
    incarnation = lake.replica.routers["cancer"].incarnation
    assert merged.endswith(f"-{0:020}-{800:020}-r{incarnation:x}.parquet")
    assert [row["entity_id"] for row in lake.rows()] == [f"u{number}" for number in range(8)]
    assert lake.on_disk() == sorted([*old, merged])
    lake.bench.clock.advance_days(301 / 86_400)
    await lake.upkeep()
    assert lake.on_disk() == [merged]
    with lake.database.read() as connection:
        assert lake_files.all_paths(connection) == {merged}


async def test_a_merge_that_was_done_since_it_was_planned_touches_no_file(lake):
    for number in range(8):
        await lake.ship({"entity_id": f"u{number}"})
    compaction = lake.parts.upkeep._compaction
    today = day_of(lake.bench.clock())
    [planned], [again] = compaction.plan(today), compaction.plan(today)
    assert compaction.merge(planned)
    [merged] = lake.files()
    before = (lake.root / merged).stat()
    assert not compaction.merge(again), "what was merged already was merged once more"
    after = (lake.root / merged).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns), f"{merged} is another"
    assert [row["entity_id"] for row in lake.rows()] == [f"u{number}" for number in range(8)]


async def test_a_merge_that_is_overtaken_while_it_writes_leaves_the_listed_file(lake, monkeypatch):
    for number in range(8):
        await lake.ship({"entity_id": f"u{number}"})
    compaction = lake.parts.upkeep._compaction
    [planned] = compaction.plan(day_of(lake.bench.clock()))
    write = compaction._write

    def write_late(group, path):
        monkeypatch.setattr(compaction, "_write", write)
        assert compaction.merge(group), "the other one was to be first"
        return write(group, path)

    monkeypatch.setattr(compaction, "_write", write_late)
    assert not compaction.merge(planned), "one of the two must lose"
    assert [row["entity_id"] for row in lake.rows()] == [f"u{number}" for number in range(8)]


async def test_a_date_that_is_over_is_merged_and_sealed_and_opened_again_by_a_late_file(lake):
    yesterday = lake.bench.clock()
    await lake.ship({"entity_id": "u1"})
    await lake.ship({"entity_id": "u2"})
    await lake.upkeep()
    assert len(lake.files()) == 2
    lake.bench.clock.advance_days(2)
    for _ in range(2):
        await lake.upkeep()
        lake.bench.clock.advance_days(301 / 86_400)
    await lake.upkeep()
    assert len(lake.files()) == 1
    assert lake.sealed() == [f"date={day_of(yesterday)}"]
    lake.replica.predict("cancer", "lr", time_us=yesterday)
    position = lake.replica.journal.seal_predictions()
    assert await asyncio.to_thread(lake.parts.registration.wait_for, position, 20)
    assert lake.sealed() == []
    for _ in range(3):
        lake.bench.clock.advance_days(301 / 86_400)
        await lake.upkeep()
    assert lake.sealed() == [f"date={day_of(yesterday)}"]
    assert len(lake.rows()) == 3
    assert len(lake.on_disk()) == 1


async def test_a_date_with_unregistered_predictions_is_not_sealed(lake):
    await lake.ship()
    lake.replica.predict("cancer", "lr", time_us=lake.bench.clock())
    lake.parts.registration.stop(5)
    lake.bench.clock.advance_days(2)
    for _ in range(3):
        lake.bench.clock.advance_days(301 / 86_400)
        await lake.upkeep()
    assert lake.sealed() == []


async def test_predictions_go_after_the_days_and_bytes_that_their_router_says(lake, cancer):
    for _ in range(3):
        await lake.ship()
        lake.bench.clock.advance_days(1)
    lake.bench.clock.advance_days(-0.5)
    [oldest, middle, newest] = lake.files()

    async def keep(**fields):
        router = router_pb2.Router(router_id="cancer", recording=router_pb2.Recording(**fields))
        await cancer.routers.UpdateRouter(router_pb2.UpdateRouterRequest(router=router))
        await lake.upkeep()

    await keep()
    assert lake.files() == [oldest, middle, newest]
    await keep(retention_days=2)
    assert lake.files() == [middle, newest]
    await keep(retention_bytes=(lake.root / newest).stat().st_size + 10)
    assert lake.files() == [newest]
    lake.bench.clock.advance_days(301 / 86_400)
    await lake.upkeep()
    assert lake.on_disk() == [newest]
    assert not (lake.root / oldest).parent.exists()


async def test_files_that_a_crash_left_are_deleted_and_those_that_are_not_registered_yet_are_not(lake):
    import os

    await lake.ship()
    [file] = lake.files()
    folder = (lake.root / file).parent
    journal_id = lake.replica.journal_id[:8]
    left = folder / f"{journal_id}-{0:020}-{99:020}.parquet"
    names = [
        left,
        folder / f"{left.name}.tmp",
        folder / f"{journal_id}-{500:020}.parquet",
        folder / "foreign.parquet",
    ]
    for path in names:
        path.write_bytes(b"x")
        os.utime(path, (0, 0))
    young = folder / f"{journal_id}-{0:020}-{50:020}.parquet"
    young.write_bytes(b"x")
    os.utime(young, (lake.bench.clock() / 1e6 + 7000,) * 2)
    lake.bench.clock.advance_days(2 / 24)
    await lake.upkeep()
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [Path(file).name, names[2].name, names[3].name, young.name]
    )


async def test_feedback_reaches_the_lake_once_with_every_correction_as_a_revision(lake, cancer):
    first, second = (lake.replica.prediction_id("cancer", "lr", epoch=number) for number in (1, 2))
    router = router_pb2.Router(router_id="cancer", allow_feedback_corrections=True)
    await cancer.routers.UpdateRouter(router_pb2.UpdateRouterRequest(router=router))

    async def bring(prediction_id, value):
        await cancer.predictions.RecordFeedback(
            prediction_pb2.RecordFeedbackRequest(
                prediction_id=prediction_id, value=value, wait=prediction_pb2.FEEDBACK_WAIT_APPLIED
            )
        )

    await bring(first, 1)
    await bring(second, 2)
    assert lake.parts.upkeep.export_feedback() == 2
    assert lake.parts.upkeep.export_feedback() == 0
    await bring(first, 5)
    await bring(second, 2)
    assert lake.parts.upkeep.export_feedback() == 1
    rows = {(row["prediction_id"], row["revision"]): row["value"] for row in lake.rows("feedback")}
    assert rows == {(first, 1): 1, (second, 1): 2, (first, 2): 5}
    assert lake.files("feedback") == lake.on_disk("feedback")
    metadata = pq.read_schema(lake.root / lake.files("feedback")[0]).metadata
    assert metadata[b"pointsman.lake_version"] == b"1"


async def test_an_export_that_a_crash_cut_off_writes_the_same_file_again(lake, monkeypatch):
    prediction_id = lake.replica.prediction_id("cancer", "lr")
    await lake.bench.local.predictions.RecordFeedback(
        prediction_pb2.RecordFeedbackRequest(
            prediction_id=prediction_id, value=1, wait=prediction_pb2.FEEDBACK_WAIT_APPLIED
        )
    )
    with monkeypatch.context() as patched:
        patched.setattr(lake_files, "add", lambda *given: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            lake.parts.upkeep.export_feedback()
    [left] = lake.on_disk("feedback")
    assert lake.files("feedback") == []
    assert lake.parts.upkeep.export_feedback() == 1
    assert lake.files("feedback") == lake.on_disk("feedback") == [left]


async def test_small_files_of_feedback_are_merged_too(lake):
    for number in range(8):
        prediction_id = lake.replica.prediction_id("cancer", "lr", epoch=number)
        await lake.bench.local.predictions.RecordFeedback(
            prediction_pb2.RecordFeedbackRequest(
                prediction_id=prediction_id, value=number, wait=prediction_pb2.FEEDBACK_WAIT_APPLIED
            )
        )
        lake.parts.upkeep.export_feedback()
    assert len(lake.files("feedback")) == 8
    await lake.upkeep()
    assert len(lake.files("feedback")) == 1
    assert [row["value"] for row in lake.rows("feedback")] == list(range(8))


class TestListing:
    """Other programs find in a file of the lake what to read, and nothing that is about to go."""

    async def test_it_names_the_files_of_the_manifest_and_what_is_in_them(self, lake, cancer):
        await lake.ship({"entity_id": "u1"}, {"entity_id": "u2"})
        prediction_id = lake.replica.prediction_id("cancer", "lr")
        await cancer.predictions.RecordFeedback(
            prediction_pb2.RecordFeedbackRequest(
                prediction_id=prediction_id, value=1, wait=prediction_pb2.FEEDBACK_WAIT_APPLIED
            )
        )
        lake.parts.upkeep.export_feedback()
        await lake.upkeep()
        predictions, feedback = lake.listed()
        assert [predictions["path"]] == lake.files()
        assert [feedback["path"]] == lake.files("feedback")
        assert (predictions["kind"], predictions["router_id"], predictions["row_count"]) == (
            "predictions",
            "cancer",
            2,
        )
        assert predictions["byte_count"] == (lake.root / predictions["path"]).stat().st_size
        assert (feedback["kind"], feedback["model_id"]) == ("feedback", "")

    async def test_a_merged_file_takes_the_place_of_its_parts_before_they_go(self, lake):
        for _ in range(8):
            await lake.ship()
        await lake.upkeep()
        assert [line["path"] for line in lake.listed()] == lake.files()
        assert len(lake.on_disk()) == 9

    async def test_what_retention_lets_go_is_off_it_before_it_is_deleted(self, lake, monkeypatch):
        await lake.ship()
        await lake.upkeep()
        lake.bench.clock.advance_days(100)
        seen = []
        retention = lake.parts.upkeep._retention
        monkeypatch.setattr(retention, "delete_replaced", lambda: seen.append(lake.listed()))
        await lake.upkeep()
        assert seen == [[]]

    async def test_a_complete_date_is_marked_and_a_late_file_takes_the_mark(self, lake):
        await lake.ship()
        await lake.upkeep()
        assert [line["sealed"] for line in lake.listed()] == [False]
        time_us = lake.bench.clock()
        lake.bench.clock.advance_days(2)
        await lake.upkeep()
        await lake.upkeep()
        assert [line["sealed"] for line in lake.listed()] == [True]
        lake.replica.predict("cancer", "lr", time_us=time_us)
        position = lake.replica.journal.seal_predictions()
        assert await asyncio.to_thread(lake.parts.registration.wait_for, position, 20)
        await lake.upkeep()
        assert [line["sealed"] for line in lake.listed()][:1] == [False]

    async def test_an_erasure_is_in_it_at_once(self, lake, cancer):
        await lake.ship({"entity_id": "u1"}, {"entity_id": "u2"})
        await lake.upkeep()
        await cancer.routers.EraseEntity(router_pb2.EraseEntityRequest(router_id="cancer", entity_id="u1"))
        assert [line["path"] for line in lake.listed()] == lake.files() == lake.on_disk()

    @pytest.mark.parametrize("damage", [b"", b"no Parquet", None])
    async def test_one_that_was_damaged_or_written_by_a_server_behind_is_written_again(self, lake, damage):
        await lake.ship()
        await lake.upkeep()
        whole = lake.listed()
        place = lake.root / LISTING
        if damage is None:
            place.unlink()
        else:
            place.with_name("other").write_bytes(damage)
            place.with_name("other").rename(place)
        await lake.upkeep()
        assert lake.listed() == whole

    async def test_it_is_not_written_when_nothing_changed(self, lake):
        await lake.ship()
        await lake.upkeep()
        before = (lake.root / LISTING).stat()
        await lake.upkeep()
        assert (lake.root / LISTING).stat() == before

    async def test_a_full_disk_keeps_the_upkeep_from_nothing_else(self, lake, monkeypatch):
        from pointsman.control.lake.folder import LakeFolder

        def full(folder, path, write):
            raise OSError(28, "No space left on device")

        for _ in range(3):
            await lake.ship()
        lake.bench.clock.advance_days(2)
        with monkeypatch.context() as patched:
            patched.setattr(LakeFolder, "write", full)
            await lake.upkeep()
        assert len(lake.files()) == 1
        await lake.upkeep()
        assert [line["path"] for line in lake.listed()] == lake.files()


class TestErasure:
    """Everything that is recorded of one entity goes, wherever it is, and nothing else."""

    async def test_predictions_in_files_and_in_the_journal_and_their_feedback_go(self, lake, cancer):
        hashed = hashed_entity(lake.replica.entity_key, "u1")
        for number in range(3):
            await lake.ship({"entity_id": f"u{number}"}, {"entity_id": "other"})
        await lake.ship({"entity_id": hashed})
        erased = lake.replica.predict("cancer", "lr", entity_id="u1", time_us=lake.bench.clock())
        kept = lake.replica.predict("cancer", "lr", entity_id="u2", time_us=lake.bench.clock())
        for prediction_id in (erased, kept):
            await cancer.predictions.RecordFeedback(
                prediction_pb2.RecordFeedbackRequest(
                    prediction_id=prediction_id, value=1, wait=prediction_pb2.FEEDBACK_WAIT_APPLIED
                )
            )
        lake.parts.upkeep.export_feedback()
        answer = await self.erase(cancer)
        assert (answer.prediction_count, answer.feedback_count) == (3, 1)
        entities = sorted(row["entity_id"] for row in lake.rows())
        assert entities == ["other", "other", "other", "u0", "u2", "u2"]
        assert lake.on_disk() == sorted(lake.files())
        assert [row["prediction_id"] for row in lake.rows("feedback")] == [kept]
        assert lake.on_disk("feedback") == lake.files("feedback")
        metrics = router_pb2.GetRouterMetricsRequest(router_id="cancer", live=True)
        assert (await cancer.routers.GetRouterMetrics(metrics)).total.feedback_count == 1
        # What was learned of all stays: sums name nobody.
        with lake.database.read() as connection:
            assert connection.execute(select(func.sum(feedback_totals.c["count"]))).scalar_one() == 2
        again = await self.erase(cancer)
        assert (again.prediction_count, again.feedback_count) == (0, 0)

    async def test_files_that_were_replaced_but_are_still_there_go_at_once(self, lake, cancer):
        for number in range(8):
            await lake.ship({"entity_id": f"u{number}"})
        await lake.upkeep()
        assert len(lake.on_disk()) == 9
        assert (await self.erase(cancer)).prediction_count == 1
        for path in lake.on_disk():
            assert "u1" not in pq.ParquetFile(lake.root / path).read()["entity_id"].to_pylist()

    async def test_a_sealed_date_is_opened_and_sealed_again(self, lake, cancer):
        await lake.ship({"entity_id": "u1"}, {"entity_id": "u2"})
        lake.bench.clock.advance_days(2)
        await lake.upkeep()
        await lake.upkeep()
        assert len(lake.sealed()) == 1
        await self.erase(cancer)
        assert lake.sealed() == []
        await lake.upkeep()
        assert len(lake.sealed()) == 1
        assert [row["entity_id"] for row in lake.rows()] == ["u2"]

    async def test_without_an_entity_nothing_is_erased(self, cancer, failing):
        failure = await failing(self.erase(cancer, ""))
        assert failure.code is grpc.StatusCode.INVALID_ARGUMENT
        assert list(failure.fields) == ["entity_id"]

    async def test_what_does_not_reach_the_lake_in_time_is_said(self, lake, cancer, failing, monkeypatch):
        monkeypatch.setattr("pointsman.control.lake.erasure._SHIP_SECONDS", 0.1)
        lake.parts.registration.stop(5)
        lake.replica.predict("cancer", "lr", entity_id="u1")
        failure = await failing(self.erase(cancer))
        assert failure.code is grpc.StatusCode.UNAVAILABLE
        assert "try again" in failure.message

    async def test_nobody_waits_for_the_lake_where_the_server_ends(self, lake):
        waiting = asyncio.create_task(asyncio.to_thread(lake.parts.registration.wait_for, 10**9, 600))
        lake.parts.end_waits()
        assert not await asyncio.wait_for(waiting, 30)

    @staticmethod
    def erase(user, entity_id="u1"):
        request = router_pb2.EraseEntityRequest(router_id="cancer", entity_id=entity_id)
        return user.routers.EraseEntity(request)


async def tell(user, prediction_id, value=1.0):
    await user.predictions.RecordFeedback(
        prediction_pb2.RecordFeedbackRequest(
            prediction_id=prediction_id, value=value, wait=prediction_pb2.FEEDBACK_WAIT_APPLIED
        )
    )


class TestFigures:
    """Requests and feedback of one answer are those of the same calls."""

    async def figures(self, cancer, **fields):
        return await cancer.routers.GetRouterMetrics(
            router_pb2.GetRouterMetricsRequest(router_id="cancer", **fields)
        )

    async def test_without_times_all_that_is_recorded_counts_whatever_this_process_counted(
        self, lake, cancer
    ):
        first_us = lake.bench.clock()
        await lake.ship({"entity_id": "u1"}, {"entity_id": "u2"}, {"entity_id": "u3"})
        told = lake.replica.predict("cancer", "lr", entity_id="u4", time_us=lake.bench.clock())
        await tell(cancer, told)
        found = await self.figures(cancer)
        assert (found.total.request_count, found.total.feedback_count) == (4, 1)
        assert found.total.feedback_coverage == 0.25
        assert not found.live
        assert first_us <= found.start_time.ToMicroseconds() < found.end_time.ToMicroseconds()

    async def test_feedback_for_predictions_that_are_no_longer_kept_does_not_count(self, lake, cancer):
        old = lake.replica.predict("cancer", "lr", time_us=lake.bench.clock())
        await lake.ship()
        await tell(cancer, old)
        lake.bench.clock.advance_days(400)
        young = lake.replica.predict("cancer", "lr", time_us=lake.bench.clock())
        await tell(cancer, young)
        # Feedback for the old call may be deleted now: without it, it would look as if it had none.
        before = (await self.figures(cancer)).total
        assert (before.request_count, before.feedback_count) == (1, 1)
        await lake.upkeep()
        found = await self.figures(cancer)
        assert (found.total.request_count, found.total.feedback_count) == (1, 1)
        assert found.total.feedback_coverage == 1

    async def test_live_figures_count_feedback_for_the_calls_since_the_start_only(self, lake, cancer):
        from pointsman.v1 import snapshot_pb2

        before = lake.replica.predict("cancer", "lr", time_us=lake.bench.clock())
        await tell(cancer, before)
        lake.bench.clock.advance_days(1)
        start_us = lake.bench.clock()
        counted = snapshot_pb2.VariantCounters(variant="lr", requests_by_code=[2])
        lake.replica.counters["cancer"] = snapshot_pb2.RouterCounters(
            router_id="cancer", variants=[counted], start_time_us=start_us
        )
        since = lake.replica.predict("cancer", "lr", time_us=lake.bench.clock())
        await tell(cancer, since)
        found = await self.figures(cancer, live=True)
        assert (found.live, found.total.request_count, found.total.feedback_count) == (True, 2, 1)
        assert found.start_time.ToMicroseconds() == start_us
        assert not found.total.HasField("feedback_coverage")

    async def test_a_router_that_records_nothing_is_answered_live(self, lake, cancer):
        request = router_pb2.UpdateRouterRequest(
            router=router_pb2.Router(router_id="cancer", record_predictions=False)
        )
        request.update_mask.paths.append("record_predictions")
        await cancer.routers.UpdateRouter(request)
        assert (await self.figures(cancer)).live

    async def test_live_figures_of_a_window_are_refused(self, lake, cancer):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await self.figures(cancer, live=True, start_time={"seconds": 1})
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert "goes with no times" in (caught.value.details() or "")
