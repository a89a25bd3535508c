"""Baselines: what is normal for a model, in blocks that may differ in length."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from pointsman.domain.drift.classes import class_order
from pointsman.domain.drift.naming import is_whole
from pointsman.domain.drift.outcomes import check_outcome
from pointsman.domain.drift.predictions import (
    MAX_CLASSES,
    MAX_FEATURE_CHARS,
    MAX_FEATURES,
    MAX_TEXT_CHARS,
    check_probabilities,
)
from pointsman.domain.models import Task
from pointsman.domain.values import JsonValue
from pointsman.domain.violations import Violations, shown


class ColumnKind(StrEnum):
    """What the values of a column are."""

    NUMBER = "number"
    TEXT = "text"
    BOOLEAN = "boolean"


@dataclass(frozen=True)
class BaselineData:
    """The blocks of a baseline.

    Attributes:
        features: By name the values of each row.
        targets: Outcomes of the training data.
        predicted: What the model answered, row by row with ``actual`` and ``probabilities``.
        actual: What came true; None where it is not known.
        probabilities: Of each class; none of a regression.
    """

    features: Mapping[str, Sequence[JsonValue]] = field(default_factory=dict)
    targets: Sequence[JsonValue] = ()
    predicted: Sequence[JsonValue] = ()
    actual: Sequence[JsonValue] = ()
    probabilities: Sequence[tuple[float, ...]] = ()


@dataclass(frozen=True)
class Baseline:
    """A baseline without its blocks.

    Attributes:
        version: Names it among those of the model.
        active: Whether analyses compare with it.
        sample_size: Rows of its features.
        task: What its model does; unspecified where no block says it.
        class_labels: The classes in the order of probabilities.
        row_key: The store's own key; 0 before it is stored.
    """

    baseline_id: str
    model_id: str
    version: str
    active: bool
    sample_size: int
    task: Task
    class_labels: tuple[str, ...]
    create_time_us: int
    row_key: int = 0


def rows_of(data: BaselineData) -> int:
    """Answers how many rows the features of a baseline have."""
    return len(next(iter(data.features.values()), ()))


def kind_of(values: Sequence[JsonValue]) -> ColumnKind | None:
    """Answers what the values of a column are; None where they are of several kinds or of another one.

    Missing values are of any kind; of a column that has no other nothing can be told, so it counts as
    numbers.
    """
    kinds = {_kind(value) for value in values if value is not None} or {ColumnKind.NUMBER}
    return kinds.pop() if len(kinds) == 1 else None


def check_baseline(version: str, data: BaselineData, task: Task) -> tuple[Task, tuple[str, ...]]:
    """Checks a baseline that is to be kept.

    Args:
        version: Its version.
        data: Its blocks.
        task: What the target data say that the model does; unspecified where they say nothing.

    Returns:
        What the model does, and its classes in the order of the probabilities.

    Raises:
        InvalidArgumentError: With every field that is wrong.
    """
    found = Violations()
    found.check_id("version", version)
    _check_features(found, data.features)
    for index, value in enumerate(data.targets):
        check_outcome(found, f"target_data.values[{index}]", value)
        if task is Task.REGRESSION and isinstance(value, (str, bool)):
            found.add(
                f"target_data.values[{index}]", f"{shown(value)} is no number, as a regression has them"
            )
    if data.targets and task is Task.UNSPECIFIED:
        found.add("target_data.type", "is not set; say classification or regression")
    found.raise_if_any()
    if not (data.predicted or data.actual or data.probabilities):
        return task, ()
    if task is Task.UNSPECIFIED:
        task = Task.CLASSIFICATION if data.probabilities else Task.REGRESSION
    _check_labeled(found, data, task)
    found.raise_if_any()
    labels = class_order(data.probabilities, data.predicted, data.actual) if data.probabilities else ()
    return task, labels


def _check_features(found: Violations, features: Mapping[str, Sequence[JsonValue]]) -> None:
    if not features:
        found.add("feature_data", "is empty; give at least one feature with its values")
    if len(features) > MAX_FEATURES:
        found.add("feature_data", f"has {len(features)} features; at most {MAX_FEATURES} are taken")
        return
    first = min(features, default="")
    rows = len(features.get(first, ()))
    folded: dict[str, str] = {}
    for name, values in sorted(features.items()):
        path = f"feature_data.{name[:64]}"
        # Columns of the lake are told apart by more than the case of their letters.
        if folded.setdefault(name.casefold(), name) != name:
            found.add(
                path, f"differs from {folded[name.casefold()]!r} in the case of letters alone; rename one"
            )
        found.check_text(path, name, MAX_FEATURE_CHARS)
        if is_whole(name):
            found.add(path, "is how results call what is of predictions or of all features; rename it")
        if not name:
            found.add("feature_data", "one feature has no name")
        if not values:
            found.add(path, "has no values")
        elif len(values) != rows:
            found.add(path, f"has {len(values)} values, and {first!r} has {rows}; each row needs one of each")
        elif kind_of(values) is None:
            place = _other_kind(values)
            found.add(
                f"{path}[{place}]",
                f"{shown(values[place])} is of another kind than the values before; a feature is all "
                "numbers, all strings or all booleans, with null for a missing value",
            )
        else:
            for index, value in enumerate(values):
                if isinstance(value, str):
                    found.check_text(f"{path}[{index}]", value, MAX_TEXT_CHARS)
                elif isinstance(value, float):
                    found.check_finite(f"{path}[{index}]", value)


def _check_labeled(found: Violations, data: BaselineData, task: Task) -> None:
    block = "labeled_predictions"
    lengths = {"predicted_labels": len(data.predicted), "actual_labels": len(data.actual)}
    if task is Task.CLASSIFICATION:
        lengths["probabilities"] = len(data.probabilities)
    elif data.probabilities:
        found.add(f"{block}.probabilities", "are given, and the model is a regression; leave them out")
    if len(set(lengths.values())) > 1:
        sizes = ", ".join(f"{name} has {length} rows" for name, length in lengths.items())
        found.add(block, f"{sizes}; each row needs one of each")
        return
    for name, values in (("predicted_labels", data.predicted), ("actual_labels", data.actual)):
        for index, value in enumerate(values):
            # What has not come true yet is known of rows of production.
            if value is None and name == "actual_labels":
                continue
            check_outcome(found, f"{block}.{name}[{index}]", value)
            if task is Task.REGRESSION and isinstance(value, (str, bool)):
                found.add(f"{block}.{name}[{index}]", f"{shown(value)} is no number")
    width = len(data.probabilities[0]) if data.probabilities else 0
    if data.probabilities and not 2 <= width <= MAX_CLASSES:
        found.add(f"{block}.probabilities[0]", f"has {width} classes; between 2 and {MAX_CLASSES} are taken")
    for index, row in enumerate(data.probabilities):
        if len(row) != width:
            found.add(
                f"{block}.probabilities[{index}]", f"has {len(row)} classes, and the first row has {width}"
            )
        else:
            check_probabilities(found, f"{block}.probabilities[{index}]", row)


def _kind(value: JsonValue) -> ColumnKind | None:
    if isinstance(value, bool):
        return ColumnKind.BOOLEAN
    if isinstance(value, (int, float)):
        return ColumnKind.NUMBER
    return ColumnKind.TEXT if isinstance(value, str) else None


def _other_kind(values: Sequence[JsonValue]) -> int:
    """Answers the place of the first value that is not of the kind of those before it."""
    first: ColumnKind | None = None
    for index, value in enumerate(values):
        if value is None:
            continue
        kind = _kind(value)
        if kind is None or (first is not None and kind is not first):
            return index
        first = kind
    return 0
