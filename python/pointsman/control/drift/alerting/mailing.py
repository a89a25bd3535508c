"""Brings messages by SMTP."""

from __future__ import annotations

import smtplib
from email.message import EmailMessage
from email.utils import format_datetime

from pointsman.control.drift.alerting.connecting import Connector
from pointsman.control.drift.alerting.mail_session import MailServerError, answer_of, mail_session
from pointsman.control.drift.alerting.words import lines_of, moment_of, one_line, title_of
from pointsman.domain.drift.alerting.channels import SmtpChannel
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
        with (
            connector.open(channel.host, channel.port) as connected,
            mail_session(channel, connected, connector.timeout_seconds, connector.trust()) as session,
        ):
            session.send_message(message)
    except MailServerError as error:
        return Outcome(one_line(str(error)))
    except smtplib.SMTPRecipientsRefused as error:
        code, text = next(iter(error.recipients.values()))
        return _refused("the recipient", channel, smtplib.SMTPResponseException(code, text))
    except smtplib.SMTPSenderRefused as error:
        # As of a login: what is set can be mended before the last try.
        found = _refused("the sender", channel, error)
        return Outcome(one_line(f"{found.reason}; see alerts.smtp.sender and user"))
    except smtplib.SMTPResponseException as error:
        return _refused("the message", channel, error)
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


def _refused(what: str, channel: SmtpChannel, error: smtplib.SMTPResponseException) -> Outcome:
    words = one_line(f"{what} was refused: {answer_of(error, channel)}")
    return Outcome(words, is_final=error.smtp_code >= _PERMANENT)
