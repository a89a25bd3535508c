"""The variants that a line of ``pointsman routers create`` or ``update`` means."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pointsman.cli.routers.options import RouterOptions
    from pointsman.client import Router, Variant


def new_variants(said: Iterable[tuple[Variant, bool]], settings: RouterOptions) -> list[Variant]:
    """Answers the variants of a new router; where no weights decide, what is not said is 0.

    Args:
        said: What ``arguments.variant`` read: a variant, and whether its weight was said.
        settings: What the line says besides.
    """
    by_weight = settings.percent is None and not settings.is_bandit
    return [
        variant if has_weight or by_weight else dataclasses.replace(variant, weight=0.0)
        for variant, has_weight in said
    ]


def kept_variants(said: Iterable[tuple[Variant, bool]], router: Router) -> list[Variant]:
    """Answers the variants that a line means; of one that there is already, what is not said stays.

    Args:
        said: What ``arguments.variant`` read: a variant, and whether its weight was said.
        router: The router as it is. Whether its variants are enabled no ``--variant`` says, nor their roles.

    Returns:
        The variants in the order in which they were said.
    """
    before = {variant.name: variant for variant in router.variants}
    by_weight = router.canary is None and router.bandit is None
    return [_kept(wanted, before.get(wanted.name), has_weight, by_weight) for wanted, has_weight in said]


def _kept(wanted: Variant, now: Variant | None, has_weight: bool, by_weight: bool) -> Variant:
    if now is None:
        return wanted if has_weight or by_weight else dataclasses.replace(wanted, weight=0.0)
    weight = wanted.weight if has_weight else now.weight
    return dataclasses.replace(wanted, weight=weight, enabled=now.enabled, role=now.role)
