"""An entity's erasure reaches what drift keeps of it: logged predictions, outcomes, and uploads under way."""

from pathlib import Path

import pytest

from pointsman.store.database import Database
from pointsman.v1 import drift_pb2, model_pb2, router_pb2

from .drift_by_hand import a_prediction, a_truth, begin_long_ago
from .truth_uploads_by_hand import HEAD, kept, piece, rows, upload

pytestmark = pytest.mark.usefixtures("logged_place")
LIST = drift_pb2.GetPredictionsRequest(model_id="cancer")
SECRET = "ann.secret"


def pages_of(database_url):
    return Path(database_url.removeprefix("sqlite:///")).read_bytes()


def erasing(entity_id=SECRET):
    return router_pb2.EraseEntityRequest(router_id="cancer", entity_id=entity_id)


async def test_an_entity_is_erased_from_logged_predictions_outcomes_and_uploads_under_way(bench, cancer):
    begin_long_ago(bench.database_url)
    for entity in (SECRET, "bob"):
        await cancer.drift.LogPrediction(a_prediction(entity_id=entity))
        await cancer.drift.AddGroundTruth(a_truth(entity, "approved"))
    await upload(cancer, "whole", rows((SECRET, "denied"), ("bob", "denied")))
    text = rows((SECRET, "no"), ("bob", "no"), time="2026-07-01T12:00:00Z").encode()
    await piece(cancer, "open", text)
    answer = await cancer.routers.EraseEntity(erasing())
    assert (answer.logged_prediction_count, answer.outcome_count, list(answer.other_models)) == (1, 3, [])
    assert [one.entity_id for one in (await cancer.drift.GetPredictions(LIST)).predictions] == ["bob"]
    assert kept(bench) == 3
    done = await piece(cancer, "open", offset=len(text), is_last=True)
    assert done.is_complete
    again = await cancer.routers.EraseEntity(erasing())
    assert (again.logged_prediction_count, again.outcome_count) == (0, 0)


async def test_an_erased_entity_is_in_no_page_of_the_database(bench, cancer):
    await cancer.drift.LogPrediction(a_prediction(entity_id=SECRET))
    await upload(cancer, "whole", rows((SECRET, "denied")))
    # What was said of a wrong row quotes it, here since its columns are exchanged.
    await upload(cancer, "wrong", HEAD + f"ann,yes,{SECRET}\n")
    await cancer.routers.EraseEntity(erasing())
    database = Database(bench.database_url)
    assert database.empty_log(), "somebody reads all the while"
    database.close()
    assert SECRET.encode() not in pages_of(bench.database_url), "freed pages included"
    assert not list(bench.replica.journal.lake_folder.rglob("logged/**/*.parquet"))
    assert kept(bench) == 0


async def test_models_of_others_are_named_and_left_alone(bench, cancer):
    ann = bench.user("ann")
    await cancer.models.UpdateModelPermissions(
        model_pb2.UpdateModelPermissionsRequest(
            model_id="cancer",
            permissions=model_pb2.ModelPermissions(public=True, public_predict=True),
        )
    )
    await ann.create("hers")
    await cancer.drift.AddGroundTruth(a_truth(SECRET, "approved"))
    answer = await ann.routers.EraseEntity(router_pb2.EraseEntityRequest(router_id="hers", entity_id=SECRET))
    assert (answer.outcome_count, list(answer.other_models)) == (0, ["cancer"])
    assert kept(bench) == 1
