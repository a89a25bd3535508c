"""Messages for a channel that a server lacks: they wait for one that has it, untried, and end at last."""

import contextlib
import threading

import pytest

from pointsman.control.drift.alerting.channels import Messenger
from pointsman.control.drift.alerting.delivering import AlertDelivery
from pointsman.control.drift.alerting.unclaimed import (
    ENDS_SECONDS,
    SAID_SECONDS,
    UP_SECONDS,
    UnclaimedMessages,
)
from pointsman.control.jobs.ending import Ending
from pointsman.control.jobs.job import JobContext
from pointsman.domain.drift.alerting.channels import AlertChannels, MailSecurity, SmtpChannel, WebhookChannel
from pointsman.domain.drift.alerting.events import AlertEvent, DeliveryStatus, Target
from pointsman.domain.drift.alerting.states import AlertEventKind
from pointsman.store import models, servers
from pointsman.store.drift.alerting import events, outbox
from stage.catchers import MailCatcher, WebhookCatcher

from .rows import add_model

SECOND_US = 1_000_000
RECIPIENT = "ops@example.com"


class Time:
    """A clock that only goes on, when it is told to."""

    def __init__(self):
        self.seconds = 0.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def key(database):
    add_model(database)
    with database.read() as connection:
        found = models.find(connection, "cancer")
    assert found is not None
    return found.row_key


@pytest.fixture
def mail():
    with contextlib.closing(MailCatcher()) as catcher:
        yield catcher


@pytest.fixture
def hook():
    with contextlib.closing(WebhookCatcher()) as catcher:
        yield catcher


def messenger(**channels):
    return Messenger(AlertChannels(allowed=("127.0.0.1",), timeout_seconds=5.0, **channels), lambda: 0)


def by_mail(mail):
    return messenger(smtp=SmtpChannel("127.0.0.1", mail.port, "pointsman@example.com", MailSecurity.NONE))


def by_hook(hook):
    return messenger(webhooks={"hook": WebhookChannel(f"{hook.url}/hook", "k" * 32)})


def tell(database, key, *targets, number=0):
    with database.write() as connection:
        now_us = servers.clock_us(connection, 1)
        test = AlertEvent(f"{number:032}", "cancer", AlertEventKind.TEST, now_us, summary="a test")
        events.add(connection, key, test, targets)
        return now_us


def stands(database, key):
    """By channel how its message stands."""
    with database.read() as connection:
        found = events.newest(connection, key, 100)
    return {one.target.channel: one for _, deliveries in found for one in deliveries}


def is_due(database, delivery):
    needed = delivery.job().needed
    with database.read() as connection:
        return needed(connection)


def deliver(database, delivery):
    """One run of the job, as the scheduler makes it."""
    ending = Ending(threading.Event(), 60.0, lambda: 0.0)
    return delivery.deliver(JobContext("alert-messages", database, 0, ending))


def test_a_server_without_the_channel_leaves_its_messages_to_one_that_has_it(database, key, mail, hook, time):
    without, having = (AlertDelivery(one, lambda: SECOND_US, time) for one in (by_hook(hook), by_mail(mail)))
    tell(database, key, Target("email", RECIPIENT))
    assert not is_due(database, without), "it takes no lease for what it cannot bring"
    deliver(database, without)
    (untouched,) = stands(database, key).values()
    assert (untouched.status, untouched.attempts, untouched.reason) == (DeliveryStatus.PENDING, 0, "")
    assert is_due(database, having)
    deliver(database, having)
    (brought,) = stands(database, key).values()
    assert (brought.status, brought.attempts, brought.reason) == (DeliveryStatus.DELIVERED, 1, "")
    assert len(mail.mails) == 1


def test_a_server_brings_what_it_can_beside_what_it_cannot(database, key, hook, time):
    without = AlertDelivery(by_hook(hook), lambda: SECOND_US, time)
    tell(database, key, Target("email", RECIPIENT), Target("hook"))
    assert is_due(database, without)
    deliver(database, without)
    found = stands(database, key)
    assert {name: one.status for name, one in found.items()} == {
        "email": DeliveryStatus.PENDING,
        "hook": DeliveryStatus.DELIVERED,
    }


