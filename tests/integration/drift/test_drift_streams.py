"""Analyses that name detectors of changes, on both databases: each row is seen once, whatever happens."""

import json
import math
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import ListValue
from sqlalchemy import func, select, update

from contract.drift_by_hand import LATEST, a_baseline, a_prediction, begin_long_ago, ended, moment
from contract.two_servers import open_bench
from pointsman.control.drift.schedule import AnalysisSchedule
from pointsman.control.jobs.ending import Ending
from pointsman.control.jobs.job import JobContext
from pointsman.domain.ports.analysing import AnalysisStart
from pointsman.store.database import Database
from pointsman.store.schema import drift_analyses, drift_streams
from pointsman.v1 import drift_pb2, model_pb2
from pointsman_drift import scale_of, watch
from stage.drift_streams import changing
from stage.lake import a_row
from stage.waiting import until

pytestmark = pytest.mark.usefixtures("logged_place")
BEFORE: dict[str, list[Any]] = {"age": changing(2, [0.0], 200), "plan": ["free", "paid"] * 100}
AFTER = changing(3, [0.0, 3.0, 0.0], 100)
HOUR_US = 3_600_000_000


@pytest.fixture(params=["sqlite", "postgresql"])
async def bench(request, tmp_path):
    """A server on a database of either kind, whose model has a baseline, and detectors that are named."""
    url = f"sqlite:///{tmp_path / 'pointsman.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("migrated_postgres")()
    async for bench in open_bench(tmp_path, url):
        await prepare(bench)
        yield bench


async def prepare(bench):
    user = bench.local
    await user.register("cancer", "1", backend=None)
    begin_long_ago(bench.database_url)
    await user.drift.CreateBaseline(a_baseline(BEFORE))
    await name(user, ["ks_test", "adwin", "page_hinkley"], page_hinkley={"threshold": 3.0})


async def name(user, algorithms, **params):
    overrides = {one: drift_pb2.AlgorithmOverride(params=values) for one, values in params.items()}
    enabled = ListValue()
    enabled.extend(algorithms)
    await user.drift.UpdateAlertConfig(
        drift_pb2.UpdateAlertConfigRequest(
            model_id="cancer",
            algorithms=drift_pb2.AlgorithmSettings(enabled=enabled, overrides=overrides),
        )
    )


