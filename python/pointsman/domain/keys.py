"""API keys, what they may do, and who is calling."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

KEY_ID_CHARS = 8


class Scope(StrEnum):
    """What a key may do."""

    READ = "mlops:read"
    WRITE = "mlops:write"
    PREDICT = "mlops:predict"


@dataclass(frozen=True)
class ApiKey:
    """An API key without its secret."""

    key_id: str
    secret_sha256: bytes
    user_id: str
    scopes: frozenset[Scope]
    admin: bool = False
    display_name: str = ""
    create_time_us: int = 0
    expire_time_us: int | None = None
    revoke_time_us: int | None = None
    row_key: int = 0


@dataclass(frozen=True)
class Principal:
    """Who is calling, as the data plane has authenticated them.

    Attributes:
        key_id: The key used; empty for the local user of a server without keys.
        peer: The caller's address.
        request_id: What client, logs and records call this request.
    """

    user_id: str
    scopes: frozenset[Scope]
    admin: bool = False
    key_id: str = ""
    peer: str = ""
    request_id: str = ""

    def has(self, scope: Scope) -> bool:
        """Whether the caller's key has a scope; an admin's has all."""
        return self.admin or scope in self.scopes


@dataclass(frozen=True)
class SigningKey:
    """A key that signs prediction ids.

    Attributes:
        retire_time_us: When another took its place; None for the one that signs.
    """

    key_id: int
    secret: bytes
    create_time_us: int
    retire_time_us: int | None = None


def key_digest(secret: str) -> bytes:
    """Answers what is stored and published of a key: the SHA-256 of the whole ``pm_<id>_<secret>``."""
    return hashlib.sha256(secret.encode()).digest()


def sorted_scopes(scopes: frozenset[Scope] | Sequence[Scope]) -> list[Scope]:
    """Orders scopes as they are declared."""
    return [scope for scope in Scope if scope in scopes]
