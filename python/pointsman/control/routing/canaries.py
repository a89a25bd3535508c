"""Canaries: giving them more or less, and promoting them."""

import dataclasses
from collections.abc import Sequence

from pointsman.control.publishing.changes import Change, Changes
from pointsman.control.routing.allocation import Reallocation
from pointsman.control.routing.revision_log import note
from pointsman.control.routing.router_access import find_router_to_change
from pointsman.control.routing.routers import RouterRegistry
from pointsman.domain.keys import Principal
from pointsman.domain.lifecycle import check_not_deploying
from pointsman.domain.revisions import RevisionKind
from pointsman.domain.routers import Router
from pointsman.domain.strategies.canary import Canary, percent_fault, promoted
from pointsman.domain.variants import VariantRole
from pointsman.errors import FailedPreconditionError, InvalidArgumentError


class Canaries:
    """Changes what the canary of a router gets.

    Args:
        changes: How routers are changed.
        registry: Who changes fields of them.
    """

    def __init__(self, changes: Changes, registry: RouterRegistry) -> None:
        self._changes = changes
        self._registry = registry

    def set_percent(
        self, caller: Principal, router_id: str, percent: float, etag: str, *, validate_only: bool
    ) -> Reallocation:
        """Sets how much the canary gets; who is on it stays there while its part grows.

        Args:
            caller: Who asks.
            router_id: The router's id.
            percent: The canary's part, 0 to 100.
            etag: The state that was read; empty for any.
            validate_only: Check only; change nothing.

        Returns:
            The router after the change, and how many of its 10,000 slots moved.

        Raises:
            AbortedError: The router has changed since it was read.
            FailedPreconditionError: It has no canary, or is being deployed.
            InvalidArgumentError: The part is no percentage.
            NotFoundError: There is no such router.
            PermissionDeniedError: The caller may not change it.
        """
        fault = percent_fault(percent)
        if fault is not None:
            raise InvalidArgumentError.at("percent", fault)
        with self._changes.change(validate_only=validate_only) as change:
            router = _canary_router(change, caller, router_id, etag)
            wanted = dataclasses.replace(router, policy=Canary(percent))
            return self._changed(change, caller, router, wanted, ("canary",), RevisionKind.REWEIGHTED)

    def promote(self, caller: Principal, router_id: str, etag: str, *, validate_only: bool) -> Reallocation:
        """Makes the canary the control, which gets everything; the former control is a canary with nothing.

        Args:
            caller: Who asks.
            router_id: The router's id.
            etag: The state that was read; empty for any.
            validate_only: Check only; change nothing.

        Returns:
            The router after the change, and how many of its 10,000 slots moved.

        Raises:
            AbortedError: The router has changed since it was read.
            FailedPreconditionError: It has no canary, that is disabled, or the router is being deployed.
            NotFoundError: There is no such router.
            PermissionDeniedError: The caller may not change it.
        """
        with self._changes.change(validate_only=validate_only) as change:
            router = _canary_router(change, caller, router_id, etag)
            _check_enabled(router)
            wanted = dataclasses.replace(router, variants=promoted(router.variants), policy=Canary(0.0))
            paths = ("variants", "canary")
            return self._changed(change, caller, router, wanted, paths, RevisionKind.UPDATED)

    def _changed(
        self,
        change: Change,
        caller: Principal,
        before: Router,
        wanted: Router,
        paths: Sequence[str],
        kind: RevisionKind,
    ) -> Reallocation:
        after, moved_slots = self._registry.update_in(change, caller, before, wanted, paths)
        note(change, after, kind, caller, before=before)
        change.router = after
        return Reallocation(after, moved_slots)


def _canary_router(change: Change, caller: Principal, router_id: str, etag: str) -> Router:
    router = find_router_to_change(change.connection, caller, router_id, etag)
    check_not_deploying(router)
    if not isinstance(router.policy, Canary):
        raise FailedPreconditionError(
            f"router {router_id!r} has no canary: its strategy is {router.strategy}; create one with "
            "STRATEGY_CANARY",
            reason="NO_CANARY",
            metadata={"router_id": router_id, "strategy": router.strategy.value},
        )
    return router


def _check_enabled(router: Router) -> None:
    canary = next(variant for variant in router.variants if variant.role is VariantRole.CANARY)
    if not canary.enabled:
        raise FailedPreconditionError(
            f"canary {canary.name!r} of router {router.router_id!r} is disabled; enable it first, then "
            "promote it",
            reason="CANARY_DISABLED",
            metadata={"router_id": router.router_id, "variant": canary.name},
        )
