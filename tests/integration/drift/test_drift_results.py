"""What an analysis looks at, and what comes of it: rows, windows, values of other kinds, results."""

from datetime import UTC, datetime, timedelta

import grpc
import pytest

import pointsman_drift
from contract.drift_by_hand import (
    ANALYZE,
    LATEST,
    a_baseline,
    ended,
    features_of,
    figures_of,
    library_figures,
    log_rows,
    result_by_hand,
)
from pointsman.v1 import drift_pb2
from stage.lake import a_row


async def test_predictions_of_routers_are_compared_without_being_logged(bench, cancer):
    before = features_of(1, 120)
    after = features_of(3, 90)
    await cancer.drift.CreateBaseline(a_baseline(before))
    now_us = bench.clock()
    rows = [
        a_row(
            now_us - 3_600_000_000 + number,
            number,
            router_id="cancer",
            model_id="cancer",
            f_age=after["age"][number],
            f_plan=after["plan"][number],
        )
        for number in range(90)
    ]
    # Some in files, some in the journal alone.
    bench.replica.journal.predict(*rows[:50])
    bench.replica.journal.seal_predictions()
    bench.replica.journal.predict(*rows[50:70])
    await log_rows(cancer, {name: values[70:] for name, values in after.items()})
    job = await ended(cancer, (await cancer.drift.Analyze(ANALYZE)).job_id)
    assert job.status == drift_pb2.ANALYSIS_STATUS_SUCCEEDED, job.error
    result = await cancer.drift.GetLatestResult(LATEST)
    assert result.current_rows == 90
    library = pointsman_drift.compare(before, after).to_dict()
    assert figures_of(result) == library_figures(library)


async def test_a_window_without_rows_says_that_nothing_could_be_judged(cancer):
    await cancer.drift.CreateBaseline(a_baseline(features_of(1, 50)))
    job = await ended(cancer, (await cancer.drift.Analyze(ANALYZE)).job_id)
    assert job.status == drift_pb2.ANALYSIS_STATUS_SUCCEEDED, job.error
    result = await cancer.drift.GetLatestResult(LATEST)
    assert result.status == drift_pb2.DRIFT_STATUS_WARNING
    assert {one.feature for one in result.insufficient_data} == {"age", "plan", "(predictions)"}
    assert not result.features


async def test_without_a_large_enough_baseline_nothing_is_analysed(cancer, failing):
    failure = await failing(cancer.drift.Analyze(ANALYZE))
    assert (failure.code, failure.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "NO_BASELINE")
    await cancer.drift.CreateBaseline(a_baseline({"age": list(range(29))}))
    failure = await failing(cancer.drift.Analyze(ANALYZE))
    assert failure.reason == "BASELINE_TOO_SMALL"
    assert "29 rows" in failure.message
    await cancer.drift.UpdateAlertConfig(
        drift_pb2.UpdateAlertConfigRequest(model_id="cancer", min_baseline_sample_size=29)
    )
    job = await ended(cancer, (await cancer.drift.Analyze(ANALYZE)).job_id)
    assert job.status == drift_pb2.ANALYSIS_STATUS_SUCCEEDED, job.error


async def test_the_window_s_times_win_over_its_days_and_those_over_the_schedule_s(cancer):
    await cancer.drift.CreateBaseline(a_baseline(features_of(1, 50)))
    await cancer.drift.UpdateAlertConfig(
        drift_pb2.UpdateAlertConfigRequest(
            model_id="cancer", schedule=drift_pb2.ScheduleSettings(time_window_days=3)
        )
    )

    async def length(**fields):
        job = await cancer.drift.Analyze(drift_pb2.AnalyzeRequest(model_id="cancer", **fields))
        await cancer.drift.CancelAnalysis(
            drift_pb2.CancelAnalysisRequest(model_id="cancer", job_id=job.job_id)
        )
        return job.window_end.ToDatetime(UTC) - job.window_start.ToDatetime(UTC)

    start = datetime.now(UTC) - timedelta(days=20)
    end = start + timedelta(hours=5)
    assert await length() == timedelta(days=3)
    assert await length(window_days=0.5) == timedelta(hours=12)
    assert await length(window_days=0.5, window_end=end) == timedelta(hours=12)
    assert await length(window_days=0.5, window_start=start, window_end=end) == timedelta(hours=5)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"window_days": 0}, "window_days"),
        ({"window_days": float("nan")}, "window_days"),
        ({"window_end": datetime(2100, 1, 1, tzinfo=UTC)}, "window_end"),
        (
            {
                "window_start": datetime(2026, 2, 1, tzinfo=UTC),
                "window_end": datetime(2026, 1, 1, tzinfo=UTC),
            },
            "window_start",
        ),
    ],
)
async def test_a_window_that_cannot_be_is_refused_with_its_field(cancer, failing, fields, field):
    await cancer.drift.CreateBaseline(a_baseline(features_of(1, 50)))
    failure = await failing(cancer.drift.Analyze(drift_pb2.AnalyzeRequest(model_id="cancer", **fields)))
    assert failure.code is grpc.StatusCode.INVALID_ARGUMENT
    assert list(failure.fields) == [field]


async def test_a_feature_that_routers_record_with_another_type_fails_the_analysis(bench, cancer):
    await cancer.drift.CreateBaseline(a_baseline({"age": [f"{number} years" for number in range(40)]}))
    bench.replica.journal.predict(
        a_row(bench.clock() - 1_000_000, 1, router_id="cancer", model_id="cancer", f_age=40.0)
    )
    job = await ended(cancer, (await cancer.drift.Analyze(ANALYZE)).job_id)
    assert job.status == drift_pb2.ANALYSIS_STATUS_FAILED
    assert job.error.startswith("feature 'age': the baseline has values of the kind text")


async def test_values_of_another_kind_count_as_missing_and_are_told_of(cancer):
    await cancer.drift.CreateBaseline(a_baseline({"age": list(range(40))}))
    await log_rows(cancer, {"age": [*range(40), "old", True]})
    job = await ended(cancer, (await cancer.drift.Analyze(ANALYZE)).job_id)
    assert job.status == drift_pb2.ANALYSIS_STATUS_SUCCEEDED, job.error
    result = await cancer.drift.GetLatestResult(LATEST)
    assert list(result.notes) == [
        "feature 'age': 2 values are no number, as the baseline has them, and count as missing"
    ]
    assert result.features["age"]["missing_values"]["value"] == pytest.approx(2 / 42)


async def test_results_are_listed_newest_first_and_by_status(bench, cancer):
    await cancer.drift.CreateBaseline(a_baseline(features_of(1, 50)))
    for status in ("ok", "alert", "ok"):
        result_by_hand(bench, "cancer", status)

    async def listed(**fields):
        answer = await cancer.drift.GetResults(drift_pb2.GetResultsRequest(model_id="cancer", **fields))
        return [one.status for one in answer.results]

    ok, alert = drift_pb2.DRIFT_STATUS_OK, drift_pb2.DRIFT_STATUS_ALERT
    assert await listed() == [ok, alert, ok]
    assert await listed(limit=2) == [ok, alert]
    assert await listed(status=alert) == [alert]
