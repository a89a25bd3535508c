"""Alerts reach people and programs: from a result through the outbox to a mail server and a webhook."""

import hashlib
import hmac
import threading

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from contract.conftest import Bench, start_plane
from contract.drift_by_hand import a_baseline, ended, features_of, listed, log_rows, result_by_hand
from pointsman.control.drift.alerting import desk
from pointsman.control.options import ControlOptions
from pointsman.domain.drift.alerting.channels import (
    AlertChannels,
    MailSecurity,
    SmtpChannel,
    WebhookChannel,
)
from pointsman.v1 import drift_pb2
from stage.waiting import seen, until

KEY = "k" * 40
RECIPIENTS = ["ops@example.com", "ml@example.com"]
HOUR_US = 3_600_000_000


@pytest.fixture
async def told(tmp_path, replica, clock, database_url, mail, hook):
    """A control plane with every channel; targets of this machine are allowed."""
    channels = AlertChannels(
        smtp=SmtpChannel("127.0.0.1", mail.port, "pointsman@example.com", MailSecurity.NONE),
        slack=WebhookChannel(f"{hook.url}/slack"),
        webhooks={"retrain": WebhookChannel(f"{hook.url}/retrain?token=hidden", KEY)},
        allowed=("127.0.0.1",),
        timeout_seconds=5.0,
    )
    options = ControlOptions(poll_interval_seconds=0.05, alerts=channels)
    plane = start_plane(tmp_path, replica, database_url, clock=clock, options=options)
    await plane.start()
    socket_path = tmp_path / "control.sock"
    async with grpc.aio.insecure_channel(f"unix:{socket_path}") as channel:
        bench = Bench(plane, replica, channel, clock, database_url, socket_path)
        await bench.local.register("cancer", "1", backend=None)
        await bench.local.drift.CreateBaseline(a_baseline(features_of(1, 200)))
        yield bench
    replica.stop(0)
    await plane.stop(1)


async def notify(user, *, email=True, slack=True, enabled=True):
    await user.drift.UpdateAlertConfig(
        drift_pb2.UpdateAlertConfigRequest(
            model_id="cancer",
            enabled=enabled,
            notifications=drift_pb2.NotificationSettings(
                email=email, slack=slack, recipients=listed(RECIPIENTS)
            ),
        )
    )


async def events(user, **fields):
    asked = drift_pb2.GetAlertEventsRequest(model_id="cancer", **fields)
    return (await user.drift.GetAlertEvents(asked)).events


async def settled(user, count):
    """The events once there are so many and nothing of them is pending."""

    async def look():
        found = await events(user)
        states = {one.status for event in found for one in event.deliveries}
        return len(found) == count and drift_pb2.ALERT_DELIVERY_STATUS_PENDING not in states and found

    return await seen(look, 20, f"{count} events of which no message is pending")


def judged_by_hand(told, status):
    result_by_hand(told, "cancer", status, ["age"])


def a_rule(name="psi", **fields):
    fields.setdefault("figure", drift_pb2.ALERT_FIGURE_STATUS)
    fields.setdefault(
        "tiers",
        [drift_pb2.AlertTier(name="page", status=drift_pb2.DRIFT_STATUS_WARNING, channels=["retrain"])],
    )
    return drift_pb2.AlertRule(name=name, **fields)


async def put(user, *rules):
    asked = drift_pb2.UpdateAlertRulesRequest(model_id="cancer", rules=rules)
    return await user.drift.UpdateAlertRules(asked)


