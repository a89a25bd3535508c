"""API keys as messages, and scopes as both have them."""

from collections.abc import Iterable

from pointsman.control.convert.enums import SCOPE
from pointsman.control.convert.times import timestamp_of
from pointsman.domain.keys import Scope, sorted_scopes
from pointsman.domain.users import BoundKey
from pointsman.errors import InvalidArgumentError
from pointsman.v1 import key_pb2


def api_key_to(bound: BoundKey) -> key_pb2.ApiKey:
    """Makes the message of a key: what it says, and what it may do as its user is defined; not its secret."""
    key, rights = bound.key, bound.rights
    message = key_pb2.ApiKey(
        key_id=key.key_id,
        user_id=key.user_id,
        scopes=scopes_to(key.scopes),
        admin=key.admin,
        display_name=key.display_name,
        create_time=timestamp_of(key.create_time_us),
        effective_scopes=scopes_to(rights.scopes),
        effective_admin=rights.admin,
    )
    if key.expire_time_us is not None:
        message.expire_time.CopyFrom(timestamp_of(key.expire_time_us))
    if key.revoke_time_us is not None:
        message.revoke_time.CopyFrom(timestamp_of(key.revoke_time_us))
    return message


def scopes_to(scopes: frozenset[Scope]) -> list[key_pb2.Scope]:
    """Answers the numbers of scopes, as they are declared."""
    return [SCOPE.number(scope) for scope in sorted_scopes(scopes)]


def scopes_from(numbers: Iterable[int], path: str) -> frozenset[Scope]:
    """Reads a list of scopes.

    Args:
        numbers: Their numbers in the message.
        path: The path of the list.

    Raises:
        InvalidArgumentError: One is not known, or not set.
    """
    return frozenset(_scope(number, f"{path}[{index}]") for index, number in enumerate(numbers))


def _scope(number: int, path: str) -> Scope:
    scope = SCOPE.word(number, path)
    if scope is None:
        raise InvalidArgumentError.at(path, "is not set; use SCOPE_MLOPS_READ or another")
    return scope
