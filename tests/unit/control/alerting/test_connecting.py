"""Connections to targets: addresses are checked as they are resolved, and none is resolved twice."""

import contextlib
import socket
import threading

import pytest

from pointsman.control.drift.alerting import connecting
from pointsman.control.drift.alerting.channels import Messenger
from pointsman.control.drift.alerting.connecting import Connector, RefusedTargetError
from pointsman.domain.drift.alerting.addresses import AllowedTargets
from pointsman.domain.drift.alerting.channels import AlertChannels, MailSecurity, SmtpChannel, WebhookChannel
from pointsman.domain.drift.alerting.events import AlertEvent, Delivery, DeliveryStatus, Outcome, Target
from pointsman.domain.drift.alerting.states import AlertEventKind
from stage.catchers import MailCatcher, WebhookCatcher
from stage.waiting import eventually

EVENT = AlertEvent(
    "e1", "credit", AlertEventKind.FIRING, 1_700_000_000_000_000, "psi", "page", "a1", "r1", "found"
)


def a_delivery(channel, recipient=""):
    return Delivery("d1", Target(channel, recipient), DeliveryStatus.PENDING, next_us=0)


def a_connector(resolver, allowed=(), seconds=5.0):
    return Connector(AllowedTargets.read(allowed), seconds, resolver)


@pytest.fixture
def hook():
    with contextlib.closing(WebhookCatcher()) as catcher:
        yield catcher


@pytest.fixture
def mail():
    with contextlib.closing(MailCatcher()) as catcher:
        yield catcher


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "localhost", "0", "::1"],
)
def test_this_machine_is_refused_in_whatever_form_it_is_written(host):
    with pytest.raises(RefusedTargetError, match=r"is a loopback|is an unspecified"):
        a_connector(connecting.resolve).addresses(host, 80)


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        (["10.0.0.1"], "private"),
        (["169.254.169.254"], "metadata"),
        (["8.8.8.8", "192.168.0.1"], "private"),
        (["::ffff:127.0.0.1"], "loopback"),
        (["fe80::1%eth0"], "link-local"),
    ],
)
def test_a_name_that_leads_to_such_an_address_is_refused_even_beside_another(answers, kind):
    with pytest.raises(RefusedTargetError, match=rf"hooks.example:443 is refused: .* is a {kind}"):
        a_connector(lambda host, port: answers).addresses("hooks.example", 443)


def test_the_address_that_was_checked_is_the_one_connected_to(hook):
    """A name server that answers otherwise the second time gets nothing by it."""
    asked = []

    def changing(host, port):
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["203.0.113.1"]

    channels = AlertChannels(
        webhooks={"hook": WebhookChannel(f"http://hooks.example:{hook.port}/x")}, allowed=("hooks.example",)
    )
    outcome = Messenger(channels, lambda: 0, changing).bring(EVENT, a_delivery("hook"))
    assert outcome.reason == ""
    assert asked == ["hooks.example"]
    assert hook.posts[0].headers["host"] == f"hooks.example:{hook.port}"


@pytest.mark.parametrize("channel", ["email", "slack", "hook"])
def test_every_channel_is_checked_in_the_same_place(channel, hook, mail):
    webhook = WebhookChannel(f"http://inside.example:{hook.port}/secret-path")
    channels = AlertChannels(
        smtp=SmtpChannel("inside.example", mail.port, "p@example.com", MailSecurity.NONE),
        slack=webhook,
        webhooks={"hook": webhook},
    )
    outcome = Messenger(channels, lambda: 0, lambda host, port: ["127.0.0.1"]).bring(
        EVENT, a_delivery(channel, "ops@example.com" if channel == "email" else "")
    )
    assert "its address is refused" in outcome.reason
    assert "127.0.0.1" not in outcome.reason
    assert "127.0.0.1 is a loopback address" in outcome.detail
    assert "secret-path" not in outcome.reason
    assert not outcome.is_final, "an operator may allow it before the last try"
    assert not hook.posts
    assert not mail.mails


def test_a_redirect_to_this_machine_is_not_followed(hook):
    hook.status, hook.location = 307, f"http://127.0.0.1:{hook.port}/elsewhere"
    channels = AlertChannels(
        slack=WebhookChannel(f"http://127.0.0.1:{hook.port}/first"), allowed=("127.0.0.1",)
    )
    outcome = Messenger(channels, lambda: 0).bring(EVENT, a_delivery("slack"))
    assert outcome.is_final
    assert [post.path for post in hook.posts] == ["/first"]


def drip(listener, ended):
    """Says now and then, for ever, that its answer is still to come: no single read takes long."""
    with contextlib.suppress(OSError):
        connection, _ = listener.accept()
        with connection:
            while not ended.wait(0.05):
                connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")


def test_a_target_that_answers_bit_by_bit_is_cut_off_when_its_time_is_up(monkeypatch):
    """The target goes on for ever: that there is an outcome is what the timer brings about."""
    ended = threading.Event()
    set_to = []

    class Noted(threading.Timer):
        def __init__(self, interval, *arguments):
            set_to.append(interval)
            super().__init__(interval, *arguments)

    monkeypatch.setattr(threading, "Timer", Noted)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, args=(listener, ended), daemon=True)
        thread.start()
        channels = AlertChannels(
            slack=WebhookChannel(f"http://127.0.0.1:{listener.getsockname()[1]}/"),
            allowed=("127.0.0.1",),
            timeout_seconds=1.0,
        )
        outcome = Messenger(channels, lambda: 0).bring(EVENT, a_delivery("slack"))
        ended.set()
        thread.join(10)
    assert outcome.reason
    (seconds,) = set_to
    assert 0 <= seconds <= 1.0


