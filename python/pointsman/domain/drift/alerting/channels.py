"""The channels that a server has: where they lead, and the secrets that they need."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pointsman.domain.drift.alerting.rules import EMAIL, SLACK


class MailSecurity(StrEnum):
    """How a connection to a mail server is protected."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True)
class SmtpChannel:
    """A mail server.

    Attributes:
        host: Its name or address.
        port: Its port.
        sender: The address that messages are from.
        security: How the connection is protected.
        user: Whom it is logged in as; empty for nobody.
        password: That user's. No message, log line or answer shows it.
    """

    host: str
    port: int
    sender: str
    security: MailSecurity = MailSecurity.STARTTLS
    user: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True)
class WebhookChannel:
    """A program that is told by HTTP.

    Attributes:
        url: Where; it may hold a secret, so that no message, log line or answer shows it.
        secret: The key of the signature; empty for none, as Slack wants it.
    """

    url: str = field(repr=False)
    secret: str = field(default="", repr=False)


@dataclass(frozen=True)
class AlertChannels:
    """All channels of a server.

    Attributes:
        allowed: What may be connected to although it is in no public network: names and addresses, with
            or without a port, and networks.
        timeout_seconds: How long one message may take.
        authorities: Certificates of authorities that are trusted beside the system's, in PEM.
    """

    smtp: SmtpChannel | None = None
    slack: WebhookChannel | None = None
    webhooks: Mapping[str, WebhookChannel] = field(default_factory=dict)
    allowed: tuple[str, ...] = ()
    timeout_seconds: float = 10.0
    authorities: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """What rules may name: e-mail and Slack always, for they can be set later."""
        return (EMAIL, SLACK, *sorted(self.webhooks))
