"""Overrides: everything to one variant for a while, and their end."""

from sqlalchemy import Connection

from pointsman.control.publishing.changes import Change, Changes
from pointsman.control.routing.allocation import find_variant
from pointsman.control.routing.revision_log import SERVER, note
from pointsman.control.routing.router_access import find_router_to_change
from pointsman.domain.keys import Principal
from pointsman.domain.overrides import TrafficOverride, check_override
from pointsman.domain.revisions import RevisionKind
from pointsman.domain.routers import Router
from pointsman.errors import FailedPreconditionError
from pointsman.store.database import Database
from pointsman.store.job_leases import Fence, unfenced
from pointsman.store.routing import routers


class Overrides:
    """Sets and ends traffic overrides.

    Args:
        database: Where they are.
        changes: How routers are changed.
    """

    def __init__(self, database: Database, changes: Changes) -> None:
        self._database = database
        self._changes = changes

    def set(
        self,
        caller: Principal,
        router_id: str,
        variant: str,
        ttl_us: int,
        etag: str,
        *,
        reason: str,
        validate_only: bool,
    ) -> Router:
        """Sends everything to one variant; replaces an override that is there.

        Args:
            caller: Who asks.
            router_id: The router's id.
            variant: The variant's name.
            ttl_us: How long, in microseconds.
            etag: The state that was read; empty for any.
            reason: Why, for people.
            validate_only: Check only; change nothing.

        Returns:
            The router with the override.

        Raises:
            AbortedError: The router has changed since it was read.
            FailedPreconditionError: The variant is disabled, or a shadow.
            InvalidArgumentError: A field is wrong.
            NotFoundError: There is no such router or variant.
            PermissionDeniedError: The caller may not change it.
        """
        check_override(ttl_us, reason)
        with self._changes.change(validate_only=validate_only) as change:
            before = find_router_to_change(change.connection, caller, router_id, etag)
            found = find_variant(before, variant)
            if found.is_shadow:
                raise FailedPreconditionError(
                    f"variant: {variant!r} of router {router_id!r} is a shadow, which gets no calls; "
                    "name another variant, or give it another role first",
                    reason="VARIANT_IS_SHADOW",
                    metadata={"router_id": router_id, "variant": variant},
                )
            if not found.enabled:
                raise FailedPreconditionError(
                    f"variant: {variant!r} of router {router_id!r} is disabled; enable it first",
                    reason="VARIANT_DISABLED",
                    metadata={"router_id": router_id, "variant": variant},
                )
            given = TrafficOverride(variant, change.now_us + ttl_us, reason, caller.user_id, change.now_us)
            return _changed(change, before, given, caller)

    def clear(self, caller: Principal, router_id: str, etag: str, *, validate_only: bool) -> Router:
        """Ends an override; without one nothing changes.

        Args:
            caller: Who asks.
            router_id: The router's id.
            etag: The state that was read; empty for any.
            validate_only: Check only; change nothing.

        Returns:
            The router without override.

        Raises:
            AbortedError: The router has changed since it was read.
            NotFoundError: There is no such router.
            PermissionDeniedError: The caller may not change it.
        """
        with self._database.read() as connection:
            found = find_router_to_change(connection, caller, router_id, etag)
        if found.traffic_override is None:
            return found
        with self._changes.change(validate_only=validate_only) as change:
            before = find_router_to_change(change.connection, caller, router_id, etag)
            return _changed(change, before, None, caller)

    def has_expired(self, connection: Connection, now_us: int) -> bool:
        """Answers whether overrides have ended by themselves that are still in routers' definitions.

        Args:
            connection: A transaction.
            now_us: The time, in UTC microseconds.
        """
        return bool(routers.find_overridden_until(connection, now_us))

    def end_expired(self, now_us: int, fence: Fence = unfenced) -> None:
        """Takes overrides that have ended by themselves out of routers' definitions and into their histories.

        Args:
            now_us: The time, in UTC microseconds.
            fence: Is called with the transaction before it changes anything.
        """
        with self._changes.change() as change:
            fence(change.connection)
            for router in routers.find_overridden_until(change.connection, now_us):
                _noted(change, router, None, SERVER)


def _changed(change: Change, before: Router, given: TrafficOverride | None, caller: Principal) -> Router:
    after = _noted(change, before, given, caller)
    change.router = after
    return after


def _noted(change: Change, before: Router, given: TrafficOverride | None, caller: Principal) -> Router:
    after = change.revised(before, traffic_override=given)
    routers.save(change.connection, after)
    note(change, after, RevisionKind.UPDATED, caller, before=before)
    return after
