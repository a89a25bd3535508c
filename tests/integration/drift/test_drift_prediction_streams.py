"""Analyses that watch predictions, on both databases: one name in results, JSON and rules of alerts."""

from datetime import datetime

import pytest
from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import ListValue

from contract.drift_by_hand import LATEST, a_baseline, begin_long_ago, ended, labeled, moment
from contract.two_servers import open_bench
from pointsman.domain.times import datetime_of
from pointsman.v1 import drift_pb2
from stage.drift_streams import changing
from stage.lake import a_row
from stage.prediction_streams import AGES, answered

MINUTE_US = 60_000_000
CLASSES = ("denied", "approved")
REFERENCE = answered(3, CLASSES, [0.0], 200)
MOVING = answered(4, CLASSES, [0.0, 3.0, 0.0], 300)
STILL = changing(5, [0.5], 900)


@pytest.fixture(params=["sqlite", "postgresql"])
async def bench(request, tmp_path):
    """A server on a database of either kind, whose model has a baseline, and a detector that is named."""
    url = f"sqlite:///{tmp_path / 'pointsman.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("migrated_postgres")()
    async for bench in open_bench(tmp_path, url):
        user = bench.local
        await user.register("cancer", "1", backend=None)
        begin_long_ago(bench.database_url)
        await user.drift.CreateBaseline(a_baseline({"age": AGES}, labeled_predictions=labels_of(REFERENCE)))
        enabled = ListValue()
        enabled.extend(["ks_test", "adwin"])
        await user.drift.UpdateAlertConfig(
            drift_pb2.UpdateAlertConfigRequest(
                model_id="cancer", enabled=True, algorithms=drift_pb2.AlgorithmSettings(enabled=enabled)
            )
        )
        yield bench


def labels_of(answers):
    return labeled(answers.probabilities, answers.values, answers.values)


def times_of(bench):
    """A time for each row, one a minute, the last one five minutes ago."""
    last_us = bench.clock() // 1_000_000 * 1_000_000 - 5 * MINUTE_US
    return [last_us - (899 - number) * MINUTE_US for number in range(900)]


def record(bench, times, start, end, **fields):
    """Has the journal record some rows."""
    rows = [
        a_row(
            times[number],
            number,
            router_id="cancer",
            model_id="cancer",
            f_age=STILL[number],
            prediction_label=MOVING.values[number],
            prediction_number=None,
            probabilities=list(MOVING.probabilities[number]),
            confidence=max(MOVING.probabilities[number]),
            **fields,
        )
        for number in range(start, end)
    ]
    bench.replica.journal.predict(*rows)


async def analysed(user, **window):
    job = await user.drift.Analyze(drift_pb2.AnalyzeRequest(model_id="cancer", **window))
    job = await ended(user, job.job_id)
    assert job.status == drift_pb2.ANALYSIS_STATUS_SUCCEEDED, job.error
    return await user.drift.GetLatestResult(LATEST)


def figure(result, name="(score)"):
    return MessageToDict(result.features[name])["adwin"]


async def test_scores_that_move_alone_are_seen_beside_the_figures_of_their_window_and_told(bench):
    user = bench.local
    await user.drift.UpdateAlertRules(
        drift_pb2.UpdateAlertRulesRequest(
            model_id="cancer",
            rules=[
                drift_pb2.AlertRule(
                    name=name,
                    figure=drift_pb2.ALERT_FIGURE_SCORE,
                    algorithm="adwin",
                    features=[feature],
                    tiers=[drift_pb2.AlertTier(name="page", threshold=0.5)],
                )
                for name, feature in (("scores", "(score)"), ("ages", "age"))
            ],
        )
    )
    times = times_of(bench)
    record(bench, times, 0, 600)
    bench.replica.journal.seal_predictions()
    record(bench, times, 600, 900)
    first = await analysed(user, window_days=1, window_end=moment(datetime_of(times[500])))
    second = await analysed(user, window_days=1)
    assert set(MessageToDict(second.features["(score)"])) == {"adwin", "ks_test"}, "one name for both"
    assert set(second.features) == {"age", "(score)", "(confidence)"}, "of texts there is no such figure"
    assert [figure(one)["m"] for one in (first, second)] == [500, 400]
    assert [figure(one)["n"] for one in (first, second)] == [500, 900]
    places = MOVING.detections(REFERENCE, "(score)", "adwin")
    assert len(places) >= 2, "the score moves twice"
    assert min(places) < 500 < max(places)
    told = [change for one in (first, second) for change in figure(one)["details"]["changes"]]
    assert [datetime.fromisoformat(one) for one in told] == [datetime_of(times[place]) for place in places]
    assert [figure(one, "age")["score"] for one in (first, second)] == [0, 0]
    assert second.origin == drift_pb2.DRIFT_ORIGIN_MODEL, "answers move, and inputs do not"
    events = (await user.drift.GetAlertEvents(drift_pb2.GetAlertEventsRequest(model_id="cancer"))).events
    assert {one.rule for one in events} == {"scores"}
    assert events[-1].kind == drift_pb2.ALERT_EVENT_KIND_FIRING
    assert all("(score)" in one.summary for one in events), events


async def test_answers_whose_features_were_not_recorded_are_seen(bench):
    record(bench, times_of(bench), 0, 900, features_content="none")
    result = await analysed(bench.local, window_days=1)
    assert figure(result)["m"] == 900
    assert figure(result)["score"] == len(MOVING.detections(REFERENCE, "(score)", "adwin"))


async def test_a_baseline_without_labeled_predictions_says_why_none_is_seen(bench):
    user = bench.local
    await user.drift.CreateBaseline(a_baseline({"age": AGES}, "v2"))
    found = (await user.drift.GetBaselines(drift_pb2.GetBaselinesRequest(model_id="cancer"))).baselines
    (plain,) = (one.baseline_id for one in found if one.version == "v2")
    asked = drift_pb2.SetActiveBaselineRequest(model_id="cancer", baseline_id=plain)
    await user.drift.SetActiveBaseline(asked)
    record(bench, times_of(bench), 0, 900)
    result = await analysed(user, window_days=1)
    reasons = {(one.feature, one.algorithm): one.reason for one in result.not_measured}
    assert "the baseline has no labeled predictions" in reasons["(predictions)", "adwin"]
    assert figure(result, "age")["m"] == 900


async def test_a_feature_cannot_be_called_as_what_results_have_of_predictions(bench, failing):
    for name in ("(score)", "(score of approved)", "(confidence)", "(prediction)", "(predictions)", "(all)"):
        asked = a_baseline({"age": AGES, name: AGES}, "v2", labeled_predictions=labels_of(REFERENCE))
        failure = await failing(bench.local.drift.CreateBaseline(asked))
        assert list(failure.fields) == [f"feature_data.{name}"]
        assert "rename it" in failure.fields[f"feature_data.{name}"]
