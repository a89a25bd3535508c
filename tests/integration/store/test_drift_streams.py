"""Where detectors of changes stand, on both databases: stored with the result, in one transaction or not."""

from dataclasses import replace
from itertools import pairwise

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from pointsman.domain.drift.analyses import AnalysisStatus
from pointsman.domain.drift.baselines import BaselineData
from pointsman.domain.drift.streams import MAX_STATE_CHARS, MOST_STREAMS, REMEMBERED_DAYS
from pointsman.store.drift import analyses, gone_models
from pointsman.store.schema import drift_results, drift_streams
from stage.drift_streams import LATER_US, StreamScene, changing, reason_of, run_of, settings_of

from .rows import add_model

VALUES = changing(1, [0.0, 3.0, 0.0, 3.0], 150)
SECONDS = list(range(600))
REFERENCE = BaselineData(features={"age": changing(2, [0.0, 1.0], 100)})
QUICK = {"page_hinkley": {"threshold": 3.0}}


@pytest.fixture
def scene(database, tmp_path):
    add_model(database)
    return StreamScene(database, tmp_path, settings_of("adwin", "page_hinkley", **QUICK), REFERENCE)


def found_of(runs, algorithm):
    return [time for run in runs for time in changes_of(run_of(run, algorithm))]


def changes_of(run):
    times = run.details["changes"]
    assert isinstance(times, tuple)
    return times


def test_windows_that_overlap_show_each_row_once(scene):
    scene.log(SECONDS, {"age": VALUES})
    whole = scene.analyse(0, 600)
    left = scene.kept()
    scene.forget()
    runs = [scene.analyse(max(0, end - 300), end) for end in (200, 300, 400, 500, 600)]
    for algorithm in ("adwin", "page_hinkley"):
        assert len(found_of([whole], algorithm)) >= 3, "the values change three times"
        assert found_of(runs, algorithm) == found_of([whole], algorithm)
        assert [run_of(run, algorithm).details["rows"] for run in runs] == [200, 100, 100, 100, 100]
    assert scene.kept() == left


def test_rows_between_windows_are_shown_too(scene):
    scene.log(SECONDS, {"age": VALUES})
    whole = scene.analyse(0, 600)
    scene.forget()
    runs = [scene.analyse(start, end) for start, end in ((0, 100), (300, 350), (599, 600))]
    assert found_of(runs, "adwin") == found_of([whole], "adwin")
    assert [run_of(run, "adwin").details["rows"] for run in runs] == [100, 250, 250]


def test_a_window_of_before_shows_nothing_and_says_so(scene):
    scene.log(SECONDS, {"age": VALUES})
    scene.analyse(0, 600)
    left = scene.kept()
    found = scene.analyse(100, 500)
    assert "were seen already" in reason_of(found, "adwin")
    assert found.kept == ()
    assert scene.kept() == left


def test_an_analysis_that_is_given_up_leaves_streams_as_they_were(scene):
    scene.log(SECONDS, {"age": VALUES})
    scene.analyse(0, 200)
    left = scene.kept()
    analysis = scene.begin(0, 400)
    found = scene.watch(analysis)
    with scene.database.write() as connection:
        assert analyses.start_again(connection, analysis, crashed=True, now_us=LATER_US)
    assert not scene.end(analysis, found), "another program was started in its place"
    assert scene.kept() == left
    again = replace(analysis, attempt=2)
    with scene.database.write() as connection:
        assert analyses.end(connection, again, AnalysisStatus.CANCELLED, LATER_US)
    assert not scene.end(again, scene.watch(again)), "it was cancelled"
    assert scene.kept() == left
    assert run_of(scene.analyse(0, 400), "adwin").details["rows"] == 200


