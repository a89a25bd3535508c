"""``--reward``: the terms of a reward that is a sum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pointsman.cli.line import commandline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pointsman.client import RewardTerm

_OPTION = "--reward"


def sum_of(terms: Sequence[str], metric: str | None) -> dict[str, Any]:
    """Answers the fields of a bandit whose reward is a sum.

    Args:
        terms: Its terms, as they stand in the line.
        metric: The one metric that the line names, if it does.

    Raises:
        commandline.BadParameter: A term is of another form, or the line names one metric, too.
    """
    if metric is not None:
        raise commandline.BadParameter(
            f"--reward-metric {metric} is one reward, and --reward are another; leave one out",
            param_hint=_OPTION,
        )
    return {"reward_terms": tuple(map(read_term, terms)), "metric": "", "missing_reward": None}


def read_term(text: str) -> RewardTerm:
    """Reads ``[WEIGHT*]METRIC[=MISSING]``, ``[WEIGHT*]@error`` or ``[WEIGHT*]@latency``.

    Raises:
        commandline.BadParameter: It is of another form.
    """
    from pointsman.client import Cost, RewardTerm

    before, star, after = text.partition("*")
    weight, rest = (_number(before, text), after.strip()) if star else (1.0, text.strip())
    name, equals, missing = rest.partition("=")
    if name.startswith("@"):
        costs = {"@error": Cost.ERROR, "@latency": Cost.LATENCY}
        if name not in costs:
            raise _refused(text, f"{name} is no cost of calls; there are {' and '.join(costs)}")
        if equals:
            raise _refused(text, f"{name} is known of every call; leave out ={missing}")
        return RewardTerm(weight, cost=costs[name])
    if not name or name[0] in "+-":
        raise _refused(text, "write WEIGHT*METRIC, for example conversion=0 or -0.2*@latency")
    return RewardTerm(weight, metric=name, missing=_number(missing, text) if equals else None)


def _number(number: str, text: str) -> float:
    try:
        return float(number)
    except ValueError:
        raise _refused(text, f"{number!r} is no number") from None


def _refused(text: str, reason: str) -> commandline.BadParameter:
    return commandline.BadParameter(f"{text!r}: {reason}", param_hint=_OPTION)
