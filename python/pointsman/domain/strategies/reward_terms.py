"""Rewards that are weighted sums of metrics and of what calls cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self


class Cost(StrEnum):
    """What a call costs, which no feedback need say."""

    ERROR = "error"
    LATENCY = "latency"


COST_WORDS: Mapping[Cost, str] = {Cost.ERROR: "error", Cost.LATENCY: "latency (s)"}
"""What people read of them."""


@dataclass(frozen=True)
class RewardTerm:
    """One term of a reward: a metric or a cost, times a weight.

    Attributes:
        weight: How much one unit of it is worth; below 0 where more of it is worse.
        metric: The metric; empty where it is a cost.
        cost: The cost; None where it is a metric.
        missing: What a call counts as for which the metric does not come within the feedback window; None
            where such a call teaches nothing of it.
    """

    weight: float
    metric: str = ""
    cost: Cost | None = None
    missing: float | None = None

    @property
    def name(self) -> str:
        """The metric, or the cost with an @, which no metric's name has."""
        return self.metric if self.cost is None else f"@{self.cost}"

    def to_document(self) -> Mapping[str, Any]:
        """Answers it as a JSON object."""
        return {
            "weight": self.weight,
            "metric": self.metric,
            "cost": None if self.cost is None else self.cost.value,
            "missing": self.missing,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Reads what :meth:`to_document` answered."""
        cost = document["cost"]
        return cls(
            weight=document["weight"],
            metric=document["metric"],
            cost=None if cost is None else Cost(cost),
            missing=document["missing"],
        )


def sum_in_words(terms: Sequence[RewardTerm]) -> str:
    """Says a reward as people write it, for example ``conversion - 0.2 × latency (s)``."""
    told = ""
    for term in terms:
        size = abs(term.weight)
        word = term.metric if term.cost is None else COST_WORDS[term.cost]
        sign = (" - " if told else "-") if term.weight < 0 else (" + " if told else "")
        told += sign + (word if size == 1 else f"{size:.16g} × {word}")
    return told
