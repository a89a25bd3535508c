"""The channels of a server: which one brings a message, and what came of it."""

from __future__ import annotations

import ssl
from collections.abc import Callable

from pointsman.control.drift.alerting.connecting import Connector, RefusedTargetError, Resolver, resolve
from pointsman.control.drift.alerting.mailing import send_mail
from pointsman.control.drift.alerting.posting import post_slack, post_webhook
from pointsman.control.drift.alerting.words import one_line
from pointsman.domain.drift.alerting.addresses import AllowedTargets
from pointsman.domain.drift.alerting.channels import AlertChannels
from pointsman.domain.drift.alerting.events import AlertEvent, Delivery, Outcome
from pointsman.domain.drift.alerting.rules import EMAIL, SLACK


class Messenger:
    """Brings messages. Safe to use from several threads.

    Args:
        channels: The channels of this server.
        clock: Answers the time in UTC microseconds.
        resolver: Answers the addresses of a host.
    """

    def __init__(
        self, channels: AlertChannels, clock: Callable[[], int], resolver: Resolver = resolve
    ) -> None:
        self._channels = channels
        self._clock = clock
        allowed = AllowedTargets.read(channels.allowed)
        self._connector = Connector(allowed, channels.timeout_seconds, resolver)

    @property
    def names(self) -> tuple[str, ...]:
        """The channels that rules may name."""
        return self._channels.names

    def bring(self, event: AlertEvent, delivery: Delivery) -> Outcome:
        """Tries to bring a message; whatever goes wrong is an outcome.

        Args:
            event: What is told.
            delivery: To whom.
        """
        try:
            return self._bring(event, delivery)
        except RefusedTargetError as error:
            return Outcome(error.reason, detail=one_line(str(error)))
        except OSError as error:
            return Outcome(_told(error), detail=one_line(str(error)))
        except Exception as error:  # noqa: BLE001 - one message must not hold up the others
            return Outcome(f"the message cannot be sent: {type(error).__name__}")

    def _bring(self, event: AlertEvent, delivery: Delivery) -> Outcome:
        name = delivery.target.channel
        if name == EMAIL:
            if self._channels.smtp is None:
                return _unset("no mail server is set", "alerts.smtp.host")
            return send_mail(self._channels.smtp, self._connector, event, delivery)
        if name == SLACK:
            if self._channels.slack is None:
                return _unset("no webhook of Slack is set", "alerts.slack.url")
            return post_slack(self._channels.slack, self._connector, event, delivery)
        webhook = self._channels.webhooks.get(name)
        if webhook is None:
            return _unset(f"no webhook {name!r} is set", f"alerts.webhooks.{name}.url")
        return post_webhook(webhook, self._connector, event, delivery, self._clock())


def _told(error: OSError) -> str:
    """Says why a target cannot be reached, but not where it is."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted: {one_line(error.verify_message.partition(',')[0])}"
    if isinstance(error, TimeoutError):
        return "it does not answer in time"
    return f"it cannot be reached: {one_line(error.strerror or type(error).__name__)}"


def _unset(what: str, setting: str) -> Outcome:
    # It may be set before the last try.
    return Outcome(f"{what} at this server; set {setting} and start it again")
