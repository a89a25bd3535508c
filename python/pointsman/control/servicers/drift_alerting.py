"""Rules of alerts, mutes, tests, and what was told."""

from pointsman.control.calls import caller
from pointsman.control.convert.drift import time_from
from pointsman.control.convert.drift_alerting import event_to, rules_from, rules_to
from pointsman.control.drift.alerting.desk import StandingRules
from pointsman.control.drift.parts import DriftParts
from pointsman.control.lanes import Lanes
from pointsman.v1 import drift_pb2


class AlertMethods:
    """The methods of the drift service that tell people."""

    _parts: DriftParts
    _lanes: Lanes

    async def GetAlertRules(
        self, request: drift_pb2.GetAlertRulesRequest, context: object
    ) -> drift_pb2.AlertRules:
        """Answers the rules of a model, and how they stand."""
        found = await self._lanes.read(self._parts.alert_rules.rules, caller(), request.model_id)
        return self._rules(request.model_id, found)

    async def UpdateAlertRules(
        self, request: drift_pb2.UpdateAlertRulesRequest, context: object
    ) -> drift_pb2.AlertRules:
        """Replaces the rules of a model."""
        found = await self._lanes.feed(
            self._parts.alert_rules.put_rules, caller(), request.model_id, rules_from(request.rules)
        )
        return self._rules(request.model_id, found)

    async def SendTestAlert(
        self, request: drift_pb2.SendTestAlertRequest, context: object
    ) -> drift_pb2.AlertEvent:
        """Puts a test into the outbox."""
        return event_to(
            *await self._lanes.feed(
                self._parts.alert_rules.send_test,
                caller(),
                request.model_id,
                request.channels,
                request.recipients,
            )
        )

    async def MuteAlerts(self, request: drift_pb2.MuteAlertsRequest, context: object) -> drift_pb2.AlertRules:
        """Keeps alerts still until a time."""
        found = await self._lanes.feed(
            self._parts.alert_rules.mute,
            caller(),
            request.model_id,
            request.rule,
            time_from(request, "until"),
        )
        return self._rules(request.model_id, found)

    async def GetAlertEvents(
        self, request: drift_pb2.GetAlertEventsRequest, context: object
    ) -> drift_pb2.GetAlertEventsResponse:
        """Lists what was told."""
        found = await self._lanes.read(
            self._parts.alert_rules.history, caller(), request.model_id, request.limit, request.rule
        )
        return drift_pb2.GetAlertEventsResponse(events=[event_to(*one) for one in found])

    def _rules(self, model_id: str, found: StandingRules) -> drift_pb2.AlertRules:
        return rules_to(model_id, found, self._parts.alert_rules.channels)
