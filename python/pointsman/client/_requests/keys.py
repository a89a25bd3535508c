"""Calls about API keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pointsman.client._call import Call, Page
from pointsman.client._convert import to_timestamp
from pointsman.client._fields import make
from pointsman.client._requests.common import KEYS, at_page, number, page, plain
from pointsman.client._types import ApiKey, NewApiKey, Scope
from pointsman.v1 import key_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime


def create_key(
    user_id: str, scopes: Sequence[Scope], admin: bool, display_name: str, expire_time: datetime | None
) -> Call[NewApiKey]:
    """Makes a key.

    Args:
        user_id: Whom it shall belong to; empty means the caller.
        scopes: What it may do; empty for an admin key only.
        admin: Whether it may do everything.
        display_name: A name for people; may be empty.
        expire_time: When it shall end by itself, local when it names no zone; None means never.
    """
    request = make(key_pb2.CreateApiKeyRequest, user_id=user_id, admin=admin, display_name=display_name)
    for scope in scopes:
        request.scopes.append(number(request, "scopes", scope))
    if expire_time is not None:
        request.expire_time.CopyFrom(to_timestamp(expire_time))
    return Call(KEYS + "CreateApiKey", request, key_pb2.CreateApiKeyResponse, plain(NewApiKey))


def list_keys(user_id: str, page_size: int) -> Callable[[str], Call[Page[ApiKey]]]:
    """Asks for pages of keys."""
    request = make(key_pb2.ListApiKeysRequest, user_id=user_id, page_size=page_size)
    first: Call[Page[ApiKey]] = Call(
        KEYS + "ListApiKeys", request, key_pb2.ListApiKeysResponse, page(ApiKey, "api_keys"), is_read=True
    )
    return at_page(first)


def revoke_key(key_id: str) -> Call[ApiKey]:
    """Revokes a key."""
    request = make(key_pb2.RevokeApiKeyRequest, key_id=key_id)
    return Call(KEYS + "RevokeApiKey", request, key_pb2.ApiKey, plain(ApiKey))