def times_of(bench):
    """A time for each row, the last one five minutes ago."""
    count = len(AFTER)
    last = datetime.fromtimestamp(bench.clock() // 1_000_000, UTC) - timedelta(minutes=5)
    return [last - timedelta(minutes=count - 1 - number) for number in range(count)]


async def log(user, times, values):
    for at, value in zip(times, values, strict=True):
        await user.drift.LogPrediction(
            a_prediction(features={"age": value, "plan": "free"}, timestamp=moment(at))
        )


async def begin(user, **window: Any):
    return await user.drift.Analyze(drift_pb2.AnalyzeRequest(model_id="cancer", **window))


async def analysed(user, **window: Any):
    job = await ended(user, (await begin(user, **window)).job_id)
    assert job.status == drift_pb2.ANALYSIS_STATUS_SUCCEEDED, job.error
    return await user.drift.GetLatestResult(LATEST)


def figure(result, algorithm):
    found: dict[str, Any] = MessageToDict(result.features["age"])[algorithm]
    return found


def changes_of(*results, algorithm):
    return [at for result in results for at in figure(result, algorithm)["details"]["changes"]]


def expected(algorithm, times, values=tuple(AFTER)):
    """When the library sees changes in all rows at once, on the baseline's scale."""
    scale = scale_of(BEFORE["age"])
    assert scale is not None
    parameters = {"threshold": 3.0} if algorithm == "page_hinkley" else {}
    places = watch(algorithm, scale.of(np.array(values)), parameters=parameters).detections
    return [times[place].isoformat().replace("+00:00", "Z") for place in places]


def rows(bench):
    database = Database(bench.database_url)
    with database.read() as connection:
        found = connection.execute(select(drift_streams).order_by(drift_streams.c.algorithm)).mappings().all()
    database.close()
    return [dict(row) for row in found]


async def test_analyses_of_overlapping_windows_see_what_one_would(bench):
    times, user = times_of(bench), bench.local
    await log(user, times, AFTER)
    # Each of the last day, as a schedule has them.
    results = [
        await analysed(user, window_days=1, window_end=moment(times[place])) for place in (60, 200, 250)
    ]
    results.append(await analysed(user, window_days=1))
    for algorithm in ("adwin", "page_hinkley"):
        wanted = expected(algorithm, times)
        assert len(wanted) >= 2, "the values change twice"
        assert changes_of(*results, algorithm=algorithm) == wanted
        assert [figure(one, algorithm)["m"] for one in results] == [60, 140, 50, 50]
        assert [figure(one, algorithm)["n"] for one in results] == [60, 200, 250, 300]
    told = figure(results[1], "adwin")
    assert told["drift"] is True
    assert (told["score"], told["status"], told["pValue"]) == (1, "warning", None)
    assert results[1].algorithms["adwin"].score == 1
    assert "adwin" not in MessageToDict(results[1].features["plan"]), "texts are no stream"
    again = await analysed(user, window_days=1)
    assert "adwin" not in MessageToDict(again.features["age"])
    reasons = {(one.feature, one.algorithm): one.reason for one in again.not_measured}
    assert "were seen already" in reasons["age", "adwin"] or "no row from" in reasons["age", "adwin"]


async def test_what_routers_recorded_is_seen_beside_what_was_logged(bench):
    times, user = times_of(bench), bench.local
    recorded = [
        a_row(
            int(at.timestamp() * 1e6),
            number,
            router_id="cancer",
            model_id="cancer",
            f_age=AFTER[number],
            f_plan="free",
        )
        for number, at in enumerate(times)
    ]
    # Files of a window, of before it, the journal's tail, and rows that were logged.
    journal = bench.replica.journal
    journal.predict(*recorded[:80])
    journal.seal_predictions()
    await analysed(user, window_days=1, window_end=moment(times[70]))
    journal.predict(*recorded[80:160])
    journal.seal_predictions()
    journal.predict(*recorded[160:200])
    await log(user, times[200:], AFTER[200:])
    first = await analysed(user, window_start=moment(times[220]))
    assert figure(first, "adwin")["m"] == 230
    assert figure(first, "adwin")["n"] == 300
    assert rows(bench)[0]["row_count"] == 300
    state = json.loads(rows(bench)[0]["state"])
    scale = scale_of(BEFORE["age"])
    assert scale is not None
    assert state == json.loads(watch("adwin", scale.of(np.array(AFTER))).state)


async def test_a_killed_program_shows_no_row_twice_and_loses_none(bench):
    times, user = times_of(bench), bench.local
    await log(user, times, AFTER)
    first = await analysed(user, window_days=1, window_end=moment(times[100]))
    left = rows(bench)
    job = await begin(user, window_days=1)
    runner = bench.plane.parts.drift._runner
    process, _ = runner._processes[AnalysisStart(job.job_id, 1)]
    process.kill()
    await until(lambda: AnalysisStart(job.job_id, 2) in runner.known(), 30, "a second start")
    assert rows(bench) == left, "what was killed left nothing"
    job = await ended(user, job.job_id)
    assert (job.status, job.attempt) == (drift_pb2.ANALYSIS_STATUS_SUCCEEDED, 2), job.error
    second = await user.drift.GetLatestResult(LATEST)
    assert changes_of(first, second, algorithm="adwin") == expected("adwin", times)
    assert figure(second, "adwin")["n"] == 300


async def test_a_cancelled_analysis_leaves_streams_as_they_were(bench):
    times, user = times_of(bench), bench.local
    await log(user, times, AFTER)
    await analysed(user, window_days=1, window_end=moment(times[100]))
    left = rows(bench)
    job = await begin(user, window_days=1)
    await user.drift.CancelAnalysis(drift_pb2.CancelAnalysisRequest(model_id="cancer", job_id=job.job_id))
    runner = bench.plane.parts.drift._runner
    await until(lambda: AnalysisStart(job.job_id, 1) not in runner.known(), 30, "the end of its program")
    assert rows(bench) == left
    assert figure(await analysed(user, window_days=1), "adwin")["m"] == 200


async def test_late_rows_a_new_baseline_and_a_broken_state_are_told_of(bench):
    times, user = times_of(bench), bench.local
    await log(user, times[:200], AFTER[:200])
    await analysed(user, window_days=1, window_end=moment(times[200]))
    await log(user, [times[3], times[4]], [0.0, 0.0])
    await log(user, times[200:250], AFTER[200:250])
    result = await analysed(user, window_days=1, window_end=moment(times[250]))
    assert figure(result, "adwin")["details"]["late"] == 2
    assert any("2 rows came after streams had been read" in note for note in result.notes), result.notes
    database = Database(bench.database_url)
    with database.write() as connection:
        broken = func.replace(drift_streams.c.state, '"seen"', '"sean"')
        connection.execute(update(drift_streams).values(state=broken))
    database.close()
    result = await analysed(user, window_days=1, window_end=moment(times[260]))
    assert "it was changed since it was kept" in figure(result, "adwin")["details"]["beganAnew"]
    await user.drift.CreateBaseline(a_baseline(BEFORE, "v2"))
    found = await user.drift.GetBaselines(drift_pb2.GetBaselinesRequest(model_id="cancer"))
    newest = found.baselines[0].baseline_id
    await user.drift.SetActiveBaseline(
        drift_pb2.SetActiveBaselineRequest(model_id="cancer", baseline_id=newest)
    )
    result = await analysed(user, window_days=1, window_end=moment(times[270]))
    assert figure(result, "adwin")["details"]["beganAnew"] == "another baseline is active"


async def test_a_schedule_with_windows_longer_than_its_period_sees_each_row_once(tmp_path):
    # The clock of a SQLite file is that of the test.
    async for bench in open_bench(tmp_path, f"sqlite:///{tmp_path / 'pointsman.db'}"):
        await prepare(bench)
        user = bench.local
        await log(user, times_of(bench), AFTER)
        await user.drift.UpdateAlertConfig(
            drift_pb2.UpdateAlertConfigRequest(
                model_id="cancer",
                schedule=drift_pb2.ScheduleSettings(
                    enabled=True, frequency=drift_pb2.ANALYSIS_FREQUENCY_HOURLY, time_window_days=2
                ),
            )
        )
        results = []
        for count in range(1, 4):
            bench.clock.offset_us += HOUR_US
            of_late = datetime.fromtimestamp(bench.clock() // 1_000_000, UTC) - timedelta(minutes=10)
            await log(user, [of_late], [0.0])
            job = await ended(user, begun_by_schedule(bench, count))
            assert job.status == drift_pb2.ANALYSIS_STATUS_SUCCEEDED, job.error
            results.append(await user.drift.GetLatestResult(LATEST))
        assert [one.current_rows for one in results] == [301, 302, 303], "windows overlap"
        assert [figure(one, "adwin")["m"] for one in results] == [301, 1, 1]
        assert [figure(one, "adwin")["n"] for one in results] == [301, 302, 303]


def begun_by_schedule(bench, count):
    """Has the schedule look at the time; answers the analysis that it has begun by now."""
    database = Database(bench.database_url)
    ending = Ending(threading.Event(), math.inf, time.monotonic)
    schedule = AnalysisSchedule(bench.plane.parts.drift.watch, bench.clock)
    schedule.look(JobContext("drift-schedule", database, 0, ending))
    with database.read() as connection:
        statement = select(drift_analyses.c.job_id).order_by(drift_analyses.c.row_key)
        found = connection.execute(statement).scalars().all()
    database.close()
    assert len(found) == count, "one in each hour"
    return found[-1]


async def test_rows_wait_for_what_another_server_has_in_its_journal_alone(
    tmp_path_factory, migrated_postgres
):
    url = migrated_postgres()
    async for east in open_bench(tmp_path_factory.mktemp("east"), url):
        await prepare(east)
        user, times = east.local, times_of(east)
        await log(user, times, AFTER)
        async for _west in open_bench(tmp_path_factory.mktemp("west"), url):
            held = await analysed(user, window_days=1)
            until_time = datetime.fromisoformat(figure(held, "adwin")["details"]["readUntil"])
            waited = held.window_end.ToDatetime(UTC) - until_time
            assert timedelta(hours=2) < waited < timedelta(hours=2, minutes=5)
            seen = sum(at < until_time for at in times)
            assert figure(held, "adwin")["m"] == seen < 300
        rest = await analysed(user, window_days=1)
        assert figure(rest, "adwin")["m"] == 300 - seen, "the other server ended, and left nothing behind"
        assert changes_of(held, rest, algorithm="adwin") == expected("adwin", times)


async def test_without_river_they_are_refused_with_what_to_install(bench, failing, monkeypatch):
    monkeypatch.setitem(sys.modules, "river", None)
    failure = await failing(name(bench.local, ["ks_test", "adwin"]))
    assert list(failure.fields) == ["algorithms.enabled[1]"]
    assert "pip install 'pointsman-drift[streaming]'" in failure.fields["algorithms.enabled[1]"]


async def test_they_run_where_they_are_named_alone(bench):
    user = bench.local
    await user.register("other", "1", backend=None)
    config = await user.drift.GetAlertConfig(drift_pb2.GetAlertConfigRequest(model_id="other"))
    enabled = [one.string_value for one in config.algorithms.enabled.values]
    assert "ks_test" in enabled
    assert "adwin" not in enabled


async def test_streams_go_with_the_last_version_of_their_model(bench):
    times, user = times_of(bench), bench.local
    await log(user, times[:50], AFTER[:50])
    await analysed(user, window_days=1)
    assert [one["algorithm"] for one in rows(bench)] == ["adwin", "page_hinkley"]
    await user.models.DeleteModelVersion(model_pb2.DeleteModelVersionRequest(model_id="cancer", version="1"))
    assert rows(bench) == []
