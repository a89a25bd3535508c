"""The fields of routers that can be changed, by the names that update masks and definitions have for them."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from pointsman.domain.routers import ROUTER_SETTINGS, Router
from pointsman.domain.strategies.catalogue import POLICY_FIELDS
from pointsman.errors import FieldViolation, InvalidArgumentError

UPDATABLE = (
    *(setting.name for setting in ROUTER_SETTINGS),
    "tags",
    "variants",
    *POLICY_FIELDS,
    "recording",
    "metrics",
)
"""The fields that UpdateRouter can change; of the strategies' settings those of the router's."""
OWNER = "owner"
"""It can change this one too, where it is named: who sends back what was read must not hand a router over."""

_ATTRIBUTES = {setting.name: setting.attribute for setting in ROUTER_SETTINGS} | dict.fromkeys(
    POLICY_FIELDS, "policy"
)


def with_fields(before: Router, router: Router, paths: Sequence[str]) -> Router:
    """Answers a router with some fields of another.

    Args:
        before: The router.
        router: The other.
        paths: The fields, among :data:`UPDATABLE` and ``permissions``.
    """
    values: dict[str, Any] = {_ATTRIBUTES.get(path, path): _value(router, path) for path in paths}
    if router.strategy is not before.strategy:
        values.pop("policy", None)
    return dataclasses.replace(before, **values)


def changed_paths(before: Router, router: Router) -> list[str]:
    """Answers the fields that can be changed and in which two routers differ.

    Returns:
        Some of :data:`UPDATABLE`, and ``permissions``.
    """
    changed = [
        path
        for path in (*UPDATABLE, "permissions")
        if path not in POLICY_FIELDS and _value(before, path) != _value(router, path)
    ]
    return changed if before.policy == router.policy else [*changed, router.policy.field]


def check_paths(paths: Sequence[str]) -> None:
    """Checks the paths of an update mask.

    Raises:
        InvalidArgumentError: A path names no field that can be changed, or there is none at all.
    """
    if not paths:
        raise InvalidArgumentError.at("update_mask", f"names no field; name some of {', '.join(UPDATABLE)}")
    unknown = [path for path in paths if path not in (*UPDATABLE, OWNER)]
    if unknown:
        raise InvalidArgumentError.of(
            [
                FieldViolation(
                    "update_mask", f"{path!r} cannot be changed here; name some of {', '.join(UPDATABLE)}"
                )
                for path in unknown
            ]
        )


def check_same_strategy(before: Router, router: Router, paths: Sequence[str], field: str) -> None:
    """Refuses new settings of a strategy that is not the router's, for a router keeps its strategy.

    Args:
        before: The router as it stands.
        router: The new values.
        paths: Which of them count.
        field: The path of the field that holds them.

    Raises:
        InvalidArgumentError: The settings are another strategy's, or are none.
    """
    named = [path for path in paths if path in POLICY_FIELDS]
    if not named or router.strategy is before.strategy:
        return
    given = router.policy.field or (before.policy.field if before.policy.field in named else "")
    if not given:
        return
    if given == before.policy.field:
        raise InvalidArgumentError.at(f"{field}.{given}", "is named but not set; say what it shall be")
    raise InvalidArgumentError.at(
        f"{field}.{given}",
        f"is not for this router, whose strategy is {before.strategy}; strategies cannot be changed: create "
        "another router",
    )


def _value(router: Router, path: str) -> object:
    return getattr(router, _ATTRIBUTES.get(path, path))
