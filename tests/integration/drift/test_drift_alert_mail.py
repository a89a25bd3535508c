"""Mail that must be protected and logged in: the history of alerts says what came of it, and no secret."""

import contextlib
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult

from contract.two_servers import open_bench
from integration.drift.test_drift_alerting import settled
from pointsman.control.options import ControlOptions
from pointsman.domain.drift.alerting.channels import AlertChannels, MailSecurity, SmtpChannel
from pointsman.v1 import drift_pb2
from stage.catchers import MailCatcher
from stage.certificates import make_certificate

HOST = "localhost"
USER, PASSWORD = "pointsman", "open-sesame-7"
RECIPIENT = "ops@example.com"


def authenticated(server, session, envelope, mechanism, data):
    is_right = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=is_right, handled=False)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("certificates"), HOST)


@pytest.fixture
def mail(certificate):
    options: dict[str, Any] = {
        "require_starttls": True,
        "auth_required": True,
        "authenticator": authenticated,
    }
    with contextlib.closing(MailCatcher(tls_context=certificate.server_context(), **options)) as catcher:
        yield catcher


async def delivery_of(folder, database_url, mail, password, authorities):
    """What came of a test by e-mail, and all that the API says of it."""
    smtp = SmtpChannel(HOST, mail.port, "pointsman@example.com", MailSecurity.STARTTLS, USER, password)
    alerts = AlertChannels(smtp=smtp, allowed=(HOST,), timeout_seconds=5.0, authorities=authorities)
    options = ControlOptions(poll_interval_seconds=0.05, alerts=alerts)
    async with contextlib.asynccontextmanager(open_bench)(folder, database_url, options=options) as bench:
        await bench.local.register("cancer", "1", backend=None)
        asked = drift_pb2.SendTestAlertRequest(model_id="cancer", channels=["email"], recipients=[RECIPIENT])
        await bench.local.drift.SendTestAlert(asked)
        (event,) = await settled(bench.local, 1)
        (delivery,) = event.deliveries
    return delivery, f"{event} {options!r}"


async def test_a_right_login_over_starttls_delivers(tmp_path, database_url, mail, certificate):
    delivery, _ = await delivery_of(tmp_path, database_url, mail, PASSWORD, certificate.text)
    assert delivery.status == drift_pb2.ALERT_DELIVERY_STATUS_DELIVERED, delivery.reason
    assert [one.recipients for one in mail.mails] == [[RECIPIENT]]


@pytest.mark.parametrize(
    ("password", "is_trusted", "why"),
    [
        ("wrong-word-9", True, "the login was refused: 535"),
        (PASSWORD, False, "its certificate is not accepted"),
    ],
)
async def test_the_history_says_what_a_mail_server_is_refused_for_and_no_secret(
    tmp_path, database_url, mail, certificate, caplog, capfd, password, is_trusted, why
):
    authorities = certificate.text if is_trusted else ""
    delivery, told = await delivery_of(tmp_path, database_url, mail, password, authorities)
    assert delivery.status == drift_pb2.ALERT_DELIVERY_STATUS_FAILED
    assert delivery.reason.startswith(why), delivery.reason
    written = "".join(capfd.readouterr()) + caplog.text
    for text in (told, written):
        assert password not in text
    assert mail.mails == []