async def test_an_analysis_that_drifts_is_told_by_mail_slack_and_webhook(told, mail, hook):
    user = told.local
    await put(
        user,
        a_rule(
            "age",
            figure=drift_pb2.ALERT_FIGURE_SCORE,
            algorithm="psi",
            features=["age"],
            tiers=[
                drift_pb2.AlertTier(name="notify", threshold=0.1, channels=["email", "slack"]),
                drift_pb2.AlertTier(name="retrain", threshold=0.25, channels=["retrain"]),
            ],
        ),
    )
    await notify(user)
    await log_rows(user, features_of(2, 150, shift=1.5))
    job = await ended(user, (await user.drift.Analyze(drift_pb2.AnalyzeRequest(model_id="cancer"))).job_id)
    assert job.status == drift_pb2.ANALYSIS_STATUS_SUCCEEDED, job.error
    (event,) = await settled(user, 1)
    assert (event.kind, event.rule, event.tier, event.result_id) == (
        drift_pb2.ALERT_EVENT_KIND_FIRING,
        "age",
        "retrain",
        job.result_id,
    )
    assert {one.status for one in event.deliveries} == {drift_pb2.ALERT_DELIVERY_STATUS_DELIVERED}, event
    assert sorted((one.channel, one.recipient) for one in event.deliveries) == [
        ("email", "ml@example.com"),
        ("email", "ops@example.com"),
        ("retrain", ""),
        ("slack", ""),
    ]
    assert sorted(one.recipients[0] for one in mail.mails) == sorted(RECIPIENTS)
    by_path = {post.path: post for post in hook.posts}
    assert sorted(by_path) == ["/retrain?token=hidden", "/slack"]
    document = by_path["/retrain?token=hidden"].document
    assert (document["modelId"], document["tier"], document["kind"]) == ("cancer", "retrain", "firing")
    assert document["findings"][0]["name"] == "age"
    assert document["findings"][0]["value"] > 0.25
    assert "score of psi above 0.25: age" in by_path["/slack"].document["text"]
    sent = {one.delivery_id for one in mail.mails}
    sent |= {post.headers["pointsman-delivery-id"] for post in hook.posts}
    assert sent == {one.delivery_id for one in event.deliveries}


async def test_a_signature_is_over_timestamp_and_body(told, hook):
    user = told.local
    await user.drift.SendTestAlert(drift_pb2.SendTestAlertRequest(model_id="cancer", channels=["retrain"]))
    await settled(user, 1)
    (post,) = hook.posts
    signed = post.headers["pointsman-timestamp"].encode() + b"." + post.body
    expected = hmac.new(KEY.encode(), signed, hashlib.sha256).hexdigest()
    assert post.headers["pointsman-signature"] == f"v1={expected}"
    assert abs(int(post.headers["pointsman-timestamp"]) - told.clock() / 1e6) < 60


async def test_the_default_rule_is_the_overall_status_told_as_the_settings_say(told, mail, hook):
    user = told.local
    await notify(user, slack=False)
    rules = await user.drift.GetAlertRules(drift_pb2.GetAlertRulesRequest(model_id="cancer"))
    assert rules.is_default
    assert list(rules.channels) == ["email", "slack", "retrain"]
    assert [(tier.name, list(tier.channels)) for tier in rules.rules[0].tiers] == [
        ("warning", ["email"]),
        ("alert", ["email"]),
    ]
    for status in ("ok", "warning", "warning", "alert", "warning", "ok", "ok"):
        judged_by_hand(told, status)
    found = await settled(user, 3)
    kinds = [drift_pb2.AlertEventKind.Name(one.kind).removeprefix("ALERT_EVENT_KIND_") for one in found]
    assert kinds == ["RECOVERED", "ESCALATED", "FIRING"]
    assert len({one.alert_id for one in found}) == 1
    assert len(mail.mails) == 3 * len(RECIPIENTS)
    assert not hook.posts


async def test_a_repeat_comes_after_its_interval_and_no_sooner(told, hook):
    user = told.local
    await put(user, a_rule(repeat_hours=2))
    judged_by_hand(told, "alert")
    await settled(user, 1)
    told.clock.offset_us += 2 * HOUR_US - 60_000_000
    judged_by_hand(told, "alert")
    assert len(await events(user)) == 1
    told.clock.offset_us += 2 * 60_000_000
    judged_by_hand(told, "alert")
    judged_by_hand(told, "alert")
    found = await settled(user, 2)
    assert found[0].kind == drift_pb2.ALERT_EVENT_KIND_REPEATED
    assert [post.document["kind"] for post in hook.posts] == ["firing", "repeated"]


