"""Mail servers that demand protection and logins, and those that do not offer what the settings demand."""

import base64
import contextlib

import pytest
from aiosmtpd.smtp import AuthResult

from pointsman.control.drift.alerting.channels import Messenger
from pointsman.domain.drift.alerting.channels import AlertChannels, MailSecurity, SmtpChannel
from pointsman.domain.drift.alerting.events import AlertEvent, Delivery, DeliveryStatus, Outcome, Target
from pointsman.domain.drift.alerting.states import AlertEventKind
from stage.catchers import MailCatcher
from stage.certificates import make_certificate

HOST = "mail.example"
USER, PASSWORD = "pointsman", "open-sesame-7"
RECIPIENT = "ops@example.com"
EVENT = AlertEvent(
    "e1", "credit", AlertEventKind.FIRING, 1_700_000_000_000_000, "psi", "page", "a1", "r1", "found"
)
DELIVERY = Delivery("d1", Target("email", RECIPIENT), DeliveryStatus.PENDING, next_us=0)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("certificates"), HOST)


@pytest.fixture
def catching():
    """Makes mail servers, which end with the test."""
    with contextlib.ExitStack() as opened:
        yield lambda *given, **options: opened.enter_context(
            contextlib.closing(MailCatcher(*given, **options))
        )


def authenticated(server, session, envelope, mechanism, data):
    """Knows one user."""
    is_right = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=is_right, handled=False)


def brought(catcher, security, *, authorities="", password="", host=HOST):
    """What comes of a message to a mail server that goes by a name of the world."""
    smtp = SmtpChannel(
        host, catcher.port, "pointsman@example.com", security, USER if password else "", password
    )
    channels = AlertChannels(smtp=smtp, allowed=(host,), timeout_seconds=5.0, authorities=authorities)
    return Messenger(channels, lambda: 0, lambda name, port: ["127.0.0.1"]).bring(EVENT, DELIVERY)


def assert_untold(catcher, outcome, *secrets):
    """Nothing of the message arrived, and nothing that tells of the outcome has a secret in it."""
    assert catcher.mails == []
    assert not outcome.is_final, "what an operator can mend is tried again"
    assert RECIPIENT.encode() not in catcher.heard
    for secret in secrets:
        assert secret not in f"{outcome.reason} {outcome.detail}"


def test_a_server_that_demands_starttls_gets_it_before_all_else(certificate, catching):
    mail = catching(tls_context=certificate.server_context(), require_starttls=True)
    assert brought(mail, MailSecurity.STARTTLS, authorities=certificate.text) == Outcome()
    assert [one.recipients for one in mail.mails] == [[RECIPIENT]]
    heard = bytes(mail.heard).upper()
    assert heard.index(b"STARTTLS") < heard.index(b"MAIL FROM"), heard


def test_a_server_that_speaks_tls_alone_gets_it_from_the_beginning(certificate, catching):
    mail = catching(certificate.server_context())
    assert brought(mail, MailSecurity.TLS, authorities=certificate.text) == Outcome()
    assert [one.recipients for one in mail.mails] == [[RECIPIENT]]


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.parametrize("security", [MailSecurity.STARTTLS, MailSecurity.TLS])
def test_a_login_that_is_right_is_taken(certificate, catching, security):
    context = certificate.server_context()
    demands = {"authenticator": authenticated, "auth_required": True}
    mail = (
        catching(context, auth_require_tls=False, **demands)
        if security is MailSecurity.TLS
        else catching(tls_context=context, require_starttls=True, **demands)
    )
    outcome = brought(mail, security, authorities=certificate.text, password=PASSWORD)
    assert outcome == Outcome()
    assert len(mail.mails) == 1


def test_a_login_that_is_wrong_is_said_without_its_password(certificate, catching):
    mail = catching(tls_context=certificate.server_context(), authenticator=authenticated, auth_required=True)
    outcome = brought(mail, MailSecurity.STARTTLS, authorities=certificate.text, password="wrong-word-9")
    assert outcome.reason.startswith("the login was refused: 535 5.7.8"), outcome
    assert "alerts.smtp.user and password" in outcome.reason
    assert_untold(mail, outcome, "wrong-word-9", base64.b64encode(b"wrong-word-9").decode())


