"""Analyses of answers: their drift, how well a model does, and all columns together, as the library says."""

import json
import random
from datetime import UTC, datetime, timedelta

import pytest
from google.protobuf.json_format import MessageToDict
from sqlalchemy import update

import pointsman_drift
from contract.drift_by_hand import (
    CLASSES,
    LATEST,
    a_baseline,
    a_prediction,
    drawn,
    ended,
    features_of,
    labeled,
    log_rows,
    moment,
    tell,
)
from pointsman.store.database import Database
from pointsman.store.schema import model_versions
from pointsman.v1 import drift_pb2, model_pb2
from stage.lake import a_row

pytestmark = pytest.mark.usefixtures("logged_place")
ANALYZE = drift_pb2.AnalyzeRequest(model_id="cancer", window_days=1)


async def log_answers(user, features, probabilities, predicted, **fields):
    """Logs answers of entities ``e0``, ``e1``, … in the order of their time."""
    start = datetime.now(UTC) - timedelta(hours=2)
    names = list(features)
    for number, row in enumerate(zip(*features.values(), strict=True)):
        await user.drift.LogPrediction(
            a_prediction(
                features=dict(zip(names, row, strict=True)),
                prediction=predicted[number],
                probabilities=probabilities[number] if probabilities else [],
                entity_id=f"e{number}",
                timestamp=moment(start + timedelta(seconds=number)),
                **fields,
            )
        )


async def result_of(user, asked=ANALYZE):
    job = await ended(user, (await user.drift.Analyze(asked)).job_id)
    assert job.status == drift_pb2.ANALYSIS_STATUS_SUCCEEDED, job.error
    return await user.drift.GetLatestResult(LATEST)


def same_as_library(result, library):
    """Figures, unjudged entries and top scores are the library's."""
    expected = {name: feature["algorithms"] for name, feature in library["features"].items()}
    told = {name: MessageToDict(feature) for name, feature in result.features.items()}
    assert told == json.loads(json.dumps(expected))
    assert {name: (one.score, one.drift, one.feature) for name, one in result.algorithms.items()} == {
        name: (one["score"], one["drift"], one["feature"]) for name, one in library["algorithms"].items()
    }
    for told_, theirs in (
        (result.insufficient_data, library["insufficientData"]),
        (result.not_measured, library["notMeasured"]),
    ):
        assert [(one.feature, one.algorithm, one.reason) for one in told_] == [
            (one["feature"], one.get("algorithm", ""), one["reason"]) for one in theirs
        ]
    assert drift_pb2.DriftStatus.Name(result.status) == f"DRIFT_STATUS_{library['status'].upper()}"


def unjudged(result):
    return {one.feature: one.reason for one in result.insufficient_data}


async def test_a_result_with_answers_and_outcomes_is_the_library_s_own(cancer):
    before, after = features_of(1, 200), features_of(2, 150)
    old, new = drawn(3, 200), drawn(4, 150, errors=0.4)
    await cancer.drift.CreateBaseline(a_baseline(before, labeled_predictions=labeled(*old)))
    await log_answers(cancer, after, *new[:2])
    await tell(cancer, {f"e{number}": new[2][number] for number in range(100)})
    result = await result_of(cancer)
    actual = [outcome if number < 100 else None for number, outcome in enumerate(new[2])]
    pair = (
        pointsman_drift.read_classes(CLASSES, *old),
        pointsman_drift.read_classes(CLASSES, *new[:2], actual),
    )
    library = pointsman_drift.compare(before, after, predictions=pair).to_dict()
    same_as_library(result, library)
    assert {"(label)", "(score)", "(confidence)", "(predictions)"} <= set(result.features)
    assert result.algorithms["accuracy_drop"].drift, "outcomes were turned around"
    assert not result.algorithms["cbpe"].drift, "scores are as they were"
    estimated = pointsman_drift.estimate_performance(*pair)
    assert set(result.performance) == set(estimated)
    for name, one in estimated.items():
        told = result.performance[name]
        assert (told.estimate, told.lower, told.upper) == (
            one.estimate.value,
            one.estimate.lower,
            one.estimate.upper,
        )
        assert one.realised is not None
        assert (told.realised, told.sample_size) == (one.realised.value, 100)
        assert told.inside_band == one.is_inside
    assert not result.performance["accuracy"].inside_band


