"""Shadows: never picked, recorded in files of their own, gone with their entity, and compared."""

import asyncio
import os

import grpc
import pyarrow.parquet as pq
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp

from pointsman.domain.records.lake import LakeKind
from pointsman.store.recording import lake_files
from pointsman.v1 import model_pb2, prediction_pb2, router_pb2, snapshot_pb2

from .conftest import a_variant
from .test_lake import Lake

SHADOW = router_pb2.VARIANT_ROLE_SHADOW
NEXT = a_variant("next", "2", 0, role=SHADOW)
LR = a_variant("lr", "1", 100)
KINDS = (LakeKind.PREDICTIONS, LakeKind.SHADOWS)
LABELS = model_pb2.Signature(labels=["benign", "malignant"])


@pytest.fixture
async def shadowed(bench, cancer):
    """The router ``cancer`` with one variant that is called, and a shadow."""
    await update(cancer, variants=[LR, NEXT])
    return cancer


async def update(user, router_id="cancer", **fields):
    return await user.routers.UpdateRouter(
        router_pb2.UpdateRouterRequest(
            router=router_pb2.Router(router_id=router_id, **fields), update_mask=FieldMask(paths=list(fields))
        )
    )


async def compare(user, router_id="cancer", **fields):
    return await user.routers.GetShadowComparison(
        router_pb2.GetShadowComparisonRequest(router_id=router_id, **fields)
    )


async def get(user, prediction_id, **fields):
    request = router_pb2.GetPredictionRequest(router_id="cancer", prediction_id=prediction_id, **fields)
    return await user.routers.GetPrediction(request)


def shares(router):
    return {variant.name: variant.effective_share for variant in router.variants}


class TestDefinition:
    """A shadow is a variant that nothing sends calls to."""

    async def test_it_is_published_without_slots_and_takes_no_share(self, bench, shadowed):
        router = await shadowed.get()
        assert shares(router) == {"lr": 1.0, "next": 0.0}
        assert [variant.role for variant in router.variants][1] == SHADOW
        assert router.shadow_share == 1.0
        published = bench.replica.routers["cancer"]
        assert published.variants[1].role == SHADOW
        assert bench.replica.slot_share("cancer", "next") == 0.0
        changed = await update(shadowed, shadow_share=0.25)
        assert changed.shadow_share == 0.25
        assert bench.replica.routers["cancer"].settings.shadow_share == 0.25

    async def test_switching_it_off_and_on_moves_nobody(self, bench, shadowed):
        before = bench.replica.routers["cancer"].slot_runs
        for enabled in (False, True):
            toggled = await shadowed.routers.ToggleVariant(
                router_pb2.ToggleVariantRequest(router_id="cancer", variant="next", enabled=enabled)
            )
            assert toggled.moved_slots == 0
            assert bench.replica.routers["cancer"].variants[1].enabled is enabled
        assert bench.replica.routers["cancer"].slot_runs == before

    async def test_who_is_called_cannot_be_switched_off(self, shadowed, failing):
        failure = await failing(
            shadowed.routers.ToggleVariant(
                router_pb2.ToggleVariantRequest(router_id="cancer", variant="lr", enabled=False)
            )
        )
        assert failure.code is grpc.StatusCode.FAILED_PRECONDITION
        assert "has 0 enabled beside its shadows" in failure.message

    async def test_it_gets_no_weight_and_no_override(self, shadowed, failing):
        weight = router_pb2.UpdateVariantWeightRequest(router_id="cancer", variant="next", weight=5)
        failure = await failing(shadowed.routers.UpdateVariantWeight(weight))
        assert "5 would decide nothing: 'next' is a shadow" in failure.fields["weight"]
        weight.weight = 0
        await shadowed.routers.UpdateVariantWeight(weight)
        override = router_pb2.SetTrafficOverrideRequest(
            router_id="cancer", variant="next", ttl=Duration(seconds=60), reason="no"
        )
        failure = await failing(shadowed.routers.SetTrafficOverride(override))
        assert (failure.code, failure.reason) == (
            grpc.StatusCode.FAILED_PRECONDITION,
            "VARIANT_IS_SHADOW",
        )

    async def test_what_is_wrong_is_refused_by_field(self, cancer, failing):
        weighty = a_variant("next", "2", 7, role=SHADOW)
        failure = await failing(cancer.create("second", variants=[LR, weighty], shadow_share=1.5))
        assert failure.code is grpc.StatusCode.INVALID_ARGUMENT
        assert "leave it 0" in failure.fields["router.variants[1].weight"]
        assert failure.fields["router.shadow_share"] == "1.5 is not between 0 and 1"

    async def test_a_canary_router_has_one_beside_its_two(self, cancer):
        old = a_variant("old", "1", 0, role=router_pb2.VARIANT_ROLE_CONTROL)
        new = a_variant("new", "2", 0, role=router_pb2.VARIANT_ROLE_CANARY)
        created = await cancer.create(
            "checkout",
            strategy=router_pb2.STRATEGY_CANARY,
            canary=router_pb2.Canary(percent=5),
            variants=[old, new, NEXT],
        )
        assert shares(created) == {"old": 0.95, "new": 0.05, "next": 0.0}
        promoted = await cancer.routers.PromoteCanary(router_pb2.PromoteCanaryRequest(router_id="checkout"))
        assert shares(promoted.router) == {"old": 0.0, "new": 1.0, "next": 0.0}

    async def test_a_history_tells_it_by_its_role(self, shadowed):
        history = await shadowed.routers.ListRouterRevisions(
            router_pb2.ListRouterRevisionsRequest(router_id="cancer")
        )
        assert "next shadow added (cancer/2)" in history.revisions[0].summary
        back = await shadowed.routers.RollbackRouter(
            router_pb2.RollbackRouterRequest(router_id="cancer", revision=1)
        )
        assert [variant.name for variant in back.router.variants] == ["lr", "gb"]


