"""Shows a model's new rows to its detectors, each from where it stood."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pointsman.control.drift.program.streams.counting import days_of
from pointsman.control.drift.program.streams.course import Course, nothing_new
from pointsman.control.drift.program.streams.rows import OrderedRows
from pointsman.control.drift.program.streams.sights import (
    Reference,
    Sight,
    see_features,
    see_predictions,
)
from pointsman.control.drift.spec import AnalysisSpec
from pointsman.domain.drift.alerts import AlertSettings
from pointsman.domain.drift.analyses import Analysis
from pointsman.domain.drift.streams import MOST_STREAMS, KeptStream, late_rows, readable_until
from pointsman.domain.times import datetime_of
from pointsman.store.database import Database
from pointsman.store.drift import streams

if TYPE_CHECKING:
    from pointsman_drift import NotMeasured, WatchedRun, WatchedStream

MOST_VALUES = 200_000_000
"""Values that detectors see in one analysis, some minutes, or probabilities that are read for them: of more
rows the next one reads the rest."""


@dataclass(frozen=True)
class StreamsWatched:
    """What detectors found.

    Attributes:
        items: By feature and by what predictions have, as the library judges it.
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
        most_values: So many values are read for them at most.
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
        self, settings: AlertSettings, reference: Reference, reached: Callable[[float], None]
    ) -> StreamsWatched:
        """Shows new rows to the detectors that the settings name; without such ones it reads nothing.

        Args:
            settings: Which ones, and their parameters.
            reference: The baseline, on whose scale they see values.
            reached: Is told how far it is, 0 to 1.

        Raises:
            pointsman_drift.DriftError: A parameter means nothing, or river is not installed.
            FailedPreconditionError: A feature is of another type than in the baseline.
        """
        names = stream_algorithms(settings)
        if not names:
            return StreamsWatched()
        # Predictions have few streams, and come first where a model has more than it may.
        sights = [see_predictions(reference), see_features(reference)]
        courses, notes = self._courses(settings, names, sights)
        going = {
            sight: [one for one in of_sight if one.from_us < self._until_us]
            for sight, of_sight in courses.items()
        }
        detectors = max(1, sum(map(len, going.values())))
        told: dict[Course, WatchedRun | NotMeasured] = {}
        kept: list[KeptStream] = []
        most_late = 0
        done = 0.0
        for sight, of_sight in courses.items():
            share = len(going[sight]) / detectors
            part = partial(_reach, reached, done, share)
            found = self._see(sight, of_sight, going[sight], detectors, part)
            done += share
            told |= found.told
            kept += found.kept
            notes += found.notes
            # Both sights are of nearly the same rows.
            most_late = max(most_late, found.late)
        if most_late:
            notes.append(
                f"at least {most_late} rows came after streams had been read beyond their time, and were not "
                "shown to detectors"
            )
        return StreamsWatched(_items(names, courses, told), tuple(kept), tuple(notes))

    def _courses(
        self, settings: AlertSettings, names: Sequence[str], sights: Sequence[Sight]
    ) -> tuple[dict[Sight, list[Course]], list[str]]:
        """Answers the detectors by what they see, as many as a model may have."""
        notes = []
        courses: dict[Sight, list[Course]] = {}
        with self._database.read() as connection:
            kept = streams.of_model(connection, self._analysis.model_key)
        room = MOST_STREAMS // len(names)
        for sight in sights:
            watched = list(sight.scales)[:room]
            room -= len(watched)
            if not sight.scales and not sight.lacking:
                notes.append(
                    f"{' and '.join(names)} saw no {sight.title}: none of the baseline's has numbers"
                )
            if len(watched) < len(sight.scales):
                notes.append(
                    f"of {len(sight.scales)} {sight.title} {len(watched)} are watched as streams, the first "
                    f"by name: a model has at most {MOST_STREAMS} detectors"
                )
            courses[sight] = [
                Course(
                    stream,
                    algorithm,
                    override.params if (override := settings.overrides.get(algorithm)) else {},
                    sight.scales[stream],
                    self._analysis.baseline_key,
                    kept.get((stream, algorithm)),
                    self._analysis.window_start_us,
                )
                for stream in watched
                for algorithm in names
            ]
        return courses, notes

    def _see(
        self,
        sight: Sight,
        courses: Sequence[Course],
        going: Sequence[Course],
        detectors: int,
        reached: Callable[[float], None],
    ) -> _Seen:
        """Shows the new rows of one sight to its detectors.

        Args:
            sight: What they see.
            courses: All of them.
            going: Those that have not read as far as the analysis does.
            detectors: How many read further in this analysis, those of other sights among them.
            reached: Is told how far it is, 0 to 1.
        """
        told: dict[Course, WatchedRun | NotMeasured] = {
            one: nothing_new(one, self._until_us) for one in courses
        }
        if not going:
            return _Seen(told)
        names = list(dict.fromkeys(one.feature for one in going))
        folder = self._folder / sight.title
        folder.mkdir(parents=True, exist_ok=True)
        rows = sight.make_rows(self._database, self._analysis, self._spec, folder, names)
        most_rows = max(1, self._most_values // max(detectors, sight.row_values))
        until_us = self._show(rows, going, most_rows, reached)
        notes = []
        if until_us < self._until_us:
            told |= {one: nothing_new(one, until_us) for one in courses}
            notes.append(
                f"streams of {sight.title} were read until {datetime_of(until_us).isoformat()}, for an "
                f"analysis reads {self._most_values} values for detectors; the next one goes on from there"
            )
        # One that had read further than the others do now stays where it is.
        further = [one for one in going if one.from_us < until_us]
        kept: list[KeptStream] = []
        most_late = 0
        for one, before in self._before(further, rows.counted).items():
            late = late_rows(one.kept.days, before) if one.kept is not None else 0
            most_late = max(most_late, late)
            told[one] = one.told(until_us, late)
            kept.append(one.keep(until_us, before))
        return _Seen(told, kept, notes, most_late)

    def _show(
        self, rows: OrderedRows, going: Sequence[Course], most_rows: int, reached: Callable[[float], None]
    ) -> int:
        """Shows rows to detectors; answers before which time they have seen all."""
        start_us = min(one.from_us for one in going)
        until_us = rows.write(start_us, self._until_us, most_rows)
        for times, values in rows.each(until_us, reached):
            for one in going:
                one.see(times, values[one.feature])
        return until_us

    def _before(self, going: Sequence[Course], counted: str) -> dict[Course, dict[int, int]]:
        """Counts by day the rows that are there now of the times that each detector had read before."""
        found: dict[tuple[int, int], dict[int, int]] = {}
        for one in going:
            span = one.begun_us, one.from_us
            if one.kept is not None and span not in found:
                found[span] = days_of(self._database, self._analysis, self._spec, *span, counted)
        return {one: found.get((one.begun_us, one.from_us), {}) if one.kept else {} for one in going}


@dataclass(frozen=True)
class _Seen:
    """What detectors of one sight found: by each what is told, where they stand, notes, and late rows."""

    told: Mapping[Course, WatchedRun | NotMeasured]
    kept: Sequence[KeptStream] = ()
    notes: Sequence[str] = ()
    late: int = 0


def _reach(reached: Callable[[float], None], done: float, share: float, part: float) -> None:
    reached(done + share * part)


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
    names: Sequence[str],
    courses: Mapping[Sight, Sequence[Course]],
    told: Mapping[Course, WatchedRun | NotMeasured],
) -> tuple[WatchedStream, ...]:
    """Answers what the library judges, and by each detector why it sees nothing of what is lacking."""
    from pointsman_drift import NotMeasured, WatchedStream

    runs: dict[str, dict[str, WatchedRun | NotMeasured]] = {}
    for sight, of_sight in courses.items():
        for one in of_sight:
            runs.setdefault(one.feature, {})[one.algorithm] = told[one]
        for stream, reason in sight.lacking.items():
            runs[stream] = {algorithm: NotMeasured(reason) for algorithm in names}
    return tuple(WatchedStream(stream, found) for stream, found in runs.items())
