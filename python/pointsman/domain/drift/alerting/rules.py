"""Rules by which alerts of drift fire, each with tiers from mild to severe."""

import itertools
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pointsman.domain.drift.alerts import AlertSettings, check_recipients
from pointsman.domain.drift.analyses import DriftStatus
from pointsman.domain.drift.windows import MAX_DAYS
from pointsman.domain.violations import Violations, shown

EMAIL, SLACK = "email", "slack"
"""The channels that are no webhooks."""

MAX_RULES = 50
MAX_TIERS = 10
MAX_NAMED = 200
MAX_NAME_CHARS = 256
MAX_ADDRESSES = 200
"""Different addresses in all rules of a model: so many messages one event may have."""
MAX_REPEAT_HOURS = 8_784.0
DEFAULT_DROP_DAYS = 30.0
DEFAULT_REPEAT_HOURS = 24.0
METRICS = ("accuracy", "precision", "recall", "specificity", "f1", "roc_auc")
"""Metrics of performance of which more is better, the one that is meant where none is named first."""
_DEFAULT_NAME = "status"


class AlertFigure(StrEnum):
    """Which figure of a result a rule is about."""

    STATUS = "status"
    SCORE = "score"
    P_VALUE = "p_value"
    PERFORMANCE_DROP = "performance_drop"
    CLASS_RATE = "class_rate"


@dataclass(frozen=True)
class AlertTier:
    """From where on who is told.

    Attributes:
        name: Names it among those of the rule.
        threshold: What the figure must be above, of a p-value below; None of a status.
        status: Of a status that one or worse; None of any other figure.
        channels: ``email``, ``slack`` and names of webhooks.
        recipients: E-mail addresses; none for those of the model's settings.
    """

    name: str
    threshold: float | None = None
    status: DriftStatus | None = None
    channels: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()


@dataclass(frozen=True)
class AlertRule:
    """What makes an alert fire.

    Attributes:
        name: Names it among those of the model.
        figure: What it looks at.
        algorithm: Whose figure; empty where none is asked for.
        features: Of which features, or classes; none for any.
        least_features: How many of them must meet a tier.
        window_days: Days that a result's window must have; None for any.
        tiers: From mild to severe.
        repeat_hours: After how long an alert that goes on is told again; 0 for never.
        metric: Of a performance drop, one of ``METRICS``; else empty.
    """

    name: str
    figure: AlertFigure
    algorithm: str = ""
    features: tuple[str, ...] = ()
    least_features: int = 1
    window_days: float | None = None
    tiers: tuple[AlertTier, ...] = ()
    repeat_hours: float = DEFAULT_REPEAT_HOURS
    metric: str = ""


def default_rule(settings: AlertSettings) -> AlertRule:
    """Answers the rule of a model for which none were set: the overall status, told as its settings say."""
    wanted = ((EMAIL, settings.email), (SLACK, settings.slack))
    channels = tuple(name for name, is_wanted in wanted if is_wanted)
    return AlertRule(
        _DEFAULT_NAME,
        AlertFigure.STATUS,
        tiers=tuple(
            AlertTier(status.value, status=status, channels=channels)
            for status in (DriftStatus.WARNING, DriftStatus.ALERT)
        ),
    )


def check_rules(rules: Sequence[AlertRule], channels: Collection[str], algorithms: Collection[str]) -> None:
    """Checks the rules of a model together.

    Args:
        rules: The rules.
        channels: Those that the server has.
        algorithms: Those that are known.

    Raises:
        InvalidArgumentError: With every field that is wrong.
    """
    found = Violations()
    if len(rules) > MAX_RULES:
        found.add("rules", f"are {len(rules)}; at most {MAX_RULES} are taken")
    seen: set[str] = set()
    for index, rule in enumerate(rules):
        path = f"rules[{index}]"
        found.check_id(f"{path}.name", rule.name)
        if rule.name in seen:
            found.add(f"{path}.name", f"{shown(rule.name)} occurs twice; rename one")
        seen.add(rule.name)
        _check_figure(found, path, rule, algorithms)
        _check_tiers(found, path, rule, channels)
    addresses = {address for rule in rules for tier in rule.tiers for address in tier.recipients}
    if len(addresses) > MAX_ADDRESSES:
        found.add(
            "rules",
            f"have {len(addresses)} different recipients; at most {MAX_ADDRESSES} are taken: name a list's "
            "address instead",
        )
    found.raise_if_any()


