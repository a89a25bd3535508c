"""Weights: changing them, enabling and disabling variants, and the slots that move by it."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from pointsman.control.publishing.changes import Change, Changes
from pointsman.control.routing.bandit_epochs import learning
from pointsman.control.routing.revision_log import note
from pointsman.control.routing.router_access import find_router_to_change
from pointsman.control.routing.rule_tables import settled
from pointsman.control.routing.slot_tables import with_table
from pointsman.control.routing.variant_models import keeps
from pointsman.domain.keys import Principal
from pointsman.domain.lifecycle import check_not_deploying
from pointsman.domain.model_access import check_uses
from pointsman.domain.overrides import override_fault
from pointsman.domain.ports.core import RoutingCore
from pointsman.domain.revisions import RevisionKind
from pointsman.domain.router_checks import enabled_fault, fallback_fault
from pointsman.domain.routers import Router
from pointsman.domain.strategies.rules import FeatureRules
from pointsman.domain.variants import Variant
from pointsman.domain.violations import Violations, shown
from pointsman.errors import FailedPreconditionError, InvalidArgumentError, NotFoundError
from pointsman.store import model_versions
from pointsman.store.routing import routers


@dataclass(frozen=True)
class Reallocation:
    """A router after a change of weights, and the number of slots that moved."""

    router: Router
    moved_slots: int


class Allocations:
    """Changes the weights of variants. Touches one router's rows and publishes one router.

    Args:
        changes: How routers are changed.
        core: Who computes slot tables and checks rules.
    """

    def __init__(self, changes: Changes, core: RoutingCore) -> None:
        self._changes = changes
        self._core = core

    def set_weights(
        self,
        caller: Principal,
        router_id: str,
        weights: Mapping[str, float],
        etag: str,
        *,
        field: str,
        validate_only: bool,
    ) -> Reallocation:
        """Sets the weights of some variants; the others keep theirs.

        Args:
            caller: Who asks.
            router_id: The router's id.
            weights: The new weights by variant, each from 0 to 100 and checked before.
            etag: The state that was read; empty for any.
            field: The field that is wrong when no enabled variant keeps a weight.
            validate_only: Check only.

        Raises:
            AbortedError: The router has changed since it was read.
            FailedPreconditionError: The router's strategy goes by no weights.
            InvalidArgumentError: All enabled weights would be 0, or a shadow would have one.
            NotFoundError: There is no such router or variant.
            PermissionDeniedError: The caller may not change it.
        """
        with self._changes.change(validate_only=validate_only) as change:
            router = find_router_to_change(change.connection, caller, router_id, etag)
            _check_takes_weights(router)
            for name, weight in weights.items():
                if find_variant(router, name).is_shadow and weight:
                    raise InvalidArgumentError.at(
                        field,
                        f"{weight:g} would decide nothing: {name!r} is a shadow, which gets no calls",
                    )
            variants = [
                dataclasses.replace(variant, weight=weights[variant.name])
                if variant.name in weights
                else variant
                for variant in router.variants
            ]
            fault = router.policy.idle_fault(variants)
            if fault is not None:
                raise InvalidArgumentError.at(field, fault)
            wanted = dataclasses.replace(router, variants=tuple(variants))
            wanted = settled(change.connection, self._core, router, wanted)
            return self._reallocate(change, router, wanted, RevisionKind.REWEIGHTED, caller)

    def toggle(
        self, caller: Principal, router_id: str, name: str, *, enabled: bool, etag: str, validate_only: bool
    ) -> Reallocation:
        """Enables or disables a variant.

        Args:
            caller: Who asks.
            router_id: The router's id.
            name: The variant's name.
            enabled: Whether it shall take part.
            etag: The state that was read; empty for any.
            validate_only: Check only; change nothing.

        Returns:
            The router after the change, and how many of its 10,000 slots moved.

        Raises:
            AbortedError: The router has changed since it was read.
            FailedPreconditionError: Too few variants, or none with a weight, would stay enabled,
                or the router is being deployed.
            NotFoundError: There is no such router or variant, or the caller may not know of its model.
            PermissionDeniedError: The caller may not change it, or may not call the model of the variant.
        """
        with self._changes.change(validate_only=validate_only) as change:
            router = find_router_to_change(change.connection, caller, router_id, etag)
            toggled = dataclasses.replace(find_variant(router, name), enabled=enabled)
            check_not_deploying(router)
            if not keeps(router, toggled):
                model = model_versions.find(change.connection, toggled.model_key)
                if model is not None:
                    check_uses(caller, model, "variant")
            variants = [
                dataclasses.replace(variant, enabled=enabled) if variant.name == name else variant
                for variant in router.variants
            ]
            wanted = dataclasses.replace(router, variants=tuple(variants))
            fault = enabled_fault(wanted)
            if fault is not None:
                raise FailedPreconditionError(
                    f"variant: without {name!r} router {router_id!r} {fault}; enable another first, or stop "
                    "the router",
                    reason="TOO_FEW_ENABLED_VARIANTS",
                    metadata={"router_id": router_id, "variant": name},
                )
            fault = fallback_fault(wanted)
            if fault is not None:
                raise FailedPreconditionError(
                    f"variant: without {name!r} the fallback of router {router_id!r} has nowhere to go: "
                    f"{fault}",
                    reason="FALLBACK_NEEDS_CONTROL",
                    metadata={"router_id": router_id, "variant": name},
                )
            fault = override_fault(router.traffic_override, variants)
            if fault is not None:
                raise FailedPreconditionError(
                    f"variant: {fault}",
                    reason="OVERRIDE_NEEDS_VARIANT",
                    metadata={"router_id": router_id, "variant": name},
                )
            wanted = _settled_or_unmet(change.connection, self._core, router, wanted)
            wanted = learning(self._core, change, router, wanted)
            if router.policy.idle_fault(variants) is not None:
                raise FailedPreconditionError(
                    f"variant: without {name!r} all enabled variants of router {router_id!r} have weight 0; "
                    "give another a weight above 0 first",
                    reason="NO_WEIGHT",
                    metadata={"router_id": router_id, "variant": name},
                )
            return self._reallocate(change, router, wanted, RevisionKind.TOGGLED, caller)

    def _reallocate(
        self,
        change: Change,
        router: Router,
        wanted: Router,
        kind: RevisionKind,
        caller: Principal,
    ) -> Reallocation:
        allocated, moved_slots = with_table(change, self._core, router, wanted)
        after = change.revised(allocated)
        changed = [new for new, old in zip(after.variants, router.variants, strict=True) if new != old]
        routers.save_allocation(change.connection, after, changed)
        if after.policy is not router.policy:
            # The same rules, with other tables where they split their calls; or a bandit whose slots moved.
            routers.save(change.connection, after)
        note(change, after, kind, caller, before=router)
        change.router = after
        return Reallocation(after, moved_slots)


def _settled_or_unmet(connection: Connection, core: RoutingCore, router: Router, wanted: Router) -> Router:
    try:
        return settled(connection, core, router, wanted)
    except InvalidArgumentError as error:
        raise FailedPreconditionError(
            f"variant: the rules of router {router.router_id!r} do not allow it: {error}",
            reason="RULES_NEED_VARIANT",
            metadata={"router_id": router.router_id},
        ) from error


def _check_takes_weights(router: Router) -> None:
    if isinstance(router.policy, FeatureRules) and router.policy.default_variant:
        raise FailedPreconditionError(
            f"weight: it would decide nothing in router {router.router_id!r}: calls that no rule takes all "
            f"go to {router.policy.default_variant!r} (feature_rules.default_variant), and rules have splits "
            "of their own; change feature_rules, or leave its default_variant empty so that these calls go "
            "by weight",
            reason="STRATEGY_TAKES_NO_WEIGHTS",
            metadata={"router_id": router.router_id, "strategy": router.strategy.value},
        )
    if router.policy.takes_weights:
        return
    raise FailedPreconditionError(
        f"weights decide nothing in router {router.router_id!r}, whose strategy is {router.strategy}; change "
        f"its {router.policy.field} instead",
        reason="STRATEGY_TAKES_NO_WEIGHTS",
        metadata={"router_id": router.router_id, "strategy": router.strategy.value},
    )


def find_variant(router: Router, name: str, field: str = "variant") -> Variant:
    """Finds a variant of a router.

    Args:
        router: The router.
        name: The variant's name, as a request gives it.
        field: The field that names it, for errors.

    Raises:
        InvalidArgumentError: The name is not well-formed.
        NotFoundError: The router has no such variant.
    """
    found = Violations()
    found.check_id(field, name)
    found.raise_if_any()
    variant = router.variant(name)
    if variant is None:
        known = ", ".join(repr(variant.name) for variant in router.variants)
        raise NotFoundError(
            f"{field}: {shown(name)} is no variant of router {router.router_id!r}; it has {known}",
            reason="VARIANT_NOT_FOUND",
            metadata={"router_id": router.router_id, "variant": name},
        )
    return variant
