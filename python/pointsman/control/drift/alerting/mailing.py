"""Brings messages by SMTP."""

from __future__ import annotations

import smtplib
import socket
import ssl
from contextlib import suppress
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

from pointsman.control.drift.alerting.connecting import Connector
from pointsman.control.drift.alerting.words import lines_of, moment_of, one_line, title_of
from pointsman.domain.drift.alerting.channels import MailSecurity, SmtpChannel
from pointsman.domain.drift.alerting.events import AlertEvent, Delivery, Outcome

_PERMANENT = 500
_DOMAIN = "pointsman.invalid"
"""What ids of messages end with: nothing is sent there."""


def send_mail(channel: SmtpChannel, connector: Connector, event: AlertEvent, delivery: Delivery) -> Outcome:
    """Brings a message to a mail server.

    Args:
        channel: The mail server.
        connector: Who connects.
        event: What is told.
        delivery: To whom; its id is that of the message, so that a repeated one is the same.

    Returns:
        What came of it; that the server refuses the message for good is final.

    Raises:
        OSError: The server cannot be reached, or ends the connection.
        RefusedTargetError: It may not be connected to.
    """
    if not delivery.target.recipient:
        return Outcome("no recipients are set; name some in the model's notifications", is_final=True)
    message = mail_of(channel.sender, event, delivery)
    try:
        with connector.open(channel.host, channel.port) as connected:
            _hand_over(channel, connected, connector.timeout_seconds, message)
    except smtplib.SMTPRecipientsRefused as error:
        code, text = next(iter(error.recipients.values()))
        return _refused("the recipient", code, text)
    except smtplib.SMTPResponseException as error:
        # A login that fails is the operator's to mend: it may be mended before the last try.
        is_login = isinstance(error, smtplib.SMTPAuthenticationError)
        found = _refused("the login" if is_login else "the message", error.smtp_code, error.smtp_error)
        return Outcome(found.reason, is_final=found.is_final and not is_login)
    except smtplib.SMTPException as error:
        return Outcome(one_line(f"the mail server cannot be used: {error}"))
    return Outcome()


def mail_of(sender: str, event: AlertEvent, delivery: Delivery) -> EmailMessage:
    """Writes the message to one recipient.

    Args:
        sender: Whom it is from.
        event: What is told.
        delivery: To whom.
    """
    message = EmailMessage()
    message["From"] = sender
    message["To"] = delivery.target.recipient
    message["Subject"] = title_of(event)
    message["Date"] = format_datetime(moment_of(event.create_time_us))
    message["Message-ID"] = f"<{delivery.delivery_id}@{_DOMAIN}>"
    # Mail programs show one alert, from firing to recovery, as one thread.
    if event.alert_id:
        message["References"] = f"<{event.alert_id}@{_DOMAIN}>"
    message["Pointsman-Delivery-Id"] = delivery.delivery_id
    # No automatic answers, please.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n".join(lines_of(event)) + f"\n\ndelivery {delivery.delivery_id}\n")
    return message


def _hand_over(
    channel: SmtpChannel, connected: socket.socket, timeout_seconds: float, message: EmailMessage
) -> None:
    context = ssl.create_default_context()
    session = _Session(channel, connected, timeout_seconds, context)
    try:
        if channel.security is MailSecurity.STARTTLS:
            session.starttls(context=context)
        if channel.user:
            session.login(channel.user, channel.password)
        session.send_message(message)
        # The message is taken: whatever the server makes of a farewell, to bring it again would double it.
        with suppress(smtplib.SMTPException, OSError):
            session.quit()
    finally:
        session.close()


class _Session(smtplib.SMTP):
    """A session on a connection that is there already."""

    def __init__(
        self, channel: SmtpChannel, connected: socket.socket, timeout_seconds: float, context: ssl.SSLContext
    ) -> None:
        self._channel = channel
        self._connected = connected
        self._context = context
        super().__init__(channel.host, channel.port, timeout=timeout_seconds)

    def _get_socket(self, host: str, port: int, timeout: float) -> Any:
        if self._channel.security is MailSecurity.TLS:
            return self._context.wrap_socket(self._connected, server_hostname=host)
        return self._connected


def _refused(what: str, code: int, text: bytes | str) -> Outcome:
    words = text.decode(errors="replace") if isinstance(text, bytes) else text
    return Outcome(one_line(f"{what} was refused: {code} {words}"), is_final=code >= _PERMANENT)
