"""Two servers on PostgreSQL, each with a channel that the other lacks, as while settings are rolled out."""

import pytest

from contract.two_servers import open_bench
from pointsman.control.options import ControlOptions
from pointsman.domain.drift.alerting.channels import AlertChannels, MailSecurity, SmtpChannel, WebhookChannel
from pointsman.v1 import drift_pb2
from stage.waiting import seen


def told_by(**channels):
    alerts = AlertChannels(allowed=("127.0.0.1",), timeout_seconds=5.0, **channels)
    return ControlOptions(poll_interval_seconds=0.05, alerts=alerts)


@pytest.fixture
async def east(tmp_path_factory, url, hook):
    options = told_by(webhooks={"hook": WebhookChannel(f"{hook.url}/hook", "k" * 40)})
    async for bench in open_bench(tmp_path_factory.mktemp("east"), url, options=options):
        yield bench


@pytest.fixture
async def west(tmp_path_factory, url, east, mail):
    smtp = SmtpChannel("127.0.0.1", mail.port, "pointsman@example.com", MailSecurity.NONE)
    async for bench in open_bench(tmp_path_factory.mktemp("west"), url, options=told_by(smtp=smtp)):
        yield bench


async def delivered(user, count):
    """What came of all messages, once so many are with their receivers."""
    asked = drift_pb2.GetAlertEventsRequest(model_id="cancer", limit=1000)

    async def look():
        events = (await user.drift.GetAlertEvents(asked)).events
        found = [one for event in events for one in event.deliveries]
        done = [one for one in found if one.status == drift_pb2.ALERT_DELIVERY_STATUS_DELIVERED]
        return len(done) == count and found

    return await seen(look, 30, f"{count} messages at their receivers")


async def test_each_message_is_brought_by_the_server_that_has_its_channel_at_the_first_try(
    east, west, mail, hook
):
    await east.local.register("cancer", "1", backend=None)
    for number in range(6):
        asked = drift_pb2.SendTestAlertRequest(
            model_id="cancer", channels=["email", "hook"], recipients=[f"ops{number}@example.com"]
        )
        await east.local.drift.SendTestAlert(asked)
    found = await delivered(west.local, 12)
    assert {one.attempts for one in found} == {1}, found
    assert (len(mail.mails), len(hook.posts)) == (6, 6)
