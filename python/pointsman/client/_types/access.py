"""API keys and what they permit."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


class Scope(StrEnum):
    """What a key may do."""

    UNSPECIFIED = "unspecified"
    MLOPS_READ = "mlops:read"
    MLOPS_WRITE = "mlops:write"
    MLOPS_PREDICT = "mlops:predict"


@dataclass(frozen=True)
class ApiKey:
    """A key without its secret."""

    key_id: str
    user_id: str
    scopes: Sequence[Scope]
    admin: bool
    display_name: str
    create_time: datetime | None
    expire_time: datetime | None
    revoke_time: datetime | None
    effective_scopes: Sequence[Scope] = ()
    """What it may do while it is in force: what it says and the definition of its user, if any, says too."""
    effective_admin: bool = False
    """Whether it may do everything: by what it says and by the definition of its user."""

    @property
    def is_narrowed(self) -> bool:
        """Whether the definition of its user withholds something that the key says."""
        if self.admin:
            return not self.effective_admin
        return set(self.effective_scopes) != set(self.scopes)


@dataclass(frozen=True)
class User:
    """The definition of a user of keys: what each of their keys may do at most, whatever the key says."""

    user_id: str
    scopes: Sequence[Scope] = ()
    """Without any, and without ``admin``, the user's keys may do nothing; of an admin, none stand here."""
    admin: bool = False
    display_name: str = ""
    description: str = ""
    create_time: datetime | None = None
    update_time: datetime | None = None


@dataclass(frozen=True)
class NewApiKey:
    """A new key with its secret."""

    api_key: ApiKey
    secret: str = field(repr=False)
    """The whole key, to send with every call. Shown once."""
