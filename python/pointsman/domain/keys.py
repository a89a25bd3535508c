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
class Rights:
    """What somebody may do.

    Attributes:
        scopes: What they may do; all there is of an admin, whatever was given.
        admin: Whether they may do everything with every router and model.
    """

    scopes: frozenset[Scope]
    admin: bool = False

    def __post_init__(self) -> None:
        """Gives an admin every scope, so that equal rights are equal."""
        if self.admin:
            object.__setattr__(self, "scopes", frozenset(Scope))

    def within(self, bound: "Rights") -> "Rights":
        """Answers what is in these rights and in others: never more than either."""
        return Rights(self.scopes & bound.scopes, self.admin and bound.admin)

    def __str__(self) -> str:
        """Says them in a few words."""
        return "everything" if self.admin else ", ".join(sorted_scopes(self.scopes)) or "nothing"


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

    @property
    def rights(self) -> Rights:
        """What the key itself says that it may do."""
        return Rights(self.scopes, self.admin)


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


def scopes_to_text(scopes: frozenset[Scope]) -> str:
    """Writes scopes as databases keep them: between commas, as they are declared."""
    return ",".join(sorted_scopes(scopes))


def scopes_from_text(text: str) -> frozenset[Scope]:
    """Reads what :func:`scopes_to_text` writes."""
    return frozenset(Scope(scope) for scope in text.split(",") if scope)
