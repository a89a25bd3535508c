"""What the library says of a window's features and answers, as a model's settings say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pointsman.control.drift.alert_settings import default_algorithms
from pointsman.control.drift.program.slicing import Slicing
from pointsman.domain.drift.alerts import AlertSettings
from pointsman.domain.drift.naming import ALL, PREDICTIONS

if TYPE_CHECKING:
    import pyarrow as pa

    from pointsman.control.drift.answers import Predictions
    from pointsman_drift import Result, Unjudged, WatchedStream

MEMORY_LIMIT = "1GB"
_LEAST_ROWS = 2
_USUAL_ROWS = 30
"""Rows of a window below which features are not judged, unless the baseline may have fewer."""


@dataclass(frozen=True)
class Sides:
    """What is compared.

    Attributes:
        reference: The baseline's features.
        window: The file of the window's; None where it has no row with features.
        answers: The baseline's labelled predictions and the window's answers; None where one side has none.
        lacking: Why there are none.
        rows: Labelled predictions of the baseline, and answers of the window.
        slicing: By what rows of the window's file are judged apart, too.
        streams: What detectors of changes saw.
    """

    reference: pa.Table
    window: Path | None
    answers: tuple[Predictions, Predictions] | None = None
    lacking: str = ""
    rows: tuple[int, int] = (0, 0)
    slicing: Slicing = field(default_factory=Slicing)
    streams: Sequence[WatchedStream] = ()


def judge(sides: Sides, settings: AlertSettings) -> Result:
    """Compares both sides by the library.

    What has nothing to look at is told as unjudged instead of refused: a window is not made by whoever named
    the algorithm.

    Args:
        sides: What is compared.
        settings: How.

    Raises:
        pointsman_drift.DriftError: The two cannot be compared.
    """
    from pointsman_drift import compare, compare_predictions

    options, lacking = _runnable(sides, settings)
    if options["algorithms"] == []:
        result = _nothing_judged(sides, settings)
    elif sides.window is not None:
        result = compare(
            sides.reference,
            str(sides.window),
            features=sides.reference.column_names,
            predictions=sides.answers,
            slices=sides.slicing.columns,
            slice_limit=sides.slicing.limit,
            **options,
        )
    elif sides.answers is not None:
        told = compare_predictions(*sides.answers, **options)
        result = replace(told, reference_rows=sides.reference.num_rows, current_rows=0)
    else:
        result = _nothing_judged(sides, settings)
    result = replace(result, insufficient_data=(*result.insufficient_data, *lacking))
    return _with_streams(result, sides.streams, settings) if sides.streams else result


def options_of(settings: AlertSettings) -> dict[str, Any]:
    """Answers what the library is told of a model's settings.

    Thresholds of ``accuracy_drop`` are those of its own fields, unless it has an override.
    """
    thresholds = {"accuracy_drop": (settings.accuracy_drop_warning, settings.accuracy_drop_alert)}
    thresholds |= {
        name: (one.warning_threshold, one.alert_threshold)
        for name, one in settings.overrides.items()
        if one.warning_threshold is not None and one.alert_threshold is not None
    }
    return {
        "algorithms": None if settings.algorithms is None else list(settings.algorithms),
        "thresholds": thresholds,
        "parameters": {name: dict(one.params) for name, one in settings.overrides.items() if one.params},
        "calibration": "on" if settings.calibrated else "off",
        # A baseline that is large enough to be compared with has enough rows to be judged.
        "least_rows": max(_LEAST_ROWS, min(settings.min_baseline_sample_size, _USUAL_ROWS)),
        "memory_limit": MEMORY_LIMIT,
    }


def _runnable(sides: Sides, settings: AlertSettings) -> tuple[dict[str, Any], list[Unjudged]]:
    """Answers the options without algorithms that have nothing to look at, and what is said of these."""
    from pointsman_drift import AlgorithmKind, Unjudged, algorithms

    options = options_of(settings)
    known = algorithms()
    names: Sequence[str] = options["algorithms"] or default_algorithms()
    kinds = {name: known[name].kind for name in names if name in known}
    lacking: list[Unjudged] = []
    # Streams are judged beside the tables.
    is_lacking = {name for name, kind in kinds.items() if kind is AlgorithmKind.STREAMING}
    if sides.answers is None:
        of_answers = {name for name, kind in kinds.items() if kind is AlgorithmKind.PERFORMANCE}
        is_lacking |= of_answers
        # Answers are columns, too: their drift is judged by the algorithms of single columns.
        if of_answers or AlgorithmKind.UNIVARIATE in kinds.values():
            lacking.append(Unjudged(PREDICTIONS, sides.lacking, *sides.rows))
    if sides.window is None:
        rows = sides.reference.num_rows, 0
        reason = "the window has no predictions with features"
        of_rows = {AlgorithmKind.MULTIVARIATE, AlgorithmKind.CUSTOM}
        of_all = [name for name, kind in kinds.items() if kind in of_rows]
        is_lacking |= set(of_all)
        lacking += [Unjudged(ALL, reason, *rows, name) for name in of_all]
        if AlgorithmKind.UNIVARIATE in kinds.values():
            lacking += [Unjudged(name, reason, *rows) for name in sides.reference.column_names]
            if sides.answers is None:
                is_lacking |= {name for name, kind in kinds.items() if kind is AlgorithmKind.UNIVARIATE}
    if options["algorithms"] is not None:
        options["algorithms"] = [name for name in options["algorithms"] if name not in is_lacking]
    return options, lacking


def _with_streams(result: Result, streams: Sequence[WatchedStream], settings: AlertSettings) -> Result:
    """Adds figures of streams; they have no p-value, so that those of the tables stay what they are."""
    from pointsman_drift import judge_streams

    options = options_of(settings)
    names = ("algorithms", "thresholds", "parameters", "calibration")
    told = judge_streams(streams, **{name: options[name] for name in names})
    return replace(
        result,
        figures=(*result.figures, *told.figures),
        not_measured=(*result.not_measured, *told.not_measured),
    )


def _nothing_judged(sides: Sides, settings: AlertSettings) -> Result:
    """Makes a result without figures: nobody can say ok."""
    from pointsman_drift import Result

    rows = 0 if sides.window is None else _rows_of(sides.window)
    return Result((), (), (), sides.reference.num_rows, rows, settings.calibrated, 0)


def _rows_of(path: Path) -> int:
    import pyarrow.parquet as pq

    return int(pq.read_metadata(path).num_rows)