async def test_the_thresholds_of_the_accuracy_drop_are_those_of_the_settings(cancer):
    old, new = drawn(3, 200), drawn(4, 150, errors=0.4)
    await cancer.drift.CreateBaseline(a_baseline(features_of(1, 200), labeled_predictions=labeled(*old)))
    await log_answers(cancer, features_of(2, 150), *new[:2])
    await tell(cancer, {f"e{number}": outcome for number, outcome in enumerate(new[2])})
    await cancer.drift.UpdateAlertConfig(
        drift_pb2.UpdateAlertConfigRequest(
            model_id="cancer", accuracy_drop_warning=0.6, accuracy_drop_alert=0.7
        )
    )
    figure = (await result_of(cancer)).features["(predictions)"]["accuracy_drop"]
    assert (figure["warningThreshold"], figure["alertThreshold"]) == (0.6, 0.7)
    assert figure["score"] > 0.1
    assert figure["status"] == "ok"
    config = drift_pb2.UpdateAlertConfigRequest(model_id="cancer")
    config.algorithms.overrides["accuracy_drop"].warning_threshold = 0.01
    config.algorithms.overrides["accuracy_drop"].alert_threshold = 0.02
    await cancer.drift.UpdateAlertConfig(config)
    assert (await result_of(cancer)).features["(predictions)"]["accuracy_drop"]["status"] == "alert"


async def test_without_labeled_predictions_answers_are_unjudged_and_said_to_be(cancer):
    await cancer.drift.CreateBaseline(a_baseline(features_of(1, 60)))
    await log_rows(cancer, features_of(2, 60))
    result = await result_of(cancer)
    assert "the baseline has no labeled predictions" in unjudged(result)["(predictions)"]
    assert "age" in result.features


async def test_with_too_few_outcomes_what_needs_them_is_unjudged_and_the_rest_is_not(cancer):
    old, new = drawn(3, 100), drawn(4, 60)
    await cancer.drift.CreateBaseline(a_baseline(features_of(1, 100), labeled_predictions=labeled(*old)))
    await log_answers(cancer, features_of(2, 60), *new[:2])
    await tell(cancer, {f"e{number}": new[2][number] for number in range(29)})
    result = await result_of(cancer)
    assert set(result.features["(predictions)"]) == {"cbpe"}
    assert {(one.feature, one.algorithm): one.reason for one in result.not_measured}.items() >= {
        ("(predictions)", "accuracy_drop"): "29 predictions of the current side have a label; 30 are needed"
    }.items()
    assert result.performance["accuracy"].sample_size == 29


async def test_an_outcome_of_a_later_prediction_is_none_of_the_window_s(bench, cancer):
    old, new = drawn(3, 100), drawn(4, 80)
    await cancer.drift.CreateBaseline(a_baseline(features_of(1, 100), labeled_predictions=labeled(*old)))
    now_us = bench.clock()

    def row(number, time_us):
        return a_row(
            time_us,
            number,
            router_id="cancer",
            model_id="cancer",
            entity_id=f"e{number % 1000}",
            prediction_label=new[1][number % 1000],
            probabilities=new[0][number % 1000],
            f_age=40.0,
            f_plan="free",
        )

    hour_us = 3_600_000_000
    bench.replica.journal.predict(*(row(number, now_us - 5 * hour_us + number) for number in range(40)))
    # Of the first ten entities there is another prediction, after the window.
    bench.replica.journal.predict(*(row(1000 + number, now_us - hour_us + number) for number in range(10)))
    bench.replica.journal.seal_predictions()
    bench.replica.journal.predict(*(row(number, now_us - 5 * hour_us + number) for number in range(40, 80)))
    await tell(cancer, {f"e{number}": new[2][number] for number in range(80)})
    window = drift_pb2.AnalyzeRequest(
        model_id="cancer",
        window_start=moment(datetime.fromtimestamp(now_us / 1e6 - 6 * 3600, UTC)),
        window_end=moment(datetime.fromtimestamp(now_us / 1e6 - 2 * 3600, UTC)),
    )
    result = await result_of(cancer, window)
    assert result.current_rows == 80
    assert result.performance["accuracy"].sample_size == 70
    pair = (
        pointsman_drift.read_classes(CLASSES, *old),
        pointsman_drift.read_classes(CLASSES, *new[:2], [None] * 10 + new[2][10:]),
    )
    current = {"age": [40.0] * 80, "plan": ["free"] * 80}
    library = pointsman_drift.compare(features_of(1, 100), current, predictions=pair).to_dict()
    same_as_library(result, library)