class Recorded(Lake):
    """The lake of a bench, with calls and their copies."""

    def call(self, *, copied=True, label="benign", said="benign", by="2", **fields):
        """Records a call, and a copy unless it was not copied; answers the call's id."""
        fields.setdefault("time_us", self.bench.clock())
        given = {"prediction_label": label, "confidence": 0.75, "model_version": "1", **fields}
        made = self.replica.predict("cancer", "lr", **given)
        if copied:
            copy = {**given, "prediction_label": said, "reason": "shadow", "model_version": by}
            self.replica.predict("cancer", "next", prediction_id=made, **copy)
        return made

    async def shipped(self, *calls):
        """Records calls in a segment of their own and waits until it is registered."""
        made = [self.call(**fields) for fields in calls]
        await self.ship_rest()
        return made

    async def ship_rest(self):
        position = self.replica.journal.seal_predictions()
        assert await asyncio.to_thread(self.parts.registration.wait_for, position, 20)


@pytest.fixture
def lake(bench, shadowed):
    return Recorded(bench)


class TestFiles:
    """Answers of shadows have files of their own, kept as those of predictions are."""

    async def test_they_are_registered_apart_and_listed_for_other_programs(self, lake):
        await lake.shipped({"entity_id": "u1"}, {"entity_id": "u2"})
        await lake.upkeep()
        [path] = lake.files("shadows")
        assert path.startswith("shadows/router=cancer/model=cancer/date=")
        assert {row["variant"] for row in lake.rows("shadows")} == {"next"}
        assert {row["variant"] for row in lake.rows()} == {"lr"}
        assert {(line["kind"], line["row_count"]) for line in lake.listed()} == {
            ("predictions", 2),
            ("shadows", 2),
        }

    async def test_small_ones_are_merged_and_never_with_predictions(self, lake):
        for _ in range(8):
            await lake.shipped({})
        await lake.upkeep()
        assert [len(lake.files(kind)) for kind in ("predictions", "shadows")] == [1, 1]
        assert {row["reason"] for row in lake.rows("shadows")} == {"shadow"}
        assert len(lake.rows("shadows")) == len(lake.rows()) == 8

    async def test_their_date_is_sealed_when_it_is_over(self, lake):
        await lake.shipped({})
        lake.bench.clock.advance_days(2)
        await lake.upkeep()
        await lake.upkeep()
        assert sorted(line["kind"] for line in lake.listed() if line["sealed"]) == ["predictions", "shadows"]

    async def test_they_go_after_the_days_of_their_router(self, lake, shadowed):
        await update(shadowed, recording=router_pb2.Recording(retention_days=3))
        await lake.shipped({})
        lake.bench.clock.advance_days(4)
        await lake.upkeep()
        assert lake.files("shadows") == lake.files() == []

    async def test_they_have_as_many_bytes_as_predictions_have(self, lake, shadowed):
        await lake.shipped({})
        with lake.database.read() as connection:
            sizes = [file.byte_count for kind in KINDS for file in lake_files.present(connection, kind)]
        await update(shadowed, recording=router_pb2.Recording(retention_bytes=max(sizes)))
        await lake.upkeep()
        assert [len(lake.files(kind)) for kind in ("predictions", "shadows")] == [1, 1], "each has its own"
        await update(shadowed, recording=router_pb2.Recording(retention_bytes=min(sizes) - 1))
        await lake.upkeep()
        assert [len(lake.files(kind)) for kind in ("predictions", "shadows")] == [0, 0]

    async def test_what_a_crash_left_is_deleted(self, lake):
        await lake.shipped({})
        [path] = lake.files("shadows")
        name = path.rpartition("/")[2].partition("-r")[0] + "-left.parquet"
        left = lake.root / path.rpartition("/")[0] / name
        left.write_bytes(b"left")
        os.utime(left, (0, 0))
        await lake.upkeep()
        assert not left.exists()
        assert lake.on_disk("shadows") == [path]

    async def test_an_entity_is_erased_from_both(self, lake, shadowed):
        await lake.shipped({"entity_id": "u1"}, {"entity_id": "u2"}, {"entity_id": "u1"})
        lake.call(entity_id="u1")
        lone = lake.replica.predict(
            "cancer", "next", reason="shadow", entity_id="u1", time_us=lake.bench.clock()
        )
        await shadowed.predictions.RecordFeedback(
            prediction_pb2.RecordFeedbackRequest(
                prediction_id=lone, value=1, wait=prediction_pb2.FEEDBACK_WAIT_APPLIED
            )
        )
        answer = await shadowed.routers.EraseEntity(
            router_pb2.EraseEntityRequest(router_id="cancer", entity_id="u1")
        )
        assert answer.prediction_count == 3, "answers of shadows are no predictions"
        assert answer.feedback_count == 1, "also for a call whose own record was lost"
        for kind in ("predictions", "shadows"):
            assert [row["entity_id"] for row in lake.rows(kind)] == ["u2"]
            assert lake.on_disk(kind) == sorted(lake.files(kind))
        assert (await compare(shadowed)).total.pair_count == 1

    async def test_a_file_written_anew_is_not_read_as_predictions(self, lake, shadowed):
        await lake.shipped({"entity_id": "u1"}, {"entity_id": "u2"})
        await shadowed.routers.EraseEntity(router_pb2.EraseEntityRequest(router_id="cancer", entity_id="u1"))
        listed = await shadowed.routers.ListPredictions(router_pb2.ListPredictionsRequest(router_id="cancer"))
        assert [one.variant for one in listed.predictions] == ["lr"]
        [path] = lake.files("shadows")
        assert pq.ParquetFile(lake.root / path).read()["variant"].to_pylist() == ["next"]