@pytest.mark.parametrize("said", [PASSWORD, base64.b64encode(f"\0{USER}\0{PASSWORD}".encode()).decode()])
def test_a_server_that_repeats_the_password_is_not_quoted(certificate, catching, said):
    mail = catching(
        tls_context=certificate.server_context(),
        authenticator=lambda *_: AuthResult(success=False, handled=False, message=f"535 no {said}"),
        auth_exclude_mechanism=["LOGIN"],
    )
    outcome = brought(mail, MailSecurity.STARTTLS, authorities=certificate.text, password=PASSWORD)
    assert outcome.reason.startswith("the login was refused: 535"), outcome
    assert_untold(mail, outcome, said)


def test_a_sender_that_must_log_in_and_does_not_may_be_mended(certificate, catching):
    mail = catching(tls_context=certificate.server_context(), authenticator=authenticated, auth_required=True)
    outcome = brought(mail, MailSecurity.STARTTLS, authorities=certificate.text)
    assert outcome.reason.startswith("the sender was refused: 530"), outcome
    assert "alerts.smtp.sender and user" in outcome.reason
    assert_untold(mail, outcome)


def test_a_server_without_logins_gets_no_password(certificate, catching):
    mail = catching(tls_context=certificate.server_context(), auth_exclude_mechanism=["LOGIN", "PLAIN"])
    outcome = brought(mail, MailSecurity.STARTTLS, authorities=certificate.text, password=PASSWORD)
    assert "takes no login" in outcome.reason, outcome
    assert b"AUTH" not in mail.heard
    assert_untold(mail, outcome, PASSWORD)


@pytest.mark.parametrize("security", [MailSecurity.STARTTLS, MailSecurity.TLS])
def test_a_certificate_that_nobody_trusts_is_refused_with_what_to_set(certificate, catching, security):
    context = certificate.server_context()
    mail = catching(context) if security is MailSecurity.TLS else catching(tls_context=context)
    outcome = brought(mail, security, password=PASSWORD)
    assert "its certificate is not accepted: self-signed certificate" in outcome.reason.replace(
        "self signed", "self-signed"
    ), outcome
    assert "set alerts.ca_file" in outcome.reason
    assert b"AUTH" not in mail.heard
    assert_untold(mail, outcome, PASSWORD, HOST)


def test_a_certificate_of_another_name_is_refused_though_its_authority_is_trusted(certificate, catching):
    mail = catching(tls_context=certificate.server_context())
    outcome = brought(
        mail, MailSecurity.STARTTLS, authorities=certificate.text, password=PASSWORD, host="other.example"
    )
    assert "its certificate is not accepted" in outcome.reason, outcome
    assert "ca_file" not in outcome.reason, "another authority would not help"
    assert b"AUTH" not in mail.heard
    assert_untold(mail, outcome, PASSWORD)


def test_a_server_that_offers_no_starttls_gets_nothing_in_the_clear(catching):
    # It would take the login and the message in the clear, as somebody on the way would who hides the offer.
    mail = catching(authenticator=authenticated, auth_require_tls=False)
    outcome = brought(mail, MailSecurity.STARTTLS, password=PASSWORD)
    assert "offers no STARTTLS; nothing was sent" in outcome.reason, outcome
    assert "set alerts.smtp.security" in outcome.reason
    verbs = {line.split()[0].upper() for line in bytes(mail.heard).splitlines() if line.strip()}
    assert verbs <= {b"EHLO", b"QUIT"}, mail.heard
    assert_untold(mail, outcome, PASSWORD)


def test_a_server_that_refuses_starttls_gets_nothing_in_the_clear(certificate, catching, monkeypatch):
    async def refuse(self, argument):
        await self.push("454 TLS not available now")

    monkeypatch.setattr("aiosmtpd.smtp.SMTP.smtp_STARTTLS", refuse)
    mail = catching(
        tls_context=certificate.server_context(), authenticator=authenticated, auth_require_tls=False
    )
    outcome = brought(mail, MailSecurity.STARTTLS, authorities=certificate.text, password=PASSWORD)
    assert "refuses STARTTLS: 454 TLS not available now; nothing was sent" in outcome.reason, outcome
    assert b"AUTH" not in mail.heard
    assert_untold(mail, outcome, PASSWORD)


def test_tls_with_a_server_that_speaks_none_says_which_settings_belong_together(catching):
    mail = catching()
    outcome = brought(mail, MailSecurity.TLS, password=PASSWORD)
    assert "TLS cannot be agreed" in outcome.reason, outcome
    assert "alerts.smtp.security and port belong together" in outcome.reason
    assert_untold(mail, outcome, PASSWORD)
