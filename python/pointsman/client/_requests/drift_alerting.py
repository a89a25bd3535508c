"""Calls about alerts of drift: rules, tests, mutes, and what was told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pointsman.client._call import Call
from pointsman.client._convert import fill_message
from pointsman.client._fields import WrongTypeError, make
from pointsman.client._requests.common import DRIFT, moment, plain
from pointsman.client._types import AlertEvent, AlertRules
from pointsman.v1 import drift_pb2

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from pointsman.client._types import AlertRule


def get_alert_rules(model_id: str) -> Call[AlertRules]:
    """Asks for the rules of a model."""
    request = make(drift_pb2.GetAlertRulesRequest, model_id=model_id)
    return Call(DRIFT + "GetAlertRules", request, drift_pb2.AlertRules, plain(AlertRules), is_read=True)


def update_alert_rules(model_id: str, rules: Iterable[AlertRule]) -> Call[AlertRules]:
    """Replaces the rules of a model.

    Args:
        model_id: The model.
        rules: The rules; none for the default.
    """
    request = make(drift_pb2.UpdateAlertRulesRequest, model_id=model_id)
    for place, rule in enumerate(rules):
        try:
            fill_message(request.rules.add(), rule)
        except WrongTypeError as error:
            raise error.within(f"rules[{place}]") from None
    return Call(DRIFT + "UpdateAlertRules", request, drift_pb2.AlertRules, plain(AlertRules))


def send_test_alert(model_id: str, channels: Iterable[str], recipients: Iterable[str]) -> Call[AlertEvent]:
    """Sends a test.

    Args:
        model_id: The model.
        channels: Where to; none for all that the rules name.
        recipients: E-mail addresses; none for those that are set.
    """
    request = make(
        drift_pb2.SendTestAlertRequest,
        model_id=model_id,
        channels=list(channels),
        recipients=list(recipients),
    )
    return Call(DRIFT + "SendTestAlert", request, drift_pb2.AlertEvent, plain(AlertEvent))


def mute_alerts(model_id: str, until: datetime | None, rule: str) -> Call[AlertRules]:
    """Keeps alerts still.

    Args:
        model_id: The model.
        until: Until when; None ends the mute.
        rule: Which rule; empty for all.
    """
    request = make(drift_pb2.MuteAlertsRequest, model_id=model_id, rule=rule, until=moment(until))
    return Call(DRIFT + "MuteAlerts", request, drift_pb2.AlertRules, plain(AlertRules))


def list_alert_events(model_id: str, limit: int, rule: str) -> Call[list[AlertEvent]]:
    """Asks what was told, newest first.

    Args:
        model_id: The model.
        limit: At most so many; 0 lets the server choose.
        rule: Only events of this rule; empty for all.
    """
    request = make(drift_pb2.GetAlertEventsRequest, model_id=model_id, limit=limit, rule=rule)
    read = plain(AlertEvent)
    return Call(
        DRIFT + "GetAlertEvents",
        request,
        drift_pb2.GetAlertEventsResponse,
        lambda answer: [read(one) for one in answer.events],
        is_read=True,
    )
