"""Counts on the client's side what was asked and answered, independently of the server's own counts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class VariantTally:
    """What the client saw of one variant."""

    requests: int = 0
    feedback: int = 0
    right: int = 0
    seconds: list[float] = field(default_factory=list)

    @property
    def accuracy(self) -> float | None:
        """Share of right predictions among those with feedback."""
        return self.right / self.feedback if self.feedback else None

    def quantile_seconds(self, share: float) -> float:
        """The latency that this share of calls stayed within; 0 without calls."""
        if not self.seconds:
            return 0.0
        ordered = sorted(self.seconds)
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


@dataclass
class Tally:
    """What the client saw of all variants, over one stretch of time."""

    variants: dict[str, VariantTally]
    errors: Counter[str] = field(default_factory=Counter)
    """Failed predictions and feedback, by status name."""
    failed_requests: int = 0
    last_error: str = ""

    @classmethod
    def of(cls, variants: list[str]) -> Tally:
        """Makes an empty tally of variants."""
        return cls({variant: VariantTally() for variant in variants})

    @property
    def requests(self) -> int:
        """All answered predictions."""
        return sum(tally.requests for tally in self.variants.values())

    def served_share(self, variant: str) -> float:
        """The share of answered predictions that came from a variant."""
        return self.variants[variant].requests / self.requests if self.requests else 0.0

    def add(self, other: Tally) -> None:
        """Adds another stretch of time to this one."""
        for name, tally in other.variants.items():
            mine = self.variants[name]
            mine.requests += tally.requests
            mine.feedback += tally.feedback
            mine.right += tally.right
            mine.seconds += tally.seconds
        self.errors += other.errors
        self.failed_requests += other.failed_requests
        self.last_error = other.last_error or self.last_error
