"""The call in progress: who makes it, and until when."""

import contextvars
import uuid
from collections.abc import Iterable

from pointsman.domain.keys import Principal, Scope
from pointsman.errors import UnauthenticatedError

_CALLER: contextvars.ContextVar[Principal] = contextvars.ContextVar("pointsman_caller")
_SCOPES = {scope.value: scope for scope in Scope}


def caller() -> Principal:
    """Answers who makes the call in progress."""
    return _CALLER.get()


def set_caller(principal: Principal) -> None:
    """Says who makes the call in progress."""
    _CALLER.set(principal)


def request_id_of(metadata: Iterable[tuple[str, str | bytes]]) -> str:
    """Answers the request id that a call brings, or a new one."""
    for name, value in metadata:
        if name == "x-request-id" and isinstance(value, str) and value:
            return value[:128]
    return uuid.uuid4().hex


def principal_of(metadata: Iterable[tuple[str, str | bytes]], request_id: str) -> Principal:
    """Reads the principal that the data plane has authenticated.

    The data plane strips these names off what clients send, and only it can reach the socket.

    Raises:
        UnauthenticatedError: The call names no user.
    """
    found = {name: value for name, value in metadata if isinstance(value, str)}
    user_id = found.get("x-pointsman-user", "")
    if not user_id:
        raise UnauthenticatedError("the call carries no API key; send one as x-api-key")
    scopes = found.get("x-pointsman-scopes", "").split(",")
    return Principal(
        user_id=user_id,
        scopes=frozenset(_SCOPES[word.strip()] for word in scopes if word.strip() in _SCOPES),
        admin=found.get("x-pointsman-admin", "") == "true",
        key_id=found.get("x-pointsman-key-id", ""),
        peer=found.get("x-pointsman-peer", ""),
        request_id=request_id,
    )
