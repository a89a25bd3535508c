"""The channels of alerts, from the settings and the files of secrets that these name."""

from __future__ import annotations

import re
import ssl
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pointsman.cli.line.context import CommandError
from pointsman.domain.drift.alerting.addresses import AllowedTargets
from pointsman.domain.drift.alerting.channels import AlertChannels, MailSecurity, SmtpChannel, WebhookChannel
from pointsman.domain.drift.alerting.rules import EMAIL, SLACK

if TYPE_CHECKING:
    from pydantic import SecretStr

    from pointsman.settings import AlertSettings, SmtpSettings

MAX_SECRET_BYTES = 4_096
MAX_AUTHORITY_BYTES = 4_194_304
"""A system has some 220 kB of them."""
LEAST_KEY_CHARS = 32
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


def channels_of(settings: AlertSettings) -> AlertChannels:
    """Answers the channels that are set.

    Args:
        settings: The settings.

    Raises:
        CommandError: A value is wrong, or a file cannot be read; the message names the setting, no secret.
    """
    try:
        AllowedTargets.read(tuple(settings.allowed_targets))
    except ValueError as error:
        raise CommandError(f"alerts.allowed_targets: {error}") from error
    return AlertChannels(
        smtp=_smtp(settings.smtp) if settings.smtp.host else None,
        slack=_webhook("alerts.slack", settings.slack.url, settings.slack.url_file),
        webhooks=_webhooks(settings),
        allowed=tuple(settings.allowed_targets),
        timeout_seconds=settings.timeout_seconds,
        authorities=_authorities(settings.ca_file) if settings.ca_file is not None else "",
    )


def _authorities(file: Path) -> str:
    read = _read("alerts.ca_file", file, MAX_AUTHORITY_BYTES)
    # What stands between certificates is for people, in whatever letters.
    found = "\n".join(one.decode("ascii", "replace") for one in _CERTIFICATE.findall(read))
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=found)
    except (ValueError, ssl.SSLError):
        raise CommandError(
            f"alerts.ca_file: {file} has no certificates, or a broken one; they begin with "
            "-----BEGIN CERTIFICATE-----"
        ) from None
    return found


def _smtp(settings: SmtpSettings) -> SmtpChannel:
    password = _secret("alerts.smtp.password", settings.password, settings.password_file)
    security = MailSecurity(settings.security)
    if bool(settings.user) != bool(password):
        raise CommandError("alerts.smtp: user and password belong together; set both or neither")
    if password and security is MailSecurity.NONE:
        raise CommandError(
            "alerts.smtp.security: none would send the password in the clear; use starttls or tls"
        )
    if not (settings.user + password).isascii():
        raise CommandError("alerts.smtp: user and password must be plain letters, for a login has no others")
    if "@" not in settings.sender or not settings.sender.isprintable():
        raise CommandError(f"alerts.smtp.sender: {settings.sender!r} is no e-mail address")
    return SmtpChannel(settings.host, settings.port, settings.sender, security, settings.user, password)


def _webhooks(settings: AlertSettings) -> dict[str, WebhookChannel]:
    found: dict[str, WebhookChannel] = {}
    for name, one in settings.webhooks.items():
        path = f"alerts.webhooks.{name}"
        if not _NAME.fullmatch(name) or name in (EMAIL, SLACK):
            raise CommandError(
                f"{path}: {name!r} is no name of a webhook; use up to 64 small letters, digits, _ and -, and "
                f"neither {EMAIL} nor {SLACK}"
            )
        secret = _secret(f"{path}.secret", one.secret, one.secret_file)
        if len(secret) < LEAST_KEY_CHARS:
            raise CommandError(
                f"{path}.secret: has {len(secret)} characters; a key needs {LEAST_KEY_CHARS}, as of: "
                "openssl rand -hex 32"
            )
        webhook = _webhook(path, one.url, one.url_file, secret)
        if webhook is None:
            raise CommandError(f"{path}.url: is missing; set it, or url_file")
        found[name] = webhook
    return found


def _webhook(path: str, url: SecretStr, url_file: Path | None, secret: str = "") -> WebhookChannel | None:
    address = _secret(f"{path}.url", url, url_file)
    if not address:
        return None
    wrong = CommandError(
        f"{path}.url: is no address like https://host/path, in plain letters and without user"
    )
    try:
        parts = urlsplit(address)
        is_right = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        # Its text would hold the address.
        raise wrong from None
    is_plain = address.isascii() and address.isprintable() and " " not in address
    if not is_right or not is_plain or "@" in parts.netloc:
        raise wrong
    return WebhookChannel(address, secret)


def _secret(path: str, value: SecretStr, file: Path | None) -> str:
    given = value.get_secret_value()
    if file is None:
        return given
    if given:
        raise CommandError(f"{path}: is set, and {path}_file too; leave one out")
    read = _read(f"{path}_file", file, MAX_SECRET_BYTES)
    try:
        return read.decode().strip()
    except UnicodeDecodeError:
        raise CommandError(f"{path}_file: {file} is no text in UTF-8") from None


def _read(path: str, file: Path, most_bytes: int) -> bytes:
    try:
        with file.open("rb") as opened:
            read = opened.read(most_bytes + 1)
    except OSError as error:
        raise CommandError(f"{path}: {file} cannot be read: {error.strerror}") from error
    if len(read) > most_bytes:
        raise CommandError(f"{path}: {file} has more than {most_bytes} bytes; is it the right one?")
    return read