class TestComparison:
    """What a shadow said is held against what was said, from files and journal alike."""

    async def test_it_tells_agreement_errors_and_what_is_missing(self, lake, shadowed):
        await lake.shipped({}, {"said": "malignant"}, {"copied": False})
        lake.call(status_code=0, label="malignant", said="malignant")
        lake.call(copied=False, status_code=14)
        found = await compare(shadowed)
        assert (found.router_id, found.variant) == ("cancer", "next")
        assert (found.model_id, found.model_version, len(found.other_versions)) == ("cancer", "2", 0)
        total = found.total
        assert (total.primary_count, total.pair_count, total.answered_pair_count) == (5, 3, 3)
        assert sum(total.unpaired_counts.values()) == 2
        assert total.unpaired_counts["call_failed"] == 1
        assert (total.labels.agreement.count, total.labels.agreement.total) == (2, 3)
        assert total.labels.agreement.low < 2 / 3 < total.labels.agreement.high
        assert {(one.primary_label, one.shadow_label): one.count for one in total.labels.pairs} == {
            ("benign", "benign"): 1,
            ("benign", "malignant"): 1,
            ("malignant", "malignant"): 1,
        }
        assert total.confidences.mean_absolute == 0
        assert not total.HasField("numbers")
        assert [one.primary_variant for one in found.primaries] == ["lr"]
        assert found.start_time.ToMicroseconds() <= found.end_time.ToMicroseconds()

    async def test_answers_of_a_version_before_are_left_out_and_counted(self, lake, shadowed):
        lake.call(by="1", said="malignant")
        lake.call()
        found = await compare(shadowed)
        assert (found.model_version, found.total.pair_count) == ("2", 1)
        assert [(one.model_id, one.model_version, one.row_count) for one in found.other_versions] == [
            ("cancer", "1", 1)
        ]

    async def test_feedback_for_the_call_tells_which_was_right(self, lake, shadowed, bench):
        bench.replica.signature.CopyFrom(LABELS)
        for version in ("7", "8"):
            await shadowed.register("cancer", version, signature=LABELS)
        await update(shadowed, variants=[LR, a_variant("next", "8", 0, role=SHADOW)])
        answers = (("benign", "malignant"), ("benign", "benign"), ("malignant", "malignant"))
        made = [lake.call(label=label, said=said, model_version="7", by="8") for label, said in answers]
        for prediction_id, value in zip(made, (1, 0, 0), strict=True):
            await shadowed.predictions.RecordFeedback(
                prediction_pb2.RecordFeedbackRequest(prediction_id=prediction_id, metric="truth", value=value)
            )
        known = (await compare(shadowed, metric="truth")).total.accuracy
        assert known.pair_count == 3
        assert (known.labels.primary.count, known.labels.shadow.count) == (1, 2)
        assert (known.labels.primary_only_count, known.labels.shadow_only_count) == (0, 1)
        assert known.labels.difference == pytest.approx(1 / 3)
        assert known.labels.difference_low < 1 / 3 < known.labels.difference_high
        assert known.labels.mcnemar_p_value == 1.0
        # A version without labels: what a place among them means is not known.
        alone = lake.call(time_us=bench.clock() + 10_000_000, model_version="1", by="8")
        await shadowed.predictions.RecordFeedback(
            prediction_pb2.RecordFeedbackRequest(prediction_id=alone, metric="truth", value=0)
        )
        bench.clock.advance_days(1)
        start = Timestamp()
        start.FromMicroseconds(bench.clock() - 86_400_000_000 + 5_000_000)
        unknown = (await compare(shadowed, metric="truth", start_time=start)).total
        assert unknown.pair_count == 1
        assert not unknown.HasField("accuracy")
        reasons = {one.figure: one.reason for one in unknown.not_compared}
        assert reasons["accuracy"] == router_pb2.NOT_COMPARED_REASON_FEEDBACK_NAMES_NO_LABEL

    async def test_who_may_not_read_the_router_learns_nothing(self, bench, lake, failing):
        lake.call()
        failure = await failing(compare(bench.user("eve")))
        assert failure.code is grpc.StatusCode.NOT_FOUND

    async def test_it_is_asked_for_a_shadow(self, lake, shadowed, failing):
        lake.call()
        failure = await failing(compare(shadowed, variant="lr"))
        assert (failure.code, failure.reason) == (grpc.StatusCode.NOT_FOUND, "SHADOW_NOT_FOUND")
        failure = await failing(compare(shadowed, max_labels=101))
        assert list(failure.fields) == ["max_labels"]
        failure = await failing(compare(shadowed, variant="no name", metric="?"))
        assert set(failure.fields) == {"variant", "metric"}
        await update(shadowed, variants=[LR], allow_single=True)
        assert (await compare(shadowed, variant="next")).total.pair_count == 1, "one that it had"
        failure = await failing(compare(shadowed))
        assert "has no shadow now" in failure.fields["variant"]

    async def test_a_shadow_is_in_no_figure_and_no_list(self, lake, shadowed):
        await lake.shipped({"entity_id": "u1"}, {"entity_id": "u2"})
        lake.call(entity_id="u3")
        asked = router_pb2.GetRouterMetricsRequest(router_id="cancer")
        metrics = await shadowed.routers.GetRouterMetrics(asked)
        assert metrics.total.request_count == 3
        assert {one.variant: (one.request_count, one.shadow) for one in metrics.variants} == {
            "lr": (3, False),
            "next": (0, True),
        }
        listed = await shadowed.routers.ListPredictions(router_pb2.ListPredictionsRequest(router_id="cancer"))
        assert [one.variant for one in listed.predictions] == ["lr"] * 3
        replayed = await shadowed.routers.ReplayPredictions(
            router_pb2.ReplayPredictionsRequest(router_id="cancer")
        )
        assert sum(one.call_count for one in replayed.counts) == 3


