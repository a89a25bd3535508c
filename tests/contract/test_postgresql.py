"""Two control planes on one PostgreSQL server: what they do at the same time comes out right."""

import asyncio

import grpc

from pointsman.domain.records.lake import LakeKind
from pointsman.store.recording import lake_files
from pointsman.v1 import model_pb2, prediction_pb2, router_pb2

from .two_servers import east, in_step, shared, url, weigh, west

__all__ = ["east", "shared", "url", "west"]


async def test_both_share_one_signing_key_and_one_state(east, west, shared):
    await in_step(east, west)
    assert east.replica.signing_keys == west.replica.signing_keys
    assert east.replica.routers == west.replica.routers
    assert await west.local.get() == await east.local.get()


async def test_changes_at_both_are_all_made_and_followed(east, west, shared):
    answers = await asyncio.gather(*(weigh((east, west)[n % 2], 1 + n) for n in range(20)))
    generations = [answer.generation for answer in answers]
    assert len(set(generations)) == 20
    await in_step(east, west)
    last = max(answers, key=lambda answer: answer.generation)
    for bench in (east, west):
        router = await bench.local.get()
        assert router.etag == last.etag
        assert router.variants[0].weight == last.variants[0].weight
        assert bench.replica.routers == east.replica.routers


async def test_of_two_changes_with_one_etag_one_is_aborted(east, west, shared):
    etag = (await east.local.get()).etag
    answers = await asyncio.gather(
        weigh(east, 10, etag=etag), weigh(west, 20, etag=etag), return_exceptions=True
    )
    failed = [answer for answer in answers if isinstance(answer, grpc.aio.AioRpcError)]
    assert [error.code() for error in failed] == [grpc.StatusCode.ABORTED]


async def test_feedback_brought_to_both_counts_once(east, west, shared):
    await in_step(east, west)
    ids = [east.replica.prediction_id("cancer", "lr", epoch=number) for number in range(60)]
    answers = await asyncio.gather(
        *(
            bench.local.predictions.RecordFeedback(
                prediction_pb2.RecordFeedbackRequest(
                    prediction_id=prediction_id, value=1, wait=prediction_pb2.FEEDBACK_WAIT_APPLIED
                )
            )
            for prediction_id in ids
            for bench in (east, west)
        )
    )
    outcomes = [answer.outcome for answer in answers]
    assert outcomes.count(prediction_pb2.FEEDBACK_OUTCOME_APPLIED) == 60
    assert outcomes.count(prediction_pb2.FEEDBACK_OUTCOME_DUPLICATE) == 60
    request = router_pb2.GetRouterMetricsRequest(router_id="cancer", live=True)
    assert (await west.local.routers.GetRouterMetrics(request)).total.feedback_count == 60


async def test_feedback_is_exported_by_one_of_both(east, west, shared):
    await in_step(east, west)
    for bench in (east, west):
        await bench.local.predictions.RecordFeedback(
            prediction_pb2.RecordFeedbackRequest(
                prediction_id=bench.replica.prediction_id("cancer", "lr"),
                value=1,
                wait=prediction_pb2.FEEDBACK_WAIT_APPLIED,
            )
        )
    exported = await asyncio.gather(
        *(asyncio.to_thread(bench.plane.parts.lake.upkeep.export_feedback) for bench in (east, west))
    )
    assert sum(exported) == 2
    with east.plane.parts.database.read() as connection:
        files = lake_files.present(connection, LakeKind.FEEDBACK)
    assert sum(file.row_count for file in files) == 2
    on_disk = [
        path for bench in (east, west) for path in bench.replica.journal.lake_folder.rglob("*.parquet")
    ]
    assert len(on_disk) == len(files)


async def test_while_the_database_is_away_feedback_is_taken_and_applied_afterwards(east, shared):
    journal = east.replica.journal
    database = east.plane.parts.database
    with database.engine.connect() as other:
        # No transaction of the applier gets through while this lock is held.
        other.exec_driver_sql("LOCK TABLE feedback IN ACCESS EXCLUSIVE MODE")
        ids = [east.replica.prediction_id("cancer", "lr", epoch=number) for number in range(50)]
        for prediction_id in ids:
            await east.local.predictions.RecordFeedback(
                prediction_pb2.RecordFeedbackRequest(prediction_id=prediction_id, value=1)
            )
        other.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        )
        assert journal.feedback_released == 0
    assert await asyncio.to_thread(journal.wait_for_feedback, 5000)
    with database.read() as connection:
        assert connection.exec_driver_sql("SELECT sum(count) FROM feedback_totals").scalar_one() == 50


async def test_promotions_at_both_leave_one_version_in_production(east, west, shared):
    def promote(bench, version):
        return bench.local.models.SetModelVersionStage(
            model_pb2.SetModelVersionStageRequest(
                model_id="cancer", version=version, stage=model_pb2.STAGE_PRODUCTION
            )
        )

    await asyncio.gather(*(promote((east, west)[n % 2], "12"[n % 2]) for n in range(10)))
    request = model_pb2.ListModelVersionsRequest(stage=model_pb2.STAGE_PRODUCTION)
    assert len((await east.local.models.ListModelVersions(request)).model_versions) == 1
    await in_step(east, west)
    stages = sorted(model.stage for model in west.replica.models.values())
    assert stages == [model_pb2.STAGE_PRODUCTION, model_pb2.STAGE_ARCHIVED]


async def test_lost_connections_are_replaced(east, west, shared):
    with east.plane.parts.database.engine.connect() as connection:
        connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        )
    async with asyncio.timeout(30):
        while (answer := await outcome(weigh(west, 50))) is not grpc.StatusCode.OK:
            assert answer is grpc.StatusCode.UNAVAILABLE
    assert (await west.local.get()).variants[0].weight == 50


async def outcome(call):
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return error.code()
    return grpc.StatusCode.OK
