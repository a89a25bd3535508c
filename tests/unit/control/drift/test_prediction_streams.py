"""Streams of predictions over analyses: wherever they are cut, detections are those of one run."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.control.drift.program.streams.watching import StreamsWatched
from pointsman.domain.models import GrpcBackend, ModelVersion
from pointsman.store import generations, model_versions
from pointsman.store.database import Database
from pointsman_drift import WatchedRun
from stage.drift_streams import BEGIN_US, SECOND_US, StreamScene, changing, run_of, settings_of
from stage.migrated import write_migrated
from stage.prediction_streams import answered

ROWS = 1_200
SECONDS = [number // 3 for number in range(ROWS)]
"""Three rows of each time."""
END = 400
THRESHOLD = {"threshold": 2.0}
CLASSES = {"binary": ("no", "yes"), "three": ("a", "b", "c"), "regression": ()}
NAMES = {
    "binary": ["(score)", "(confidence)"],
    "three": ["(score of a)", "(score of b)", "(score of c)", "(confidence)"],
    "regression": ["(prediction)"],
}
REFERENCE = {kind: answered(3, classes, [0.0], 300) for kind, classes in CLASSES.items()}
MOVING = {kind: answered(4, classes, [0.0, 3.0, 0.0, 3.0], 300) for kind, classes in CLASSES.items()}
MISSING = range(50, 1_150, 50)
"""Rows that a service logged without probabilities."""


@pytest.fixture(scope="module", params=CLASSES)
def moving(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, StreamScene]]:
    """A model whose scores move three times, and whose feature does not."""
    kind: str = request.param
    folder = tmp_path_factory.mktemp("streams")
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
    scene = StreamScene(database, folder, wanted, REFERENCE[kind].baseline())
    scores = [list(row) for row in MOVING[kind].probabilities]
    if scores:
        for place in MISSING:
            scores[place] = []
    # Around one mean, as the baseline's ages are.
    scene.log(SECONDS, {"age": changing(5, [0.5], ROWS)}, MOVING[kind].values, scores)
    yield kind, scene
    database.close()


def test_a_shift_of_the_score_is_seen_where_features_stand_still(moving: tuple[str, StreamScene]) -> None:
    kind, scene = moving
    scene.forget()
    found = scene.analyse(0, END)
    assert [item.column for item in found.items] == [*NAMES[kind], "age"]
    moved = run_of(found, "adwin", NAMES[kind][-2] if CLASSES[kind] else "(prediction)")
    assert moved.changes >= 3, "it moves three times"
    assert run_of(found, "adwin", "age").changes == 0
    missing = len(MISSING) if CLASSES[kind] else 0
    assert (moved.seen, moved.shown, moved.details["missing"]) == (ROWS, ROWS - missing, missing)


def test_it_is_what_the_library_sees_on_the_scale_of_labeled_predictions(
    moving: tuple[str, StreamScene],
) -> None:
    kind, scene = moving
    scene.forget()
    found = scene.analyse(0, END)
    for name in NAMES[kind]:
        for algorithm, parameters in (("adwin", {}), ("page_hinkley", THRESHOLD)):
            places = _shown_places(kind, name, algorithm, parameters)
            told = [_second(time) for time in _changes(found, name, algorithm)]
            assert told == [SECONDS[place] for place in places][-20:], (name, algorithm)


def _shown_places(kind: str, name: str, algorithm: str, parameters: dict[str, float]) -> list[int]:
    """At which rows the library sees changes when rows without probabilities are not there."""
    answers = MOVING[kind]
    is_there = [not CLASSES[kind] or place not in MISSING for place in range(ROWS)]
    shown = [place for place in range(ROWS) if is_there[place]]
    left = type(answers)(
        answers.classes,
        tuple(answers.values[place] for place in shown),
        tuple(answers.probabilities[place] for place in shown) if answers.classes else (),
    )
    return [shown[place] for place in left.detections(REFERENCE[kind], name, algorithm, **parameters)]


def _changes(found: StreamsWatched, name: str, algorithm: str) -> list[str]:
    (item,) = (one for one in found.items if one.column == name)
    run = item.runs[algorithm]
    return list(run.details["changes"]) if isinstance(run, WatchedRun) else []  # type: ignore[arg-type]


def _second(time: str) -> int:
    return int(datetime.fromisoformat(time).timestamp()) - BEGIN_US // SECOND_US


@settings(max_examples=6, deadline=None)
@given(
    windows=st.lists(st.tuples(st.integers(0, END), st.integers(1, END)), max_size=4),
    most_values=st.sampled_from([2_000, 6_000, 10**9]),
)
def test_however_analyses_cut_it_it_is_seen_as_in_one(
    moving: tuple[str, StreamScene], windows: list[tuple[int, int]], most_values: int
) -> None:
    kind, scene = moving
    scene.forget()
    whole = scene.analyse(0, END)
    left = scene.kept()
    scene.forget()
    found: dict[tuple[str, str], list[str]] = {key: [] for key in left}
    number = 0
    # The first window begins with the stream; the others overlap, leave gaps, or lie behind.
    while number < len(windows) or _is_behind(scene):
        start, length = windows[number] if number < len(windows) else (0, END)
        run = scene.analyse(start if number else 0, start + length, most_values)
        for one in run.kept:
            found[one.feature, one.algorithm] += _changes(run, one.feature, one.algorithm)
        number += 1
    for (name, algorithm), times in found.items():
        assert times == _changes(whole, name, algorithm), (kind, name, algorithm)
    for key, one in left.items():
        assert (scene.kept()[key].state, scene.kept()[key].row_count) == (one.state, ROWS)


def _is_behind(scene: StreamScene) -> bool:
    kept = scene.kept()
    return not kept or any(one.read_until_us < BEGIN_US + END * SECOND_US for one in kept.values())


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("algorithm", ["adwin", "page_hinkley"])
def test_without_a_shift_none_is_seen(kind: str, algorithm: str) -> None:
    for seed in range(20, 25):
        quiet = answered(seed, CLASSES[kind], [0.0], 3_000)
        for name in NAMES[kind]:
            assert quiet.detections(REFERENCE[kind], name, algorithm) == [], (seed, name)
