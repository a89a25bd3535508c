"""Canary: a percentage to the new version, the rest to the control."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from pointsman.domain.strategies.policy import Strategy
from pointsman.domain.variants import Variant, VariantRole
from pointsman.domain.violations import Violations, shown

MAX_PERCENT = 100.0


@dataclass(frozen=True)
class Canary:
    """How much the canary gets.

    Attributes:
        percent: The canary's part of calls, 0 to 100.
    """

    percent: float
    strategy: ClassVar[Strategy] = Strategy.CANARY
    field: ClassVar[str] = "canary"
    takes_weights: ClassVar[bool] = False
    splits_alike: ClassVar[bool] = True

    def shares(self, variants: Sequence[Variant]) -> tuple[float, ...]:
        """Answers the canary's part and the control's; where only one of them is enabled, it gets all."""
        parts = {
            VariantRole.CANARY: self.percent / MAX_PERCENT,
            VariantRole.CONTROL: 1.0 - self.percent / MAX_PERCENT,
        }
        enabled = {variant.role for variant in variants if variant.is_pickable} & parts.keys()
        if len(enabled) == 1:
            parts = dict.fromkeys(enabled, 1.0)
        return tuple(parts.get(variant.role, 0.0) if variant.is_pickable else 0.0 for variant in variants)

    def idle_fault(self, variants: Sequence[Variant]) -> str | None:
        """Answers None: whoever of the two is enabled gets what the other does not."""
        return None

    def note_faults(self, found: Violations, field: str, variants: Sequence[Variant]) -> None:
        """Notes a part that is no percentage, variants that are neither of the two, and weights.

        Args:
            found: Takes the faults.
            field: The path of the router.
            variants: The router's.
        """
        fault = percent_fault(self.percent)
        if fault is not None:
            found.add(f"{field}.canary.percent", fault)
        for role in (VariantRole.CONTROL, VariantRole.CANARY):
            names = [shown(variant.name) for variant in variants if variant.role is role]
            if not names:
                found.add(f"{field}.variants", f"has no variant whose role is {role}; give one that role")
            elif len(names) > 1:
                found.add(f"{field}.variants", f"has {', '.join(names)} as {role}; a canary router has one")
        for index, variant in enumerate(variants):
            path = f"{field}.variants[{index}]"
            if variant.role is VariantRole.CANDIDATE:
                found.add(
                    f"{path}.role",
                    "is candidate, and would get no calls; a canary router has a control and a canary: leave "
                    f"{shown(variant.name)} out, make it a shadow, or use STRATEGY_WEIGHTED",
                )
            if variant.weight and not variant.is_shadow:
                found.add(
                    f"{path}.weight",
                    f"{variant.weight:g} would decide nothing; leave it 0: canary.percent says who gets what",
                )

    def words(self) -> str:
        """Says the canary's part."""
        return f"canary {self.percent:g}%"

    def to_document(self) -> Mapping[str, Any]:
        """Answers the part."""
        return {"percent": self.percent}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Reads what :meth:`to_document` answered."""
        return cls(float(document["percent"]))


def percent_fault(percent: float) -> str | None:
    """Says what is wrong with a percentage; None when nothing is."""
    if not 0 <= percent <= MAX_PERCENT:
        return f"{percent:g} is not between 0 and 100"
    return None


def promoted(variants: Sequence[Variant]) -> tuple[Variant, ...]:
    """Answers the variants with the roles of canary and control exchanged."""
    other = {VariantRole.CANARY: VariantRole.CONTROL, VariantRole.CONTROL: VariantRole.CANARY}
    return tuple(
        dataclasses.replace(variant, role=other.get(variant.role, variant.role)) for variant in variants
    )