def test_a_server_that_is_busy_makes_way_for_one_that_has_other_channels(database, key, hook, time):
    busy = AlertDelivery(by_hook(hook), lambda: SECOND_US, time)
    tell(database, key, Target("email", RECIPIENT), Target("hook"))
    deliver(database, busy)
    tell(database, key, Target("hook"), number=1)
    assert not is_due(database, busy), "others have their turn"
    time.seconds += 3.0
    assert is_due(database, busy), "and then it goes on"
    deliver(database, busy)
    tell(database, key, Target("hook"), number=2)
    assert is_due(database, busy), "it makes way now and then, and not each time"


def noted(database, watched, now_us):
    with database.write() as connection:
        due = watched.is_due(connection, now_us)
        watched.note(connection, now_us)
        assert not watched.is_due(connection, now_us), "what was noted is not noted again"
    return due


@pytest.mark.parametrize(
    ("channel", "setting"),
    [
        ("email", "alerts.smtp.host"),
        ("slack", "alerts.slack.url"),
        ("gone", "alerts.webhooks.gone.url"),
    ],
)
def test_a_message_that_nobody_brings_says_what_to_set_and_ends_without_a_try(
    database, key, hook, time, channel, setting
):
    watched = UnclaimedMessages(by_hook(hook), time)
    told_us = tell(database, key, Target(channel, RECIPIENT if channel == "email" else ""), Target("hook"))
    assert not noted(database, watched, told_us + int((SAID_SECONDS - 1) * SECOND_US))
    assert stands(database, key)[channel].reason == ""

    assert noted(database, watched, told_us + int(SAID_SECONDS * SECOND_US))
    waits = stands(database, key)[channel]
    assert (waits.status, waits.attempts) == (DeliveryStatus.PENDING, 0)
    assert setting in waits.reason

    time.seconds = UP_SECONDS
    assert not noted(database, watched, told_us + int((ENDS_SECONDS - 1) * SECOND_US))
    assert noted(database, watched, told_us + int(ENDS_SECONDS * SECOND_US))
    found = stands(database, key)
    ended = found[channel]
    assert (ended.status, ended.attempts, ended.next_us) == (DeliveryStatus.GIVEN_UP, 0, None)
    assert ended.reason.startswith("not brought in 16 hours: no server with ")
    assert setting in ended.reason
    assert found["hook"].status is DeliveryStatus.PENDING, "what the server has is not given up"


def test_a_server_that_has_just_begun_gives_up_nothing(database, key, hook, time):
    """After a night without any server the one that lacks the channel may be the first."""
    watched = UnclaimedMessages(by_hook(hook), time)
    told_us = tell(database, key, Target("email", RECIPIENT))
    late_us = told_us + int(2 * ENDS_SECONDS * SECOND_US)
    time.seconds = UP_SECONDS - 1
    noted(database, watched, late_us)
    assert stands(database, key)["email"].status is DeliveryStatus.PENDING
    time.seconds = UP_SECONDS
    assert noted(database, watched, late_us)
    assert stands(database, key)["email"].status is DeliveryStatus.GIVEN_UP


def test_what_was_tried_keeps_its_tries_when_its_channel_goes(database, key, hook, time):
    hook.status = 503
    delivery = AlertDelivery(by_hook(hook), lambda: SECOND_US, time)
    tell(database, key, Target("hook"))
    deliver(database, delivery)
    failed = stands(database, key)["hook"]
    assert (failed.status, failed.attempts) == (DeliveryStatus.FAILED, 1)
    watched = UnclaimedMessages(messenger(), time)
    assert noted(database, watched, failed.next_us + int(SAID_SECONDS * SECOND_US))
    waits = stands(database, key)["hook"]
    assert (waits.status, waits.attempts) == (DeliveryStatus.FAILED, 1)
    assert "alerts.webhooks.hook.url" in waits.reason
    hook.status = 200
    with database.write() as connection:
        ((event, due),) = outbox.due(connection, failed.next_us, 1, ["hook"])
    assert by_hook(hook).bring(event, due).reason == "", "once the channel is back it is brought"


def test_the_time_to_wait_is_that_of_a_message_that_is_tried_in_vain():
    assert round(ENDS_SECONDS / 3600) == 16
