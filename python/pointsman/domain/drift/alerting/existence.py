"""Whether results can have the figure that a rule is about, as the baseline and the settings are now.

A window may lack rows, and the next one has them: what is lacking so is waited for. What the baseline or the
settings lack is in no result until somebody changes these; an alert that waited for it would never end.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from pointsman.domain.drift.alerting.rules import AlertFigure, AlertRule
from pointsman.domain.drift.naming import ALL, LABEL, PREDICTIONS
from pointsman.domain.drift.performance import LEAST_PREDICTIONS

COMPARABLE = "comparable"
"""Where a result says it."""
_OF_ALL = frozenset(("", ALL))
"""What stands for all features together, or for the result: whatever features there are, it is there."""
_SHOWN = 5


@dataclass(frozen=True)
class Comparable:
    """What a baseline and the settings let results have.

    Attributes:
        features: The baseline's features.
        answers: What is compared of its labeled predictions, as the library names it; none without any.
        classes: Classes that these predict, in predictions enough for rates; none of a regression.
        algorithms: Those that the settings name, or that run by default.
        metrics: Metrics of performance that these have, of outcomes enough.
    """

    features: frozenset[str]
    answers: frozenset[str]
    classes: frozenset[str]
    algorithms: frozenset[str]
    metrics: frozenset[str]

    @classmethod
    def of_body(cls, body: Mapping[str, Any]) -> Self | None:
        """Reads what a result says of it; None of a result that does not."""
        told = body.get(COMPARABLE)
        if told is None:
            return None
        return cls(**{one.name: frozenset(told[one.name]) for one in fields(cls)})

    def told(self) -> dict[str, list[str]]:
        """Answers it as a result says it."""
        return {name: sorted(values) for name, values in vars(self).items()}

    def has(self, rule: AlertRule, name: str) -> bool:
        """Says whether results can have a rule's figure of a feature or class.

        Args:
            rule: The rule.
            name: The feature, what the library names in its place, or the class.
        """
        if rule.figure is AlertFigure.CLASS_RATE:
            return name in self.classes
        if name == PREDICTIONS:
            return bool(self.answers)
        return name in _OF_ALL or name in self.features or name in self.answers


def why_gone(
    rule: AlertRule,
    comparable: Comparable,
    open_names: Collection[str],
    values: Collection[str],
) -> str:
    """Says why no result can have a rule's figure any more; empty where one can.

    Args:
        rule: The rule.
        comparable: What results can have.
        open_names: The features or classes by which the rule's alert fires; none when it does not.
        values: Those of which this result has the figure.
    """
    if rule.algorithm and rule.algorithm not in comparable.algorithms:
        return f"the model's settings name {rule.algorithm} no more"
    if rule.figure in (AlertFigure.PERFORMANCE_DROP, AlertFigure.CLASS_RATE):
        if LABEL not in comparable.answers:
            lacking = "classes" if comparable.answers else "labeled predictions"
            return f"the baseline has no {lacking}"
        if rule.figure is AlertFigure.PERFORMANCE_DROP:
            return "" if rule.metric in comparable.metrics else _why_no_metric(rule, comparable)
        if not comparable.classes:
            return f"the baseline has fewer than {LEAST_PREDICTIONS} labeled predictions"
    names = rule.features or tuple(open_names)
    gone = [name for name in names if not comparable.has(rule, name)]
    if rule.features and len(names) - len(gone) < rule.least_features:
        return f"the baseline has no {listed(gone)}"
    if not rule.features and names and len(gone) == len(names) and not values:
        return f"the baseline has no {listed(gone)}"
    return ""


def _why_no_metric(rule: AlertRule, comparable: Comparable) -> str:
    if comparable.metrics:
        return f"the outcomes of the baseline's labeled predictions have no {rule.metric}"
    return f"the baseline has fewer than {LEAST_PREDICTIONS} labeled predictions with an outcome"


def listed(names: Iterable[str]) -> str:
    """Answers names for people, a few of them."""
    found = sorted(names)
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return ", ".join(found[:_SHOWN]) + more