def _check_figure(found: Violations, path: str, rule: AlertRule, algorithms: Collection[str]) -> None:
    needs = rule.figure in (AlertFigure.SCORE, AlertFigure.P_VALUE)
    may = needs or rule.figure is AlertFigure.STATUS
    if rule.algorithm and not may:
        found.add(f"{path}.algorithm", f"{shown(rule.algorithm)} has no place in {rule.figure}; leave it out")
    elif (needs or rule.algorithm) and rule.algorithm not in algorithms:
        found.add(
            f"{path}.algorithm",
            f"{shown(rule.algorithm)} is no algorithm; known are {', '.join(sorted(algorithms))}",
        )
    if rule.figure is AlertFigure.PERFORMANCE_DROP:
        if rule.metric not in METRICS:
            found.add(f"{path}.metric", f"{shown(rule.metric)} is none of {', '.join(METRICS)}")
    elif rule.metric:
        found.add(f"{path}.metric", f"{shown(rule.metric)} has no place in {rule.figure}; leave it out")
    if len(rule.features) > MAX_NAMED or len(set(rule.features)) < len(rule.features):
        found.add(f"{path}.features", f"name each once, at most {MAX_NAMED}")
    for place, name in enumerate(rule.features):
        if not name:
            found.add(f"{path}.features[{place}]", "is empty; leave it out")
        found.check_text(f"{path}.features[{place}]", name, MAX_NAME_CHARS)
    if rule.figure is AlertFigure.PERFORMANCE_DROP and rule.features:
        found.add(f"{path}.features", "have no place in performance_drop; leave them out")
    most = len(rule.features) or MAX_NAMED
    if not 1 <= rule.least_features <= most:
        found.add(f"{path}.least_features", f"{rule.least_features} is not between 1 and {most}")
    if rule.window_days is not None and not 0 < rule.window_days <= MAX_DAYS:
        found.add(f"{path}.window_days", f"{rule.window_days:g} is not above 0 and at most {MAX_DAYS:g}")
    if not 0 <= rule.repeat_hours <= MAX_REPEAT_HOURS:
        found.add(f"{path}.repeat_hours", f"{rule.repeat_hours:g} is not between 0 and {MAX_REPEAT_HOURS:g}")


def _check_tiers(found: Violations, path: str, rule: AlertRule, channels: Collection[str]) -> None:
    if not 1 <= len(rule.tiers) <= MAX_TIERS:
        found.add(f"{path}.tiers", f"are {len(rule.tiers)}; give 1 to {MAX_TIERS}, from mild to severe")
    names: set[str] = set()
    for index, tier in enumerate(rule.tiers):
        place = f"{path}.tiers[{index}]"
        found.check_id(f"{place}.name", tier.name)
        if tier.name in names:
            found.add(f"{place}.name", f"{shown(tier.name)} occurs twice; rename one")
        names.add(tier.name)
        _check_bar(found, place, rule.figure, tier)
        for position, name in enumerate(tier.channels):
            if name not in channels:
                known = ", ".join(sorted(channels))
                found.add(
                    f"{place}.channels[{position}]",
                    f"{shown(name)} is no channel of this server; it has {known}; webhooks are set under "
                    "alerts.webhooks in its settings",
                )
        check_recipients(found, f"{place}.recipients", tier.recipients)
    bars = [severity(rule.figure, tier) for tier in rule.tiers]
    if any(not before < after for before, after in itertools.pairwise(bars)):
        found.add(f"{path}.tiers", "are out of order; each must be met by less than the one before")


def _check_bar(found: Violations, place: str, figure: AlertFigure, tier: AlertTier) -> None:
    if figure is AlertFigure.STATUS:
        if tier.threshold is not None:
            found.add(f"{place}.threshold", "has no place in a rule of a status; give status")
        if tier.status not in (DriftStatus.WARNING, DriftStatus.ALERT):
            found.add(f"{place}.status", "is neither warning nor alert")
        return
    if tier.status is not None:
        found.add(f"{place}.status", f"has no place in a rule of {figure}; give threshold")
    is_share = figure in (AlertFigure.P_VALUE, AlertFigure.PERFORMANCE_DROP)
    if tier.threshold is None:
        found.add(f"{place}.threshold", "is missing")
    elif not 0 <= tier.threshold < math.inf or (is_share and tier.threshold > 1):
        found.add(f"{place}.threshold", f"{tier.threshold:g} is not 0 or above" + (", up to 1" * is_share))


STATUS_RANKS = {DriftStatus.OK: 0, DriftStatus.WARNING: 1, DriftStatus.ALERT: 2}


def severity(figure: AlertFigure, tier: AlertTier) -> float:
    """Answers a number that grows with how severe a tier is."""
    if figure is AlertFigure.STATUS:
        return STATUS_RANKS[tier.status or DriftStatus.OK]
    bar = tier.threshold or 0.0
    return -bar if figure is AlertFigure.P_VALUE else bar
