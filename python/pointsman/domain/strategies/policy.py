"""What every strategy says of itself, so that nothing else need know which there are."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, ClassVar, Protocol

from pointsman.domain.variants import Variant
from pointsman.domain.violations import Violations


class Strategy(StrEnum):
    """How a router picks a variant."""

    WEIGHTED = "weighted"
    FEATURE_RULES = "feature_rules"
    BANDIT = "bandit"
    CANARY = "canary"


class Policy(Protocol):
    """A router's strategy with what it needs besides the variants. Frozen; equal ones decide alike.

    Attributes:
        strategy: Which it is.
        field: What messages and documents call its settings; empty for one that has none.
        takes_weights: Whether the weights of variants say who gets how much.
        splits_alike: Whether every call is split by the same shares, so that those served can be held
            against them.
    """

    strategy: ClassVar[Strategy]
    field: ClassVar[str]
    takes_weights: ClassVar[bool]
    splits_alike: ClassVar[bool]

    def shares(self, variants: Sequence[Variant]) -> tuple[float, ...]:
        """Answers the share of calls that each variant shall have.

        It is 0 for those that may not be picked: disabled ones and shadows. The sum is 1 or 0.
        """

    def idle_fault(self, variants: Sequence[Variant]) -> str | None:
        """Says why no variant would get a call although some are enabled; None when one gets them."""

    def note_faults(self, found: Violations, field: str, variants: Sequence[Variant]) -> None:
        """Notes what is wrong with it for a router's variants, which are right by themselves.

        Args:
            found: Takes the faults.
            field: The path of the router.
            variants: The router's.
        """

    def words(self) -> str:
        """Says in some words what it is set to; nothing where the weights of variants say it."""

    def to_document(self) -> Mapping[str, Any]:
        """Answers its settings as a JSON object; :mod:`.catalogue` reads it back."""
