"""Streams of predictions on both databases: the rules of streams of features hold for them, too."""

import numpy as np
import pytest

from pointsman.domain.drift.baselines import BaselineData
from pointsman.domain.drift.streams import MOST_STREAMS
from pointsman_drift import NotMeasured
from stage.drift_streams import StreamScene, changing, reason_of, run_of, settings_of
from stage.prediction_streams import AGES, answered

from .rows import add_model

CLASSES = ("no", "yes")
REFERENCE = answered(3, CLASSES, [0.0], 300)
MOVING = answered(4, CLASSES, [0.0, 3.0, 0.0, 3.0], 300)
SECONDS = list(range(1_200))
STILL = changing(5, [0.5], 1_200)
QUICK = {"page_hinkley": {"threshold": 3.0}}
SCORES = ("(score)", "(confidence)")


@pytest.fixture
def scene(database, tmp_path):
    add_model(database)
    wanted = settings_of("adwin", "page_hinkley", **QUICK)
    return StreamScene(database, tmp_path, wanted, REFERENCE.baseline())


def log(scene, start, end, **columns):
    cut = MOVING.cut(start, end)
    columns = columns or {"age": STILL[start:end]}
    scene.log(SECONDS[start:end], columns, cut.values, cut.probabilities)


def changes_of(*runs, algorithm="adwin", name="(score)"):
    return [time for run in runs for time in run_of(run, algorithm, name).details["changes"]]  # type: ignore[union-attr]


def test_the_next_analysis_goes_on_where_the_last_one_stood(scene):
    log(scene, 0, 1_200)
    whole = scene.analyse(0, 1_200)
    left = scene.kept()
    assert set(left) == {(name, one) for name in (*SCORES, "age") for one in ("adwin", "page_hinkley")}
    scene.forget()
    runs = [scene.analyse(max(0, end - 800), end) for end in (400, 800, 1_200)]
    for algorithm in ("adwin", "page_hinkley"):
        assert len(changes_of(whole, algorithm=algorithm)) >= 3, "the score moves three times"
        for name in SCORES:
            expected = changes_of(whole, algorithm=algorithm, name=name)
            assert changes_of(*runs, algorithm=algorithm, name=name) == expected
    assert scene.kept() == left


def test_a_window_of_before_shows_nothing_and_says_so(scene):
    log(scene, 0, 600)
    scene.analyse(0, 600)
    assert "were seen already" in reason_of(scene.analyse(100, 500), "adwin", "(score)")


def test_rows_without_features_are_predictions_all_the_same(scene):
    log(scene, 0, 300, other=[1.0] * 300)
    found = scene.analyse(0, 300)
    assert "none of 300 rows" in reason_of(found, "adwin", "age")
    assert run_of(found, "adwin", "(score)").shown == 300


def test_rows_whose_answer_is_not_compared_are_missing(scene):
    scores = [[], [0.2, 0.3, 0.5], [0.1, 0.9], [0.1, 0.9]]
    scene.log([1, 2, 3, 4], {"age": [1.0] * 4}, ["yes", "yes", "maybe", "yes"], scores)
    run = run_of(scene.analyse(0, 10), "adwin", "(score)")
    assert (run.seen, run.shown, run.details["missing"]) == (4, 1, 3)


def test_rows_that_come_late_are_counted_and_not_shown(scene):
    log(scene, 0, 400)
    scene.analyse(0, 400)
    scene.log([10.5, 20.5], {"age": [0.5, 0.5]}, ["no", "no"], [[0.9, 0.1]] * 2)
    log(scene, 400, 500)
    found = scene.analyse(0, 500)
    run = run_of(found, "adwin", "(score)")
    assert (run.details["late"], run.details["rows"]) == (2, 100)
    assert [note for note in found.notes if "at least 2 rows came after" in note], found.notes
    assert len(found.notes) == 1, "of features and predictions it is told once"


def test_another_baseline_begins_anew_and_says_so(scene):
    log(scene, 0, 400)
    first = scene.analyse(0, 300)
    assert run_of(first, "adwin", "(score)").details["beganAnew"] == "nothing was kept of it"
    scene.add_baseline()
    anew = scene.analyse(200, 400)
    for name in SCORES:
        run = run_of(anew, "page_hinkley", name)
        assert run.details["beganAnew"] == "another baseline is active"
        assert run.details["rows"] == 200, "it begins where the window does"
    assert {one.baseline_key for one in scene.kept().values()} == {scene.baseline_key}