async def test_probabilities_of_a_version_with_another_order_of_classes_are_turned(bench, cancer):
    old, new = drawn(3, 100), drawn(4, 60)
    await cancer.drift.CreateBaseline(a_baseline(features_of(1, 100), labeled_predictions=labeled(*old)))
    await cancer.register(
        "cancer", "turned", backend=None, signature={"task": 1, "labels": [*reversed(CLASSES)]}
    )
    after = features_of(2, 60)
    await log_answers(cancer, after, [row[::-1] for row in new[0]], new[1], model_version="turned")
    pair = (pointsman_drift.read_classes(CLASSES, *old), pointsman_drift.read_classes(CLASSES, *new[:2]))
    library = pointsman_drift.compare(features_of(1, 100), after, predictions=pair).to_dict()
    same_as_library(await result_of(cancer), library)


async def test_answers_of_a_version_with_other_classes_of_the_same_number_are_not_compared(bench, cancer):
    old, new = drawn(3, 100), drawn(4, 60)
    await cancer.drift.CreateBaseline(a_baseline(features_of(1, 100), labeled_predictions=labeled(*old)))
    await cancer.register(
        "cancer", "other", backend=None, signature={"task": 1, "labels": ["approved", "withdrawn"]}
    )
    after = features_of(2, 60)
    await log_answers(cancer, after, new[0], new[1])
    await log_answers(cancer, after, [[0.9, 0.1]] * 60, ["approved"] * 60, model_version="other")
    result = await result_of(cancer)
    pair = (pointsman_drift.read_classes(CLASSES, *old), pointsman_drift.read_classes(CLASSES, *new[:2]))
    library = pointsman_drift.compare_predictions(*pair).to_dict()["features"]
    assert result.features["(score)"]["psi"]["score"] == library["(score)"]["algorithms"]["psi"]["score"]
    assert result.notes[0].startswith("60 predictions answer a class that the baseline's labeled"), (
        result.notes
    )


@pytest.mark.parametrize("names", [("false", "true"), ("0", "1")])
async def test_a_deleted_version_s_order_is_known_under_other_names_of_the_classes(bench, cancer, names):
    old, new = (
        [one[0], *([names[CLASSES.index(label)] for label in part] for part in one[1:])]
        for one in (drawn(3, 100), drawn(4, 60))
    )
    await cancer.drift.CreateBaseline(a_baseline(features_of(1, 100), labeled_predictions=labeled(*old)))
    await cancer.register(
        "cancer", "turned", backend=None, signature={"task": 1, "labels": ["True", "False"]}
    )
    after = features_of(2, 60)
    await log_answers(cancer, after, [row[::-1] for row in new[0]], new[1], model_version="turned")
    await cancer.models.DeleteModelVersion(
        model_pb2.DeleteModelVersionRequest(model_id="cancer", version="turned")
    )
    pair = (pointsman_drift.read_classes(names, *old), pointsman_drift.read_classes(names, *new[:2]))
    library = pointsman_drift.compare(features_of(1, 100), after, predictions=pair).to_dict()
    same_as_library(await result_of(cancer), library)


async def test_of_a_regression_errors_are_told_beside_those_of_the_baseline(cancer):
    draw = random.Random(5)
    actual = [draw.gauss(100, 10) for _ in range(60)]
    predicted = [value + draw.gauss(0, 1) for value in actual]
    later = [value + draw.gauss(0, 4) for value in actual]
    block = drift_pb2.LabeledPredictions()
    block.predicted_labels.extend(predicted)
    block.actual_labels.extend(actual)
    before, after = features_of(1, 60), features_of(2, 60)
    await cancer.drift.CreateBaseline(a_baseline(before, labeled_predictions=block))
    await log_answers(cancer, after, None, later)
    await tell(cancer, {f"e{number}": outcome for number, outcome in enumerate(actual)})
    result = await result_of(cancer)
    pair = (pointsman_drift.read_numbers(predicted, actual), pointsman_drift.read_numbers(later, actual))
    same_as_library(result, pointsman_drift.compare(before, after, predictions=pair).to_dict())
    for side, name in zip(pair, ("reference", "realised"), strict=True):
        for metric, one in pointsman_drift.realised_metrics(side).items():
            assert one.value is not None
            assert getattr(result.performance[metric], name) == pytest.approx(one.value, rel=1e-12)
    assert "accuracy_drop" in unjudged(result)["(predictions)"], "a regression has no accuracy"


