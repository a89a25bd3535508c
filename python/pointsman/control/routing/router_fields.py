"""The fields of routers that can be changed, by the names that update masks and definitions have for them."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from pointsman.domain.routers import ROUTER_SETTINGS, Router
from pointsman.errors import FieldViolation, InvalidArgumentError

UPDATABLE = (*(setting.name for setting in ROUTER_SETTINGS), "tags", "variants", "recording", "metrics")
"""The fields that UpdateRouter can change."""
OWNER = "owner"
"""It can change this one too, where it is named: who sends back what was read must not hand a router over."""

_ATTRIBUTES = {setting.name: setting.attribute for setting in ROUTER_SETTINGS}


def with_fields(before: Router, router: Router, paths: Sequence[str]) -> Router:
    """Answers a router with some fields of another.

    Args:
        before: The router.
        router: The other.
        paths: The fields, among :data:`UPDATABLE` and ``permissions``.
    """
    values: dict[str, Any] = {_ATTRIBUTES.get(path, path): _value(router, path) for path in paths}
    return dataclasses.replace(before, **values)


def changed_paths(before: Router, router: Router) -> list[str]:
    """Answers the fields that can be changed and in which two routers differ.

    Returns:
        Some of :data:`UPDATABLE`, and ``permissions``.
    """
    return [path for path in (*UPDATABLE, "permissions") if _value(before, path) != _value(router, path)]


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


def _value(router: Router, path: str) -> object:
    return getattr(router, _ATTRIBUTES.get(path, path))
