"""Streams over analyses: wherever they are cut, detections are those of one run."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.control.drift.program.streams.watching import StreamsWatched
from pointsman.domain.drift.analyses import Analysis, AnalysisStatus
from pointsman.domain.drift.baselines import BaselineData
from pointsman.domain.drift.streams import MOST_WAIT_US, SETTLING_US, late_rows, readable_until
from pointsman.domain.models import GrpcBackend, ModelVersion
from pointsman.store import generations, model_versions
from pointsman.store.database import Database
from pointsman_drift import WatchedRun, scale_of, watch
from stage.drift_streams import BEGIN_US, SECOND_US, StreamScene, changing, run_of, settings_of
from stage.migrated import write_migrated

ROWS = 900
VALUES: list[float | None] = [*changing(7, [0.0, 2.0, 0.0, 2.0, -1.0, 1.0], 150)]
VALUES[100:700:60] = [None] * 10
SECONDS = [number // 3 for number in range(ROWS)]
"""Three rows of each time."""
REFERENCE = changing(2, [0.0, 1.0], 100)
THRESHOLD = {"threshold": 2.0}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StreamScene]:
    folder: Path = tmp_path_factory.mktemp("streams")
    write_migrated(folder / "pointsman.db")
    database = Database(f"sqlite:///{folder / 'pointsman.db'}")
    with database.write_routing() as connection:
        model = ModelVersion(
            "cancer",
            "1",
            backend=GrpcBackend("127.0.0.1:8081", "cancer"),
            owner="alice",
            changed_generation=generations.advance(connection),
        )
        model_versions.add(connection, model)
    wanted = settings_of("adwin", "page_hinkley", page_hinkley=THRESHOLD)
    found = StreamScene(database, folder, wanted, BaselineData(features={"age": REFERENCE}))
    found.log(SECONDS, {"age": VALUES})
    yield found
    database.close()


@settings(max_examples=12, deadline=None)
@given(
    windows=st.lists(st.tuples(st.integers(0, 300), st.integers(1, 300)), max_size=5),
    most_values=st.sampled_from([100, 700, 10**9]),
)
def test_however_analyses_cut_a_stream_it_is_seen_as_in_one(
    scene: StreamScene, windows: list[tuple[int, int]], most_values: int
) -> None:
    scene.forget()
    whole = scene.analyse(0, 300)
    left = scene.kept()
    scene.forget()
    found: dict[str, list[str]] = {"adwin": [], "page_hinkley": []}
    # The first window begins with the stream; the others overlap, leave gaps, or lie behind.
    for number, (start, length) in enumerate([*windows, (0, 300)]):
        run = scene.analyse(0 if number == 0 else start, start + length, most_values)
        for one in run.kept:
            found[one.algorithm] += _times(run, one.algorithm)
    while any(one.read_until_us < BEGIN_US + 300 * SECOND_US for one in scene.kept().values()):
        run = scene.analyse(0, 300, most_values)
        for one in run.kept:
            found[one.algorithm] += _times(run, one.algorithm)
    for algorithm, times in found.items():
        assert times == list(run_of(whole, algorithm).details["changes"])  # type: ignore[arg-type]
    for key, one in left.items():
        # Beyond the end of the rows windows read on, and nothing is there.
        assert (scene.kept()[key].state, scene.kept()[key].row_count) == (one.state, ROWS)


def _times(run: StreamsWatched, algorithm: str) -> list[str]:
    (item,) = (one for one in run.items if one.column == "age")
    told = item.runs[algorithm]
    return list(told.details["changes"]) if isinstance(told, WatchedRun) else []  # type: ignore[arg-type]


def test_what_is_seen_are_the_library_s_detections_on_the_scale_of_the_baseline(scene: StreamScene) -> None:
    scene.forget()
    run = run_of(scene.analyse(0, 300), "page_hinkley")
    scale = scale_of(REFERENCE)
    assert scale is not None
    values = scale.of(np.array([np.nan if value is None else value for value in VALUES]))
    places = watch("page_hinkley", values, parameters=THRESHOLD).detections
    assert len(places) >= 4
    told = [_second(str(time)) for time in run.details["changes"]]  # type: ignore[union-attr]
    assert told == [SECONDS[place] for place in places]
    assert run.changes == len(places)
    assert (run.seen, run.details["missing"]) == (ROWS, 10)


def _second(time: str) -> int:
    return int(datetime.fromisoformat(time).timestamp()) - BEGIN_US // SECOND_US


def an_analysis(start_us: int, window_end_us: int) -> Analysis:
    return Analysis("job", "m", 1, 1, AnalysisStatus.RUNNING, 0, window_end_us, start_us, start_us, start_us)


def test_the_last_minute_and_what_other_servers_hold_back_wait() -> None:
    now_us = 10 * MOST_WAIT_US
    assert readable_until(an_analysis(now_us, now_us), None) == now_us - SETTLING_US
    assert readable_until(an_analysis(now_us, now_us // 2), None) == now_us // 2
    held_us = now_us - MOST_WAIT_US // 2
    assert readable_until(an_analysis(now_us, now_us), held_us) == held_us
    gone_for_long = readable_until(an_analysis(now_us, now_us), 0)
    assert gone_for_long == now_us - SETTLING_US - MOST_WAIT_US


def test_late_rows_are_those_that_days_have_more_of() -> None:
    assert late_rows({}, {}) == 0
    assert late_rows({1: 5, 2: 5}, {1: 7, 2: 3}) == 2
    assert late_rows({1: 5}, {2: 4}) == 4
