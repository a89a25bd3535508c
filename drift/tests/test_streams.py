"""Detectors of changes: where they see one, and that runs are as good as one."""

import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman_drift import (
    InvalidOptionError,
    InvalidTableError,
    MissingPackageError,
    NotMeasured,
    Status,
    Stream,
    WatchedRun,
    WatchedStream,
    Watcher,
    algorithms,
    judge_streams,
    scale_of,
    watch,
)
from pointsman_drift.analysing import analyse
from pointsman_drift.options import read_options

RANDOM = np.random.default_rng(12345)
CHANGE = np.r_[RANDOM.normal(0.2, 0.1, 2000), RANDOM.normal(0.5, 0.1, 4000)]
WANTED = {"adwin": (2047,), "page_hinkley": (2177,)}


@pytest.mark.parametrize("algorithm", WANTED)
def test_a_change_is_seen_within_two_hundred_values_and_none_before(algorithm: str) -> None:
    assert watch(algorithm, CHANGE).detections == WANTED[algorithm]


@pytest.mark.parametrize("algorithm", WANTED)
@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(0, 6000), max_size=6), seed=st.integers(0, 9))
def test_a_stream_cut_anywhere_has_the_detections_of_one_run(
    algorithm: str, cuts: list[int], seed: int
) -> None:
    random = np.random.default_rng(seed)
    values = np.repeat(random.normal(0, 1, 12), 500) + random.normal(0, 0.3, 6000)
    values[random.random(6000) < 0.02] = np.nan
    parameters = {} if algorithm == "adwin" else {"threshold": 10.0}
    whole = watch(algorithm, values, parameters=parameters)
    assert len(whole.detections) >= 5
    found: tuple[int, ...] = ()
    state = None
    for start, end in pairwise([0, *sorted(cuts), 6000]):
        run = watch(algorithm, values[start:end], state, parameters)
        found, state = found + run.detections, run.state
    assert found == whole.detections
    assert state == whole.state


@pytest.mark.parametrize("algorithm", WANTED)
def test_state_is_small_json_however_long_the_stream(algorithm: str) -> None:
    state = watch(algorithm, np.random.default_rng(0).normal(size=50_000)).state
    assert json.loads(state)["seen"] == 50_000
    assert len(state) < 5000


def test_missing_and_infinite_values_are_places_that_detectors_do_not_see() -> None:
    gaps = np.insert(CHANGE, 100, [np.nan, np.inf, -np.inf])
    found = watch("adwin", gaps)
    assert (found.detections, found.missing, found.seen) == ((2050,), 3, 6003)


def test_an_analysis_judges_a_run_and_keeps_its_state() -> None:
    options = read_options(["adwin", "page_hinkley"], {}, {}, "on", 30)
    first = analyse([Stream("error", CHANGE[:2100])], options, (0, 2100), 0)
    adwin = first.figure("error", "adwin")
    assert (adwin.status, adwin.score, adwin.details["lastChange"]) == (Status.WARNING, 1, 2047)
    assert first.figure("error", "page_hinkley").status is Status.OK
    states = {figure.algorithm: str(figure.details["state"]) for figure in first.figures}
    second = analyse([Stream("error", CHANGE[2100:], states, 2100)], options, (2100, 3900), 0)
    assert second.figure("error", "page_hinkley").details["lastChange"] == 2177
    assert (second.figure("error", "adwin").status, second.figure("error", "adwin").n) == (Status.OK, 6000)


def test_runs_shorter_than_what_tables_need_reach_the_detector() -> None:
    options = read_options(["adwin"], {}, {}, "on", 30)
    states: dict[str, str] = {}
    found, seen = [], 0
    for values in [*np.split(CHANGE[:2100], range(7, 2100, 7)), CHANGE[2100:2100]]:
        result = analyse([Stream("error", values, states, seen)], options, (seen, len(values)), 0)
        figure = result.figure("error", "adwin")
        states, seen = {"adwin": str(figure.details["state"])}, seen + len(values)
        found += [figure.details["lastChange"]] if figure.score else []
    assert (found, seen) == ([2047], 2100)
    assert states["adwin"] == watch("adwin", CHANGE[:2100]).state


def test_a_state_of_another_version_begins_anew_and_says_so() -> None:
    from pointsman_drift.streaming.state import StreamState, read_state

    kept = read_state(watch("adwin", CHANGE[:500]).state)
    old = StreamState(kept.algorithm, kept.parameters, "river 0.1", kept.seen, kept.numbers)
    found = watch("adwin", CHANGE[500:], old.to_json())
    assert (found.is_new, found.seen, watch("adwin", CHANGE[500:], kept.to_json()).is_new) == (
        True,
        6000,
        False,
    )
    assert 2000 < found.detections[0] < 2200


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("kswin", [1.0]), "algorithm: 'kswin' watches no stream; adwin and page_hinkley do"),
        (("adwin", [1.0], None, {"alpha": 1.0}), r"parameters: 'alpha' is not known; known are \['delta'\]"),
        (("adwin", [1.0], None, {"delta": 0}), r"parameters\['delta'\]: 0 is not above 0"),
        (("adwin", [1.0], None, {"delta": 1.0}), r"parameters\['delta'\]: 1.0 is not below 1"),
        (("page_hinkley", [1.0], None, {"forgetting": 2.0}), r"'forgetting'\]: 2.0 is not below 1"),
        (("adwin", [1.0], "no json"), "state: it is no state of a detector"),
        (("adwin", [1.0], '{"format": 9}'), "state: it has format 9, and 1 is read"),
    ],
)
def test_what_cannot_be_watched_is_told(arguments: tuple[object, ...], words: str) -> None:
    with pytest.raises(InvalidOptionError, match=words):
        watch(*arguments)  # type: ignore[arg-type]


