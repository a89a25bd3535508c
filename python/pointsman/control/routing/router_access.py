"""Finds a router for a caller, and checks the state that the caller has read."""

from sqlalchemy import Connection

from pointsman.domain.access import Rule, check_router_access
from pointsman.domain.keys import Principal
from pointsman.domain.routers import Router
from pointsman.domain.violations import Violations, shown
from pointsman.errors import AbortedError
from pointsman.store.routing import routers


def find_router(
    connection: Connection, caller: Principal, router_id: str, rule: Rule, *, field: str = "router_id"
) -> Router:
    """Finds a router that the caller may do something with.

    Args:
        connection: A transaction.
        caller: Who asks.
        router_id: The router's id.
        rule: What the caller wants to do with it.
        field: The field that holds the id.

    Raises:
        InvalidArgumentError: The id is not well-formed.
        NotFoundError: There is none, or the caller may not know of it.
        PermissionDeniedError: The caller may know of it but not do this.
    """
    found = Violations()
    found.check_id(field, router_id)
    found.raise_if_any()
    return check_router_access(caller, routers.find(connection, router_id), router_id, rule)


def find_router_to_change(
    connection: Connection, caller: Principal, router_id: str, etag: str, *, field: str = "router_id"
) -> Router:
    """Finds a router that the caller may change, in the state that the caller has read.

    Args:
        connection: A routing transaction.
        caller: Who asks.
        router_id: The router's id.
        etag: The state that was read; empty for any.
        field: The field that holds the id.

    Raises:
        AbortedError: It has changed since.
        InvalidArgumentError: The id is not well-formed.
        NotFoundError: There is none, or the caller may not know of it.
        PermissionDeniedError: The caller may know of it but not change it.
    """
    router = find_router(connection, caller, router_id, Rule.CHANGE_ROUTER, field=field)
    if etag and etag != router.etag:
        raise AbortedError(
            f"etag: {shown(etag)} is not the present {router.etag!r}; router {router_id!r} has changed "
            "since it was read: read it again, then retry",
            metadata={"router_id": router_id, "etag": router.etag},
        )
    return router
