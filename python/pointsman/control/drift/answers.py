"""What a model answered, as the library compares it: checked, by the classes of its baseline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pointsman.domain.drift.baselines import Baseline, BaselineData
from pointsman.domain.drift.classes import place_of
from pointsman.domain.drift.outcomes import label_of, number_of
from pointsman.domain.drift.predictions import SUM_TOLERANCE
from pointsman.domain.models import Task

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from pointsman_drift import ClassPredictions, NumberPredictions

    Predictions = ClassPredictions | NumberPredictions

NO_LABELED = (
    "the baseline has no labeled predictions; make one that has them with CreateBaseline, of data or a window"
)


@dataclass(frozen=True)
class AnswerForm:
    """How answers of a model are read.

    Attributes:
        classes: Of a classifier, in the order of the baseline's probabilities; none of a regression.
        orders: By version of the model the classes of its probabilities, where its signature has them in
            another order; None where it has other classes.
    """

    classes: tuple[str, ...] = ()
    orders: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)

    @property
    def others(self) -> tuple[str, ...]:
        """The versions of the model that have other classes."""
        return tuple(version for version, order in self.orders.items() if order is None)


@dataclass
class LeftOut:
    """Counts what is not compared, and why.

    Attributes:
        without_answer: Rows without an answer that can be read.
        of_other_width: Rows with another number of probabilities than the baseline has.
        of_other_class: Rows that answer a class that the baseline lacks, or of a version with such classes.
        of_other_outcome: Rows whose outcome is a class that the baseline lacks, or no number.
    """

    without_answer: int = 0
    of_other_width: int = 0
    of_other_class: int = 0
    of_other_outcome: int = 0

    @classmethod
    def total(cls, parts: Iterable[LeftOut]) -> LeftOut:
        """Adds up what parts leave out."""
        found = cls()
        for part in parts:
            for name, count in vars(part).items():
                setattr(found, name, getattr(found, name) + count)
        return found

    def notes(self) -> list[str]:
        """Says it, in sentences."""
        told = [
            (self.without_answer, "predictions were recorded without an answer that can be compared"),
            (
                self.of_other_width,
                "predictions have other probabilities than one for each class of the baseline, and their "
                "answers are not compared",
            ),
            (
                self.of_other_class,
                "predictions answer a class that the baseline's labeled predictions lack, or are of a "
                "version whose signature has other classes, and their answers are not compared",
            ),
            (
                self.of_other_outcome,
                "outcomes are not such as the baseline's labeled predictions have; those predictions count "
                "as without outcome",
            ),
        ]
        return [f"{count} {what}" for count, what in told if count]


def reference_answers(baseline: Baseline, data: BaselineData) -> Predictions | None:
    """Answers the labelled predictions of a baseline; None where it has none.

    Args:
        baseline: The baseline.
        data: Its blocks.
    """
    from pointsman_drift import read_classes, read_numbers

    if not data.predicted:
        return None
    if baseline.task is Task.REGRESSION:
        return read_numbers(
            [number_of(value) for value in data.predicted],  # type: ignore[arg-type]
            [None if value is None else number_of(value) for value in data.actual],  # type: ignore[arg-type]
        )
    if not data.probabilities:
        return None
    labels = [
        [None if value is None else label_of(value) for value in values]  # type: ignore[arg-type]
        for values in (data.predicted, data.actual)
    ]
    return read_classes(baseline.class_labels, data.probabilities, *labels)


def read_answers(table: pa.Table, form: AnswerForm, left_out: LeftOut) -> Predictions | None:
    """Reads recorded answers; None where no row can be compared.

    Args:
        table: With the columns ``model_version``, ``label`` (the answer's name), ``number``,
            ``probabilities``, ``outcome_label`` and ``outcome_number``.
        form: How they are read.
        left_out: Counts what is not.
    """
    _, found = read_rows(table, form, left_out)
    return found


def read_rows(table: pa.Table, form: AnswerForm, left_out: LeftOut) -> tuple[np.ndarray, Predictions | None]:
    """Reads recorded answers as :func:`read_answers` does, and says of which rows they are.

    Args:
        table: With the columns that :func:`read_answers` names.
        form: How they are read.
        left_out: Counts what is not.

    Returns:
        The places of the rows that can be compared, shape (compared,); and their answers, None of no row.
    """
    return _classes(table, form, left_out) if form.classes else _numbers(table, left_out)


def _numbers(table: pa.Table, left_out: LeftOut) -> tuple[np.ndarray, Predictions | None]:
    import numpy as np

    from pointsman_drift import read_numbers

    predicted, actual = (_floats(table, name) for name in ("number", "outcome_number"))
    is_number = np.isfinite(predicted)
    has_outcome = table.column("outcome_label").is_valid().to_numpy(zero_copy_only=False)
    is_known = np.isfinite(actual)
    left_out.without_answer += int(np.sum(~is_number))
    left_out.of_other_outcome += int(np.sum(is_number & has_outcome & ~is_known))
    chosen = np.flatnonzero(is_number)
    if not len(chosen):
        return chosen, None
    return chosen, read_numbers(predicted[chosen], np.where(is_known, actual, np.nan)[chosen])


def _classes(table: pa.Table, form: AnswerForm, left_out: LeftOut) -> tuple[np.ndarray, Predictions | None]:
    import numpy as np
    import pyarrow.compute as pc

    from pointsman_drift import read_classes

    width = len(form.classes)
    lists = table.column("probabilities").combine_chunks()
    is_wide = pc.fill_null(pc.equal(pc.list_value_length(lists), width), False).to_numpy(zero_copy_only=False)
    predicted = _places(table, "label", form.classes)
    has_answer = table.column("label").is_valid().to_numpy(zero_copy_only=False)
    left_out.without_answer += int(np.sum(~has_answer))
    chosen = np.flatnonzero(has_answer & is_wide)
    flat = lists.take(chosen).flatten()
    scores = flat.to_numpy(zero_copy_only=False).astype(np.float64).reshape(-1, width)
    # Not a number fails this, too.
    is_sound = np.all((scores >= 0) & (scores <= 1), axis=1) & (
        np.abs(scores.sum(axis=1) - 1) <= SUM_TOLERANCE
    )
    left_out.of_other_width += int(np.sum(has_answer & ~is_wide)) + int(np.sum(~is_sound))
    # The same place means another class there, whatever the answer is called.
    is_known = (predicted[chosen] >= 0) & ~_of_versions(table, form.others)[chosen]
    left_out.of_other_class += int(np.sum(is_sound & ~is_known))
    kept = is_sound & is_known
    chosen, scores = chosen[kept], scores[kept]
    if not len(chosen):
        return chosen, None
    rows = table.take(chosen)
    actual = _places(rows, "outcome_label", form.classes)
    has_outcome = rows.column("outcome_label").is_valid().to_numpy(zero_copy_only=False)
    left_out.of_other_outcome += int(np.sum(has_outcome & (actual < 0)))
    scores = _reordered(scores, rows, form)
    names = np.array([*form.classes, None], dtype=object)
    return chosen, read_classes(form.classes, scores, names[predicted[chosen]], names[actual])


def _reordered(scores: np.ndarray, rows: pa.Table, form: AnswerForm) -> np.ndarray:
    """Brings probabilities of versions whose signature has another order into that of the baseline."""
    import numpy as np

    versions = rows.column("model_version").to_numpy(zero_copy_only=False)
    for version, order in form.orders.items():
        if order is None:
            continue
        of_version = versions == version
        scores[of_version] = scores[np.ix_(of_version, [order.index(name) for name in form.classes])]
    return scores


def _of_versions(table: pa.Table, versions: Sequence[str]) -> np.ndarray:
    """Says of each row whether it is of some versions of the model; shape (rows,)."""
    import pyarrow as pa
    import pyarrow.compute as pc

    of_rows = table.column("model_version").combine_chunks()
    found: np.ndarray = pc.is_in(of_rows, pa.array(versions, of_rows.type)).to_numpy(zero_copy_only=False)
    return found


def _places(table: pa.Table, name: str, classes: Sequence[str]) -> np.ndarray:
    """Answers the place of each row's class, -1 for none; shape (rows,)."""
    import numpy as np

    encoded = table.column(name).combine_chunks().dictionary_encode()
    known = [place_of(label, classes) for label in encoded.dictionary.to_pylist()]
    places = np.array([*(-1 if place is None else place for place in known), -1])
    found: np.ndarray = places[encoded.indices.fill_null(len(known)).to_numpy(zero_copy_only=False)]
    return found


def _floats(table: pa.Table, name: str) -> np.ndarray:
    import numpy as np
    import pyarrow as pa

    column = table.column(name).cast(pa.float64()).combine_chunks().fill_null(float("nan"))
    found: np.ndarray = column.to_numpy(zero_copy_only=False).astype(np.float64)
    return found
