"""Labelled predictions of a baseline, from answers that a model gave."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pointsman.domain.drift.classes import class_order, orders_of, place_of
from pointsman.domain.drift.outcomes import MAX_OUTCOME_CHARS, label_of, number_of
from pointsman.domain.drift.predictions import MAX_CLASSES, SUM_TOLERANCE, LoggedPrediction
from pointsman.domain.models import Task
from pointsman.domain.values import JsonValue
from pointsman.errors import InvalidArgumentError


def labeled_of(
    rows: Sequence[LoggedPrediction], task: Task, orders: Mapping[str, tuple[str, ...]], notes: list[str]
) -> dict[str, Any]:
    """Answers the labelled block of a baseline by its fields; none where the rows do not make one.

    Args:
        rows: Predictions with their outcomes; those without an answer are passed over.
        task: What the model does.
        orders: By version of the model its classes in the order of its probabilities, as far as known.
        notes: Takes what to know of them, in sentences.
    """
    answered = [row for row in rows if row.prediction is not None]
    single = [row for row in answered if _is_single(row.prediction)]
    if len(single) < len(answered):
        notes.append(
            f"{len(answered) - len(single)} answers are left out, for a baseline takes single numbers, truth "
            f"values and texts of 1 to {MAX_OUTCOME_CHARS} characters"
        )
    return _numbers(single, notes) if task is Task.REGRESSION else _classes(single, orders, notes)


def _is_single(answer: JsonValue) -> bool:
    """Says whether an answer can be kept; models may also give lists, and texts that are no labels."""
    if isinstance(answer, str):
        return 0 < len(answer) <= MAX_OUTCOME_CHARS and "\x00" not in answer
    return isinstance(answer, (bool, int, float))


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
    if width > MAX_CLASSES:
        notes.append(
            f"the baseline has no labeled predictions: answers have {width} classes, and at most "
            f"{MAX_CLASSES} are taken"
        )
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
    named = orders_of(known, classes)
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