async def test_what_is_muted_stands_still_and_is_told_by_the_first_result_after_it(told, hook):
    user = told.local
    await put(user, a_rule())
    until_time = Timestamp()
    until_time.FromMicroseconds(told.clock() + HOUR_US)
    muted = await user.drift.MuteAlerts(
        drift_pb2.MuteAlertsRequest(model_id="cancer", rule="psi", until=until_time)
    )
    assert muted.rules[0].state.muted_until == until_time
    judged_by_hand(told, "alert")
    assert not await events(user)
    told.clock.offset_us += HOUR_US + 1_000_000
    judged_by_hand(told, "alert")
    (event,) = await settled(user, 1)
    assert event.kind == drift_pb2.ALERT_EVENT_KIND_FIRING


async def test_nothing_is_told_of_a_model_whose_alerts_are_off(told):
    await notify(told.local, enabled=False)
    judged_by_hand(told, "alert")
    assert not await events(told.local)


async def test_a_rule_whose_figure_is_not_there_neither_fires_nor_recovers(told):
    user = told.local
    await put(
        user,
        a_rule(
            figure=drift_pb2.ALERT_FIGURE_PERFORMANCE_DROP,
            window_days=0.00001,
            tiers=[drift_pb2.AlertTier(name="review", threshold=0.02, channels=["retrain"])],
        ),
    )
    judged_by_hand(told, "alert")
    rules = await user.drift.GetAlertRules(drift_pb2.GetAlertRulesRequest(model_id="cancer"))
    state = rules.rules[0].state
    assert (state.firing, state.judged) == (False, False)
    assert state.reason == "not judged: the result has no drop of accuracy"
    assert not await events(user)


async def test_a_changed_rule_begins_anew_and_one_that_stays_goes_on(told, hook):
    user = told.local
    stays, changes = a_rule("stays"), a_rule("changes")
    await put(user, stays, changes)
    judged_by_hand(told, "alert")
    await settled(user, 2)
    changes.repeat_hours = 1
    standing = await put(user, stays, changes)
    assert [one.state.firing for one in standing.rules] == [True, False]
    judged_by_hand(told, "alert")
    found = await settled(user, 3)
    assert [one.rule for one in found].count("changes") == 2


async def test_a_message_that_fails_is_tried_again_under_the_same_id(told, hook):
    user = told.local
    hook.status = 503
    await put(user, a_rule())
    judged_by_hand(told, "alert")
    (event,) = await settled(user, 1)
    (failed,) = event.deliveries
    assert failed.status == drift_pb2.ALERT_DELIVERY_STATUS_FAILED
    assert failed.reason == "it answers 503"
    hook.status = 200
    told.clock.offset_us += 10_000_000
    await until(lambda: len(hook.posts) == 2, 10, "a second try")
    assert len({post.headers["pointsman-delivery-id"] for post in hook.posts}) == 1


@pytest.mark.parametrize(("status", "location"), [(404, ""), (302, "http://127.0.0.1:1/elsewhere")])
async def test_what_a_receiver_refuses_for_good_is_given_up(told, hook, status, location):
    user = told.local
    hook.status, hook.location = status, location
    await user.drift.SendTestAlert(drift_pb2.SendTestAlertRequest(model_id="cancer", channels=["retrain"]))
    (event,) = await settled(user, 1)
    (given_up,) = event.deliveries
    assert (given_up.status, given_up.attempts) == (drift_pb2.ALERT_DELIVERY_STATUS_GIVEN_UP, 1)
    assert f"answers {status}" in given_up.reason
    assert len(hook.posts) == 1


async def test_a_receiver_that_hangs_holds_up_no_other_channel(told, mail, hook):
    user = told.local
    await notify(user, slack=False)
    hook.hold = threading.Event()
    hanging = drift_pb2.SendTestAlertRequest(model_id="cancer", channels=["retrain"])
    for _ in range(10):
        await user.drift.SendTestAlert(hanging)
    await until(lambda: len(hook.posts) == 4, 10, "as many as one channel may have under way")
    await user.drift.SendTestAlert(drift_pb2.SendTestAlertRequest(model_id="cancer", channels=["email"]))
    await until(lambda: len(mail.mails) == 2, 3, "mails, before the time of those that hang is up")
    assert len(hook.posts) == 4
    hook.hold.set()
    found = await settled(user, 11)
    assert {one.status for event in found for one in event.deliveries} == {
        drift_pb2.ALERT_DELIVERY_STATUS_DELIVERED
    }
    assert len(hook.posts) == 10


