"""Predictions that no router made: what is taken, and what is kept of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pointsman.domain.drift.outcomes import Outcome, check_outcome, number_of
from pointsman.domain.drift.windows import EARLIEST_US
from pointsman.domain.models import Task
from pointsman.domain.times import datetime_of
from pointsman.domain.values import MICROSECONDS_PER_SECOND, JsonValue
from pointsman.domain.violations import Violations, shown

MAX_FEATURES = 2_000
MAX_FEATURE_CHARS = 256
MAX_TEXT_CHARS = 8_192
MAX_CLASSES = 1_000
SUM_TOLERANCE = 1e-3
"""By so much probabilities may miss 1: rounding to four digits moves a thousand classes by less."""
AHEAD_US = 60 * MICROSECONDS_PER_SECOND
"""So far may the clock of a client be ahead of ours."""


@dataclass(frozen=True)
class LoggedPrediction:
    """A prediction of a model, whoever made it.

    Attributes:
        prediction_id: Names it.
        time_us: When it was made, in UTC microseconds.
        features: What the model was given.
        prediction: What it answered.
        probabilities: Of each class; none of a regression.
        confidence: The greatest of them.
        entity_id: Whom it is about, in the form that is recorded; empty for nobody.
        latency_ms: How long the model took; None where it was not said.
        router_id: The router that made it; empty for one that was logged.
        row: The row of a batch.
        outcome: What came true; None while it is not known.
    """

    prediction_id: str
    model_version: str
    time_us: int
    features: Mapping[str, JsonValue] = field(default_factory=dict)
    prediction: JsonValue = None
    probabilities: tuple[float, ...] = ()
    confidence: float | None = None
    entity_id: str = ""
    latency_ms: float | None = None
    router_id: str = ""
    row: int = 0
    outcome: Outcome | None = None


def check_logged(given: LoggedPrediction, task: Task, class_count: int, now_us: int) -> LoggedPrediction:
    """Checks a prediction that is to be logged, and completes it.

    Args:
        given: What the caller said.
        task: What the model does, as far as it is known.
        class_count: How many classes it has; 0 where that is not known.
        now_us: The time.

    Returns:
        The prediction with its confidence.

    Raises:
        InvalidArgumentError: With every field that is wrong.
    """
    found = Violations()
    if given.model_version:
        found.check_id("model_version", given.model_version)
    found.check_entity("entity_id", given.entity_id)
    check_outcome(found, "prediction", given.prediction)
    _check_features(found, given.features)
    check_time(found, "timestamp", given.time_us, now_us)
    if given.latency_ms is not None and not 0 <= given.latency_ms < 1e12:
        found.add("latency_ms", f"{given.latency_ms} is not a time of 0 ms or more")
    if task is Task.UNSPECIFIED:
        is_number = isinstance(given.prediction, (int, float)) and not isinstance(given.prediction, bool)
        task = Task.REGRESSION if is_number and not given.probabilities else Task.CLASSIFICATION
    if task is Task.CLASSIFICATION:
        _check_classes(found, given.probabilities, class_count)
    else:
        if given.probabilities:
            found.add("probabilities", "are given, and the model answers numbers; leave them out")
        if isinstance(given.prediction, (str, bool)) and number_of(given.prediction) is None:
            found.add("prediction", f"{shown(given.prediction)} is no number, as a regression answers")
    found.raise_if_any()
    confidence = max(given.probabilities) if given.probabilities else None
    return LoggedPrediction(**{**vars(given), "confidence": confidence})


def check_probabilities(found: Violations, field: str, probabilities: tuple[float, ...]) -> None:
    """Checks that numbers are the probabilities of classes.

    Args:
        found: Takes what is wrong.
        field: The path of the field.
        probabilities: The numbers, at least one.
    """
    for index, probability in enumerate(probabilities):
        # Not a number fails this, too.
        if not 0 <= probability <= 1:
            found.add(f"{field}[{index}]", f"{probability} is not between 0 and 1")
            return
    if abs(sum(probabilities) - 1) > SUM_TOLERANCE:
        found.add(field, f"add up to {sum(probabilities):.6g}, and must to 1 within {SUM_TOLERANCE:g}")


def check_time(found: Violations, field: str, time_us: int, now_us: int) -> None:
    """Checks that something can have happened at a time.

    Args:
        found: Takes what is wrong.
        field: The path of the field.
        time_us: The time, of the years 1 to 9999.
        now_us: The present.
    """
    if time_us > now_us + AHEAD_US:
        found.add(
            field,
            f"{datetime_of(time_us).isoformat()} is in the future; at most {AHEAD_US // 1_000_000} s ahead "
            "of the server's clock are taken",
        )
    elif time_us < EARLIEST_US:
        found.add(field, f"{datetime_of(time_us).isoformat()} is before 1990; send when it happened")


def _check_classes(found: Violations, probabilities: tuple[float, ...], class_count: int) -> None:
    if not probabilities:
        found.add(
            "probabilities",
            "are not given, and the model is a classifier; send the probability of each class: their "
            "greatest is the confidence",
        )
    elif len(probabilities) > MAX_CLASSES:
        found.add("probabilities", f"are {len(probabilities)}; at most {MAX_CLASSES} classes are taken")
    elif class_count and len(probabilities) != class_count:
        found.add("probabilities", f"are {len(probabilities)}, and the model has {class_count} classes")
    else:
        check_probabilities(found, "probabilities", probabilities)


def _check_features(found: Violations, features: Mapping[str, JsonValue]) -> None:
    if len(features) > MAX_FEATURES:
        found.add("features", f"are {len(features)}; at most {MAX_FEATURES} are taken")
        return
    for name, value in features.items():
        path = f"features.{name[:64]}"
        if not name:
            found.add("features", "one has no name")
        found.check_text(path, name, MAX_FEATURE_CHARS)
        if isinstance(value, str):
            found.check_text(path, value, MAX_TEXT_CHARS)
        elif isinstance(value, bool) or value is None:
            continue
        elif isinstance(value, (int, float)):
            found.check_finite(path, value)
        else:
            found.add(path, "is a list or an object; send numbers, strings, booleans or null")
