"""Channels come from settings and files of secrets; what is wrong is named, and no secret is told."""

from pathlib import Path

import pytest

from pointsman.cli.line.context import CommandError
from pointsman.cli.serving.alert_channels import channels_of
from pointsman.domain.drift.alerting.channels import MailSecurity
from pointsman.settings import AlertSettings, SettingsError, load
from stage.certificates import make_certificate

KEY = "0123456789abcdef" * 2


def test_secrets_come_from_the_environment_and_from_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "password").write_text("hidden-password\n")
    (tmp_path / "slack").write_text("https://hooks.slack.com/services/hidden")
    for name, value in {
        "SMTP__HOST": "smtp.example",
        "SMTP__USER": "pointsman",
        "SMTP__PASSWORD_FILE": str(tmp_path / "password"),
        "SLACK__URL_FILE": str(tmp_path / "slack"),
        "WEBHOOKS__RETRAIN__URL": "https://jobs.example/retrain",
        "WEBHOOKS__RETRAIN__SECRET": KEY,
        "ALLOWED_TARGETS": '["smtp.example:587"]',
    }.items():
        monkeypatch.setenv(f"POINTSMAN_ALERTS__{name}", value)
    settings = load()
    found = channels_of(settings.alerts)
    assert found.smtp is not None
    assert (found.smtp.host, found.smtp.port, found.smtp.security) == (
        "smtp.example",
        587,
        MailSecurity.STARTTLS,
    )
    assert found.smtp.password == "hidden-password"
    assert found.slack is not None
    assert found.slack.url == "https://hooks.slack.com/services/hidden"
    assert found.webhooks["retrain"].secret == KEY
    assert found.names == ("email", "slack", "retrain")
    for shown in (repr(found), repr(settings), str(settings.alerts)):
        assert "hidden" not in shown
        assert KEY not in shown


def test_without_settings_there_is_no_channel_and_nothing_is_allowed() -> None:
    found = channels_of(load().alerts)
    assert (found.smtp, found.slack, found.webhooks, found.allowed) == (None, None, {}, ())


@pytest.mark.parametrize(
    ("alerts", "told"),
    [
        ({"smtp": {"host": "h", "user": "u"}}, "alerts.smtp: user and password belong together"),
        (
            {"smtp": {"host": "h", "user": "u", "password": "hidden-ä"}},
            "alerts.smtp: user and password must be plain letters",
        ),
        ({"ca_file": "/nowhere/ca.pem"}, "alerts.ca_file: /nowhere/ca.pem cannot be read: No such file"),
        (
            {"smtp": {"host": "h", "user": "u", "password": "hidden", "security": "none"}},
            "alerts.smtp.security: none would send the password in the clear",
        ),
        ({"smtp": {"host": "h", "sender": "nobody"}}, "alerts.smtp.sender: 'nobody' is no e-mail address"),
        ({"slack": {"url": "ftp://hidden.example"}}, "alerts.slack.url: is no address"),
        ({"slack": {"url": "https://u:hidden@example.com"}}, "alerts.slack.url: is no address"),
        ({"slack": {"url": "https://[hidden"}}, "alerts.slack.url: is no address"),
        ({"webhooks": {"Bad Name": {"url": "https://x", "secret": KEY}}}, "is no name of a webhook"),
        ({"webhooks": {"email": {"url": "https://x", "secret": KEY}}}, "is no name of a webhook"),
        ({"webhooks": {"w": {"url": "https://x", "secret": "hidden"}}}, "alerts.webhooks.w.secret: has 6"),
        ({"webhooks": {"w": {"secret": KEY}}}, "alerts.webhooks.w.url: is missing"),
        ({"allowed_targets": ["a b"]}, "alerts.allowed_targets: 'a b' is no host"),
        ({"smtp": {"host": "h", "password_file": "/does/not/exist"}}, "alerts.smtp.password_file: /does"),
        (
            {"smtp": {"host": "h", "password": "hidden", "password_file": "/x"}},
            "alerts.smtp.password: is set, and alerts.smtp.password_file too",
        ),
    ],
)
def test_what_is_wrong_is_named_without_the_secret(alerts: dict[str, object], told: str) -> None:
    with pytest.raises(CommandError) as caught:
        channels_of(load(flags={"alerts": alerts}).alerts)
    assert told in str(caught.value)
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    "alerts",
    [
        {"slack": {"url": ["hidden"]}},
        {"webhooks": {"w": {"url": "https://hidden", "more": 1, "secret": "hidden"}}},
        {"smtp": {"password": {"hidden": 1}}},
        {"slack": "https://hooks.slack.com/hidden"},
        {"webhooks": {"w": "https://jobs.example/hidden"}},
        {"webhooks": {"host": "https://jobs.example/hidden"}},
        {"webhooks": "https://jobs.example/hidden"},
        {"smtp": "smtp://user:hidden@smtp.example"},
        {"smtp": {"host": {"hidden": 1}}},
    ],
)
def test_a_value_of_another_type_is_named_without_what_it_holds(alerts: dict[str, object]) -> None:
    with pytest.raises(SettingsError) as caught:
        load(flags={"alerts": alerts})
    assert "alerts." in str(caught.value)
    assert "hidden" not in str(caught.value)


def test_a_plain_value_is_shown() -> None:
    with pytest.raises(SettingsError, match=r"alerts\.smtp\.port: 'many': "):
        load(flags={"alerts": {"smtp": {"host": "h", "port": "many"}}})


def test_certificates_of_authorities_are_read_past_what_stands_between_them(tmp_path: Path) -> None:
    made = [make_certificate(tmp_path, host).text for host in ("a.example", "b.example")]
    bundle = tmp_path / "bundle.pem"
    bundle.write_text(f"# Behörde A\n{made[0]}\n# B\n{made[1]}", encoding="utf-8")
    found = channels_of(AlertSettings(ca_file=bundle)).authorities
    assert found.count("BEGIN CERTIFICATE") == 2
    assert "Beh" not in found


@pytest.mark.parametrize(
    "content", ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"]
)
def test_a_file_without_good_certificates_is_refused_at_the_start(tmp_path: Path, content: str) -> None:
    file = tmp_path / "ca.pem"
    file.write_text(content)
    with pytest.raises(
        CommandError, match=r"alerts\.ca_file: .*ca\.pem has no certificates, or a broken one"
    ):
        channels_of(AlertSettings(ca_file=file))
