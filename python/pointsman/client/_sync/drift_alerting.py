# Generated from _async/drift_alerting.py by scripts/generate_client.py: edit that file, then make generate.
"""Alerts of drift, of the client that waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pointsman.client import _requests as requests
from pointsman.client._connection import Connection
from pointsman.client._types import AlertEvent, AlertRule, AlertRules

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime


class DriftAlerting:
    """Rules by which alerts fire, tests, mutes, and what was told."""

    _connection: Connection

    def alert_rules(self, model_id: str) -> AlertRules:
        """Answers by which rules a model's alerts fire, and how each stands."""
        return self._connection.send(requests.get_alert_rules(model_id))

    def update_alert_rules(self, model_id: str, rules: Iterable[AlertRule]) -> AlertRules:
        """Replaces the rules of a model; alerts of those that change end without a message.

        Args:
            model_id: The model.
            rules: The rules; none for the default, which tells of the overall status.

        Raises:
            InvalidArgumentError: A rule is wrong; the fields are named.

        Example::

            notify = AlertTier("notify", 0.1, channels=["slack"])
            rule = AlertRule("age", AlertFigure.SCORE, "psi", features=["age"], tiers=[notify])
            client.drift.update_alert_rules("credit", [rule])
        """
        return self._connection.send(requests.update_alert_rules(model_id, rules))

    def send_test_alert(
        self, model_id: str, *, channels: Sequence[str] = (), recipients: Sequence[str] = ()
    ) -> AlertEvent:
        """Sends a message that says it is a test, on the way that alerts take.

        Args:
            model_id: The model.
            channels: Where to; none for all that the rules name.
            recipients: E-mail addresses; none for those that are set.

        Returns:
            The event with its messages, which are pending; ``alert_events`` tells what came of them.

        Raises:
            FailedPreconditionError: The rules name no channel.
        """
        return self._connection.send(requests.send_test_alert(model_id, channels, recipients))

    def mute_alerts(self, model_id: str, until: datetime | None, *, rule: str = "") -> AlertRules:
        """Keeps alerts of a model still until a time.

        Args:
            model_id: The model.
            until: Until when, at most 366 days ahead; None ends the mute.
            rule: Which rule; empty for all.
        """
        return self._connection.send(requests.mute_alerts(model_id, until, rule))

    def alert_events(self, model_id: str, *, limit: int = 0, rule: str = "") -> list[AlertEvent]:
        """Lists what was told of a model, newest first, and what came of each message.

        Args:
            model_id: The model.
            limit: At most so many, 1 to 1000; 0 means 50.
            rule: Only events of this rule; empty for all.
        """
        return self._connection.send(requests.list_alert_events(model_id, limit, rule))
