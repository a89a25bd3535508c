"""Judges a stored result by its model's rules, and puts what is to be told into the outbox."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from pointsman.domain.drift.alerting.events import AlertEvent, targets_of
from pointsman.domain.drift.alerting.judging import Judgement, judge
from pointsman.domain.drift.alerting.rules import AlertRule, default_rule
from pointsman.domain.drift.alerting.states import AlertState, AlertStep, is_past, step
from pointsman.domain.drift.alerts import AlertSettings
from pointsman.domain.drift.analyses import Analysis
from pointsman.store.drift import alert_settings
from pointsman.store.drift.alerting import events, rules
from pointsman.store.drift.ids import new_id


def tell(
    connection: Connection, analysis: Analysis, result_id: str, body: Mapping[str, Any], now_us: int
) -> None:
    """Judges a result by its model's rules.

    All of it is part of the transaction that stores the result: there is no result of which nobody was told
    that it fires, and no message of a result that is not there. Of a window of the past nothing is told.

    Args:
        connection: That transaction.
        analysis: The analysis.
        result_id: Its result, which is stored.
        body: The figures, as the library says them.
        now_us: The time by the database's clock.
    """
    # Before the settings, which make the default rule: nobody may change it between here and its state.
    rules.lock(connection, analysis.model_key)
    settings = alert_settings.of_model(connection, analysis.model_key)
    if not settings.enabled:
        return
    states = rules.states(connection, analysis.model_key)
    mutes = rules.mutes(connection, analysis.model_key, now_us)
    window_us = analysis.window_end_us - analysis.window_start_us
    for rule in effective(connection, analysis.model_key, settings):
        if rules.EVERY_RULE in mutes or rule.name in mutes:
            continue
        state = states.get(rule.name, AlertState())
        if is_past(analysis, state, now_us):
            continue
        judgement = judge(rule, body, window_us, state.names)
        after, told = step(state, rule, judgement, now_us, new_id())
        after = replace(after, window_end_us=analysis.window_end_us)
        rules.put_state(connection, analysis.model_key, rule.name, after)
        if told is not None:
            alert_id = after.alert_id or state.alert_id
            event = _event(analysis, rule, judgement, told, alert_id, result_id, now_us)
            tiers = tuple(rule.tiers[level - 1] for level in told.told)
            events.add(connection, analysis.model_key, event, targets_of(tiers, settings.recipients))


def effective(connection: Connection, model_key: int, settings: AlertSettings) -> tuple[AlertRule, ...]:
    """Answers the rules that hold for a model: those that were set, else the default.

    Args:
        connection: A transaction.
        model_key: The model's row.
        settings: How drift of the model is told.
    """
    return rules.of_model(connection, model_key) or (default_rule(settings),)


def begin_anew(
    connection: Connection, model_key: int, before: Collection[AlertRule], after: Collection[AlertRule]
) -> None:
    """Lets rules that change begin anew: their alerts end without a message.

    Args:
        connection: A writing transaction that holds the model's lock.
        model_key: The model's row.
        before: The rules that held.
        after: Those that hold from now on.
    """
    rules.drop_states(connection, model_key, [rule.name for rule in before if rule not in after])


def _event(
    analysis: Analysis,
    rule: AlertRule,
    judgement: Judgement,
    told: AlertStep,
    alert_id: str,
    result_id: str,
    now_us: int,
) -> AlertEvent:
    return AlertEvent(
        event_id=new_id(),
        model_id=analysis.model_id,
        kind=told.kind,
        create_time_us=now_us,
        rule=rule.name,
        tier=rule.tiers[told.level - 1].name,
        alert_id=alert_id,
        result_id=result_id,
        summary=judgement.reason,
        findings=judgement.findings,
    )
