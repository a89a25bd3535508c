"""Checks what a router says about recording and about its metrics."""

import math
from collections.abc import Sequence

from pointsman.domain.metrics import MetricDefinition, MetricType, shown_number
from pointsman.domain.recording import Recording
from pointsman.domain.violations import Violations, shown

MAX_BODY_BYTES = 4 * 1024 * 1024
MAX_EXCLUDED_FEATURES = 1000
MAX_FEATURE_CHARS = 256
MAX_METRICS = 100
MAX_RETENTION_DAYS = 36_500


def check_recording(found: Violations, field: str, recording: Recording) -> None:
    """Notes what is wrong with a router's recording.

    Args:
        found: Gets what is wrong.
        field: The path of the field that holds it, as in ``router.recording``.
        recording: The recording.
    """
    if not 0 <= recording.features_share <= 1:
        found.add(
            f"{field}.features_share",
            f"{recording.features_share:g} is not between 0 and 1; it is a share of the calls",
        )
    features = recording.exclude_features
    if len(features) > MAX_EXCLUDED_FEATURES:
        found.add(
            f"{field}.exclude_features",
            f"has {len(features)} features; at most {MAX_EXCLUDED_FEATURES} can be left out, "
            "or set features_share to 0",
        )
    for index, feature in enumerate(features):
        path = f"{field}.exclude_features[{index}]"
        if not feature:
            found.add(path, "is empty; name a feature or leave the entry out")
        found.check_text(path, feature, MAX_FEATURE_CHARS)
    if not 1 <= recording.max_body_bytes <= MAX_BODY_BYTES:
        found.add(
            f"{field}.max_body_bytes",
            f"{recording.max_body_bytes} is not between 1 and {MAX_BODY_BYTES} bytes; "
            "leave it out for the default",
        )
    if not 0 <= recording.retention_days <= MAX_RETENTION_DAYS:
        found.add(
            f"{field}.retention_days",
            f"{recording.retention_days} is not between 0 and {MAX_RETENTION_DAYS}; "
            "0 means the server's default",
        )
    if recording.retention_bytes < 0:
        found.add(
            f"{field}.retention_bytes",
            f"{recording.retention_bytes} is below 0; 0 means the server's default",
        )


def check_metrics(found: Violations, field: str, metrics: Sequence[MetricDefinition]) -> None:
    """Notes what is wrong with the metrics that a router declares.

    Args:
        found: Gets what is wrong.
        field: The path of the list, as in ``router.metrics``.
        metrics: The metrics, in the order in which they were declared.
    """
    if len(metrics) > MAX_METRICS:
        found.add(field, f"has {len(metrics)} metrics; a router declares at most {MAX_METRICS}")
    places: dict[str, int] = {}
    for index, metric in enumerate(metrics):
        path = f"{field}[{index}]"
        found.check_id(f"{path}.name", metric.name)
        if metric.name and metric.name in places:
            found.add(
                f"{path}.name",
                f"{shown(metric.name)} is also the name of {field}[{places[metric.name]}]; leave one out",
            )
        places.setdefault(metric.name, index)
        _check_range(found, path, metric)


def _check_range(found: Violations, path: str, metric: MetricDefinition) -> None:
    least, greatest = metric.min_value, metric.max_value
    for name, bound in (("min_value", least), ("max_value", greatest)):
        if bound is not None and not math.isfinite(bound):
            found.add(
                f"{path}.{name}", f"{bound} is not a finite number; leave it out where there is no bound"
            )
    if least is not None and greatest is not None and least > greatest:
        found.add(
            f"{path}.min_value",
            f"{shown_number(least)} is above max_value, {shown_number(greatest)}; exchange them",
        )
    if metric.type is MetricType.NUMBER:
        return
    lowest_of_all, highest_of_all = 0.0, 1.0 if metric.type is MetricType.BINARY else math.inf
    taken = "0 and 1" if metric.type is MetricType.BINARY else "whole numbers from 0"
    if greatest is not None and greatest < lowest_of_all:
        found.add(f"{path}.max_value", f"{shown_number(greatest)} leaves no value; this type's are {taken}")
    if least is not None and least > highest_of_all:
        found.add(f"{path}.min_value", f"{shown_number(least)} leaves no value; this type's are {taken}")