def test_a_state_of_others_or_a_damaged_one_is_refused() -> None:
    state = watch("adwin", CHANGE[:500]).state
    with pytest.raises(InvalidOptionError, match=r"state: it was kept by adwin.*not by page_hinkley"):
        watch("page_hinkley", CHANGE[500:], state)
    with pytest.raises(InvalidOptionError, match=r"state: it was kept by adwin with .*0.002.*0.1"):
        watch("adwin", CHANGE[500:], state, {"delta": 0.1})
    with pytest.raises(InvalidOptionError, match="state: it was changed since it was kept"):
        watch("adwin", CHANGE[500:], state.replace('"width": 500', '"width": 501'))
    with pytest.raises(InvalidTableError, match=r"values: the shape is \(1, 2\)"):
        watch("adwin", np.zeros((1, 2)))


@pytest.mark.parametrize("algorithm", WANTED)
def test_a_run_that_is_seen_in_parts_is_seen_as_one(algorithm: str) -> None:
    whole, watcher = watch(algorithm, CHANGE), Watcher(algorithm)
    found: tuple[int, ...] = ()
    for part in np.array_split(CHANGE, 7):
        found += watcher.see(part)
    assert (found, watcher.state(), watcher.seen) == (whole.detections, whole.state, 6000)


@pytest.mark.parametrize("algorithm", WANTED)
@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_on_the_scale_of_a_reference_the_unit_of_values_changes_nothing(algorithm: str, unit: float) -> None:
    scale = scale_of(CHANGE[:1000] * unit)
    assert scale is not None
    found = watch(algorithm, scale.of(CHANGE * unit)).detections
    assert len(found) == 1
    assert 2000 < found[0] <= 2200


def test_far_values_do_not_stand_for_a_change_of_all() -> None:
    random = np.random.default_rng(5)
    quiet = random.normal(0, 1, 6000)
    scale = scale_of(quiet[:1000])
    assert scale is not None
    far = np.where(random.random(6000) < 0.002, 1e12, quiet)
    assert watch("page_hinkley", far).detections, "raw values alarm"
    assert watch("page_hinkley", scale.of(far)).detections == ()
    assert scale.of(np.array([-1e300, np.nan])).tolist()[0] == 0.0


def test_a_reference_without_a_number_has_no_scale() -> None:
    assert scale_of([None, float("nan"), float("inf")]) is None
    constant = scale_of([5.0, 5.0])
    assert constant is not None
    assert constant.of(np.array([5.0])).tolist() == [0.5]


def test_runs_that_were_seen_already_are_judged_as_they_are_told() -> None:
    runs: dict[str, WatchedRun | NotMeasured] = {
        "adwin": WatchedRun(2, 900, 300, {"changes": ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z")}),
        "page_hinkley": NotMeasured("no row is new"),
    }
    result = judge_streams([WatchedStream("age", runs)], algorithms=["psi", "adwin", "page_hinkley"])
    (figure,) = result.figures
    assert (figure.status, figure.score, figure.n, figure.m) == (Status.ALERT, 2, 900, 300)
    assert figure.p_value is None
    assert json.loads(result.to_json())["features"]["age"]["algorithms"]["adwin"]["details"] == {
        "changes": ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"]
    }
    (lacking,) = result.not_measured
    assert (lacking.feature, lacking.algorithm, lacking.reason) == ("age", "page_hinkley", "no row is new")
    assert result.insufficient_data == ()
    nothing = judge_streams([WatchedStream("age", {"adwin": NotMeasured("no row is new")})])
    assert nothing.status is Status.WARNING, "nobody looked"
    raised = judge_streams([WatchedStream("age", runs)], algorithms=["adwin"], thresholds={"adwin": (3, 5)})
    assert raised.status is Status.OK


def test_an_algorithm_says_what_to_install_before_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    assert not any(one.find_lacking() for one in algorithms().values())
    monkeypatch.setitem(sys.modules, "river", None)
    lacking = {name: one.find_lacking() for name, one in algorithms().items() if one.find_lacking()}
    assert set(lacking) == set(WANTED)
    assert "pip install 'pointsman-drift[streaming]'" in lacking["adwin"]


def test_without_river_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "river", None)
    with pytest.raises(MissingPackageError, match=r"pip install 'pointsman-drift\[streaming\]'"):
        watch("adwin", CHANGE)
