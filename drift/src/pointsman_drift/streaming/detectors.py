"""Detectors of river, and how their state becomes numbers and a detector again.

Both begin anew after a change: what they remember then is what came since.
"""

import base64
import binascii
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pointsman_drift.errors import InvalidOptionError
from pointsman_drift.packages import load


@dataclass(frozen=True)
class Detector:
    """How one of river's detectors is made, kept, and restored exactly."""

    make: Callable[[Mapping[str, float]], Any]
    keep: Callable[[Any], dict[str, Any]]
    restore: Callable[[Any, Mapping[str, Any]], None]
    """Sets a new detector to kept numbers."""


def library() -> str:
    """Answers whose numbers a state has.

    Raises:
        MissingPackageError: river is not installed.
    """
    return f"river {load('river', 'streaming').__version__}"


def _make_adwin(parameters: Mapping[str, float]) -> Any:
    return load("river.drift", "streaming").ADWIN(delta=parameters["delta"])


def _keep_adwin(detector: Any) -> dict[str, Any]:
    """The window's buckets, sums and counters as river lays them out, and two sums by which to check."""
    helper = detector._helper
    return {
        "buckets": base64.b64encode(helper.__getstate__()).decode("ascii"),
        "width": helper.get_width(),
        "total": helper.get_total(),
        "detected": bool(detector.drift_detected),
    }


def _restore_adwin(detector: Any, numbers: Mapping[str, Any]) -> None:
    raw = base64.b64decode(numbers["buckets"], validate=True)
    helper = detector._helper
    helper.__setstate__(raw)
    if (helper.get_width(), helper.get_total()) != (numbers["width"], numbers["total"]):
        raise ValueError("width and total are not those of the buckets")
    detector._drift_detected = numbers["detected"] is True


_SUMS = ("_sum_increase", "_sum_decrease", "_min_increase", "_max_decrease")


def _make_page_hinkley(parameters: Mapping[str, float]) -> Any:
    return load("river.drift", "streaming").PageHinkley(
        min_instances=int(parameters["least"]),
        delta=parameters["delta"],
        threshold=parameters["threshold"],
        alpha=1 - parameters["forgetting"],
    )


def _keep_page_hinkley(detector: Any) -> dict[str, Any]:
    mean = detector._x_mean
    sums = {name.lstrip("_"): float(getattr(detector, name)) for name in _SUMS}
    # JSON has no infinity, which is where the least sum begins.
    kept = {name: value if math.isfinite(value) else None for name, value in sums.items()}
    return {
        **kept,
        "count": float(mean.n),
        "mean": float(mean.get()),
        "detected": bool(detector.drift_detected),
    }


def _restore_page_hinkley(detector: Any, numbers: Mapping[str, Any]) -> None:
    for name in _SUMS:
        value = numbers[name.lstrip("_")]
        setattr(detector, name, math.inf if value is None else float(value))
    detector._x_mean.n = float(numbers["count"])
    detector._x_mean._mean = float(numbers["mean"])
    detector._drift_detected = numbers["detected"] is True


DETECTORS = {
    "adwin": Detector(_make_adwin, _keep_adwin, _restore_adwin),
    "page_hinkley": Detector(_make_page_hinkley, _keep_page_hinkley, _restore_page_hinkley),
}


def restored(name: str, parameters: Mapping[str, float], numbers: Mapping[str, Any]) -> Any:
    """Answers a detector that stands where a kept one stood.

    Args:
        name: Of ``DETECTORS``.
        parameters: It is made with.
        numbers: What ``keep`` gave.

    Raises:
        InvalidOptionError: They are no such numbers.
    """
    detector = DETECTORS[name].make(parameters)
    try:
        DETECTORS[name].restore(detector, numbers)
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise InvalidOptionError(f"state: its numbers are not those of {name} ({error!r})") from error
    return detector
