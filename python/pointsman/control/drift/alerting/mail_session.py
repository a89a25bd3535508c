"""Sessions with mail servers, protected and logged in as the settings say.

Nothing of a message and no password leaves before that: a server that does not do what is set gets nothing.
"""

from __future__ import annotations

import base64
import contextlib
import smtplib
import socket
import ssl
from collections.abc import Iterator
from typing import Any

from pointsman.domain.drift.alerting.channels import MailSecurity, SmtpChannel

_UNPROTECTED = (
    "nothing was sent; set alerts.smtp.security to tls with the port where it speaks TLS, mostly 465, or "
    "have it offer STARTTLS"
)


class MailServerError(Exception):
    """A mail server cannot be used as it is set.

    Its operator or ours can mend that before the last try; the message says what to set, and no secret.
    """


@contextlib.contextmanager
def mail_session(
    channel: SmtpChannel, connected: socket.socket, timeout_seconds: float, context: ssl.SSLContext
) -> Iterator[smtplib.SMTP]:
    """Begins a session on a connection, and ends it.

    Args:
        channel: The mail server, and what its operator demands of the connection.
        connected: The connection.
        timeout_seconds: How long one answer may take.
        context: Says whose certificates are accepted.

    Raises:
        MailServerError: The server cannot be used as it is set.
        OSError: It ends the connection, or its certificate is not accepted.
    """
    session = _begin(channel, connected, timeout_seconds, context)
    try:
        yield session
        # The message is taken: whatever the server makes of a farewell, to bring it again would double it.
        with contextlib.suppress(smtplib.SMTPException, OSError):
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


def _begin(
    channel: SmtpChannel, connected: socket.socket, timeout_seconds: float, context: ssl.SSLContext
) -> smtplib.SMTP:
    with contextlib.ExitStack() as opened:
        try:
            session = _Session(channel, connected, timeout_seconds, context)
            opened.callback(session.close)
            session.ehlo_or_helo_if_needed()
            if channel.security is MailSecurity.STARTTLS:
                _protect(session, channel, context)
            if channel.user:
                _log_in(session, channel)
        except ssl.SSLCertVerificationError:
            raise
        except ssl.SSLError as error:
            words = (error.reason or type(error).__name__).replace("_", " ").lower()
            raise MailServerError(
                f"TLS cannot be agreed with the mail server: {words}; alerts.smtp.security and port belong "
                "together, tls mostly with 465 and starttls with 587"
            ) from error
        except smtplib.SMTPResponseException as error:
            raise MailServerError(
                f"the mail server refuses the session: {answer_of(error, channel)}"
            ) from error
        except smtplib.SMTPException as error:
            raise MailServerError(f"the mail server cannot be used: {error}") from error
        opened.pop_all()
        return session


def _protect(session: smtplib.SMTP, channel: SmtpChannel, context: ssl.SSLContext) -> None:
    if not session.has_extn("starttls"):
        raise MailServerError(f"the mail server offers no STARTTLS; {_UNPROTECTED}")
    try:
        session.starttls(context=context)
    except smtplib.SMTPResponseException as error:
        raise MailServerError(
            f"the mail server refuses STARTTLS: {answer_of(error, channel)}; {_UNPROTECTED}"
        ) from error


def _log_in(session: smtplib.SMTP, channel: SmtpChannel) -> None:
    try:
        session.login(channel.user, channel.password)
    except smtplib.SMTPAuthenticationError as error:
        raise MailServerError(
            f"the login was refused: {answer_of(error, channel)}; set alerts.smtp.user and password as the "
            "mail server knows them"
        ) from error
    except (smtplib.SMTPResponseException, smtplib.SMTPServerDisconnected):
        raise
    except smtplib.SMTPException as error:
        # It offers none, or none that passwords are for.
        raise MailServerError(
            "the mail server takes no login here; leave alerts.smtp.user and password out, or set a port "
            "where it does, mostly 587 or 465"
        ) from error


def answer_of(error: smtplib.SMTPResponseException, channel: SmtpChannel) -> str:
    """Answers what a server said, without its words where they have the password in them."""
    said = error.smtp_error
    words = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
    if any(form in words for form in _forms(channel)):
        words = "(it repeats the password)"
    return f"{error.smtp_code} {words}"


def _forms(channel: SmtpChannel) -> list[str]:
    """The forms in which a password goes to a server."""
    if not channel.password:
        return []
    user, password = channel.user.encode(), channel.password.encode()
    sent = (password, b"\0%s\0%s" % (user, password))
    return [channel.password, *(base64.b64encode(one).decode() for one in sent)]
