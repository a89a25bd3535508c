"""The alternatives of a router."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from pointsman.domain.models import ModelKey


class VariantRole(StrEnum):
    """What a variant is for."""

    CANDIDATE = "candidate"
    CONTROL = "control"
    CANARY = "canary"
    SHADOW = "shadow"


@dataclass(frozen=True)
class Variant:
    """One alternative of a router."""

    name: str
    model_id: str
    model_version: str
    weight: float
    enabled: bool = True
    role: VariantRole = VariantRole.CANDIDATE

    @property
    def is_shadow(self) -> bool:
        """Whether it gets copies of calls that others answer, and never a call of its own."""
        return self.role is VariantRole.SHADOW

    @property
    def is_pickable(self) -> bool:
        """Whether a call may go to it; how many of them go there is the strategy's to say."""
        return self.enabled and not self.is_shadow

    @property
    def model_key(self) -> ModelKey:
        """The model version that answers for it."""
        return ModelKey(self.model_id, self.model_version)


def pickable(variants: Iterable[Variant]) -> tuple[Variant, ...]:
    """Answers the variants that calls may go to, in their order."""
    return tuple(variant for variant in variants if variant.is_pickable)


def shadows(variants: Iterable[Variant]) -> tuple[Variant, ...]:
    """Answers the variants that get copies, enabled or not, in their order."""
    return tuple(variant for variant in variants if variant.is_shadow)
