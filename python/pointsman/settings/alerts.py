"""Where alerts of drift go, and what of it may be shown."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from pointsman.settings.groups import Group

PLAIN_OF_ALERTS = frozenset(("host", "port", "security", "sender", "timeout_seconds", "allowed_targets"))
"""What may be shown of what alerts are sent by: the rest is a secret, or where one is put by mistake."""


class SmtpSettings(Group):
    """The mail server that alerts go to."""

    host: str = ""
    """Its name or address; empty for none. One in a private network must be among ``allowed_targets``."""

    port: Annotated[int, Field(ge=1, le=65_535)] = 587
    """Its port: 587 for STARTTLS, 465 for TLS, 25 between servers."""

    security: Literal["starttls", "tls", "none"] = "starttls"
    """How the connection is protected. Without it a password is refused: anybody on the way could read it."""

    user: str = ""
    """Whom the server is logged in as; empty for nobody."""

    password: SecretStr = SecretStr("")
    """That user's."""

    password_file: Path | None = None
    """A file with the password, in its place; read when the server starts."""

    sender: str = "pointsman@localhost"
    """The address that messages are from."""


class SlackSettings(Group):
    """The incoming webhook of Slack that alerts go to."""

    url: SecretStr = SecretStr("")
    """Its address, which is a secret: whoever has it writes there."""

    url_file: Path | None = None
    """A file with the address, in its place; read when the server starts."""


class WebhookSettings(Group):
    """A program that is told of alerts by HTTP."""

    url: SecretStr = SecretStr("")
    """Its address. ``https`` unless the network is trusted: what is sent names models and features."""

    url_file: Path | None = None
    """A file with the address, in its place; read when the server starts."""

    secret: SecretStr = SecretStr("")
    """The key of the signature by which the program knows who sends: 32 characters or more."""

    secret_file: Path | None = None
    """A file with the key, in its place; read when the server starts."""


class AlertSettings(Group):
    """Where alerts of drift go. Models' rules name these channels: ``email``, ``slack``, and webhooks."""

    smtp: SmtpSettings = SmtpSettings()
    """The mail server that alerts go to."""

    slack: SlackSettings = SlackSettings()
    """The incoming webhook of Slack that alerts go to."""

    webhooks: dict[str, WebhookSettings] = Field({})
    """Programs that are told, by name, for example ``{"retrain": {"url": "https://…", "secret_file": "…"}}``.

    No answer of theirs changes a router.
    """

    allowed_targets: list[str] = Field([])
    """What may be connected to although it is in no public network: names, addresses and networks, with a
    port or without, for example ``["smtp.internal:25", "10.1.0.0/16"]``.

    All others get nothing: no loopback, no private network, nothing that tells machines of clouds their keys.
    """

    timeout_seconds: Annotated[float, Field(ge=0.1, le=60)] = 10.0
    """Seconds that one message may take, from its connection to the answer. Then it is tried again later."""

    ca_file: Path | None = None
    """A file with certificates of authorities, in PEM, that are trusted beside those of the system: for mail
    servers and webhooks whose certificates an authority of your own has signed. Read when the server starts.
    """