def test_an_endless_answer_is_not_read_to_its_end():
    ended = threading.Event()

    def flood(listener):
        with contextlib.suppress(OSError):
            connection, _ = listener.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                while not ended.is_set():
                    connection.sendall(b"x" * 65536)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=flood, args=(listener,), daemon=True)
        thread.start()
        channels = AlertChannels(
            slack=WebhookChannel(f"http://127.0.0.1:{listener.getsockname()[1]}/"), allowed=("127.0.0.1",)
        )
        outcome = Messenger(channels, lambda: 0).bring(EVENT, a_delivery("slack"))
        ended.set()
        thread.join(10)
    assert outcome.reason == ""


def test_what_cannot_be_connected_to_is_tried_again():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    channels = AlertChannels(slack=WebhookChannel(f"http://127.0.0.1:{port}/hidden"), allowed=("127.0.0.1",))
    outcome = Messenger(channels, lambda: 0).bring(EVENT, a_delivery("slack"))
    assert "refused" in outcome.reason
    assert "hidden" not in outcome.reason
    assert not outcome.is_final


@pytest.mark.parametrize("channel", ["email", "slack", "gone"])
def test_a_channel_that_is_not_set_says_which_setting_it_needs(channel):
    outcome = Messenger(AlertChannels(), lambda: 0).bring(EVENT, a_delivery(channel, "a@example.com"))
    assert "set alerts." in outcome.reason
    assert not outcome.is_final


def a_mailer(mail, **fields):
    smtp = SmtpChannel("127.0.0.1", mail.port, "p@example.com", **{"security": MailSecurity.NONE, **fields})
    return Messenger(AlertChannels(smtp=smtp, allowed=("127.0.0.1",)), lambda: 0)


def test_a_mail_s_id_is_that_of_its_delivery_and_its_thread_that_of_the_alert(mail):
    for _ in range(2):
        assert a_mailer(mail).bring(EVENT, a_delivery("email", "ops@example.com")).reason == ""
    first, second = mail.mails
    assert first.message["Message-ID"] == second.message["Message-ID"] == "<d1@pointsman.invalid>"
    assert first.message["References"] == "<a1@pointsman.invalid>"
    assert first.sender == "p@example.com"


def test_line_ends_in_names_make_no_headers(mail):
    event = AlertEvent(
        "e",
        "credit",
        AlertEventKind.FIRING,
        0,
        "psi",
        "page",
        "a",
        "r",
        "score of x\r\nBcc: eve@example.com 0.3",
    )
    assert a_mailer(mail).bring(event, a_delivery("email", "ops@example.com")).reason == ""
    (caught,) = mail.mails
    assert caught.recipients == ["ops@example.com"]
    assert caught.message["Bcc"] is None
    assert "found: score of x Bcc: eve@example.com 0.3" in str(caught.message.get_payload(decode=True))


@pytest.mark.parametrize(("answer", "is_final"), [("451 later", False), ("550 no such mailbox", True)])
def test_a_mail_server_s_refusal_is_final_when_it_says_so(mail, answer, is_final):
    mail.refusal = answer
    outcome = a_mailer(mail).bring(EVENT, a_delivery("email", "ops@example.com"))
    assert outcome.reason == f"the message was refused: {answer}"
    assert outcome.is_final is is_final


@pytest.mark.parametrize("farewell", ["250 ok", "421 closing", "500 what?"])
def test_a_mail_that_was_taken_is_delivered_whatever_the_farewell(mail, farewell):
    mail.farewell = farewell
    assert a_mailer(mail).bring(EVENT, a_delivery("email", "ops@example.com")) == Outcome()
    assert len(mail.mails) == 1


def test_a_server_without_starttls_gets_neither_message_nor_password(mail):
    mailer = a_mailer(mail, security=MailSecurity.STARTTLS, user="u", password="hunter2-hidden")
    outcome = mailer.bring(EVENT, a_delivery("email", "ops@example.com"))
    assert "STARTTLS" in outcome.reason
    assert "hunter2" not in outcome.reason
    assert not mail.mails


def test_an_e_mail_without_recipients_is_given_up_with_the_way_out():
    channels = AlertChannels(smtp=SmtpChannel("127.0.0.1", 25, "p@example.com"))
    outcome = Messenger(channels, lambda: 0).bring(EVENT, a_delivery("email"))
    assert outcome.is_final
    assert "no recipients are set" in outcome.reason


def test_a_connection_is_closed_after_its_message(hook):
    channels = AlertChannels(slack=WebhookChannel(f"{hook.url}/"), allowed=("127.0.0.1",))
    before = threading.active_count()
    for _ in range(3):
        assert Messenger(channels, lambda: 0).bring(EVENT, a_delivery("slack")).reason == ""
    eventually(lambda: threading.active_count() <= before, 10, "the timers' end")
