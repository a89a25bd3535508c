"""A baseline of predictions that a model made: features as columns, answers as labelled predictions."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pointsman.domain.drift.baselines import BaselineData, ColumnKind, kind_of
from pointsman.domain.drift.classes import class_order, named_as, place_of
from pointsman.domain.drift.outcomes import label_of, number_of
from pointsman.domain.drift.predictions import SUM_TOLERANCE, LoggedPrediction
from pointsman.domain.models import Task
from pointsman.domain.values import JsonValue
from pointsman.errors import InvalidArgumentError

MOST_ROWS = 50_000
"""Predictions of a window that a baseline is made of; of more, so many are drawn by lot."""
MOST_CELLS = 500_000
"""Values of these, so that the baseline can be told in one message."""
MOST_TEXT_BYTES = 8 * 1024 * 1024


def rows_for(width: int) -> int:
    """Answers how many rows of so many values each a baseline is made of.

    >>> rows_for(2), rows_for(100)
    (50000, 5000)
    """
    return max(1, min(MOST_ROWS, MOST_CELLS // max(1, width)))


def data_of_window(
    rows: Sequence[LoggedPrediction], task: Task, orders: Mapping[str, tuple[str, ...]] | None = None
) -> tuple[BaselineData, list[str]]:
    """Makes the blocks of a baseline.

    Args:
        rows: Predictions with their outcomes, in an order that says nothing; those without features or
            without an answer are in the other block alone.
        task: What the model does; where it is unspecified, the answers say it.
        orders: By version of the model its classes in the order of its probabilities, as far as known.

    Returns:
        The blocks, and what to know of them, in sentences.
    """
    notes: list[str] = []
    kept = _fitting(rows)
    if len(kept) < len(rows):
        notes.append(f"of {len(rows)} rows {len(kept)} are kept, for they are large")
    features = _features([row for row in kept if row.features], notes)
    if task is Task.UNSPECIFIED:
        has_classes = any(row.probabilities for row in kept)
        task = Task.CLASSIFICATION if has_classes else Task.REGRESSION
    answered = [row for row in kept if row.prediction is not None]
    labeled = (
        _numbers(answered, notes) if task is Task.REGRESSION else _classes(answered, orders or {}, notes)
    )
    return BaselineData(features=features, **labeled), notes


def _fitting(rows: Sequence[LoggedPrediction]) -> Sequence[LoggedPrediction]:
    """Answers as many of the first rows as fit into a message."""
    names = {name for row in rows for name in row.features}
    rows = rows[: rows_for(len(names))]
    left = MOST_TEXT_BYTES
    for place, row in enumerate(rows):
        left -= sum(4 * len(value) for value in row.features.values() if isinstance(value, str))
        if left < 0:
            return rows[:place]
    return rows


def _features(rows: Sequence[LoggedPrediction], notes: list[str]) -> dict[str, list[JsonValue]]:
    """Answers each feature as a column; values of another kind than most are missing."""
    columns: dict[str, list[JsonValue]] = {}
    for name in sorted({name for row in rows for name in row.features}):
        columns[name] = [row.features.get(name) for row in rows]
    for name, values in columns.items():
        kinds = Counter(kind_of([value]) for value in values if value is not None)
        of_kinds = {kind: count for kind, count in kinds.items() if kind is not None}
        kind = max(of_kinds, key=lambda one: of_kinds[one], default=ColumnKind.NUMBER)
        others = sum(count for other, count in kinds.items() if other is not kind)
        if others:
            columns[name] = [
                value if value is not None and kind_of([value]) is kind else None for value in values
            ]
            notes.append(
                f"feature {name!r}: {others} values are no {kind.value}, as most are, and count as missing"
            )
    return columns


def _numbers(rows: Sequence[LoggedPrediction], notes: list[str]) -> dict[str, Any]:
    read = [(number_of(row.prediction), row.outcome) for row in rows]  # type: ignore[arg-type]
    found = [(answer, outcome) for answer, outcome in read if answer is not None]
    if len(found) < len(rows):
        notes.append(f"{len(rows) - len(found)} answers are no numbers, as most are, and are left out")
    actual = [None if outcome is None else number_of(outcome) for _, outcome in found]
    return {"predicted": [answer for answer, _ in found], "actual": actual} if found else {}


def _classes(
    rows: Sequence[LoggedPrediction], orders: Mapping[str, tuple[str, ...]], notes: list[str]
) -> dict[str, Any]:
    """Answers the labelled block; none where the rows do not tell which class is which."""
    widths = Counter(len(row.probabilities) for row in rows if len(row.probabilities) > 1)
    width = max(widths, key=lambda one: widths[one], default=0)
    found = [row for row in rows if len(row.probabilities) == width and _are_shares(row.probabilities)]
    if not width or not found:
        notes.append("no answer has probabilities, so that the baseline has no labeled predictions")
        return {}
    if len(found) < len(rows):
        notes.append(f"{len(rows) - len(found)} answers have other probabilities than most, and are left out")
    found = _in_one_order(found, width, orders, notes)
    predicted = [label_of(row.prediction) for row in found]  # type: ignore[arg-type]
    names = sorted(set(predicted))
    actual: list[str | None] = []
    unknown = 0
    for row in found:
        label = None if row.outcome is None else label_of(row.outcome)
        place = None if label is None else place_of(label, names)
        if label is not None and place is None and len(names) == width:
            # Every class is known, and this is none of them.
            unknown += 1
            label = None
        actual.append(label if place is None else names[place])
    if unknown:
        notes.append(f"{unknown} outcomes are no class that the model answers, and are left out")
    probabilities = [row.probabilities for row in found]
    try:
        class_order(probabilities, predicted, actual)
    except InvalidArgumentError as error:
        notes.append(f"the baseline has no labeled predictions: {error}")
        return {}
    return {"predicted": predicted, "actual": actual, "probabilities": probabilities}


def _in_one_order(
    rows: list[LoggedPrediction], width: int, orders: Mapping[str, tuple[str, ...]], notes: list[str]
) -> list[LoggedPrediction]:
    """Brings the probabilities of all rows into the order of the version that has most of them.

    Where orders differ, rows whose version does not tell its own are left out: it may be any of them.
    """
    counts = Counter(row.model_version for row in rows)
    known = {version: labels for version, labels in orders.items() if version in counts}
    known = {version: labels for version, labels in known.items() if len(labels) == width}
    if not known:
        return rows
    classes = known[max(known, key=lambda version: counts[version])]
    named = {version: named_as(labels, classes) for version, labels in known.items()}
    if all(order == classes for order in named.values()):
        return rows
    kept = []
    for row in rows:
        if (order := named.get(row.model_version)) is not None:
            places = [order.index(name) for name in classes]
            kept.append(replace(row, probabilities=tuple(row.probabilities[place] for place in places)))
    if len(kept) < len(rows):
        notes.append(
            f"versions have their classes in different orders, and {len(rows) - len(kept)} answers are left "
            "out, for the signatures of their versions do not name the same classes"
        )
    return kept


def _are_shares(probabilities: Sequence[float]) -> bool:
    # Not a number fails this, too.
    is_within = all(0 <= one <= 1 for one in probabilities)
    return is_within and abs(sum(probabilities) - 1) <= SUM_TOLERANCE