async def test_a_test_takes_the_way_of_every_message_and_changes_no_state(told, mail, hook):
    user = told.local
    await notify(user)
    sent = await user.drift.SendTestAlert(drift_pb2.SendTestAlertRequest(model_id="cancer"))
    assert [one.status for one in sent.deliveries] == [drift_pb2.ALERT_DELIVERY_STATUS_PENDING] * 3
    (event,) = await settled(user, 1)
    assert event.kind == drift_pb2.ALERT_EVENT_KIND_TEST
    assert len(mail.mails) == 2
    assert [post.path for post in hook.posts] == ["/slack"]
    rules = await user.drift.GetAlertRules(drift_pb2.GetAlertRulesRequest(model_id="cancer"))
    assert not rules.rules[0].state.HasField("looked_at")


async def test_a_test_without_any_channel_is_refused(told, failing):
    failure = await failing(told.local.drift.SendTestAlert(drift_pb2.SendTestAlertRequest(model_id="cancer")))
    assert (failure.code, failure.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "NO_ALERT_CHANNEL")


async def test_of_tests_there_are_so_many_messages_an_hour(told, mail, failing, monkeypatch):
    monkeypatch.setattr(desk, "MAX_TEST_MESSAGES_PER_HOUR", 5)
    asked = drift_pb2.SendTestAlertRequest(model_id="cancer", channels=["email"], recipients=RECIPIENTS)
    for _ in range(2):
        await told.local.drift.SendTestAlert(asked)
    failure = await failing(told.local.drift.SendTestAlert(asked))
    assert failure.code == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "had 4 messages in the last hour, and this one has 2; at most 5 are sent" in failure.message
    told.clock.offset_us += HOUR_US + 1_000_000
    await told.local.drift.SendTestAlert(asked)


async def test_secrets_are_in_no_answer_and_no_log(told, hook, caplog, capfd):
    user = told.local
    hook.status = 500
    await put(user, a_rule())
    judged_by_hand(told, "alert")
    (event,) = await settled(user, 1)
    rules = await user.drift.GetAlertRules(drift_pb2.GetAlertRulesRequest(model_id="cancer"))
    written = "".join(capfd.readouterr()) + caplog.text
    for told_text in (str(event), str(rules), written, repr(told.plane._options)):
        assert "hidden" not in told_text
        assert KEY not in told_text
    assert event.deliveries[0].reason, "there was something to tell"


async def test_what_is_wrong_with_rules_is_said_field_by_field(told, failing):
    wrong = [
        a_rule("twice"),
        a_rule("twice", figure=drift_pb2.ALERT_FIGURE_SCORE, algorithm="nonsense"),
        a_rule(
            "order",
            figure=drift_pb2.ALERT_FIGURE_P_VALUE,
            algorithm="ks_test",
            tiers=[
                drift_pb2.AlertTier(name="a", threshold=0.01, channels=["pager"]),
                drift_pb2.AlertTier(name="b", threshold=0.05),
            ],
        ),
    ]
    asked = drift_pb2.UpdateAlertRulesRequest(model_id="cancer", rules=wrong)
    failure = await failing(told.local.drift.UpdateAlertRules(asked))
    assert set(failure.fields) == {
        "rules[1].name",
        "rules[1].algorithm",
        "rules[1].tiers[0].threshold",
        "rules[1].tiers[0].status",
        "rules[2].tiers[0].channels[0]",
        "rules[2].tiers",
    }


async def test_who_may_not_change_the_model_changes_and_tries_nothing(told, failing):
    other = told.user("eve", "mlops:read,mlops:write")
    for call in (
        other.drift.SendTestAlert(drift_pb2.SendTestAlertRequest(model_id="cancer", channels=["slack"])),
        other.drift.UpdateAlertRules(drift_pb2.UpdateAlertRulesRequest(model_id="cancer")),
        other.drift.MuteAlerts(drift_pb2.MuteAlertsRequest(model_id="cancer")),
        other.drift.GetAlertRules(drift_pb2.GetAlertRulesRequest(model_id="cancer")),
        other.drift.GetAlertEvents(drift_pb2.GetAlertEventsRequest(model_id="cancer")),
    ):
        failure = await failing(call)
        assert failure.code in (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.PERMISSION_DENIED)