async def test_algorithms_of_all_columns_run_where_they_are_named(cancer):
    names = ["psi", "domain_classifier", "pca_reconstruction"]
    config = drift_pb2.UpdateAlertConfigRequest(model_id="cancer")
    config.algorithms.enabled.extend(names)
    await cancer.drift.UpdateAlertConfig(config)
    before, after = features_of(1, 120), features_of(2, 90, shift=1.5)
    await cancer.drift.CreateBaseline(a_baseline(before, labeled_predictions=labeled(*drawn(3, 100))))
    await log_answers(cancer, after, *drawn(4, 90)[:2])
    pair = (
        pointsman_drift.read_classes(CLASSES, *drawn(3, 100)),
        pointsman_drift.read_classes(CLASSES, *drawn(4, 90)[:2]),
    )
    library = pointsman_drift.compare(before, after, algorithms=names, predictions=pair).to_dict()
    result = await result_of(cancer)
    same_as_library(result, library)
    assert set(result.features["(all)"]) == {"domain_classifier", "pca_reconstruction"}


async def test_what_is_named_and_has_nothing_to_look_at_is_unjudged(cancer):
    config = drift_pb2.UpdateAlertConfigRequest(model_id="cancer")
    config.algorithms.enabled.extend(["cbpe", "domain_classifier"])
    await cancer.drift.UpdateAlertConfig(config)
    await cancer.drift.CreateBaseline(a_baseline(features_of(1, 60)))
    result = await result_of(cancer)
    assert result.status == drift_pb2.DRIFT_STATUS_WARNING
    assert not result.features
    assert {(one.feature, one.algorithm) for one in result.insufficient_data} == {
        ("(predictions)", ""),
        ("(all)", "domain_classifier"),
    }


async def test_answers_are_judged_where_features_are_not_recorded(bench, cancer):
    old, new = drawn(3, 100), drawn(4, 60)
    await cancer.drift.CreateBaseline(a_baseline(features_of(1, 100), labeled_predictions=labeled(*old)))
    bench.replica.journal.predict(
        *(
            a_row(
                bench.clock() - 1_000_000 + number,
                number,
                router_id="cancer",
                model_id="cancer",
                features_content="none",
                prediction_label=new[1][number],
                probabilities=new[0][number],
            )
            for number in range(60)
        )
    )
    result = await result_of(cancer)
    pair = (pointsman_drift.read_classes(CLASSES, *old), pointsman_drift.read_classes(CLASSES, *new[:2]))
    library = pointsman_drift.compare_predictions(*pair).to_dict()
    assert {name: MessageToDict(one) for name, one in result.features.items()} == json.loads(
        json.dumps({name: one["algorithms"] for name, one in library["features"].items()})
    )
    assert unjudged(result)["age"] == "the window has no predictions with features"


async def test_answers_and_outcomes_that_the_baseline_does_not_know_are_told_of(cancer):
    old, new = drawn(3, 100), drawn(4, 40)
    await cancer.drift.CreateBaseline(a_baseline(features_of(1, 100), labeled_predictions=labeled(*old)))
    predicted = ["perhaps", *new[1][1:]]
    await log_answers(cancer, features_of(2, 40), new[0], predicted)
    await tell(cancer, {"e1": "perhaps", "e2": new[2][2]})
    result = await result_of(cancer)
    assert result.performance["accuracy"].sample_size == 1
    assert list(result.notes) == [
        "1 predictions answer a class that the baseline's labeled predictions lack, or are of a version "
        "whose signature has other classes, and their answers are not compared",
        "1 outcomes are not such as the baseline's labeled predictions have; those predictions count as "
        "without outcome",
    ]


async def test_logged_predictions_from_before_the_model_was_registered_have_their_outcomes(bench, cancer):
    old, new = drawn(3, 100), drawn(4, 40)
    await cancer.drift.CreateBaseline(a_baseline(features_of(1, 100), labeled_predictions=labeled(*old)))
    database = Database(bench.database_url)
    with database.write() as connection:
        connection.execute(update(model_versions).values(create_time_us=bench.clock()))
    database.close()
    await log_answers(cancer, features_of(2, 40), *new[:2])
    await tell(cancer, {f"e{number}": outcome for number, outcome in enumerate(new[2])})
    assert (await result_of(cancer)).performance["accuracy"].sample_size == 40
