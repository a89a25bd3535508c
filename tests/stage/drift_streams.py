"""Streams of a model without a server: logged predictions, and analyses that show them to detectors."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import delete, insert

from pointsman.control.drift.answers import reference_answers
from pointsman.control.drift.models import form_of
from pointsman.control.drift.program.running import store
from pointsman.control.drift.program.streams.sights import Reference
from pointsman.control.drift.program.streams.watching import MOST_VALUES, StreamsWatched, StreamWatch
from pointsman.control.drift.spec import AnalysisSpec
from pointsman.domain.drift.alerts import AlertSettings, AlgorithmOverride
from pointsman.domain.drift.analyses import Analysis, AnalysisStatus
from pointsman.domain.drift.baselines import Baseline, BaselineData, ColumnKind, check_baseline, kind_of
from pointsman.domain.models import Task
from pointsman.store import models
from pointsman.store.database import Database
from pointsman.store.documents import dump_value
from pointsman.store.drift import analyses, baselines, streams
from pointsman.store.schema import drift_predictions, drift_streams
from pointsman_drift import NotMeasured, WatchedRun

SECOND_US = 1_000_000
BEGIN_US = 1_770_000_000 * SECOND_US
"""When the first prediction of a test was made."""
LATER_US = BEGIN_US + 365 * 86_400 * SECOND_US
"""When analyses begin: all predictions are old by then."""


@dataclass
class StreamScene:
    """A model with a baseline, whose predictions are watched.

    Attributes:
        folder: Where analyses write.
        settings: Which algorithms run.
        data: The baseline.
        least_answers: Labeled predictions of it that are enough.
    """

    database: Database
    folder: Path
    settings: AlertSettings
    data: BaselineData
    model_id: str = "cancer"
    baseline_key: int = 0
    model_key: int = field(init=False)
    count: int = 0
    logged: int = 0
    least_answers: int = 30

    def __post_init__(self) -> None:
        with self.database.read() as connection:
            model = models.find(connection, self.model_id)
            assert model is not None
            assert model.row_key is not None
            self.model_key = model.row_key
        self.add_baseline()

    def add_baseline(self) -> None:
        """Makes the baseline another time, under another version, the active one."""
        self.count += 1
        with self.database.write() as connection:
            version = f"v{self.count}"
            task, classes = check_baseline(version, self.data, Task.UNSPECIFIED)
            row = Baseline("", self.model_id, version, False, 1, task, classes, 1)
            baseline_id = baselines.add(connection, self.model_key, row, self.data)
            assert baselines.activate(connection, self.model_key, baseline_id)
            found = baselines.active(connection, self.model_id, self.model_key)
            assert found is not None
            self.baseline_key = found.row_key

    def log(
        self,
        seconds: Sequence[float],
        columns: Mapping[str, Iterable[Any]],
        answers: Sequence[Any] = (),
        probabilities: Sequence[Sequence[float]] = (),
    ) -> None:
        """Logs predictions, so many seconds after the first; those without probabilities have empty ones."""
        names = list(columns)
        # Ids by which rows of one time are in the order in which they are given.
        ids = [f"{self.logged + number:032x}" for number in range(len(seconds))]
        self.logged += len(seconds)
        told = answers or [1.0] * len(seconds)
        scores = probabilities or [()] * len(seconds)
        rows = [
            {
                "prediction_id": prediction_id,
                "model_key": self.model_key,
                "model_version": "",
                "time_us": BEGIN_US + int(second * SECOND_US),
                "entity_id": "",
                "features": dump_value(dict(zip(names, values, strict=True))),
                "prediction": dump_value(answer),
                "probabilities": dump_value(list(score)) if score else "",
                "confidence": max(score) if score else None,
                "latency_ms": None,
            }
            for second, prediction_id, answer, score, *values in zip(
                seconds, ids, told, scores, *columns.values(), strict=True
            )
        ]
        with self.database.write() as connection:
            connection.execute(insert(drift_predictions), rows)

    def begin(self, start: float, end: float) -> Analysis:
        """Begins an analysis of a window, in seconds after the first prediction."""
        begun = Analysis(
            job_id="",
            model_id=self.model_id,
            model_key=self.model_key,
            baseline_key=self.baseline_key,
            status=AnalysisStatus.RUNNING,
            window_start_us=BEGIN_US + int(start * SECOND_US),
            window_end_us=BEGIN_US + int(end * SECOND_US),
            start_time_us=LATER_US,
            deadline_us=2 * LATER_US,
            seen_us=LATER_US,
        )
        with self.database.write() as connection:
            return replace(begun, job_id=analyses.add(connection, begun))

    def watch(self, analysis: Analysis, most_values: int = MOST_VALUES) -> StreamsWatched:
        """Shows the new rows of an analysis to the detectors, and keeps nothing."""
        self.count += 1
        folder = self.folder / str(self.count)
        folder.mkdir()
        spec = AnalysisSpec("", analysis.job_id, analysis.attempt, str(folder))
        kinds = {name: kind_of(values) or ColumnKind.TEXT for name, values in self.data.features.items()}
        with self.database.read() as connection:
            baseline = baselines.find_key(connection, analysis.baseline_key, self.model_id)
            assert baseline is not None
            form = form_of(connection, self.model_id, baseline)
        answers = reference_answers(baseline, self.data)
        watch = StreamWatch(self.database, analysis, spec, folder, most_values)
        reference = Reference(self.data, kinds, answers, form, self.least_answers)
        shares: list[float] = []
        found = watch.watch(self.settings, reference, shares.append)
        assert shares == sorted(shares), "an analysis never goes back"
        assert all(0 <= share <= 1 + 1e-9 for share in shares)
        return found

    def end(self, analysis: Analysis, found: StreamsWatched) -> bool:
        """Stores what was found, as the program of an analysis does."""
        body: dict[str, object] = {"status": "ok", "algorithms": {}, "features": {}, "groups": []}
        return store(self.database, analysis, body, list(found.notes), lambda: LATER_US, found.kept)

    def analyse(self, start: float, end: float, most_values: int = MOST_VALUES) -> StreamsWatched:
        """Analyses a window from begin to end."""
        analysis = self.begin(start, end)
        found = self.watch(analysis, most_values)
        assert self.end(analysis, found)
        return found

    def forget(self) -> None:
        """Has nothing be kept of streams."""
        with self.database.write() as connection:
            connection.execute(delete(drift_streams))

    def kept(self) -> dict[tuple[str, str], Any]:
        """Answers by feature and algorithm what is kept."""
        with self.database.read() as connection:
            return dict(streams.of_model(connection, self.model_key))


def settings_of(*algorithms: str, **parameters: Mapping[str, float]) -> AlertSettings:
    """Answers settings with these algorithms, and by algorithm parameters."""
    overrides = {name: AlgorithmOverride(params=values) for name, values in parameters.items()}
    return AlertSettings(algorithms=algorithms, overrides=overrides)


def run_of(found: StreamsWatched, algorithm: str, feature: str = "age") -> WatchedRun:
    """Answers what a detector found; it must have found something."""
    (item,) = (one for one in found.items if one.column == feature)
    run = item.runs[algorithm]
    assert isinstance(run, WatchedRun), run
    return run


def reason_of(found: StreamsWatched, algorithm: str, feature: str = "age") -> str:
    """Answers why a detector says nothing; it must say nothing."""
    (item,) = (one for one in found.items if one.column == feature)
    run = item.runs[algorithm]
    assert isinstance(run, NotMeasured), run
    return run.reason


def changing(seed: int, levels: Sequence[float], rows_each: int) -> list[float]:
    """Values around one level after the other, with a tenth of noise."""
    random = np.random.default_rng(seed)
    found: list[float] = (
        np.repeat(levels, rows_each) + random.normal(0, 0.1, rows_each * len(levels))
    ).tolist()
    return found
