"""Where drift comes from: the world, some variants alone, or the model."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from pointsman.domain.drift.analyses import DriftOrigin

if TYPE_CHECKING:
    from pointsman_drift import Group, Result


def origin_of(result: Result, features: Collection[str]) -> DriftOrigin:
    """Answers where drift comes from, as far as slices by variant, else by version, tell it.

    Where inputs of all that is asked move alike, the cause lies before the model; where answers move and
    inputs do not, with the model; where inputs of some variants move, with what is sent there.

    Args:
        result: What the library says.
        features: Names of the features, as opposed to columns of answers.
    """
    moving = {figure.group for figure in result.figures if figure.drift and figure.feature in features}
    judged: dict[str, set[Group]] = {}
    for figure in result.figures:
        if figure.group.slice is not None and figure.feature in features:
            judged.setdefault(figure.group.slice.column, set()).add(figure.group)
    for by in sorted(judged):
        # Slices by variant come first; those by version would say the same again.
        if len(slices := judged[by]) > 1:
            if slices & moving:
                return DriftOrigin.WORLD if slices <= moving else DriftOrigin.SOME_VARIANTS
            break
    if moving:
        return DriftOrigin.INPUTS
    has_other = any(figure.drift for figure in result.figures)
    return DriftOrigin.MODEL if has_other else DriftOrigin.NONE
