"""Rules of alerts, how they stand, and what was told, as messages."""

from collections.abc import Iterable

from pointsman.control.convert.drift_results import DRIFT_STATUS
from pointsman.control.convert.enums import EnumMap
from pointsman.control.convert.times import timestamp_of
from pointsman.control.drift.alerting.desk import StandingRule, StandingRules
from pointsman.domain.drift.alerting.events import AlertEvent, Delivery, DeliveryStatus
from pointsman.domain.drift.alerting.rules import (
    DEFAULT_DROP_DAYS,
    DEFAULT_REPEAT_HOURS,
    METRICS,
    AlertFigure,
    AlertRule,
    AlertTier,
)
from pointsman.domain.drift.alerting.states import AlertEventKind
from pointsman.errors import InvalidArgumentError
from pointsman.v1 import drift_pb2

FIGURE = EnumMap(AlertFigure, drift_pb2.AlertFigure, "ALERT_FIGURE_")
EVENT_KIND = EnumMap(AlertEventKind, drift_pb2.AlertEventKind, "ALERT_EVENT_KIND_")
DELIVERY_STATUS = EnumMap(DeliveryStatus, drift_pb2.AlertDeliveryStatus, "ALERT_DELIVERY_STATUS_")


def rules_from(messages: Iterable[drift_pb2.AlertRule]) -> list[AlertRule]:
    """Reads rules, with what holds where nothing is said.

    Raises:
        InvalidArgumentError: One has no figure, or an enumeration another number.
    """
    return [_rule_from(message, f"rules[{index}]") for index, message in enumerate(messages)]


def rules_to(model_id: str, standing: StandingRules, channels: Iterable[str]) -> drift_pb2.AlertRules:
    """Makes the message of a model's rules.

    Args:
        model_id: The model.
        standing: The rules, and how they stand.
        channels: The channels of the server.
    """
    return drift_pb2.AlertRules(
        model_id=model_id,
        rules=[_rule_to(one) for one in standing.rules],
        is_default=standing.is_default,
        channels=channels,
    )


def event_to(event: AlertEvent, deliveries: Iterable[Delivery]) -> drift_pb2.AlertEvent:
    """Makes the message of an event.

    Args:
        event: The event.
        deliveries: Its messages.
    """
    return drift_pb2.AlertEvent(
        event_id=event.event_id,
        model_id=event.model_id,
        kind=EVENT_KIND.number(event.kind),
        rule=event.rule,
        tier=event.tier,
        alert_id=event.alert_id,
        result_id=event.result_id,
        summary=event.summary,
        created_at=timestamp_of(event.create_time_us),
        deliveries=[
            drift_pb2.AlertDelivery(
                delivery_id=one.delivery_id,
                channel=one.target.channel,
                recipient=one.target.recipient,
                status=DELIVERY_STATUS.number(one.status),
                attempts=one.attempts,
                reason=one.reason,
                tried_at=None if one.tried_us is None else timestamp_of(one.tried_us),
                next_at=None if one.next_us is None else timestamp_of(one.next_us),
            )
            for one in deliveries
        ],
    )


def _rule_from(message: drift_pb2.AlertRule, path: str) -> AlertRule:
    figure = FIGURE.word(message.figure, f"{path}.figure")
    if figure is None:
        raise InvalidArgumentError.at(f"{path}.figure", "is missing")
    days = message.window_days if message.HasField("window_days") else None
    if days is None and figure is AlertFigure.PERFORMANCE_DROP:
        days = DEFAULT_DROP_DAYS
    return AlertRule(
        name=message.name,
        figure=figure,
        algorithm=message.algorithm,
        features=tuple(message.features),
        least_features=message.least_features or 1,
        window_days=days,
        tiers=tuple(
            AlertTier(
                name=tier.name,
                threshold=tier.threshold if tier.HasField("threshold") else None,
                status=DRIFT_STATUS.word(tier.status, f"{path}.tiers[{index}].status"),
                channels=tuple(dict.fromkeys(tier.channels)),
                recipients=tuple(dict.fromkeys(tier.recipients)),
            )
            for index, tier in enumerate(message.tiers)
        ),
        metric=message.metric or (METRICS[0] if figure is AlertFigure.PERFORMANCE_DROP else ""),
        repeat_hours=message.repeat_hours if message.HasField("repeat_hours") else DEFAULT_REPEAT_HOURS,
    )


def _rule_to(standing: StandingRule) -> drift_pb2.AlertRule:
    rule = standing.rule
    return drift_pb2.AlertRule(
        name=rule.name,
        figure=FIGURE.number(rule.figure),
        algorithm=rule.algorithm,
        features=rule.features,
        least_features=rule.least_features,
        window_days=rule.window_days,
        tiers=[
            drift_pb2.AlertTier(
                name=tier.name,
                threshold=tier.threshold,
                status=drift_pb2.DRIFT_STATUS_UNSPECIFIED
                if tier.status is None
                else DRIFT_STATUS.number(tier.status),
                channels=tier.channels,
                recipients=tier.recipients,
            )
            for tier in rule.tiers
        ],
        repeat_hours=rule.repeat_hours,
        metric=rule.metric,
        state=_state_to(standing),
    )


def _state_to(standing: StandingRule) -> drift_pb2.AlertState:
    state, until_us = standing.state, standing.muted_until_us
    return drift_pb2.AlertState(
        firing=bool(state.alert_id),
        tier=standing.rule.tiers[state.level - 1].name if state.level else "",
        since=timestamp_of(state.fired_us) if state.alert_id else None,
        alert_id=state.alert_id,
        judged=state.is_judged,
        reason=state.reason,
        looked_at=timestamp_of(state.looked_us) if state.looked_us else None,
        muted_until=None if until_us is None else timestamp_of(until_us),
    )
