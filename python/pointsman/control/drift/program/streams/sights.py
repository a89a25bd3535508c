"""What of a model detectors of changes see: its features, and its predictions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pointsman.control.drift.answers import NO_LABELED, AnswerForm
from pointsman.control.drift.program.streams.answer_rows import AnswerRows
from pointsman.control.drift.program.streams.feature_rows import FeatureRows
from pointsman.control.drift.program.streams.rows import OrderedRows
from pointsman.control.drift.spec import AnalysisSpec
from pointsman.domain.drift.analyses import Analysis
from pointsman.domain.drift.baselines import BaselineData, ColumnKind
from pointsman.domain.drift.naming import PREDICTIONS
from pointsman.domain.drift.predictions import MAX_FEATURE_CHARS
from pointsman.store.database import Database

if TYPE_CHECKING:
    from pointsman.control.drift.answers import Predictions
    from pointsman_drift import Scale

MakeRows = Callable[[Database, Analysis, AnalysisSpec, Path, Sequence[str]], OrderedRows]


@dataclass(frozen=True, eq=False)
class Sight:
    """Streams whose values are of the same rows.

    Attributes:
        title: What they are of, for people.
        scales: By stream the baseline's scale, on which its values are seen.
        make_rows: Makes the rows of a time, of some of the streams.
        row_values: How many numbers are read of a row at least.
        lacking: By what would be streams why they are not.
    """

    title: str
    scales: Mapping[str, Scale]
    make_rows: MakeRows
    row_values: int = 1
    lacking: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reference:
    """What a baseline says, on whose scales values are seen.

    Attributes:
        data: Its blocks.
        kinds: Its features, and what their values are.
        answers: Its labeled predictions; None where it has none.
        form: How answers of the model are read beside these.
        least_answers: So many it must have, that a scale is one.
    """

    data: BaselineData
    kinds: Mapping[str, ColumnKind]
    answers: Predictions | None = None
    form: AnswerForm = field(default_factory=AnswerForm)
    least_answers: int = 2


def see_features(reference: Reference) -> Sight:
    """Answers the features that are numbers, in the order of their names.

    Args:
        reference: The baseline.
    """
    from pointsman_drift import scale_of

    kinds = reference.kinds
    scales: dict[str, Scale] = {
        name: scale
        for name in sorted(name for name, kind in kinds.items() if kind is ColumnKind.NUMBER)
        if (scale := scale_of(reference.data.features[name])) is not None  # type: ignore[arg-type]
    }
    return Sight("features", scales, FeatureRows)


def see_predictions(reference: Reference) -> Sight:
    """Answers what is compared of predictions and is a number, under the names that figures of windows have.

    Args:
        reference: The baseline.
    """
    from pointsman_drift import prediction_numbers, scale_of

    form = reference.form

    def make_rows(
        database: Database, analysis: Analysis, spec: AnalysisSpec, folder: Path, names: Sequence[str]
    ) -> OrderedRows:
        return AnswerRows(database, analysis, spec, folder, form, names)

    if reference.answers is None:
        return Sight("predictions", {}, make_rows, lacking={PREDICTIONS: NO_LABELED})
    columns = prediction_numbers(reference.answers)
    if why := _why_none(reference, reference.answers.rows, columns):
        return Sight("predictions", {}, make_rows, lacking={PREDICTIONS: why})
    lacking = {
        name: f"its name has {len(name)} characters, and streams are kept under {MAX_FEATURE_CHARS} at most"
        for name in columns
        if len(name) > MAX_FEATURE_CHARS
    }
    scales: dict[str, Scale] = {
        name: scale
        for name, values in columns.items()
        if name not in lacking and (scale := scale_of(values)) is not None
    }
    return Sight("predictions", scales, make_rows, max(1, len(form.classes)), lacking)


def _why_none(reference: Reference, count: int, names: Mapping[str, object]) -> str:
    """Says why a baseline with labeled predictions gives no streams of them; empty where it does."""
    if count < reference.least_answers:
        return (
            f"the baseline has {count} labeled predictions; {reference.least_answers} are needed, that a "
            "scale is one"
        )
    if taken := sorted(set(names).intersection(reference.kinds)):
        return (
            f"the baseline has a feature called {taken[0]!r}, as its predictions are; make one in which it "
            "is called otherwise"
        )
    return ""
