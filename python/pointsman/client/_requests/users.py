"""Calls about users of keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pointsman.client._call import Call, Page
from pointsman.client._convert import to_plain
from pointsman.client._fields import make
from pointsman.client._requests.common import KEYS, at_page, page, plain
from pointsman.client._types import ApiKey, User
from pointsman.v1 import key_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def get_user(user_id: str) -> Call[User]:
    """Asks for the definition of a user."""
    request = make(key_pb2.GetUserRequest, user_id=user_id)
    return Call(KEYS + "GetUser", request, key_pb2.User, plain(User), is_read=True)


def list_users(page_size: int) -> Callable[[str], Call[Page[User]]]:
    """Asks for pages of the users that are defined."""
    request = make(key_pb2.ListUsersRequest, page_size=page_size)
    first: Call[Page[User]] = Call(
        KEYS + "ListUsers", request, key_pb2.ListUsersResponse, page(User, "users"), is_read=True
    )
    return at_page(first)


def delete_user(user_id: str, widen_keys: bool) -> Call[Sequence[ApiKey]]:
    """Deletes the definition of a user.

    Args:
        user_id: The user.
        widen_keys: Whether keys in force may do more then.
    """
    request = make(key_pb2.DeleteUserRequest, user_id=user_id, widen_keys=widen_keys)
    return Call(KEYS + "DeleteUser", request, key_pb2.DeleteUserResponse, _widened)


def _widened(message: Any) -> Sequence[ApiKey]:
    return [to_plain(ApiKey, key) for key in message.widened_keys]
