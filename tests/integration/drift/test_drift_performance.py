"""Performance history: what came true beside what was estimated, and whether the two stay together."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

import pointsman_drift
from contract.drift_by_hand import CLASSES, a_baseline, drawn, features_of, labeled, tell
from pointsman.control.drift import history
from pointsman.lake.models.step_answers import AnswerQuestion
from pointsman.v1 import drift_pb2
from stage.lake import a_row

ASKED = drift_pb2.GetPerformanceHistoryRequest(model_id="cancer")
OLD = drawn(3, 400)
ROWS = 60


@pytest.fixture
async def cancer(cancer):
    await cancer.drift.CreateBaseline(a_baseline(features_of(1, 60), labeled_predictions=labeled(*OLD)))
    return cancer


@pytest.fixture
def midnight():
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


async def day_of(bench, user, time, seed, errors=0.0, outcomes=ROWS):
    """Sixty predictions of one time, of so many with what came true."""
    scores, predicted, actual = drawn(seed, ROWS, errors)
    time_us = int(time.timestamp() * 1_000_000)
    bench.replica.journal.predict(
        *(
            a_row(
                time_us + number,
                number,
                router_id="cancer",
                model_id="cancer",
                entity_id=f"s{seed}-{number}",
                prediction_label=predicted[number],
                probabilities=scores[number],
            )
            for number in range(ROWS)
        )
    )
    await tell(user, {f"s{seed}-{number}": actual[number] for number in range(outcomes)})
    known = [outcome if number < outcomes else None for number, outcome in enumerate(actual)]
    return pointsman_drift.read_classes(CLASSES, scores, predicted, known)


async def test_each_step_has_the_library_s_estimate_beside_what_came_true(bench, cancer, midnight):
    days = [
        await day_of(bench, cancer, midnight - timedelta(days=2), 11),
        await day_of(bench, cancer, midnight - timedelta(days=1), 12, outcomes=40),
    ]
    bench.replica.journal.seal_predictions()
    days.append(await day_of(bench, cancer, midnight - timedelta(hours=1), 13, outcomes=0))
    answer = await cancer.drift.GetPerformanceHistory(
        drift_pb2.GetPerformanceHistoryRequest(
            model_id="cancer", granularity=drift_pb2.PERFORMANCE_GRANULARITY_HOURLY
        )
    )
    assert [point.sample_size for point in answer.history] == [60, 40, 0]
    reference = pointsman_drift.read_classes(CLASSES, *OLD)
    for point, day in zip(answer.history, days, strict=True):
        library = pointsman_drift.estimate_performance(reference, day)
        assert set(point.metrics) == set(library)
        for name, one in library.items():
            told = point.metrics[name]
            assert (told.estimate, told.lower, told.upper) == pytest.approx(
                (one.estimate.value, one.estimate.lower, one.estimate.upper), rel=1e-12
            )
            assert told.HasField("realised") == (one.realised is not None)
            if one.realised is not None:
                assert one.compared is not None
                assert (told.compared, told.compared_lower, told.compared_upper) == pytest.approx(
                    (one.compared.value, one.compared.lower, one.compared.upper), rel=1e-12
                )
                assert told.realised == pytest.approx(one.realised.value, rel=1e-12)
                assert told.inside_band == one.is_inside
    assert answer.history[1].accuracy == answer.history[1].metrics["accuracy"].realised


async def test_a_rule_that_changes_is_concept_drift_once_outcomes_are_known(bench, cancer, midnight):
    for ago in range(6, 3, -1):
        await day_of(bench, cancer, midnight - timedelta(days=ago), ago)
    before = await cancer.drift.GetPerformanceHistory(ASKED)
    assert not before.concept_drift
    assert before.divergence["accuracy"].inside_share == 1.0
    assert before.divergence["accuracy"].periods == 3

    for ago in range(3, 0, -1):
        await day_of(bench, cancer, midnight - timedelta(days=ago), ago, errors=0.9, outcomes=0)
    untold = await cancer.drift.GetPerformanceHistory(ASKED)
    assert not untold.concept_drift, "estimates cannot see it"

    for ago in range(3, 0, -1):
        actual = drawn(ago, ROWS, 0.9)[2]
        await tell(cancer, {f"s{ago}-{number}": outcome for number, outcome in enumerate(actual)})
    after = await cancer.drift.GetPerformanceHistory(ASKED)
    assert after.concept_drift
    told = after.divergence["accuracy"]
    assert (told.concept_drift, told.direction, told.outside, told.periods) == (True, "worse", 3, 5)
    assert told.inside_share == 0.5
    estimates = [point.metrics["accuracy"].estimate for point in after.history]
    assert estimates == [point.metrics["accuracy"].estimate for point in untold.history], "they stay flat"


async def test_steps_with_few_outcomes_are_not_held_against_their_estimates(bench, cancer, midnight):
    for ago in range(5, 0, -1):
        await day_of(bench, cancer, midnight - timedelta(days=ago), ago, errors=1.0, outcomes=29)
    answer = await cancer.drift.GetPerformanceHistory(ASKED)
    assert not answer.concept_drift
    assert answer.divergence["accuracy"].periods == 0
    assert not answer.divergence["accuracy"].HasField("inside_share")


async def test_weeks_begin_on_monday_and_sum_up_their_days(bench, cancer, midnight):
    monday = midnight - timedelta(days=midnight.weekday() + 14)
    for day in (0, 6):
        await day_of(bench, cancer, monday + timedelta(days=day), day + 1, outcomes=30)
    answer = await cancer.drift.GetPerformanceHistory(
        drift_pb2.GetPerformanceHistoryRequest(
            model_id="cancer", granularity=drift_pb2.PERFORMANCE_GRANULARITY_WEEKLY
        )
    )
    (week,) = answer.history
    assert week.timestamp.ToDatetime(UTC) == monday
    assert (week.prediction_count, week.sample_size, week.coverage) == (120, 60, 0.5)


async def test_of_very_many_answers_a_part_is_drawn_and_counts_stay_exact(
    bench, cancer, midnight, monkeypatch
):
    for seed in range(4):
        await day_of(bench, cancer, midnight - timedelta(hours=2 + seed), seed)
    exact = await cancer.drift.GetPerformanceHistory(ASKED)
    monkeypatch.setattr(history, "AnswerQuestion", partial(AnswerQuestion, most_of_step=100))
    drawn_ = await cancer.drift.GetPerformanceHistory(ASKED)
    assert list(drawn_.notes) == [
        "estimates of steps with very many predictions are of a part of them, drawn by lot"
    ]
    (one,), (other,) = exact.history, drawn_.history
    assert (one.accuracy, one.sample_size) == (other.accuracy, other.sample_size) == (one.accuracy, 240)
    assert 60 < other.metrics["accuracy"].sample_size < 140
    assert other.metrics["accuracy"].estimate == pytest.approx(one.metrics["accuracy"].estimate, abs=0.05)
    again = await cancer.drift.GetPerformanceHistory(ASKED)
    assert again == drawn_, "lots fall the same"
