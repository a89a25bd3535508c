"""How an alert goes on from one result to the next.

A rule either fires or does not. What holds, whatever comes:

- From firing to recovery is one alert, with one id: it is told once that it fires, once for each more severe
  tier than any before, and once that it is over: that it has recovered, or that nobody can say any more.
- A result that cannot be judged changes nothing, unless none to come can be.
- A result that meets a tier repeats the message when the last one is long enough ago, and no sooner.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from pointsman.domain.drift.alerting.judging import Judgement
from pointsman.domain.drift.alerting.rules import AlertRule
from pointsman.domain.drift.analyses import Analysis
from pointsman.domain.values import MICROSECONDS_PER_DAY

_MICROSECONDS_PER_HOUR = 3_600_000_000


class AlertEventKind(StrEnum):
    """What a message tells."""

    FIRING = "firing"
    ESCALATED = "escalated"
    REPEATED = "repeated"
    RECOVERED = "recovered"
    ENDED = "ended"
    TEST = "test"


@dataclass(frozen=True)
class AlertState:
    """How a rule stands. Times are UTC microseconds by the database's clock.

    Attributes:
        alert_id: Names the alert that fires; empty when none does.
        level: The tier that the last judged result met, from 1; 0 for none.
        peak: The most severe tier since it fires, 0 when it does not: whoever it goes to was told.
        fired_us: Since when it fires; 0 when it does not.
        told_us: When it was last told; 0 when it does not fire.
        names: The features that met the tier.
        is_judged: Whether the last result could be judged.
        reason: What was found in it, or why it could not be judged.
        looked_us: When a result was last looked at; 0 for never.
        window_end_us: Where that result's window ends; 0 for never.
    """

    alert_id: str = ""
    level: int = 0
    peak: int = 0
    fired_us: int = 0
    told_us: int = 0
    names: tuple[str, ...] = ()
    is_judged: bool = False
    reason: str = ""
    looked_us: int = 0
    window_end_us: int = 0


@dataclass(frozen=True)
class AlertStep:
    """What is to be told.

    Attributes:
        kind: What.
        level: The tier that it is about; of what is over the most severe one.
        told: The tiers whose channels hear of it, from 1.
    """

    kind: AlertEventKind
    level: int
    told: tuple[int, ...]


def is_past(analysis: Analysis, state: AlertState, now_us: int) -> bool:
    """Says whether an analysis looks back, so that its result says nothing of how a rule stands now.

    It does when its window ends before the last one that was looked at, or longer before the analysis began
    than the window is long, a day at least.

    Args:
        analysis: The analysis.
        state: How the rule stands.
        now_us: The time.
    """
    length_us = analysis.window_end_us - analysis.window_start_us
    late_us = analysis.start_time_us - analysis.window_end_us
    # A window that ends in the future is one of a clock that was put back since: it holds nothing up.
    is_before = analysis.window_end_us < state.window_end_us <= now_us
    return is_before or late_us > max(length_us, MICROSECONDS_PER_DAY)


def step(
    state: AlertState, rule: AlertRule, judgement: Judgement, now_us: int, new_id: str
) -> tuple[AlertState, AlertStep | None]:
    """Answers how a rule stands after a result, and what is to be told of it.

    Args:
        state: How it stood.
        rule: The rule.
        judgement: What the result says by it.
        now_us: The time.
        new_id: The id of an alert that begins now.
    """
    # A clock that was put back must not let an alert be told before it fired, nor its pause begin anew.
    now_us = max(now_us, state.told_us, state.fired_us)
    looked = replace(state, reason=judgement.reason, looked_us=now_us, is_judged=judgement.level is not None)
    level = judgement.level
    if level is None and not (judgement.is_gone and state.alert_id):
        return looked, None
    if not level:
        over = AlertState(
            is_judged=level is not None,
            reason=judgement.reason,
            looked_us=now_us,
            window_end_us=state.window_end_us,
        )
        kind = AlertEventKind.ENDED if level is None else AlertEventKind.RECOVERED
        told = tuple(range(1, state.peak + 1))
        return over, AlertStep(kind, state.peak, told) if state.alert_id else None
    names = tuple(name for name, _ in judgement.findings)
    on = replace(looked, level=level, names=names)
    if not state.alert_id:
        begun = replace(on, alert_id=new_id, peak=level, fired_us=now_us, told_us=now_us)
        return begun, AlertStep(AlertEventKind.FIRING, level, tuple(range(1, level + 1)))
    if level > state.peak:
        told = tuple(range(state.peak + 1, level + 1))
        return replace(on, peak=level, told_us=now_us), AlertStep(AlertEventKind.ESCALATED, level, told)
    pause_us = rule.repeat_hours * _MICROSECONDS_PER_HOUR
    if pause_us and now_us - state.told_us >= pause_us:
        return replace(on, told_us=now_us), AlertStep(
            AlertEventKind.REPEATED, level, tuple(range(1, level + 1))
        )
    return on, None
