"""Alerts over real servers that end and begin again, to a real mail server and a real webhook."""

import contextlib
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest

from pointsman.client import (
    AlertDeliveryStatus,
    AlertEvent,
    AlertEventKind,
    AlertFigure,
    AlertRule,
    AlertTier,
    AnalysisFrequency,
    AnalysisStatus,
    Client,
    DriftStatus,
    ModelVersion,
    NotificationSettings,
    ScheduleSettings,
)
from stage.catchers import MailCatcher, WebhookCatcher
from stage.server import Server
from stage.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

KEY = "a-key-of-more-than-32-characters-for-tests"
RUN_SECONDS = 90.0
HOUR_US = 3_600_000_000


@pytest.fixture
def mail() -> Iterator[MailCatcher]:
    with contextlib.closing(MailCatcher()) as catcher:
        yield catcher


@pytest.fixture
def hook() -> Iterator[WebhookCatcher]:
    with contextlib.closing(WebhookCatcher()) as catcher:
        yield catcher


@pytest.fixture
def settings(mail: MailCatcher, hook: WebhookCatcher, tmp_path: Path) -> dict[str, str]:
    """What an operator sets; the key is in a file, as it would be in Kubernetes."""
    (tmp_path / "key").write_text(KEY + "\n")
    return {
        "alerts__smtp__host": "127.0.0.1",
        "alerts__smtp__port": str(mail.port),
        "alerts__smtp__security": "none",
        "alerts__smtp__sender": "pointsman@example.com",
        "alerts__webhooks__retrain__url": f"{hook.url}/jobs?token=very-hidden",
        "alerts__webhooks__retrain__secret_file": str(tmp_path / "key"),
        "alerts__allowed_targets": '["127.0.0.1"]',
    }


def columns(seed: int, rows: int, shift: float) -> dict[str, list[float]]:
    random = np.random.default_rng(seed)
    return {name: random.normal(shift, 1, rows).tolist() for name in ("income", "age")}


def watch_a_model_that_drifts(client: Client) -> None:
    """A model with drifted predictions, analysed every hour, of which e-mail and a webhook tell."""
    client.models.register(ModelVersion("credit", "1"))
    client.drift.create_baseline("credit", "v1", columns(1, 300, 0.0))
    shifted = columns(2, 60, 2.0)
    for income, age in zip(shifted["income"], shifted["age"], strict=True):
        row = {"income": income, "age": age}
        client.drift.log_prediction("credit", row, "yes", probabilities=[0.2, 0.8])
    tier = AlertTier("notify", status=DriftStatus.WARNING, channels=["email", "retrain"])
    client.drift.update_alert_rules("credit", [AlertRule("drift", AlertFigure.STATUS, tiers=[tier])])
    client.drift.update_alerts(
        "credit",
        notifications=NotificationSettings(recipients=["ops@example.com"]),
        schedule=ScheduleSettings(enabled=True, frequency=AnalysisFrequency.HOURLY, time_window_days=1.0),
    )


def let_an_hour_pass(server: Server) -> None:
    """Has the schedule's last run be of an hour before, as a server finds it that was away for so long."""
    with contextlib.closing(sqlite3.connect(server.data_dir / "pointsman.db")) as database:
        changed = database.execute(
            "UPDATE drift_alert_settings SET scheduled_us = scheduled_us - ?", (HOUR_US,)
        )
        assert changed.rowcount == 1
        database.commit()


def results_are(client: Client, count: int) -> None:
    eventually(lambda: len(client.drift.results("credit")) == count, RUN_SECONDS, f"{count} results")


def delivered(client: Client, count: int) -> list[AlertEvent]:
    """The events once all messages of so many are delivered."""

    def look() -> list[AlertEvent] | None:
        found = client.drift.alert_events("credit")
        states = {one.status for event in found for one in event.deliveries}
        return found if len(found) == count and states == {AlertDeliveryStatus.DELIVERED} else None

    return eventually(look, 30, f"{count} delivered events")


def test_a_scheduled_run_across_restarts_tells_once_that_it_fires_and_once_that_it_recovers(
    tmp_path: Path, settings: Mapping[str, str], mail: MailCatcher, hook: WebhookCatcher
) -> None:
    server = Server(tmp_path, settings=settings)
    with Client(server.grpc) as client:
        watch_a_model_that_drifts(client)
    server.end()
    let_an_hour_pass(server)

    server = Server(tmp_path, settings=settings)
    with Client(server.grpc) as client:
        results_are(client, 1)
        (fired,) = delivered(client, 1)
        assert fired.kind is AlertEventKind.FIRING
    server.kill()
    let_an_hour_pass(server)

    server = Server(tmp_path, settings=settings)
    with Client(server.grpc) as client:
        # It still fires, and everybody knows.
        results_are(client, 2)
        assert [one.kind for one in client.drift.alert_events("credit")] == [AlertEventKind.FIRING]
        # The model is made anew of what it is given by now.
        made = client.drift.create_baseline("credit", "v2", columns(3, 300, 2.0))
        client.drift.activate_baseline("credit", made)
    server.end()
    let_an_hour_pass(server)

    server = Server(tmp_path, settings=settings)
    try:
        with Client(server.grpc) as client:
            results_are(client, 3)
            recovered, fired = delivered(client, 2)
            assert (recovered.kind, recovered.alert_id) == (AlertEventKind.RECOVERED, fired.alert_id)
    finally:
        server.end()
    assert [post.document["kind"] for post in hook.posts] == ["firing", "recovered"]
    assert [str(one.message["Subject"]) for one in mail.mails] == [
        "[pointsman] credit: drift, drift (notify)",
        "[pointsman] credit: drift is over, drift (notify)",
    ]
    assert "very-hidden" not in server.log()
    assert KEY not in server.log()


def test_a_server_that_is_killed_between_a_result_and_its_message_loses_none_and_repeats_its_id(
    tmp_path: Path, settings: Mapping[str, str], mail: MailCatcher, hook: WebhookCatcher
) -> None:
    hook.hold = threading.Event()
    server = Server(tmp_path, settings=settings)
    with Client(server.grpc) as client:
        watch_a_model_that_drifts(client)
        job = client.drift.analyze("credit")
        eventually(lambda: hook.posts, RUN_SECONDS, "the message at the webhook")
        assert client.drift.analysis("credit", job.job_id).status is AnalysisStatus.SUCCEEDED
    server.kill()
    hook.hold.set()

    server = Server(tmp_path, settings=settings)
    try:
        with Client(server.grpc) as client:
            (event,) = delivered(client, 1)
    finally:
        server.end()
    assert [one.channel for one in event.deliveries] == ["email", "retrain"]
    to_mail, to_hook = (one.delivery_id for one in event.deliveries)
    assert len(hook.posts) == 2, "one that nobody knows to have arrived, and its repeat"
    assert {post.headers["pointsman-delivery-id"] for post in hook.posts} == {to_hook}
    assert {post.document["deliveryId"] for post in hook.posts} == {to_hook}
    assert {one.delivery_id for one in mail.mails} == {to_mail}
