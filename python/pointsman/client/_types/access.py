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


@dataclass(frozen=True)
class NewApiKey:
    """A new key with its secret."""

    api_key: ApiKey
    secret: str = field(repr=False)
    """The whole key, to send with every call. Shown once."""
