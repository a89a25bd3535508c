"""Checks routers, variants, weights and permissions before they are stored."""

import math

from pointsman.domain.overrides import override_fault
from pointsman.domain.permissions import note_permissions
from pointsman.domain.recording_checks import check_metrics, check_recording
from pointsman.domain.routers import ROUTER_SETTINGS, Fallback, Router
from pointsman.domain.strategies.bandit_checks import note_bandit_faults
from pointsman.domain.variants import VariantRole
from pointsman.domain.violations import (
    MAX_DESCRIPTION_CHARS,
    MAX_DISPLAY_NAME_CHARS,
    Violations,
    shown,
)
from pointsman.errors import InvalidArgumentError

MAX_VARIANTS = 100
MIN_ENABLED_VARIANTS = 2
MAX_WEIGHT = 100.0
MAX_TIMEOUT_MS = 24 * 60 * 60 * 1000


def check_router(router: Router, field: str = "router") -> None:
    """Checks a router that shall be created or changed.

    Args:
        router: The router.
        field: The path of the field that holds it.

    Raises:
        InvalidArgumentError: With every field that is wrong.
    """
    found = Violations()
    found.check_id(f"{field}.router_id", router.router_id)
    found.check_text(f"{field}.display_name", router.display_name, MAX_DISPLAY_NAME_CHARS)
    found.check_text(f"{field}.description", router.description, MAX_DESCRIPTION_CHARS)
    found.check_tags(f"{field}.tags", router.tags)
    if router.default_timeout_ms < 0 or router.default_timeout_ms > MAX_TIMEOUT_MS:
        found.add(
            f"{field}.default_timeout",
            f"{router.default_timeout_ms / 1000:g}s is not between 0.001s and {MAX_TIMEOUT_MS // 1000}s",
        )
    note_permissions(found, f"{field}.permissions", router.permissions)
    check_recording(found, f"{field}.recording", router.recording)
    check_metrics(found, f"{field}.metrics", router.metrics)
    for setting in ROUTER_SETTINGS:
        share = setting.value_of(router)
        if isinstance(share, float) and not 0 <= share <= 1:
            found.add(f"{field}.{setting.name}", f"{share:g} is not between 0 and 1")
    _check_variants(found, field, router)
    note_bandit_faults(found, field, router.policy, router.metrics, sticky=router.sticky)
    fault = fallback_fault(router)
    if fault is not None:
        found.add(f"{field}.fallback", fault)
    found.raise_if_any()


def check_variants(router: Router, field: str = "router") -> None:
    """Checks the variants of a router with its policy, and nothing else of it.

    Args:
        router: The router.
        field: The path of the field that holds it.

    Raises:
        InvalidArgumentError: With every field that is wrong.
    """
    found = Violations()
    _check_variants(found, field, router)
    found.raise_if_any()


def enabled_fault(router: Router) -> str | None:
    """Says what is wrong with how many variants take part; None when nothing is.

    A shadow counts whether it is enabled or not, so that it can be switched off.
    """
    takers = len(router.pickable_variants)
    if not takers and router.shadows:
        return "has 0 enabled beside its shadows, which get copies and no calls; at least 1 must be"
    count = takers + len(router.shadows)
    if count == 0 and router.allow_single:
        return "has 0 enabled; at least 1 must be"
    if count < MIN_ENABLED_VARIANTS and not router.allow_single:
        return (
            f"has {count} enabled; at least {MIN_ENABLED_VARIANTS} must be, or 1 with allow_single "
            "(--allow-single)"
        )
    return None


def fallback_fault(router: Router) -> str | None:
    """Says why a router's fallback has nowhere to go; None when nothing is wrong with it."""
    if router.fallback is not Fallback.CONTROL:
        return None
    control = next((variant for variant in router.variants if variant.role is VariantRole.CONTROL), None)
    if control is None:
        return "control needs a variant whose role is control; give one that role, or use any_healthy or none"
    if not control.enabled:
        return f"control needs {shown(control.name)} enabled; enable it, or use any_healthy or none"
    return None


def weight_fault(weight: float) -> str | None:
    """Says what is wrong with a weight; None when nothing is."""
    if not math.isfinite(weight):
        return f"{weight} is not a finite number; weights are relative, 0 to 100"
    if weight < 0:
        return f"{weight:g} is below 0; weights are relative, 0 to 100"
    if weight > MAX_WEIGHT:
        return f"{weight:g} is above 100; weights are relative, 0 to 100: make all of them smaller"
    return None


def check_weight(weight: float, field: str) -> None:
    """Checks one weight.

    Raises:
        InvalidArgumentError: It is not a number from 0 to 100.
    """
    fault = weight_fault(weight)
    if fault is not None:
        raise InvalidArgumentError.at(field, fault)


def _check_variants(found: Violations, router_field: str, router: Router) -> None:
    variants = router.variants
    field = f"{router_field}.variants"
    if len(variants) > MAX_VARIANTS:
        found.add(field, f"has {len(variants)} variants; at most {MAX_VARIANTS} are allowed")
    fault = enabled_fault(router)
    if fault is not None:
        found.add(field, fault)
    places: dict[str, int] = {}
    control: int | None = None
    weights_valid = True
    for index, variant in enumerate(variants):
        path = f"{field}[{index}]"
        found.check_id(f"{path}.name", variant.name)
        if variant.name and variant.name in places:
            found.add(
                f"{path}.name",
                f"{shown(variant.name)} is also the name of {field}[{places[variant.name]}]; rename one",
            )
        places.setdefault(variant.name, index)
        found.check_id(f"{path}.model_id", variant.model_id)
        found.check_id(f"{path}.model_version", variant.model_version)
        fault = weight_fault(variant.weight)
        if fault is not None:
            found.add(f"{path}.weight", fault)
            weights_valid = False
        if variant.is_shadow and variant.weight:
            found.add(
                f"{path}.weight",
                f"{variant.weight:g} would decide nothing: a shadow gets copies and no calls; leave it 0",
            )
        if variant.role is VariantRole.CONTROL:
            if control is not None:
                found.add(
                    f"{path}.role", f"{field}[{control}] is the control already; a router has one at most"
                )
            control = index
    if weights_valid:
        router.policy.note_faults(found, router_field, variants)
    fault = override_fault(router.traffic_override, variants)
    if fault is not None:
        found.add(field, fault)
