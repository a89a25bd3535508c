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

_SETTINGS = {EMAIL: ("a mail server", "alerts.smtp.host"), SLACK: ("a webhook of Slack", "alerts.slack.url")}
_UNKNOWN_AUTHORITIES = frozenset((18, 19, 20, 21))
"""What OpenSSL says of a certificate that nobody known has signed, in each way in which that can be."""


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
        self._connector = Connector(allowed, channels.timeout_seconds, resolver, channels.authorities)

    @property
    def names(self) -> tuple[str, ...]:
        """The channels that rules may name."""
        return self._channels.names

    @property
    def ready(self) -> tuple[str, ...]:
        """The channels that this server brings messages by."""
        told = ((EMAIL, self._channels.smtp), (SLACK, self._channels.slack))
        return (*(name for name, one in told if one is not None), *sorted(self._channels.webhooks))

    def lack_of(self, channel: str) -> str:
        """Answers what a message of a channel waits for that this server lacks.

        Args:
            channel: The channel.
        """
        what, setting = _SETTINGS.get(
            channel, (f"a webhook {channel!r}", f"alerts.webhooks.{channel}.url and secret")
        )
        return f"no server with {what} has brought it; set {setting} at one and start it again"

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
        if name == EMAIL and self._channels.smtp is not None:
            return send_mail(self._channels.smtp, self._connector, event, delivery)
        if name == SLACK and self._channels.slack is not None:
            return post_slack(self._channels.slack, self._connector, event, delivery)
        webhook = self._channels.webhooks.get(name)
        if webhook is not None:
            return post_webhook(webhook, self._connector, event, delivery, self._clock())
        return Outcome(self.lack_of(name))


def _told(error: OSError) -> str:
    """Says why a target cannot be reached, but not where it is."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted: {_certificate_words(error)}"
    if isinstance(error, TimeoutError):
        return "it does not answer in time"
    return f"it cannot be reached: {one_line(error.strerror or type(error).__name__)}"


def _certificate_words(error: ssl.SSLCertVerificationError) -> str:
    words = one_line(error.verify_message.partition(",")[0])
    if error.verify_code in _UNKNOWN_AUTHORITIES:
        return f"{words}; to trust who signed it, set alerts.ca_file at this server and start it again"
    return words
