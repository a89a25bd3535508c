"""Baselines of a window of production: what a model was asked and answered, and what came true."""

import random
from datetime import UTC, datetime, timedelta

import grpc
import pytest

import pointsman_drift
from contract.drift_by_hand import (
    CLASSES,
    LATEST,
    a_prediction,
    begin_long_ago,
    drawn,
    ended,
    features_of,
    listed,
    log_rows,
    moment,
    tell,
)
from pointsman.control.convert.values import plain
from pointsman.control.drift import windowed_baselines
from pointsman.v1 import drift_pb2, model_pb2
from stage.lake import a_row

pytestmark = pytest.mark.usefixtures("logged_place")
ACTIVE = drift_pb2.GetActiveBaselineRequest(model_id="cancer")


def of_window(version="v1", **window):
    window.setdefault("days", 1.0)
    return drift_pb2.CreateBaselineRequest(
        model_id="cancer", version=version, window=drift_pb2.BaselineWindow(**window)
    )


def record(bench, features, answers, ago_us=3_600_000_000, **fields):
    """Rows of a router, of entities ``e0``, ``e1``, …"""
    now_us = bench.clock()
    bench.replica.journal.predict(
        *(
            a_row(
                now_us - ago_us + number,
                number,
                router_id="cancer",
                model_id="cancer",
                entity_id=f"e{number}",
                prediction_label=answers[1][number],
                probabilities=answers[0][number],
                **(
                    {"f_age": features["age"][number], "f_plan": features["plan"][number]} if features else {}
                ),
                **fields,
            )
            for number in range(len(answers[1]))
        )
    )


def rows_of(baseline):
    """Rows of the features, in no order."""
    columns = {name: [plain(one) for one in values.values] for name, values in baseline.feature_data.items()}
    return sorted(zip(columns["age"], columns["plan"], strict=True))


async def test_a_baseline_of_a_window_holds_its_features_answers_and_known_outcomes(bench, cancer):
    features, answers = features_of(1, 60), drawn(2, 60)
    record(bench, {name: values[:40] for name, values in features.items()}, [one[:40] for one in answers])
    bench.replica.journal.seal_predictions()
    await log_rows(cancer, {name: values[40:] for name, values in features.items()})
    # Of another time.
    record(bench, features_of(9, 5), [one[:5] for one in drawn(9, 5)], ago_us=3 * 86_400_000_000)
    await tell(cancer, {f"e{number}": answers[2][number] for number in range(25)})
    made = await cancer.drift.CreateBaseline(of_window())
    assert (made.sample_size, list(made.notes)) == (60, [])
    baseline = await cancer.drift.GetActiveBaseline(ACTIVE)
    assert baseline.baseline_id == made.baseline_id
    assert baseline.sample_size == 60
    assert rows_of(baseline) == sorted(zip(features["age"], features["plan"], strict=True))
    assert baseline.class_labels == listed(CLASSES)
    block = baseline.labeled_predictions
    assert len(block.probabilities) == 60
    actual = [plain(one) for one in block.actual_labels.values]
    assert len([one for one in actual if one is not None]) == 25


async def test_an_analysis_of_the_same_window_finds_no_drift_and_is_the_library_s(bench, cancer):
    features, answers = features_of(1, 80), drawn(2, 80)
    record(bench, features, answers)
    await tell(cancer, {f"e{number}": outcome for number, outcome in enumerate(answers[2])})
    await cancer.drift.CreateBaseline(of_window())
    job = await ended(
        cancer,
        (await cancer.drift.Analyze(drift_pb2.AnalyzeRequest(model_id="cancer", window_days=1))).job_id,
    )
    assert job.status == drift_pb2.ANALYSIS_STATUS_SUCCEEDED, job.error
    result = await cancer.drift.GetLatestResult(LATEST)
    assert result.status == drift_pb2.DRIFT_STATUS_OK
    side = pointsman_drift.read_classes(CLASSES, *answers)
    library = pointsman_drift.compare(features, features, predictions=(side, side))
    for name, algorithm in [("age", "ks_test"), ("(score)", "psi"), ("(predictions)", "cbpe")]:
        figure = library.figure(name, algorithm)
        assert result.features[name][algorithm]["score"] == pytest.approx(figure.score, abs=1e-12)
    assert result.performance["accuracy"].realised == result.performance["accuracy"].reference


async def test_too_few_rows_are_refused_with_the_figure(bench, cancer, failing):
    record(bench, features_of(1, 29), drawn(2, 29))
    failure = await failing(cancer.drift.CreateBaseline(of_window()))
    assert (failure.code, failure.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "WINDOW_TOO_SMALL")
    assert "it has 29 predictions" in failure.message
    assert "min_baseline_sample_size is 30" in failure.message
    await cancer.drift.UpdateAlertConfig(
        drift_pb2.UpdateAlertConfigRequest(model_id="cancer", min_baseline_sample_size=29)
    )
    assert (await cancer.drift.CreateBaseline(of_window())).sample_size == 29


async def test_a_window_beside_data_and_one_that_cannot_be_are_refused_with_their_fields(cancer, failing):
    both = of_window()
    both.feature_data["age"].extend([1, 2])
    assert list((await failing(cancer.drift.CreateBaseline(both))).fields) == ["feature_data"]
    late = of_window(end=moment(datetime.now(UTC) + timedelta(days=1)))
    assert list((await failing(cancer.drift.CreateBaseline(late))).fields) == ["window.end"]
    assert list((await failing(cancer.drift.CreateBaseline(of_window(days=-1)))).fields) == ["window.days"]