def test_of_more_rows_than_an_analysis_reads_the_next_one_reads_the_rest(scene):
    log(scene, 0, 1_200)
    whole = scene.analyse(0, 1_200)
    scene.forget()
    # Six detectors, so 260 rows.
    runs = [scene.analyse(0, 1_200, most_values=1_560) for _ in range(5)]
    for name in (*SCORES, "age"):
        assert [run_of(run, "adwin", name).details["rows"] for run in runs] == [260, 260, 260, 260, 160]
    assert changes_of(*runs) == changes_of(whole)
    told = [note.split(" were read")[0] for note in runs[0].notes]
    assert told == ["streams of predictions", "streams of features"]
    assert runs[-1].notes == ()


def test_of_many_classes_fewer_rows_are_read_at_a_time(database, tmp_path):
    add_model(database)
    classes = [f"c{number:02}" for number in range(30)]
    reference, moving = answered(6, classes, [3.0], 900), answered(7, classes, [3.0], 100)
    scene = StreamScene(database, tmp_path, settings_of("adwin"), _with_all(reference, classes))
    scene.log(SECONDS[:100], {"age": STILL[:100]}, moving.values, moving.probabilities)
    found = scene.analyse(0, 100, most_values=1_200)
    assert [item.column for item in found.items] == ["(confidence)", "age"], "as windows have them"
    assert run_of(found, "adwin", "(confidence)").details["rows"] == 40
    assert run_of(found, "adwin", "age").details["rows"] == 100


def _with_all(reference, classes):
    """The baseline of answers, with each class likeliest in one row more, so that the order can be told."""
    width = len(classes)
    rows = tuple(tuple(0.71 if place == other else 0.01 for other in range(width)) for place in range(width))
    answers = (*reference.values, *classes)
    return BaselineData({"age": AGES}, (), answers, answers, (*reference.probabilities, *rows))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (BaselineData({"age": AGES}), "the baseline has no labeled predictions"),
        (REFERENCE.cut(0, 29).baseline(), "the baseline has 29 labeled predictions; 30 are needed"),
    ],
)
def test_without_labeled_predictions_it_is_said_why_none_is_seen(database, tmp_path, data, reason):
    add_model(database)
    scene = StreamScene(database, tmp_path, settings_of("adwin", "page_hinkley"), data)
    log(scene, 0, 300)
    found = scene.analyse(0, 300)
    assert [item.column for item in found.items] == ["(predictions)", "age"]
    for algorithm in ("adwin", "page_hinkley"):
        assert reason in reason_of(found, algorithm, "(predictions)")
    assert {one.feature for one in found.kept} == {"age"}


def test_a_class_with_too_long_a_name_for_a_stream_is_told_and_the_others_are_seen(database, tmp_path):
    add_model(database)
    classes = ("a", "b", "c" * 250)
    reference, moving = answered(8, classes, [0.0], 300), answered(9, classes, [0.0], 50)
    scene = StreamScene(database, tmp_path, settings_of("adwin"), reference.baseline())
    scene.log(SECONDS[:50], {"age": STILL[:50]}, moving.values, moving.probabilities)
    found = scene.analyse(0, 100)
    assert "its name has 261 characters" in reason_of(found, "adwin", f"(score of {'c' * 250})")
    assert {one.feature for one in scene.kept().values()} == {
        "(score of a)",
        "(score of b)",
        "(confidence)",
        "age",
    }


def test_a_feature_of_an_older_baseline_that_is_called_as_a_score_is_taken_for_none(scene, monkeypatch):
    # Such baselines were made before their names were refused.
    monkeypatch.setattr("pointsman.domain.drift.baselines.is_whole", lambda name: False)
    scene.data = REFERENCE.baseline(**{"(score)": AGES, "age": AGES})
    scene.add_baseline()
    log(scene, 0, 300, **{"(score)": [5.0] * 300, "age": STILL[:300]})
    found = scene.analyse(0, 300)
    assert [item.column for item in found.items] == ["(predictions)", "(score)", "age"]
    assert "a feature called '(score)'" in reason_of(found, "adwin", "(predictions)")
    median = run_of(found, "adwin", "(score)").details["median"]
    assert median == pytest.approx(np.median(AGES)), "it is the feature's"


def test_predictions_come_before_features_of_which_there_are_too_many(database, tmp_path):
    add_model(database)
    names = [f"f{number:04}" for number in range(MOST_STREAMS)]
    data = REFERENCE.baseline(**{name: [0.0, 1.0, 2.0] for name in names})
    scene = StreamScene(database, tmp_path, settings_of("adwin"), data)
    log(scene, 0, 3, **{name: [1.0] * 3 for name in names})
    found = scene.analyse(0, 10)
    assert len(scene.kept()) == MOST_STREAMS
    assert not any(isinstance(item.runs["adwin"], NotMeasured) for item in found.items)
    assert [item.column for item in found.items[:3]] == [*SCORES, "f0000"]
    assert any(f"of {MOST_STREAMS} features {MOST_STREAMS - 2} are watched" in note for note in found.notes)
