"""The alternatives of a router."""

from dataclasses import dataclass
from enum import StrEnum

from pointsman.domain.models import ModelKey


class VariantRole(StrEnum):
    """What a variant is for."""

    CANDIDATE = "candidate"
    CONTROL = "control"
    CANARY = "canary"


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
    def model_key(self) -> ModelKey:
        """The model version that answers for it."""
        return ModelKey(self.model_id, self.model_version)
