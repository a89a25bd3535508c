"""The metrics that a router's feedback brings, and which values they take."""

import math
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

    def fault(self, value: float) -> str | None:
        """Says why a value is not taken; None when it is. In the words that the data plane uses."""
        if self.type is MetricType.BINARY and value not in (0.0, 1.0):
            return f"{shown_number(value)} is neither 0 nor 1, and metric {self.name} is binary; send 0 or 1"
        if self.type is MetricType.COUNT and not (value >= 0 and value == math.floor(value)):
            return (
                f"{shown_number(value)} is not a whole number from 0, and metric {self.name} is a count; "
                "send 0, 1, 2 and so on"
            )
        if self.min_value is not None and value < self.min_value:
            return (
                f"{shown_number(value)} is below {shown_number(self.min_value)}, the least value of metric "
                f"{self.name}; send no less"
            )
        if self.max_value is not None and value > self.max_value:
            return (
                f"{shown_number(value)} is above {shown_number(self.max_value)}, the greatest value of "
                f"metric {self.name}; send no more"
            )
        return None


def shown_number(value: float) -> str:
    """Writes a number without a fraction of zero and without hundreds of digits."""
    return f"{value:.16g}"
