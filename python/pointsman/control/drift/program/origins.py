"""Where drift comes from: the world, some variants alone, or the model."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from pointsman.domain.drift.analyses import DriftOrigin
from pointsman.domain.drift.naming import ALL

if TYPE_CHECKING:
    from pointsman_drift import Figure, Group, Result

_CLEARLY = 0.5
"""A slice stands still when its scores are at most this part of those of one that moves."""


def origin_of(result: Result, features: Collection[str]) -> tuple[DriftOrigin | None, list[str]]:
    """Answers where drift comes from, as far as slices by variant, else by version, tell it.

    Where inputs of all that is asked move alike, the cause lies before the model; where answers move and
    inputs do not, with the model; where inputs of some variants move, with what is sent there. That a slice
    is not judged to move does not say that it stands still: of few rows little is significant.

    Args:
        result: What the library says.
        features: Names of the features, as opposed to columns of answers.

    Returns:
        The origin, None where no input was judged; and what to know of it, in sentences.
    """
    inputs = [one for one in result.figures if one.feature in features or one.feature == ALL]
    if not inputs:
        return None, []
    moving = {figure.group for figure in inputs if figure.drift}
    judged: dict[str, set[Group]] = {}
    for figure in inputs:
        if figure.group.slice is not None:
            judged.setdefault(figure.group.slice.column, set()).add(figure.group)
    for by in sorted(judged):
        # Slices by variant come first; those by version would say the same again.
        if len(slices := judged[by]) > 1:
            if slices <= moving:
                return DriftOrigin.WORLD, []
            if slices & moving:
                return _of_some(inputs, slices & moving, slices - moving)
            break
    if moving:
        return DriftOrigin.INPUTS, []
    has_other = any(figure.drift for figure in result.figures)
    return (DriftOrigin.MODEL if has_other else DriftOrigin.NONE), []


def _of_some(
    inputs: Sequence[Figure], moving: Collection[Group], others: Collection[Group]
) -> tuple[DriftOrigin, list[str]]:
    """Tells slices that stand still from those of too few rows to say so, by the largest of both."""
    by_group: dict[Group, dict[tuple[str, str], Figure]] = {}
    for one in inputs:
        by_group.setdefault(one.group, {})[one.feature, one.algorithm] = one

    def rows(group: Group) -> tuple[int, str]:
        return max(one.m for one in by_group[group].values()), str(group)

    first, other = max(moving, key=rows), max(others, key=rows)
    moved = {name: one for name, one in by_group[first].items() if one.drift}
    beside = by_group[other]
    if all(name in beside and beside[name].score <= _CLEARLY * one.score for name, one in moved.items()):
        return DriftOrigin.SOME_VARIANTS, []
    return DriftOrigin.INPUTS, [
        f"inputs of {first} move, and those of {other} do not differ clearly from these; whether all move "
        "or some, more rows would tell"
    ]
