import smtplib
import socket
from email.message import EmailMessage

import pytest

from pointsman.demo.drift.mail import HOST, MAX_MESSAGES, CaughtMail, MailCatcher, mail_settings
from pointsman.settings import load


def message(number: int = 1) -> EmailMessage:
    made = EmailMessage()
    made["From"] = "pointsman@localhost"
    made["To"] = "you@example.com"
    made["Subject"] = "drift of é"
    made["Pointsman-Delivery-Id"] = f"d{number}"
    made.set_content("first line\n\nfound: ψ\n")
    return made


def test_a_message_is_kept_as_it_was_written() -> None:
    with MailCatcher() as catcher, smtplib.SMTP(HOST, catcher.port, timeout=30) as sender:
        sender.send_message(message())
        expected = CaughtMail(("you@example.com",), "drift of é", ("first line", "", "found: ψ"), "d1")
        assert catcher.mails() == [expected]


def test_more_messages_than_are_kept_are_refused() -> None:
    with MailCatcher() as catcher, smtplib.SMTP(HOST, catcher.port, timeout=30) as sender:
        for number in range(MAX_MESSAGES):
            sender.send_message(message(number))
        with pytest.raises(smtplib.SMTPDataError, match="keeps no more messages"):
            sender.send_message(message(MAX_MESSAGES))
        assert len(catcher.mails()) == MAX_MESSAGES


def test_its_port_is_free_after_its_context_also_with_an_open_connection() -> None:
    with MailCatcher() as catcher:
        kept = socket.create_connection((HOST, catcher.port), timeout=30)
        assert kept.recv(3) == b"220"
    with kept, pytest.raises(ConnectionRefusedError):
        socket.create_connection((HOST, catcher.port), timeout=30)


def test_its_settings_are_those_of_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in mail_settings(2525).items():
        monkeypatch.setenv(name, value)
    alerts = load().alerts
    assert (alerts.smtp.host, alerts.smtp.port, alerts.smtp.security) == (HOST, 2525, "none")
    assert alerts.allowed_targets == [f"{HOST}:2525"]
