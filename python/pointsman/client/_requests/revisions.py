"""Calls about a router's history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pointsman.client._call import DEPLOY_TIMEOUT_SECONDS, Call, Page
from pointsman.client._fields import make
from pointsman.client._requests.common import ROUTERS, at_page, page, plain
from pointsman.client._types import Rollback, RouterRevision
from pointsman.v1 import router_pb2

if TYPE_CHECKING:
    from collections.abc import Callable


def list_revisions(router_id: str, page_size: int) -> Callable[[str], Call[Page[RouterRevision]]]:
    """Asks for pages of a router's revisions."""
    request = make(router_pb2.ListRouterRevisionsRequest, router_id=router_id, page_size=page_size)
    first: Call[Page[RouterRevision]] = Call(
        ROUTERS + "ListRouterRevisions",
        request,
        router_pb2.ListRouterRevisionsResponse,
        page(RouterRevision, "revisions"),
        is_read=True,
    )
    return at_page(first)


def get_revision(router_id: str, revision: int, router_generation: int) -> Call[RouterRevision]:
    """Asks for one revision of a router.

    Args:
        router_id: The router.
        revision: Its number, from 1 on; 0 when it is asked for by generation.
        router_generation: What a record says that was decided by it; 0 when it is asked for by number.
    """
    request = make(
        router_pb2.GetRouterRevisionRequest,
        router_id=router_id,
        revision=revision,
        router_generation=router_generation,
    )
    return Call(
        ROUTERS + "GetRouterRevision",
        request,
        router_pb2.RouterRevision,
        plain(RouterRevision),
        is_read=True,
    )


def roll_back(router_id: str, revision: int, comment: str, etag: str, validate_only: bool) -> Call[Rollback]:
    """Gives a router the split of a former revision back.

    Args:
        router_id: The router.
        revision: The former revision's number, from 1 on.
        comment: Why, for the history; may be empty.
        etag: When set and old, the change is refused.
        validate_only: Check only; change nothing.
    """
    request = make(
        router_pb2.RollbackRouterRequest,
        router_id=router_id,
        revision=revision,
        comment=comment,
        etag=etag,
        validate_only=validate_only,
    )
    return Call(
        ROUTERS + "RollbackRouter",
        request,
        router_pb2.RollbackRouterResponse,
        plain(Rollback),
        timeout_seconds=DEPLOY_TIMEOUT_SECONDS,
    )
