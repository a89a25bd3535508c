"""By weight: each enabled variant gets its part of the sum of the enabled weights."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from pointsman.domain.strategies.policy import Strategy
from pointsman.domain.variants import Variant, pickable
from pointsman.domain.violations import Violations


@dataclass(frozen=True)
class Weighted:
    """Needs nothing besides the variants and their weights."""

    strategy: ClassVar[Strategy] = Strategy.WEIGHTED
    field: ClassVar[str] = ""
    takes_weights: ClassVar[bool] = True
    splits_alike: ClassVar[bool] = True

    def shares(self, variants: Sequence[Variant]) -> tuple[float, ...]:
        """Answers each variant's part of the enabled weights; all are 0 when these are."""
        weights = [variant.weight if variant.is_pickable else 0.0 for variant in variants]
        total = sum(weights)
        return tuple(weight / total if total > 0 else 0.0 for weight in weights)

    def idle_fault(self, variants: Sequence[Variant]) -> str | None:
        """Says that all enabled weights are 0, when they are."""
        takers = pickable(variants)
        if not takers or any(variant.weight > 0 for variant in takers):
            return None
        names = ", ".join(variant.name for variant in takers)
        return f"all enabled variants ({names}) would have weight 0; give at least one a weight above 0"

    def note_faults(self, found: Violations, field: str, variants: Sequence[Variant]) -> None:
        """Notes when no enabled variant has a weight.

        Args:
            found: Takes the fault.
            field: The path of the router.
            variants: The router's.
        """
        fault = self.idle_fault(variants)
        if fault is not None:
            found.add(f"{field}.variants", fault)

    def words(self) -> str:
        """Says nothing: weights are the variants'."""
        return ""

    def to_document(self) -> Mapping[str, Any]:
        """Answers an empty object."""
        return {}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Reads what :meth:`to_document` answered."""
        return cls()
