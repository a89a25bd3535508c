"""How drift of a model is judged and told: what was set, over what holds where nothing was."""

import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from pointsman.domain.drift.windows import DEFAULT_DAYS, NO_LENGTH, is_length
from pointsman.domain.values import MICROSECONDS_PER_DAY
from pointsman.domain.violations import Violations, shown

MAX_RECIPIENTS = 50
MAX_ADDRESS_CHARS = 254
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*")
"""A plain address of RFC 5321: what mail programs read otherwise than it looks is no address."""


class Frequency(StrEnum):
    """How often a model is analysed by itself: in each hour, day or week of UTC; weeks begin on Monday."""

    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"

    def period_of(self, time_us: int) -> int:
        """Answers the number of the period that a time is in."""
        if self is Frequency.WEEKLY:
            # 1970 began on a Thursday.
            return (time_us + 3 * MICROSECONDS_PER_DAY) // (7 * MICROSECONDS_PER_DAY)
        hours = 1 if self is Frequency.HOURLY else 24
        return time_us // (hours * MICROSECONDS_PER_DAY // 24)


@dataclass(frozen=True)
class AlgorithmOverride:
    """What differs from an algorithm's defaults; an empty one takes away what was set."""

    warning_threshold: float | None = None
    alert_threshold: float | None = None
    params: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether it says nothing."""
        return self.warning_threshold is None and self.alert_threshold is None and not self.params


@dataclass(frozen=True)
class AlertSettings:
    """What is set; the defaults are those of a model of which nothing was set.

    Attributes:
        enabled: Whether alerts are told.
        algorithms: Names; None for all that run by default.
        overrides: By algorithm.
        accuracy_drop_warning: A share.
        accuracy_drop_alert: A share.
        min_baseline_sample_size: Rows below which a baseline is not compared with.
        time_window_days: Days that a scheduled analysis, or one that names no window, compares.
        calibrated: Whether false discoveries are controlled over an analysis.
    """

    enabled: bool = True
    algorithms: tuple[str, ...] | None = None
    overrides: Mapping[str, AlgorithmOverride] = field(default_factory=dict)
    accuracy_drop_warning: float = 0.05
    accuracy_drop_alert: float = 0.1
    min_baseline_sample_size: int = 30
    email: bool = False
    slack: bool = False
    recipients: tuple[str, ...] = ()
    schedule_enabled: bool = False
    frequency: Frequency = Frequency.DAILY
    time_window_days: float = DEFAULT_DAYS
    calibrated: bool = True


@dataclass(frozen=True)
class AlertChanges:
    """What shall be set; None leaves what was. Overrides of algorithms that are not named stay."""

    enabled: bool | None = None
    algorithms: tuple[str, ...] | None = None
    overrides: Mapping[str, AlgorithmOverride] = field(default_factory=dict)
    accuracy_drop_warning: float | None = None
    accuracy_drop_alert: float | None = None
    min_baseline_sample_size: int | None = None
    email: bool | None = None
    slack: bool | None = None
    recipients: tuple[str, ...] | None = None
    schedule_enabled: bool | None = None
    frequency: Frequency | None = None
    time_window_days: float | None = None
    calibrated: bool | None = None


def changed(settings: AlertSettings, changes: AlertChanges) -> AlertSettings:
    """Answers settings as they are after changes; :func:`check_settings` says whether they may be."""
    given = {name: value for name, value in vars(changes).items() if value is not None}
    overrides = {**settings.overrides, **changes.overrides}
    given["overrides"] = {name: one for name, one in overrides.items() if not one.is_empty}
    return replace(settings, **given)


ParameterCheck = Callable[[float], str]
"""Says what is wrong with the value of a parameter; empty where nothing is."""


def check_settings(
    settings: AlertSettings,
    known: Mapping[str, Mapping[str, ParameterCheck]],
    lacking: Mapping[str, str] | None = None,
) -> None:
    """Checks settings as a whole.

    Args:
        settings: The settings.
        known: By algorithm and parameter who checks a value.
        lacking: By algorithm that cannot run here what to install.

    Raises:
        InvalidArgumentError: With every field that is wrong.
    """
    found = Violations()
    if settings.algorithms is not None:
        if not settings.algorithms:
            found.add("algorithms.enabled", "is empty; name at least one, or leave it out")
        for index, name in enumerate(settings.algorithms):
            if name not in known:
                found.add(f"algorithms.enabled[{index}]", _unknown(name, known))
            elif what := (lacking or {}).get(name):
                found.add(f"algorithms.enabled[{index}]", f"{shown(name)} cannot run on this server: {what}")
    for name, override in settings.overrides.items():
        path = f"algorithms.overrides.{name[:64]}"
        if name not in known:
            found.add(path, _unknown(name, known))
        else:
            _check_override(found, path, override, known[name])
    warning, alert = settings.accuracy_drop_warning, settings.accuracy_drop_alert
    if not 0 < warning <= 1:
        found.add("accuracy_drop_warning", f"{warning:g} is not above 0 and at most 1")
    if not warning <= alert <= 1:
        found.add(
            "accuracy_drop_alert", f"{alert:g} is not between the warning's {warning:g} and 1; raise it"
        )
    if settings.min_baseline_sample_size < 1:
        found.add("min_baseline_sample_size", f"{settings.min_baseline_sample_size} is below 1")
    if not is_length(settings.time_window_days):
        found.add("schedule.time_window_days", f"{settings.time_window_days:g} {NO_LENGTH}")
    check_recipients(found, "notifications.recipients", settings.recipients)
    found.raise_if_any()


def _check_override(
    found: Violations, path: str, override: AlgorithmOverride, params: Mapping[str, ParameterCheck]
) -> None:
    warning, alert = override.warning_threshold, override.alert_threshold
    if (warning is None) != (alert is None):
        found.add(path, "has one threshold; give warning_threshold and alert_threshold together")
    elif warning is not None and alert is not None and not 0 < warning <= alert < math.inf:
        found.add(
            path,
            f"warning_threshold {warning:g} and alert_threshold {alert:g} are out of order; they must be "
            "above 0, and the alert's not below the warning's",
        )
    for name, value in override.params.items():
        if name not in params:
            known = ", ".join(sorted(params)) or "none"
            found.add(f"{path}.params", f"{shown(name)} is not known; known are: {known}")
        elif fault := params[name](value):
            found.add(f"{path}.params.{name}", f"{value:g} {fault}")


def check_recipients(found: Violations, path: str, recipients: tuple[str, ...]) -> None:
    """Checks e-mail addresses.

    Args:
        found: Where what is wrong goes.
        path: The field.
        recipients: The addresses.
    """
    if len(recipients) > MAX_RECIPIENTS:
        found.add(path, f"are {len(recipients)}; at most {MAX_RECIPIENTS} are taken")
    for index, address in enumerate(recipients):
        if len(address) > MAX_ADDRESS_CHARS or not _ADDRESS.fullmatch(address):
            found.add(f"{path}[{index}]", f"{shown(address)} is no e-mail address")


def _unknown(name: str, known: Collection[str]) -> str:
    return f"{shown(name)} is no algorithm; known are {', '.join(known)}"
