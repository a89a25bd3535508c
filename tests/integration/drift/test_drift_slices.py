"""Slices by variant and by version: the world that drifts, some variants that do, and the model that does."""

import json

import pytest
from google.protobuf.json_format import MessageToDict

import pointsman_drift
from contract.drift_by_hand import CLASSES, LATEST, a_baseline, drawn, ended, features_of, labeled
from pointsman.v1 import drift_pb2
from stage.lake import a_row

ANALYZE = drift_pb2.AnalyzeRequest(model_id="cancer", window_days=1)
BEFORE = features_of(1, 400)


@pytest.fixture
async def cancer(cancer):
    baseline = a_baseline(BEFORE, labeled_predictions=labeled(*drawn(3, 400)))
    await cancer.drift.CreateBaseline(baseline)
    return cancer


def record(bench, variant, features, answers, offset, **fields):
    now_us = bench.clock()
    bench.replica.journal.predict(
        *(
            a_row(
                now_us - 3_600_000_000 + offset + number,
                offset + number,
                router_id="cancer",
                model_id="cancer",
                variant=variant,
                f_age=features["age"][number],
                f_plan=features["plan"][number],
                prediction_label=answers[1][number],
                probabilities=answers[0][number],
                **fields,
            )
            for number in range(len(answers[1]))
        )
    )


async def result_of(user):
    job = await ended(user, (await user.drift.Analyze(ANALYZE)).job_id)
    assert job.status == drift_pb2.ANALYSIS_STATUS_SUCCEEDED, job.error
    return await user.drift.GetLatestResult(LATEST)


def statuses(result, by):
    return {one.value: one.status for one in result.slices if one.by == by}


async def test_slices_by_variant_are_the_library_s(bench, cancer):
    first, second = features_of(5, 150), features_of(6, 150, shift=1.0)
    answers = drawn(7, 300)
    record(bench, "a", first, [one[:150] for one in answers], 0)
    record(bench, "b", second, [one[150:] for one in answers], 150)
    result = await result_of(cancer)
    current = {name: [*first[name], *second[name]] for name in first}
    current["(variant)"] = ["a"] * 150 + ["b"] * 150
    library = pointsman_drift.compare(
        BEFORE,
        current,
        features=["age", "plan"],
        slices="(variant)",
        predictions=(
            pointsman_drift.read_classes(CLASSES, *drawn(3, 400)),
            pointsman_drift.read_classes(CLASSES, *answers[:2]),
        ),
    ).to_dict()
    told = {
        one.value: {name: MessageToDict(figures) for name, figures in one.features.items()}
        for one in result.slices
    }
    assert told == json.loads(
        json.dumps(
            {
                one["slice"]["value"]: {
                    name: feature["algorithms"] for name, feature in one["features"].items()
                }
                for one in library["groups"]
            }
        )
    )
    assert {name: MessageToDict(one) for name, one in result.features.items()} == json.loads(
        json.dumps({name: one["algorithms"] for name, one in library["features"].items()})
    )
    assert (result.algorithms["psi"].feature, result.algorithms["psi"].slice) == ("age", "variant = b")


async def test_inputs_of_one_variant_that_move_are_told_from_those_of_all(bench, cancer):
    record(bench, "a", features_of(5, 150), drawn(7, 150), 0)
    record(bench, "b", features_of(6, 150, shift=1.0), drawn(8, 150), 150)
    result = await result_of(cancer)
    assert result.origin == drift_pb2.DRIFT_ORIGIN_SOME_VARIANTS
    assert statuses(result, "variant") == {
        "a": drift_pb2.DRIFT_STATUS_OK,
        "b": drift_pb2.DRIFT_STATUS_ALERT,
    }


async def test_inputs_of_all_variants_that_move_are_the_world_s_drift(bench, cancer):
    record(bench, "a", features_of(5, 150, shift=1.0), drawn(7, 150), 0)
    record(bench, "b", features_of(6, 150, shift=1.0), drawn(8, 150), 150)
    assert (await result_of(cancer)).origin == drift_pb2.DRIFT_ORIGIN_WORLD


async def test_answers_that_move_without_their_inputs_are_the_model_s_drift(bench, cancer):
    scores = [[0.1, 0.9]] * 200 + [[0.9, 0.1]] * 10
    answers = (scores, ["approved"] * 200 + ["denied"] * 10)
    record(bench, "a", features_of(5, 210), answers, 0)
    result = await result_of(cancer)
    assert result.origin == drift_pb2.DRIFT_ORIGIN_MODEL
    assert not result.slices, "there is one variant"


async def test_without_drift_none_has_an_origin_and_versions_are_slices_too(bench, cancer):
    record(bench, "a", features_of(5, 150), drawn(7, 150), 0, model_version="1")
    record(bench, "a", features_of(6, 20), drawn(8, 20), 150, model_version="2")
    result = await result_of(cancer)
    assert result.origin == drift_pb2.DRIFT_ORIGIN_NONE
    slices = {(one.by, one.value): one for one in result.slices}
    assert set(slices) == {("version", "1"), ("version", "2")}
    assert "20 rows" in slices["version", "2"].reason, "too few to judge"


async def test_one_variant_whose_inputs_move_says_that_inputs_do(bench, cancer):
    record(bench, "a", features_of(5, 150, shift=1.0), drawn(7, 150), 0)
    assert (await result_of(cancer)).origin == drift_pb2.DRIFT_ORIGIN_INPUTS
