"""The metrics that a router's feedback brings, and which values they take."""

from dataclasses import dataclass
from enum import StrEnum


class MetricType(StrEnum):
    """What a metric's values are."""

    NUMBER = "number"
    BINARY = "binary"
    COUNT = "count"


class MetricDirection(StrEnum):
    """Which way is better."""

    MAXIMISE = "maximise"
    MINIMISE = "minimise"


@dataclass(frozen=True)
class MetricDefinition:
    """A metric that a router declares; bounds that are None are not there."""

    name: str
    type: MetricType = MetricType.NUMBER
    min_value: float | None = None
    max_value: float | None = None
    direction: MetricDirection = MetricDirection.MAXIMISE


def shown_number(value: float) -> str:
    """Writes a number without a fraction of zero and without hundreds of digits."""
    return f"{value:.16g}"