def test_a_result_that_cannot_be_stored_leaves_streams_as_they_were(scene):
    scene.log(SECONDS, {"age": VALUES})
    analysis = scene.begin(0, 600)
    found = scene.watch(analysis)
    broken = replace(found, kept=(*found.kept, replace(found.kept[0], feature="other", row_count=-1)))
    with pytest.raises(IntegrityError):
        scene.end(analysis, broken)
    assert scene.kept() == {}
    with scene.database.read() as connection:
        assert connection.execute(select(drift_results.c.result_id)).all() == []
        again = analyses.find(connection, analysis.job_id)
    assert again is not None
    assert again.status is AnalysisStatus.RUNNING


def test_rows_that_come_late_are_counted_and_not_shown(scene):
    scene.log(SECONDS[:400], {"age": VALUES[:400]})
    scene.analyse(0, 400)
    scene.log([10.5, 20.5, 399.5], {"age": [0.0, 0.0, 0.0]})
    scene.log(SECONDS[400:500], {"age": VALUES[400:500]})
    found = scene.analyse(0, 500)
    assert run_of(found, "adwin").details["late"] == 3
    assert run_of(found, "adwin").details["rows"] == 100
    assert any("at least 3 rows came after" in note for note in found.notes), found.notes
    scene.log(SECONDS[500:], {"age": VALUES[500:]})
    again = scene.analyse(0, 600)
    assert run_of(again, "adwin").details["late"] == 0, "they are told of once"


def test_another_baseline_or_other_parameters_begin_anew_and_say_so(scene):
    scene.log(SECONDS, {"age": VALUES})
    first = scene.analyse(0, 300)
    assert run_of(first, "adwin").details["beganAnew"] == "nothing was kept of it"
    assert run_of(scene.analyse(0, 400), "adwin").details["beganAnew"] is None
    scene.settings = settings_of("adwin", "page_hinkley", adwin={"delta": 0.01}, **QUICK)
    other = scene.analyse(100, 500)
    assert "kept by adwin with {'delta': 0.002}" in str(run_of(other, "adwin").details["beganAnew"])
    assert run_of(other, "adwin").details["rows"] == 400, "it begins where the window does"
    assert run_of(other, "page_hinkley").details["rows"] == 100
    scene.add_baseline()
    anew = scene.analyse(200, 600)
    for algorithm in ("adwin", "page_hinkley"):
        assert run_of(anew, algorithm).details["beganAnew"] == "another baseline is active"
        assert run_of(anew, algorithm).details["rows"] == 400
    assert {one.baseline_key for one in scene.kept().values()} == {scene.baseline_key}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text.replace('"seen": 300', '"seen": 301'), "it was changed since it was kept"),
        (lambda text: "{}", "it is no state of a detector"),
    ],
)
def test_a_state_that_cannot_be_read_surely_begins_anew_and_says_so(scene, change, words):
    scene.log(SECONDS, {"age": VALUES})
    scene.analyse(0, 300)
    for (_, algorithm), kept in scene.kept().items():
        with scene.database.write() as connection:
            this = drift_streams.c.algorithm == algorithm
            connection.execute(update(drift_streams).where(this).values(state=change(kept.state)))
    run = run_of(scene.analyse(0, 600), "adwin")
    assert words in str(run.details["beganAnew"])
    assert (run.seen, run.details["rows"]) == (600, 600)


