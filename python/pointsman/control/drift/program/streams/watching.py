"""Shows a model's new rows to its detectors, each from where it stood."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pointsman.control.drift.program.streams.counting import days_of
from pointsman.control.drift.program.streams.course import Course, nothing_new
from pointsman.control.drift.program.streams.rows import StreamRows
from pointsman.control.drift.spec import AnalysisSpec
from pointsman.domain.drift.alerts import AlertSettings
from pointsman.domain.drift.analyses import Analysis
from pointsman.domain.drift.baselines import BaselineData, ColumnKind
from pointsman.domain.drift.streams import MOST_STREAMS, KeptStream, late_rows, readable_until
from pointsman.domain.times import datetime_of
from pointsman.store.database import Database
from pointsman.store.drift import streams

if TYPE_CHECKING:
    from pointsman_drift import NotMeasured, Scale, WatchedRun, WatchedStream

MOST_VALUES = 200_000_000
"""Values that detectors see in one analysis, some minutes: of more rows the next one reads the rest."""


@dataclass(frozen=True)
class StreamsWatched:
    """What detectors found.

    Attributes:
        items: By feature, as the library judges it.
        kept: Where detectors stand now that have read further.
        notes: What to know of the rows, in sentences.
    """

    items: tuple[WatchedStream, ...] = ()
    kept: tuple[KeptStream, ...] = ()
    notes: tuple[str, ...] = ()


class StreamWatch:
    """Detectors of a model over one analysis.

    Args:
        database: Where they keep how they stand, and where logged predictions are.
        analysis: The analysis.
        spec: Where the lake's files are.
        folder: For what does not fit into memory.
        most_values: So many values they see at most.
    """

    def __init__(
        self,
        database: Database,
        analysis: Analysis,
        spec: AnalysisSpec,
        folder: Path,
        most_values: int = MOST_VALUES,
    ) -> None:
        self._database = database
        self._analysis = analysis
        self._spec = spec
        self._folder = folder / "streams"
        self._most_values = most_values
        self._until_us = readable_until(analysis, spec.stored_until_us)

    def watch(
        self,
        settings: AlertSettings,
        data: BaselineData,
        kinds: Mapping[str, ColumnKind],
        reached: Callable[[float], None],
    ) -> StreamsWatched:
        """Shows new rows to the detectors that the settings name; without such ones it reads nothing.

        Args:
            settings: Which ones, and their parameters.
            data: The baseline, on whose scale they see values.
            kinds: The features, of which those that are numbers are seen.
            reached: Is told how far it is, 0 to 1.

        Raises:
            pointsman_drift.DriftError: A parameter means nothing, or river is not installed.
            FailedPreconditionError: A feature is of another type than in the baseline.
        """
        courses, notes = self._courses(settings, data, kinds)
        if not courses:
            return StreamsWatched(notes=tuple(notes))
        going = [one for one in courses if one.from_us < self._until_us]
        until_us = self._show(going, reached) if going else self._until_us
        if until_us < self._until_us:
            notes.append(
                f"streams were read until {datetime_of(until_us).isoformat()}, for an analysis shows "
                f"{self._most_values} values to detectors; the next one goes on from there"
            )
        # One that had read further than the others do now stays where it is.
        further = [one for one in going if one.from_us < until_us]
        told: dict[Course, WatchedRun | NotMeasured] = {one: nothing_new(one, until_us) for one in courses}
        kept: list[KeptStream] = []
        most = 0
        for one, before in self._before(further).items():
            late = late_rows(one.kept.days, before) if one.kept is not None else 0
            most = max(most, late)
            told[one] = one.told(until_us, late)
            kept.append(one.keep(until_us, before))
        if most:
            notes.append(
                f"at least {most} rows came after streams had been read beyond their time, and were not "
                "shown to detectors"
            )
        return StreamsWatched(_items(courses, told), tuple(kept), tuple(notes))

    def _courses(
        self, settings: AlertSettings, data: BaselineData, kinds: Mapping[str, ColumnKind]
    ) -> tuple[list[Course], list[str]]:
        from pointsman_drift import scale_of

        names = stream_algorithms(settings)
        if not names:
            return [], []
        numbers = sorted(name for name, kind in kinds.items() if kind is ColumnKind.NUMBER)
        scales: dict[str, Scale] = {
            name: scale
            for name in numbers
            if (scale := scale_of(data.features[name])) is not None  # type: ignore[arg-type]
        }
        notes = []
        if not scales:
            notes.append(f"{' and '.join(names)} saw nothing: no feature of the baseline has numbers")
        watched = list(scales)[: MOST_STREAMS // len(names)]
        if len(watched) < len(scales):
            notes.append(
                f"of {len(scales)} features {len(watched)} are watched as streams, the first by name: a "
                f"model has at most {MOST_STREAMS} detectors"
            )
        with self._database.read() as connection:
            kept = streams.of_model(connection, self._analysis.model_key)
        courses = [
            Course(
                feature,
                algorithm,
                override.params if (override := settings.overrides.get(algorithm)) else {},
                scales[feature],
                self._analysis.baseline_key,
                kept.get((feature, algorithm)),
                self._analysis.window_start_us,
            )
            for feature in watched
            for algorithm in names
        ]
        return courses, notes

    def _show(self, going: list[Course], reached: Callable[[float], None]) -> int:
        """Shows rows to detectors; answers before which time they have seen all."""
        features = list(dict.fromkeys(one.feature for one in going))
        self._folder.mkdir(exist_ok=True)
        rows = StreamRows(self._database, self._analysis, self._spec, self._folder, features)
        start_us = min(one.from_us for one in going)
        until_us = rows.write(start_us, self._until_us, max(1, self._most_values // len(going)))
        for times, values in rows.each(until_us, reached):
            for one in going:
                one.see(times, values[one.feature])
        return until_us

    def _before(self, going: list[Course]) -> dict[Course, dict[int, int]]:
        """Counts by day the rows that are there now of the times that each detector had read before."""
        found: dict[tuple[int, int], dict[int, int]] = {}
        for one in going:
            span = one.begun_us, one.from_us
            if one.kept is not None and span not in found:
                found[span] = days_of(self._database, self._analysis, self._spec, *span)
        return {one: found.get((one.begun_us, one.from_us), {}) if one.kept else {} for one in going}


def stream_algorithms(settings: AlertSettings) -> list[str]:
    """Answers the algorithms of streams that settings name: none runs where none is named."""
    from pointsman_drift import AlgorithmKind, algorithms

    known = algorithms()
    return [
        name
        for name in dict.fromkeys(settings.algorithms or ())
        if name in known and known[name].kind is AlgorithmKind.STREAMING
    ]


def _items(
    courses: list[Course], told: Mapping[Course, WatchedRun | NotMeasured]
) -> tuple[WatchedStream, ...]:
    from pointsman_drift import WatchedStream

    runs: dict[str, dict[str, WatchedRun | NotMeasured]] = {}
    for one in courses:
        runs.setdefault(one.feature, {})[one.algorithm] = told[one]
    return tuple(WatchedStream(feature, found) for feature, found in runs.items())
