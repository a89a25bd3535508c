"""A baseline of predictions that a model made: features as columns, answers as labelled predictions."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from pointsman.domain.drift.baselines import BaselineData, ColumnKind, kind_of
from pointsman.domain.drift.predictions import MAX_TEXT_CHARS, LoggedPrediction
from pointsman.domain.drift.windowed_answers import labeled_of
from pointsman.domain.models import Task
from pointsman.domain.values import JsonValue

MOST_ROWS = 50_000
"""Predictions of a window that a baseline is made of; of more, so many are drawn by lot."""
MOST_CELLS = 500_000
"""Features and probabilities of these, so that the baseline can be told in one message."""
MOST_TEXT_BYTES = 8 * 1024 * 1024


def rows_for(width: int) -> int:
    """Answers how many rows of so many features and probabilities each a baseline is made of.

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
    labeled = labeled_of(kept, task, orders or {}, notes)
    return BaselineData(features=features, **labeled), notes


def _fitting(rows: Sequence[LoggedPrediction]) -> Sequence[LoggedPrediction]:
    """Answers as many of the first rows as fit into a message."""
    names = {name for row in rows for name in row.features}
    classes = max((len(row.probabilities) for row in rows), default=0)
    rows = rows[: rows_for(len(names) + classes)]
    left = MOST_TEXT_BYTES
    for place, row in enumerate(rows):
        values = (*row.features.values(), row.prediction, row.outcome)
        left -= sum(4 * len(value) for value in values if isinstance(value, str))
        if left < 0:
            return rows[:place]
    return rows


def _features(rows: Sequence[LoggedPrediction], notes: list[str]) -> dict[str, list[JsonValue]]:
    """Answers each feature as a column; what is not kept, or of another kind than most, is missing."""
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
        if unkept := sum(not _is_kept(value) for value in columns[name]):
            columns[name] = [value if _is_kept(value) else None for value in columns[name]]
            notes.append(
                f"feature {name!r}: {unkept} values are not finite, hold a NUL or have more than "
                f"{MAX_TEXT_CHARS} characters, and count as missing"
            )
    return columns


def _is_kept(value: JsonValue) -> bool:
    """Says whether a baseline takes a value; of recorded ones it does not take all."""
    if isinstance(value, str):
        return len(value) <= MAX_TEXT_CHARS and "\x00" not in value
    return not isinstance(value, float) or math.isfinite(value)