async def test_rows_of_routers_that_the_caller_may_not_read_are_left_out(bench, cancer):
    ann = bench.user("ann")
    await ann.register("shared", "1")
    begin_long_ago(bench.database_url)
    now_us = bench.clock()
    bench.replica.journal.predict(
        *(
            a_row(now_us - 1_000_000 + number, number, router_id="cancer", model_id="shared", f_age=1.0)
            for number in range(50)
        )
    )
    await log_rows(ann, {"age": [float(number) for number in range(40)]}, model_id="shared")
    made = await ann.drift.CreateBaseline(
        drift_pb2.CreateBaselineRequest(
            model_id="shared", version="v1", window=drift_pb2.BaselineWindow(days=1)
        )
    )
    assert made.sample_size == 40
    assert made.notes[0] == "50 predictions of routers that you may not read are left out"


async def test_a_regression_s_numbers_are_its_labeled_predictions(cancer):
    draw = random.Random(4)
    start = datetime.now(UTC) - timedelta(hours=1)
    for number in range(30):
        await cancer.drift.LogPrediction(
            a_prediction(
                features={"age": number},
                prediction=draw.random(),
                probabilities=[],
                entity_id=f"e{number}",
                timestamp=moment(start + timedelta(seconds=number)),
            )
        )
    await tell(cancer, {"e3": 0.5})
    await cancer.drift.CreateBaseline(of_window())
    block = (await cancer.drift.GetActiveBaseline(ACTIVE)).labeled_predictions
    assert len(block.predicted_labels.values) == 30
    assert [plain(one) for one in block.actual_labels.values].count(0.5) == 1
    assert not block.probabilities


async def test_answers_that_do_not_tell_which_class_is_which_are_left_out_and_said_to_be(bench, cancer):
    record(bench, features_of(1, 30), ([[0.5, 0.5]] * 30, ["approved"] * 30))
    made = await cancer.drift.CreateBaseline(of_window())
    (note,) = made.notes
    assert note.startswith("the baseline has no labeled predictions: ")
    assert not (await cancer.drift.GetActiveBaseline(ACTIVE)).HasField("labeled_predictions")


async def test_of_many_rows_a_part_is_drawn_by_lot(bench, cancer, monkeypatch):
    monkeypatch.setattr(windowed_baselines, "rows_for", lambda width: 400 // width)
    record(bench, features_of(1, 400), drawn(2, 400))
    made = await cancer.drift.CreateBaseline(of_window())
    assert 60 < made.sample_size < 140, "a hundred rows of two features and two probabilities"
    assert made.notes[0] == f"of 400 predictions {made.sample_size} were drawn by lot"
    ages = [plain(one) for one in (await cancer.drift.GetActiveBaseline(ACTIVE)).feature_data["age"].values]
    assert set(ages) <= set(features_of(1, 400)["age"])


async def test_values_of_another_kind_than_most_count_as_missing(cancer):
    await log_rows(cancer, {"age": [*range(40), "old"]})
    made = await cancer.drift.CreateBaseline(of_window())
    assert "feature 'age': 1 values are no number, as most are, and count as missing" in made.notes
    baseline = await cancer.drift.GetActiveBaseline(ACTIVE)
    assert [plain(one) for one in baseline.feature_data["age"].values].count(None) == 1


async def test_versions_with_other_orders_of_classes_are_brought_into_one_also_when_deleted(bench, cancer):
    for version, labels in (("straight", CLASSES), ("turned", CLASSES[::-1])):
        await cancer.register("cancer", version, backend=None, signature={"task": 1, "labels": [*labels]})
    scores, predicted, _ = drawn(2, 40)
    now_us = bench.clock()
    bench.replica.journal.predict(
        *(
            a_row(
                now_us - 1_000_000 + number,
                number,
                router_id="cancer",
                model_id="cancer",
                model_version="turned" if number % 4 == 0 else "straight",
                prediction_label=predicted[number],
                probabilities=scores[number][::-1] if number % 4 == 0 else scores[number],
                f_age=1.0,
            )
            for number in range(40)
        )
    )
    await cancer.models.DeleteModelVersion(
        model_pb2.DeleteModelVersionRequest(model_id="cancer", version="turned")
    )
    begin_long_ago(bench.database_url)
    assert not (await cancer.drift.CreateBaseline(of_window())).notes
    baseline = await cancer.drift.GetActiveBaseline(ACTIVE)
    block = baseline.labeled_predictions
    told = [tuple(plain(one) for one in row.values) for row in block.probabilities]
    answers = [plain(one) for one in block.predicted_labels.values]
    assert len(told) == 40
    expected = sorted(zip(map(tuple, scores), predicted, strict=True))
    assert sorted(zip(told, answers, strict=True)) == expected
    assert baseline.class_labels == listed(CLASSES)


@pytest.mark.parametrize("is_logged", [False, True])
async def test_the_more_classes_the_fewer_rows_are_drawn(bench, cancer, monkeypatch, is_logged):
    widths = []

    def rows_for(width):
        widths.append(width)
        return 50

    monkeypatch.setattr(windowed_baselines, "rows_for", rows_for)
    scores = [0.05] * 20
    if is_logged:
        await log_rows(cancer, {"age": [1.0] * 40}, probabilities=scores)
    else:
        record(bench, features_of(1, 40), ([scores] * 40, ["approved"] * 40))
        bench.replica.journal.seal_predictions()
    await cancer.drift.CreateBaseline(of_window())
    assert widths == [21 if is_logged else 22], "features and probabilities of a row"
