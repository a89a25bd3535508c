"""Judges a result by a rule: which tier is met, or that it cannot be said."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pointsman.domain.drift.alerting.existence import Comparable, listed, why_gone
from pointsman.domain.drift.alerting.rules import STATUS_RANKS, AlertFigure, AlertRule, AlertTier, severity
from pointsman.domain.drift.analyses import DriftStatus
from pointsman.domain.drift.naming import ALL, PREDICTIONS, WHOLES, is_whole
from pointsman.domain.drift.performance import LEAST_PREDICTIONS
from pointsman.domain.values import MICROSECONDS_PER_DAY

_OF_ROWS = frozenset((ALL, PREDICTIONS))
"""What algorithms have that look at whole rows, and so at no feature."""
_SHOWN = 5
_SAME_DAY = 1e-9

Findings = tuple[tuple[str, float], ...]
"""Features, or classes, with the figure of each; the name is empty for the result as a whole."""


@dataclass(frozen=True)
class Judgement:
    """What a result says by a rule.

    Attributes:
        level: The most severe tier that is met, from 1; 0 for none; None where it cannot be said.
        findings: What meets it, the worst first.
        reason: What was found, or why it cannot be said.
        is_gone: Whether it cannot be said of any result, until the baseline or the settings change.
    """

    level: int | None
    findings: Findings = ()
    reason: str = ""
    is_gone: bool = False


def judge(rule: AlertRule, body: Mapping[str, Any], window_us: int, open_names: tuple[str, ...]) -> Judgement:
    """Judges a result by a rule.

    What meets a tier meets it whatever is not known. That none is met is said only when it holds whatever is
    not known: of features that the rule names, and of those by which its alert fires, as long as the result
    knows them. A figure that the baseline or the settings have no more is in no result to come.

    Args:
        rule: The rule.
        body: The figures, as the library says them.
        window_us: The length of the result's window, in microseconds.
        open_names: The features by which the rule's alert fires; none when it does not.
    """
    values = figures_of(rule, body)
    comparable = Comparable.of_body(body)
    if comparable is not None and (gone := why_gone(rule, comparable, open_names, values)):
        return Judgement(None, reason=f"not judged any more: {gone}", is_gone=True)
    days = window_us / MICROSECONDS_PER_DAY
    if rule.window_days is not None and days < rule.window_days * (1 - _SAME_DAY):
        return Judgement(
            None, reason=f"not judged: the window has {days:.4g} days, the rule needs {rule.window_days:g}"
        )
    lost = [] if comparable is None else [one for one in open_names if not comparable.has(rule, one)]
    candidates = set(rule.features) or {*values, *_known(body, open_names).difference(lost)}
    known = {name: value for name, value in values.items() if name in candidates}
    if not known:
        return Judgement(None, reason=f"not judged: the result has no {_title(rule)}")
    unknown = len(candidates) - len(known)
    sure = possible = 0
    for level, tier in enumerate(rule.tiers, 1):
        met = sum(is_met(rule.figure, tier, value) for value in known.values())
        if met >= rule.least_features:
            sure = level
        if met + unknown >= rule.least_features:
            possible = level
    if not sure and possible:
        lacking = ", ".join(sorted(candidates - set(known))[:_SHOWN])
        return Judgement(None, reason=f"not judged: the result has no {_title(rule)} of {lacking}")
    if not sure:
        more = f"; the baseline has no {listed(lost)} any more" if lost and not rule.features else ""
        return Judgement(0, reason=f"{_title(rule)}: no tier is met{more}")
    return _met(rule, sure, known)


def figures_of(rule: AlertRule, body: Mapping[str, Any]) -> dict[str, float]:
    """Answers the figures that a rule is about, by feature or class; empty where the result has none."""
    features: Mapping[str, Any] = body.get("features", {})
    if rule.figure is AlertFigure.PERFORMANCE_DROP:
        return _drop(body.get("performance", {}).get(rule.metric, {}))
    if rule.figure is AlertFigure.CLASS_RATE:
        return _class_changes(body)
    if rule.figure is AlertFigure.STATUS and not rule.algorithm:
        if not rule.features and rule.least_features == 1:
            return _overall(body)
        return {
            name: _rank(one["status"])
            for name, one in features.items()
            if name in rule.features or not is_whole(name)
        }
    found = {
        name: one["algorithms"][rule.algorithm]
        for name, one in features.items()
        if rule.algorithm in one["algorithms"]
    }
    # Columns of answers are no features, also where a window has no others.
    named = {name: one for name, one in found.items() if name in rule.features or not is_whole(name)}
    of_rows = {name: one for name, one in found.items() if name in _OF_ROWS}
    return _numbers(rule.figure, named or of_rows)


def is_met(figure: AlertFigure, tier: AlertTier, value: float) -> bool:
    """Says whether a figure meets a tier.

    Args:
        figure: Which figure.
        tier: The tier.
        value: What the figure is.
    """
    bar = severity(figure, tier)
    if figure is AlertFigure.STATUS:
        return value >= bar
    return -value > bar if figure is AlertFigure.P_VALUE else value > bar


def _known(body: Mapping[str, Any], names: tuple[str, ...]) -> frozenset[str]:
    """Those names of which the result says anything, be it why it has no figure.

    A feature that is none of the baseline's any more is not waited for. What the library names in the place
    of a feature is always known: of answers that are not there it does not list each part.
    """
    told = {one["feature"] for key in ("insufficientData", "notMeasured") for one in body.get(key, ())}
    listed = WHOLES.union(told, body.get("features", ()), body.get("columns", ()))
    return frozenset(listed.intersection(names))


def _overall(body: Mapping[str, Any]) -> dict[str, float]:
    """The worst status of each feature, in the whole and in each window and slice.

    The worst of these is the result's own, but for a result without any figure: of that the library says a
    warning, for nobody looked, which is no drift.
    """
    found: dict[str, float] = {}
    for part in (body, *body.get("groups", ())):
        for name, one in part.get("features", {}).items():
            found[name] = max(_rank(one["status"]), found.get(name, 0.0))
    return found


def _numbers(figure: AlertFigure, found: Mapping[str, Any]) -> dict[str, float]:
    if figure is AlertFigure.STATUS:
        return {name: _rank(one["status"]) for name, one in found.items()}
    key = "score" if figure is AlertFigure.SCORE else "pValue"
    return {name: float(one[key]) for name, one in found.items() if isinstance(one.get(key), (int, float))}


def _drop(metric: Mapping[str, Any]) -> dict[str, float]:
    """How far a metric is below the baseline's, of outcomes enough to say so; the baseline's are counted."""
    before, after = metric.get("reference"), metric.get("realised")
    if before is None or after is None or metric.get("sampleSize", 0) < LEAST_PREDICTIONS:
        return {}
    return {"": before - after}


def _class_changes(body: Mapping[str, Any]) -> dict[str, float]:
    """By class how much its share differs from the baseline's, relative to that, as an absolute value.

    Of a class that the baseline has none of there is no relative change.
    """
    rates: Mapping[str, Any] = body.get("classRates", {})
    return {
        name: abs(one["current"] / one["reference"] - 1)
        for name, one in rates.items()
        if one["reference"] > 0
    }


def _rank(status: str) -> float:
    return STATUS_RANKS[DriftStatus(status)]


def _met(rule: AlertRule, level: int, known: Mapping[str, float]) -> Judgement:
    tier = rule.tiers[level - 1]
    is_low = rule.figure is AlertFigure.P_VALUE
    findings = sorted(
        ((name, value) for name, value in known.items() if is_met(rule.figure, tier, value)),
        key=lambda one: (one[1] if is_low else -one[1], one[0]),
    )
    if [name for name, _ in findings] == [""]:
        # The result as a whole.
        reason = f"{_title(rule)} is {_shown(rule, findings[0][1])}, {_bar(rule, tier)}"
        return Judgement(level, tuple(findings), reason)
    words = [f"{name} {_shown(rule, value)}" for name, value in findings[:_SHOWN]]
    more = f" and {len(findings) - _SHOWN} more" if len(findings) > _SHOWN else ""
    return Judgement(level, tuple(findings), f"{_title(rule)} {_bar(rule, tier)}: {', '.join(words)}{more}")


def _title(rule: AlertRule) -> str:
    words = {
        AlertFigure.STATUS: f"status of {rule.algorithm}" if rule.algorithm else "status",
        AlertFigure.SCORE: f"score of {rule.algorithm}",
        AlertFigure.P_VALUE: f"p-value of {rule.algorithm}",
        AlertFigure.PERFORMANCE_DROP: f"drop of {rule.metric}",
        AlertFigure.CLASS_RATE: "relative change of a class's rate",
    }
    return words[rule.figure]


def _bar(rule: AlertRule, tier: AlertTier) -> str:
    if tier.status is not None:
        words = f"{tier.status} or worse"
    else:
        words = f"{'below' if rule.figure is AlertFigure.P_VALUE else 'above'} {tier.threshold:g}"
    return f"{words} on {rule.least_features} or more" if rule.least_features > 1 else words


def _shown(rule: AlertRule, value: float) -> str:
    if rule.figure is AlertFigure.STATUS:
        return next(status.value for status, rank in STATUS_RANKS.items() if rank == value)
    return f"{value:.4g}"
