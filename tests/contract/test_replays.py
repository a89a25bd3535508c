"""Explaining calls and deciding windows again: what is asked for, what is refused, and what is not kept."""

from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from pointsman.dataplane.engine import OfflineEngine
from pointsman.store.database import Database
from pointsman.store.routing import router_revisions
from pointsman.v1 import prediction_pb2, router_pb2

AGREES = prediction_pb2.REPLAY_VERDICT_AGREES
WORDS = ("variant", "propensity", "reason", "randomised_by", "draw", "slot")


def call(bench: Any, *entities: str) -> list[str]:
    """Records calls as the published router decides them; answers their ids."""
    router = bench.replica.routers["cancer"]
    decided = OfflineEngine(router).decide("cancer", list(entities)).to_pylist()
    versions = {variant.name: variant.model_version for variant in router.variants}
    return [
        bench.replica.predict(
            "cancer",
            made["variant"],
            entity_id=entity,
            model_version=versions[made["variant"]],
            router_generation=router.changed_generation,
            replayable=True,
            eligible_variants=["lr", "gb"],
            eligible_propensities=[bench.replica.slot_share("cancer", name) for name in ("lr", "gb")],
            **{word: made[word] for word in WORDS if word != "variant"},
        )
        for entity, made in zip(entities, decided, strict=True)
    ]


async def explain(user: Any, prediction_id: str, **fields: Any) -> Any:
    request = router_pb2.ExplainPredictionRequest(prediction_id=prediction_id, **fields)
    return await user.routers.ExplainPrediction(request)


async def replay(user: Any, **fields: Any) -> Any:
    fields.setdefault("router_id", "cancer")
    return await user.routers.ReplayPredictions(router_pb2.ReplayPredictionsRequest(**fields))


async def reweight(user: Any, weight: float) -> None:
    request = router_pb2.UpdateVariantWeightRequest(router_id="cancer", variant="lr", weight=weight)
    await user.routers.UpdateVariantWeight(request)


async def test_a_call_is_explained_by_the_revision_of_its_time(bench, cancer):
    [before] = call(bench, "alice")
    await reweight(cancer, 5)
    [after] = call(bench, "alice")
    for prediction_id, number in ((before, 1), (after, 2)):
        found = await explain(cancer, prediction_id)
        assert found.redecision.verdict == AGREES, found.redecision
        assert (found.revision.revision, found.record.prediction_id) == (number, prediction_id)
        assert not found.revision.slot_runs
        shares = {one.variant: one.propensity for one in found.redecision.eligible_variants}
        assert sum(shares.values()) == pytest.approx(1)
    # The router that the id names is what is looked up, when none is given; another one has no such record.
    assert (await explain(cancer, before, router_id="cancer")).redecision.verdict == AGREES


async def test_a_window_is_decided_again_over_all_revisions(bench, cancer):
    entities = [f"e{number}" for number in range(30)]
    call(bench, *entities)
    await reweight(cancer, 5)
    call(bench, *entities)
    answer = await replay(cancer)
    assert [(count.verdict, count.call_count) for count in answer.counts] == [(AGREES, 30), (AGREES, 30)]
    assert (answer.next_page_token, list(answer.examples)) == ("", [])


async def test_a_revision_that_is_gone_is_said_so(bench, cancer):
    [before] = call(bench, "alice")
    await reweight(cancer, 5)
    database = Database(bench.database_url)
    with database.write_routing() as connection:
        [router_key] = {row[0] for row in router_revisions.crowded(connection, 0)}
        router_revisions.remove(connection, router_key, [1])
    database.close()
    found = await explain(cancer, before)
    assert not found.HasField("revision")
    assert found.redecision.not_replayable == prediction_pb2.NOT_REPLAYABLE_REVISION_GONE
    [count] = (await replay(cancer)).counts
    assert (count.not_replayable, count.call_count) == (prediction_pb2.NOT_REPLAYABLE_REVISION_GONE, 1)


async def test_what_cannot_be_asked_names_the_field(bench, cancer, failing):
    assert (await failing(explain(cancer, ""))).fields.keys() == {"prediction_id"}
    assert (await failing(explain(cancer, "no-id"))).fields.keys() == {"prediction_id"}
    assert (await failing(replay(cancer, max_examples=101))).fields.keys() == {"max_examples"}
    later, earlier = Timestamp(seconds=2_000), Timestamp(seconds=1_000)
    wrong = replay(cancer, start_time=later, end_time=earlier)
    assert (await failing(wrong)).fields.keys() == {"end_time"}
    assert (await failing(replay(cancer, page_token="x"))).fields.keys() == {"page_token"}
    missing = bench.replica.prediction_id("cancer", "lr")
    assert (await failing(explain(cancer, missing))).reason == "PREDICTION_NOT_FOUND"