class TestOneCall:
    """A call's record has what shadows answered to its copies, from files and journal alike."""

    async def test_answers_stand_beside_the_record(self, lake, shadowed):
        [stored] = await lake.shipped({"said": "malignant", "backend_ns": 3_000_000})
        fresh = lake.call(by="1")
        alone = lake.call(copied=False)

        async def answers(prediction_id):
            return list((await get(shadowed, prediction_id)).shadow_answers)

        [one] = await answers(stored)
        assert (one.variant, one.model_id, one.model_version, one.status_code) == ("next", "cancer", "2", 0)
        assert (one.prediction.string_value, one.confidence) == ("malignant", 0.75)
        assert one.backend_latency.ToMicroseconds() == 3_000
        assert one.answer_content == prediction_pb2.RECORDED_CONTENT_ALL
        assert [one.model_version for one in await answers(fresh)] == ["1"]
        assert await answers(alone) == []
        listed = await shadowed.routers.ListPredictions(router_pb2.ListPredictionsRequest(router_id="cancer"))
        assert not any(record.shadow_answers for record in listed.predictions), "one alone has them"

    async def test_a_copy_that_failed_stands_for_all_rows(self, lake, shadowed, bench):
        of_call = {"time_us": bench.clock(), "model_version": "1"}
        made = bench.replica.predict("cancer", "lr", row_count=2, **of_call)
        bench.replica.predict("cancer", "lr", prediction_id=made, row=1, row_count=2, **of_call)
        copy = {"reason": "shadow", "status_code": 14, "answer_content": "none", "prediction_label": None}
        bench.replica.predict("cancer", "next", prediction_id=made, **(of_call | copy))
        for row in (0, 1):
            [failed] = (await get(shadowed, made, row=row)).shadow_answers
            assert (failed.status_code, failed.HasField("prediction")) == (14, False)


