"""What came of definitions."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


class DefinitionKind(StrEnum):
    """Which kind of object a definition is of."""

    UNSPECIFIED = "unspecified"
    MODEL = "model"
    ROUTER = "router"
    USER = "user"


class DefinitionOutcome(StrEnum):
    """What came of a definition."""

    UNSPECIFIED = "unspecified"
    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class FieldChange:
    """A field that differs; what is not there is None."""

    field: str
    before: Any = None
    after: Any = None


@dataclass(frozen=True)
class DefinitionChange:
    """What came of one object."""

    kind: DefinitionKind
    id: str
    outcome: DefinitionOutcome
    fields: Sequence[FieldChange] = ()
    moved_slots: int = 0


@dataclass(frozen=True)
class AppliedDefinitions:
    """What came of all definitions, in their order, and the generation in which they are in force."""

    changes: Sequence[DefinitionChange]
    generation: int

    @property
    def is_change(self) -> bool:
        """Whether any object is other than it was."""
        return any(change.outcome is not DefinitionOutcome.UNCHANGED for change in self.changes)