def test_of_more_rows_than_an_analysis_shows_the_next_one_shows_the_rest(scene):
    scene.log([second // 4 for second in SECONDS], {"age": VALUES})
    whole = scene.analyse(0, 600)
    scene.forget()
    # Two detectors, so 130 rows, which end amid four of one time.
    runs = [scene.analyse(0, 600, most_values=260) for _ in range(5)]
    assert [run_of(run, "adwin").details["rows"] for run in runs] == [128, 128, 128, 128, 88]
    assert found_of(runs, "adwin") == found_of([whole], "adwin")
    assert [len(run.notes) for run in runs] == [1, 1, 1, 1, 0]
    scene.forget()
    crowd = scene.analyse(0, 600, most_values=4)
    assert run_of(crowd, "adwin").details["rows"] == 4, "rows of one time are shown together"


def test_a_detector_that_has_read_further_than_others_is_not_shown_rows_again(scene):
    scene.log(SECONDS, {"age": VALUES})
    scene.settings = settings_of("adwin")
    scene.analyse(0, 400)
    left = scene.kept()["age", "adwin"]
    scene.settings = settings_of("adwin", "page_hinkley", **QUICK)
    found = scene.analyse(0, 600, most_values=600)
    assert run_of(found, "page_hinkley").details["rows"] == 300
    assert "were seen already" in reason_of(found, "adwin")
    assert scene.kept()["age", "adwin"] == left
    again = scene.analyse(0, 600)
    assert [run_of(again, name).details["rows"] for name in ("adwin", "page_hinkley")] == [200, 300]
    assert {one.row_count for one in scene.kept().values()} == {600}


def test_what_has_no_number_is_told_and_not_judged(scene):
    scene.log(SECONDS[:100], {"age": [None] * 100})
    assert "none of 100 rows" in reason_of(scene.analyse(0, 100), "adwin")
    assert "no row from" in reason_of(scene.analyse(0, 200), "adwin")
    scene.log(SECONDS[200:300], {"age": [None, *VALUES[201:300]]})
    run = run_of(scene.analyse(0, 300), "adwin")
    assert (run.seen, run.shown, run.details["missing"]) == (200, 99, 1)


def test_streams_go_with_their_model(scene):
    scene.log(SECONDS, {"age": VALUES})
    scene.analyse(0, 600)
    with scene.database.write_routing() as connection:
        assert gone_models.hide(connection, "cancer")
    assert scene.kept() == {}


def a_stream(scene, **fields):
    return {
        "model_key": scene.model_key,
        "feature": "age",
        "algorithm": "adwin",
        "baseline_key": scene.baseline_key,
        "begun_us": 1,
        "read_until_us": 2,
        "row_count": 3,
        "state": "{}",
        "days": "{}",
        "update_time_us": 4,
    } | fields


@pytest.mark.parametrize(
    "fields",
    [
        {"feature": ""},
        {"feature": "x" * 257},
        {"algorithm": ""},
        {"begun_us": 3},
        {"row_count": -1},
        {"state": ""},
        {"state": "x" * (MAX_STATE_CHARS + 1)},
        {"days": "x" * 2049},
        {"baseline_key": 999},
        {"model_key": 999},
    ],
)
def test_what_no_stream_can_be_is_refused_by_the_database(scene, fields):
    with scene.database.write() as connection:
        connection.execute(insert(drift_streams).values(a_stream(scene)))
    with pytest.raises(IntegrityError), scene.database.write() as connection:
        connection.execute(insert(drift_streams).values(a_stream(scene, algorithm="other") | fields))


def test_as_many_streams_as_a_model_may_have_are_stored_and_changed(scene):
    names = [f"feature {number} ünïcode" for number in range(MOST_STREAMS)]
    scene.data = BaselineData(features={name: [0.0, 1.0, 2.0] for name in names})
    scene.log([1, 2], {name: [1.0, 2.0] for name in names})
    found = scene.analyse(0, 10)
    assert len(found.items) == 1 + MOST_STREAMS // 2, "by two algorithms each, and why no prediction is seen"
    assert len(scene.kept()) == MOST_STREAMS
    assert any(f"of {MOST_STREAMS} features {MOST_STREAMS // 2} are watched" in note for note in found.notes)
    scene.log([11], {name: [1.0] for name in names})
    scene.analyse(0, 20)
    assert {one.row_count for one in scene.kept().values()} == {3}


def test_days_are_remembered_so_far_and_no_further(scene):
    days = range(3 * REMEMBERED_DAYS)
    scene.log([day * 86_400 for day in days], {"age": [1.0 for _ in days]})
    scene.analyse(0, days[-1] * 86_400 + 1)
    (kept, _) = scene.kept().values()
    assert list(kept.days.values()) == [1] * REMEMBERED_DAYS
    assert all(later - earlier == 1 for earlier, later in pairwise(sorted(kept.days)))
