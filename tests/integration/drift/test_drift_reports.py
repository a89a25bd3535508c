"""Reports of results: what is kept of an analysis suffices for them."""

import json
import re
from datetime import UTC, datetime, timedelta

import grpc

import pointsman_drift
from contract.drift_by_hand import (
    ANALYZE,
    a_baseline,
    a_prediction,
    drawn,
    ended,
    features_of,
    labeled,
    log_rows,
    moment,
    result_by_hand,
    tell,
)
from pointsman.control.drift.drawing import running
from pointsman.v1 import drift_pb2

REPORT = drift_pb2.GetDriftReportRequest(model_id="cancer")
AS_JSON = drift_pb2.GetDriftReportRequest(model_id="cancer", format=drift_pb2.REPORT_FORMAT_JSON)


async def analysed(cancer):
    """A result of rows that drift; answers it, and what the library says of the same rows."""
    before, after = features_of(1, 200), features_of(2, 150, shift=1.5)
    await cancer.drift.CreateBaseline(a_baseline(before))
    await log_rows(cancer, after)
    job = await ended(
        cancer, (await cancer.drift.Analyze(drift_pb2.AnalyzeRequest(model_id="cancer"))).job_id
    )
    assert job.status == drift_pb2.ANALYSIS_STATUS_SUCCEEDED, job.error
    return job, pointsman_drift.compare(before, after)


async def test_a_report_shows_what_the_library_s_own_shows(cancer):
    job, library = await analysed(cancer)
    page = await cancer.drift.GetDriftReport(REPORT)
    assert page.content_type == "text/html; charset=utf-8"
    text = page.data.decode()
    assert text.startswith("<!DOCTYPE html>")
    assert "Drift of cancer" in text
    assert job.result_id in text

    def figures(found):
        return re.findall(r"<figure>.*?</figure>", found, re.DOTALL)

    assert len(figures(text)) == len(library.histograms.of) > 0
    assert figures(text) == figures(library.to_report().to_html())


async def test_a_report_as_json_has_the_whole_result(cancer):
    job, library = await analysed(cancer)
    answer = await cancer.drift.GetDriftReport(AS_JSON)
    assert answer.content_type == "application/json"
    told = json.loads(answer.data)
    expected = json.loads(library.to_json())
    assert told["result"]["features"] == expected["features"]
    assert told["result"]["histograms"] == expected["histograms"]
    assert told["facts"]["model"] == "cancer"
    assert (told["facts"]["result"], told["facts"]["analysis"]) == (job.result_id, job.job_id)


async def test_a_report_is_of_the_named_result_or_of_the_newest(cancer, failing):
    first, _ = await analysed(cancer)
    await cancer.drift.UpdateAlertConfig(
        drift_pb2.UpdateAlertConfigRequest(model_id="cancer", calibration=drift_pb2.CALIBRATION_OFF)
    )
    second = await ended(cancer, (await cancer.drift.Analyze(ANALYZE)).job_id)

    async def result_of(result_id):
        asked = drift_pb2.GetDriftReportRequest(
            model_id="cancer", result_id=result_id, format=drift_pb2.REPORT_FORMAT_JSON
        )
        told = json.loads((await cancer.drift.GetDriftReport(asked)).data)
        return told["facts"]["result"], told["result"]["calibration"]

    assert await result_of(first.result_id) == (first.result_id, "on")
    assert await result_of("latest") == await result_of("") == (second.result_id, "off")
    unknown = drift_pb2.GetDriftReportRequest(model_id="cancer", result_id="other")
    failure = await failing(cancer.drift.GetDriftReport(unknown))
    assert (failure.code, failure.reason) == (grpc.StatusCode.NOT_FOUND, "RESULT_NOT_FOUND")
    assert "GetResults" in failure.message


async def test_the_report_of_an_old_result_has_the_performance_of_its_time_and_baseline(cancer):
    older, newer = drawn(3, 400), drawn(4, 400, errors=0.5)
    long_ago = datetime.now(UTC) - timedelta(days=60)
    first = await cancer.drift.CreateBaseline(
        a_baseline(features_of(1, 200), labeled_predictions=labeled(*older))
    )
    for day, seed in ((0, 5), (59, 6)):
        scores, predicted, actual = drawn(seed, 50)
        for number in range(50):
            await cancer.drift.LogPrediction(
                a_prediction(
                    features={"age": 40 + number % 7, "plan": "free"},
                    prediction=predicted[number],
                    probabilities=scores[number],
                    entity_id=f"d{day}-{number}",
                    timestamp=moment(long_ago + timedelta(days=day, seconds=number)),
                )
            )
        await tell(cancer, {f"d{day}-{number}": outcome for number, outcome in enumerate(actual)})
    end = long_ago + timedelta(hours=1)
    asked = drift_pb2.AnalyzeRequest(
        model_id="cancer", window_start=moment(end - timedelta(days=1)), window_end=moment(end)
    )
    job = await ended(cancer, (await cancer.drift.Analyze(asked)).job_id)
    assert job.status == drift_pb2.ANALYSIS_STATUS_SUCCEEDED, job.error
    report = drift_pb2.GetDriftReportRequest(
        model_id="cancer", result_id=job.result_id, format=drift_pb2.REPORT_FORMAT_JSON
    )
    before = json.loads((await cancer.drift.GetDriftReport(report)).data)
    (point,) = before["history"]["accuracy"]
    assert point["at"].startswith(long_ago.strftime("%Y-%m-%d"))
    assert point["rows"] == 50
    assert any(f"by baseline {first.baseline_id}" in note for note in before["notes"]), before["notes"]

    second = await cancer.drift.CreateBaseline(
        a_baseline(features_of(1, 200), "v2", labeled_predictions=labeled(*newer))
    )
    await cancer.drift.SetActiveBaseline(
        drift_pb2.SetActiveBaselineRequest(model_id="cancer", baseline_id=second.baseline_id)
    )
    assert json.loads((await cancer.drift.GetDriftReport(report)).data) == before


async def test_without_a_result_there_is_no_report(cancer, failing):
    failure = await failing(cancer.drift.GetDriftReport(REPORT))
    assert (failure.code, failure.reason) == (grpc.StatusCode.NOT_FOUND, "RESULT_NOT_FOUND")


async def test_a_form_that_there_is_not_is_refused(cancer, failing):
    asked = drift_pb2.GetDriftReportRequest.FromString(AS_JSON.SerializeToString()[:-1] + b"\x07")
    failure = await failing(cancer.drift.GetDriftReport(asked))
    assert failure.code is grpc.StatusCode.INVALID_ARGUMENT
    assert list(failure.fields) == ["format"]


async def test_a_result_from_before_there_were_histograms_has_a_report(bench, cancer):
    await cancer.drift.CreateBaseline(a_baseline(features_of(1, 50)))
    result_by_hand(bench, "cancer", "warning")
    page = (await cancer.drift.GetDriftReport(REPORT)).data.decode()
    assert "No feature could be judged" in page
    assert "<svg" not in page


async def test_what_drawing_says_is_told_on(bench, cancer, failing, monkeypatch):
    await cancer.drift.CreateBaseline(a_baseline(features_of(1, 50)))
    result_by_hand(bench, "cancer")
    monkeypatch.setattr(running, "MODULE", "pointsman.no_such_module")
    failure = await failing(cancer.drift.GetDriftReport(REPORT))
    assert failure.code is grpc.StatusCode.UNAVAILABLE
    assert "No module named" in failure.message
