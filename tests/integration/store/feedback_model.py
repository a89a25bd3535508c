"""Feedback as it should be applied, said as plainly as possible: the oracle of the store's tests."""

from collections import Counter
from dataclasses import dataclass, field

from pointsman.domain.records.feedback import FeedbackOutcome, FeedbackValue


def a_value(number: int, value: float = 1.0, **fields: object) -> FeedbackValue:
    """A value for prediction ``number``."""
    values: dict[str, object] = {
        "position": 0,
        "prediction_id": f"p{number:04}",
        "row": 0,
        "metric": "reward",
        "value": value,
        "observe_time_us": 7,
        "router_id": "cancer",
        "variant": "lr" if number % 2 else "gb",
        "epoch": 3,
        "propensity": 0.25,
        "prediction_time_us": 1000 + number,
        "counted": True,
        "corrects": False,
    }
    return FeedbackValue(**(values | fields))  # type: ignore[arg-type]


@dataclass
class FeedbackModel:
    """One value after the other, in a dictionary."""

    values: dict[tuple[str, int, str], FeedbackValue] = field(default_factory=dict)
    revisions: dict[tuple[str, int, str], int] = field(default_factory=dict)

    def apply(self, value: FeedbackValue) -> FeedbackOutcome:
        first = self.values.get(value.key)
        if first is None:
            self.values[value.key] = value
            self.revisions[value.key] = 1
            return FeedbackOutcome.APPLIED
        if first.value == value.value:
            return FeedbackOutcome.DUPLICATE
        if not value.corrects:
            return FeedbackOutcome.CONFLICT
        self.values[value.key] = value
        self.revisions[value.key] += 1
        return FeedbackOutcome.CORRECTED

    def totals(self) -> dict[tuple[str, str], int]:
        """How many values counted, by variant and metric."""
        return Counter((value.variant, value.metric) for value in self.values.values() if value.counted)