async def test_live_figures_tell_what_became_of_copies(bench, shadowed):
    counters = snapshot_pb2.RouterCounters(router_id="cancer", start_time_us=1)
    counters.variants.add(variant="lr", requests_by_code=[10, 2])
    copies = counters.variants.add(variant="next").shadow
    copies.requests_by_code.extend([5, 0, 0, 0, 2])
    copies.dropped_counts["busy"] = 3
    copies.dropped_record_count = 4
    copies.backend.CopyFrom(
        snapshot_pb2.Histogram(bounds_seconds=[0.001, 0.01], counts=[7, 0, 0], sum_seconds=0.0035)
    )
    bench.replica.counters["cancer"] = counters
    asked = router_pb2.GetRouterMetricsRequest(router_id="cancer", live=True)
    found = await shadowed.routers.GetRouterMetrics(asked)
    [lr, shadow] = found.variants
    assert (lr.shadow, lr.request_count, lr.shadow_request_count) == (False, 12, 0)
    assert shadow.shadow
    assert (shadow.request_count, shadow.shadow_request_count, shadow.shadow_error_count) == (0, 7, 2)
    assert dict(shadow.shadow_drop_counts) == {"busy": 3}
    assert shadow.shadow_dropped_record_count == found.total.shadow_dropped_record_count == 4
    assert shadow.shadow_backend.mean_seconds == pytest.approx(0.0005)
    assert (found.total.request_count, found.total.shadow_request_count) == (12, 7)
    assert found.total.effective_share == 1.0
