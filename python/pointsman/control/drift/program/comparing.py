"""Compares a window with a baseline by the library, as a model's settings say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pointsman.control.drift.answers import NO_LABELED, reference_answers
from pointsman.control.drift.models import form_of
from pointsman.control.drift.performing import Performer
from pointsman.control.drift.program.answering import AnswerWindow
from pointsman.control.drift.program.class_rates import class_rates, find_lacking_rows
from pointsman.control.drift.program.existing import comparable_of
from pointsman.control.drift.program.judging import Sides, judge, options_of
from pointsman.control.drift.program.origins import origin_of
from pointsman.control.drift.program.slicing import choose_slices
from pointsman.control.drift.program.streams.sights import Reference
from pointsman.control.drift.program.streams.watching import StreamWatch
from pointsman.control.drift.program.window import Window
from pointsman.control.drift.spec import AnalysisSpec
from pointsman.domain.drift.alerting.existence import COMPARABLE
from pointsman.domain.drift.analyses import Analysis
from pointsman.domain.drift.baselines import ColumnKind, kind_of
from pointsman.domain.drift.streams import KeptStream
from pointsman.errors import NotFoundError
from pointsman.store.database import Database
from pointsman.store.drift import alert_settings, baselines

if TYPE_CHECKING:
    import pyarrow as pa

    from pointsman.control.drift.answers import Predictions


@dataclass(frozen=True)
class Compared:
    """What came out.

    Attributes:
        body: What the library says.
        notes: What to know of the rows.
        streams: Where detectors of changes stand now, to be stored with the result.
    """

    body: dict[str, Any]
    notes: list[str]
    streams: tuple[KeptStream, ...] = ()


def compare_window(
    database: Database,
    analysis: Analysis,
    spec: AnalysisSpec,
    folder: Path,
    reached: Callable[[float], None],
) -> Compared:
    """Compares features and answers of a window with those of the baseline.

    Args:
        database: Where baseline, settings and logged predictions are.
        analysis: The analysis.
        spec: Where the rest is.
        folder: For what does not fit into memory.
        reached: Is told how far it is, 0 to 1.

    Raises:
        pointsman_drift.DriftError: The two cannot be compared.
        FailedPreconditionError: A feature is of another type than in the baseline.
    """
    with database.read() as connection:
        settings = alert_settings.of_model(connection, analysis.model_key)
        baseline = baselines.find_key(connection, analysis.baseline_key, analysis.model_id)
        data = baselines.data_of(connection, analysis.baseline_key)
        if baseline is None:
            raise NotFoundError("the baseline is gone with its model", reason="BASELINE_NOT_FOUND")
        form = form_of(connection, analysis.model_id, baseline)
    # Checked when the baseline was made.
    kinds = {name: kind_of(values) or ColumnKind.TEXT for name, values in data.features.items()}
    reached(0.1)
    window = Window(database, analysis, spec, folder, kinds)
    path = window.write()
    reached(0.3)
    before = reference_answers(baseline, data)
    seen = Reference(data, kinds, before, form, options_of(settings)["least_rows"])
    watched = StreamWatch(database, analysis, spec, folder).watch(
        settings, seen, lambda share: reached(0.3 + 0.2 * share)
    )
    reached(0.5)
    answers = AnswerWindow(database, analysis, spec, folder, form)
    pair, lacking, rows, notes = _read_pair(answers, before)
    reached(0.6)
    reference = reference_table(data.features, kinds)
    slicing = choose_slices(window.slices, kinds, settings, reference)
    used = path if window.row_count else None
    sides = Sides(reference, used, pair, lacking, rows, slicing, watched.items)
    result = judge(sides, settings)
    body = result.to_dict()
    origin, of_origin = origin_of(result, kinds)
    if origin is not None:
        body["origin"] = origin.value
    reached(0.9)
    body[COMPARABLE] = comparable_of(kinds, before, settings).told()
    body["performance"], body["classRates"] = {}, {}
    if pair is not None:
        performer = Performer(pair[0])
        body["performance"] = performer.measure(pair[1]).told()
        body["classRates"] = class_rates(*pair)
        notes += performer.notes
        if few := find_lacking_rows(*pair):
            notes.append(few)
    told = [*spec.notes, *window.notes, *watched.notes, *notes, *slicing.notes, *of_origin]
    return Compared(body, told, watched.kept)


def _read_pair(
    answers: AnswerWindow, before: Predictions | None
) -> tuple[tuple[Predictions, Predictions] | None, str, tuple[int, int], list[str]]:
    """Answers labelled predictions of the baseline and answers of the window, or why there are none.

    Returns:
        The two; why they are lacking; rows of both; and what to know of the rows.
    """
    if before is None:
        return None, NO_LABELED, (0, 0), []
    after = answers.read()
    if after is None:
        return None, "the window has no answers that can be compared", (before.rows, 0), answers.notes
    return (before, after), "", (before.rows, after.rows), answers.notes


def reference_table(columns: Mapping[str, Sequence[Any]], kinds: Mapping[str, ColumnKind]) -> pa.Table:
    """Makes the table of a baseline's features."""
    import pyarrow as pa

    types = {ColumnKind.NUMBER: pa.float64(), ColumnKind.TEXT: pa.string(), ColumnKind.BOOLEAN: pa.bool_()}
    return pa.table(
        {
            name: pa.array(_written(values, kinds[name]), types[kinds[name]])
            for name, values in columns.items()
        }
    )


def _written(values: Sequence[Any], kind: ColumnKind) -> Sequence[Any]:
    """Rounds whole numbers as those of windows are: Arrow takes none that a double lacks."""
    if kind is not ColumnKind.NUMBER:
        return values
    return [None if value is None else float(value) for value in values]
