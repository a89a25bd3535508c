"""Rules, states, events and the outbox on both databases: what is kept, and what is refused."""

import contextlib
from dataclasses import replace

import pytest
from sqlalchemy.exc import IntegrityError

from pointsman.control.drift.program.running import store as store_result
from pointsman.domain.drift.alerting.events import AlertEvent, DeliveryStatus, Outcome, Target, after
from pointsman.domain.drift.alerting.rules import AlertFigure, AlertRule, AlertTier
from pointsman.domain.drift.alerting.states import AlertEventKind, AlertState
from pointsman.domain.drift.alerts import AlertSettings
from pointsman.domain.drift.analyses import AnalysisStatus, DriftStatus
from pointsman.domain.drift.predictions import LoggedPrediction
from pointsman.store import servers
from pointsman.store.drift import alert_settings, analyses, gone_models, predictions, results
from pointsman.store.drift.alerting import events, outbox, rules

from .drift_alerts import a_body, add_watched_model, begun, count, history, told
from .rows import DAY_US

RULE = AlertRule(
    "psi",
    AlertFigure.SCORE,
    "psi",
    ("age", "income"),
    2,
    30.0,
    (
        AlertTier("notify", 0.1, channels=("email", "slack"), recipients=("a@example.com",)),
        AlertTier("page", 0.25, channels=("hook",)),
    ),
    0.0,
)
CHANNELS = ("slack", "hook")
OF_STATUS = AlertRule(
    "status",
    AlertFigure.STATUS,
    tiers=(AlertTier("alert", status=DriftStatus.ALERT, channels=("slack", "hook")),),
)


@pytest.fixture
def key(database):
    row_key = add_watched_model(database)
    with database.write() as connection:
        rules.save(connection, row_key, [OF_STATUS], 1)
    return row_key


def test_rules_are_read_as_they_were_written(database, key):
    with database.write() as connection:
        rules.save(connection, key, [RULE, OF_STATUS], 1)
    with database.read() as connection:
        assert rules.of_model(connection, key) == (RULE, OF_STATUS)
    with database.write() as connection:
        rules.save(connection, key, [], 1)
        assert rules.of_model(connection, key) == ()


def test_a_state_is_read_as_it_was_written_and_replaces_the_one_before(database, key):
    state = AlertState("a" * 32, 1, 2, 5, 6, ("age",), True, "found", 7, 8)
    with database.write() as connection:
        rules.put_state(connection, key, "psi", AlertState(looked_us=1))
        rules.put_state(connection, key, "psi", state)
        assert rules.states(connection, key) == {"psi": state}
        rules.drop_states(connection, key, ["psi"])
        assert rules.states(connection, key) == {}


def test_a_mute_holds_until_its_time(database, key):
    with database.write() as connection:
        rules.mute(connection, key, "psi", 100, 1)
        rules.mute(connection, key, rules.EVERY_RULE, 50, 1)
        rules.mute(connection, key, rules.EVERY_RULE, 60, 1)
        assert rules.mutes(connection, key, 59) == {"psi": 100, rules.EVERY_RULE: 60}
        assert rules.mutes(connection, key, 60) == {"psi": 100}
        rules.mute(connection, key, "psi", None, 1)
        assert rules.mutes(connection, key, 0) == {rules.EVERY_RULE: 60}
        rules.mute(connection, key, "psi", 100, 60)
        assert rules.mutes(connection, key, 0) == {"psi": 100}


def test_the_end_of_a_mute_of_all_rules_ends_those_of_single_ones_too(database, key):
    with database.write() as connection:
        rules.mute(connection, key, "psi", 100, 1)
        rules.mute(connection, key, rules.EVERY_RULE, 50, 1)
        rules.mute(connection, key, rules.EVERY_RULE, None, 1)
        assert rules.mutes(connection, key, 0) == {}
        rules.mute(connection, key, "psi", 100, 1)
        rules.mute(connection, key, rules.EVERY_RULE, None, 1)
        assert rules.mutes(connection, key, 0) == {}


def test_a_result_and_what_it_tells_are_stored_together(database, key):
    told(database, key)
    ((event, deliveries),) = history(database, key)
    with database.read() as connection:
        latest = results.latest(connection, "cancer", key)
    assert latest is not None
    assert event.result_id == latest.result_id
    assert (event.kind, event.rule, event.tier) == (AlertEventKind.FIRING, "status", "alert")
    assert [one.target for one in deliveries] == [Target("slack"), Target("hook")]
    assert len({one.delivery_id for one in deliveries}) == 2


def test_when_what_it_tells_cannot_be_stored_the_result_is_not_either(database, key, monkeypatch):
    def fail(*_):
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(events, "add", fail)
    analysis = begun(database, key)
    with contextlib.suppress(RuntimeError):
        store_result(database, analysis, a_body("alert"), [], lambda: DAY_US)
    assert count(database, "drift_results") == 0
    assert count(database, "drift_alert_states") == 0
    with database.read() as connection:
        found = analyses.find(connection, analysis.job_id)
    assert found is not None
    assert found.status is AnalysisStatus.RUNNING


def test_results_that_follow_tell_nothing_twice(database, key):
    for status in ("alert", "alert", "ok", "ok", "alert"):
        told(database, key, status)
    kinds = [event.kind.value for event, _ in history(database, key)]
    assert kinds == ["firing", "recovered", "firing"]


def test_a_result_of_a_window_before_the_last_one_neither_ends_nor_begins_an_alert(database, key):
    told(database, key, "alert")
    told(database, key, "ok", DAY_US - 1)
    assert [event.kind.value for event, _ in history(database, key)] == ["firing"]
    told(database, key, "ok")
    told(database, key, "alert", DAY_US - 1)
    assert [event.kind.value for event, _ in history(database, key)] == ["recovered", "firing"]


def test_what_is_off_is_told_nobody(database, key):
    with database.write() as connection:
        alert_settings.save(connection, key, AlertSettings(enabled=False), 1)
    told(database, key)
    assert history(database, key) == []


def test_the_outbox_gives_what_is_due_the_longest_waiting_first(database, key):
    told(database, key)
    with database.write() as connection:
        assert not outbox.is_due(connection, DAY_US - 1, CHANNELS)
        # PostgreSQL's own clock says when the message was written.
        now_us = servers.clock_us(connection, DAY_US)
        assert outbox.is_due(connection, now_us, CHANNELS)
        assert not outbox.is_due(connection, now_us, ["email"])
        (event, first), (_, second) = outbox.due(connection, now_us, 10, CHANNELS)
        assert event.model_id == "cancer"
        assert [one.target.channel for one in (first, second)] == ["slack", "hook"]
        failed = after(first, Outcome("no"), now_us)
        assert failed.next_us is not None
        assert outbox.note(connection, first, failed)
        assert [one.delivery_id for _, one in outbox.due(connection, now_us, 10, CHANNELS)] == [
            second.delivery_id
        ]
        ((_, again),) = outbox.due(connection, failed.next_us, 10, CHANNELS)[1:]
        assert again == failed
        assert outbox.note(connection, again, after(again, Outcome(), now_us + 9))
        assert [one.delivery_id for _, one in outbox.due(connection, failed.next_us, 10, CHANNELS)] == [
            second.delivery_id
        ]


def test_of_tests_the_messages_are_counted(database, key):
    with database.write() as connection:
        test = AlertEvent("e" * 32, "cancer", AlertEventKind.TEST, 10, summary="a test")
        events.add(connection, key, test, (Target("email", "a@x.org"), Target("email", "b@x.org")))
        events.add(connection, key, replace(test, event_id="f" * 32, create_time_us=20), (Target("slack"),))
        found = [events.test_messages_since(connection, key, since_us) for since_us in (10, 11, 21)]
    assert found == [3, 1, 0]


def test_of_two_tries_at_once_one_is_noted(database, key):
    told(database, key)
    with database.write() as connection:
        (_, first), _ = outbox.due(connection, servers.clock_us(connection, DAY_US), 10, CHANNELS)
        assert outbox.note(connection, first, after(first, Outcome(), DAY_US))
        assert not outbox.note(connection, first, after(first, Outcome("no"), DAY_US))
    ((_, (delivery, _)),) = history(database, key)
    assert delivery.status is DeliveryStatus.DELIVERED


def test_the_oldest_events_go_when_there_are_too_many(database, key, monkeypatch):
    monkeypatch.setattr(events, "MAX_EVENTS", 3)
    for status in ("alert", "ok") * 3:
        told(database, key, status)
    assert [event.kind.value for event, _ in history(database, key)] == ["recovered", "firing", "recovered"]
    assert count(database, "drift_alert_deliveries") == 6


def test_what_is_to_be_told_outlives_its_result_and_goes_with_its_model(database, key):
    told(database, key)
    with database.write() as connection:
        connection.exec_driver_sql("DELETE FROM drift_results")
    ((event, deliveries),) = history(database, key)
    assert (event.result_id, len(deliveries)) == ("", 2)
    with database.write() as connection:
        connection.exec_driver_sql("DELETE FROM model_versions")
        connection.exec_driver_sql("DELETE FROM models")
    for table in ("rules", "states", "mutes", "events", "deliveries"):
        assert count(database, f"drift_alert_{table}") == 0, table


def test_nothing_more_is_told_of_a_model_that_is_gone_while_its_predictions_are_deleted(database, key):
    told(database, key)
    with database.write() as connection:
        rules.mute(connection, key, "status", 100, 1)
        predictions.add(connection, key, LoggedPrediction("", "1", 1, features={"age": 1.0}, prediction=1.0))
        now_us = servers.clock_us(connection, DAY_US)
        assert len(outbox.due(connection, now_us, 10, CHANNELS)) == 2
    with database.write_routing() as connection:
        assert gone_models.hide(connection, "cancer")
    with database.read() as connection:
        assert outbox.due(connection, now_us, 10, CHANNELS) == []
        assert gone_models.next_one(connection) == key, "its predictions are deleted later"
    for table in ("rules", "states", "mutes", "events", "deliveries"):
        assert count(database, f"drift_alert_{table}") == 0, table


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE drift_alert_states SET level = -1",
        "UPDATE drift_alert_states SET peak = level - 1",
        "UPDATE drift_alert_states SET alert_id = ''",
        "UPDATE drift_alert_states SET level = 0",
        "UPDATE drift_alert_states SET told_us = 0",
        "INSERT INTO drift_alert_states SELECT * FROM drift_alert_states",
        "INSERT INTO drift_alert_rules SELECT * FROM drift_alert_rules",
        "UPDATE drift_alert_events SET kind = 'nonsense'",
        "UPDATE drift_alert_events SET kind = 'test'",
        "UPDATE drift_alert_events SET alert_id = ''",
        "UPDATE drift_alert_events SET model_key = 99",
        "UPDATE drift_alert_deliveries SET status = 'nonsense'",
        "UPDATE drift_alert_deliveries SET status = 'delivered'",
        "UPDATE drift_alert_deliveries SET next_us = NULL",
        "UPDATE drift_alert_deliveries SET status = 'delivered', next_us = NULL, attempts = 1, tried_us = 1,"
        " reason = 'no'",
        "UPDATE drift_alert_deliveries SET status = 'given_up', next_us = NULL",
        "UPDATE drift_alert_deliveries SET status = 'failed', reason = 'no'",
        "UPDATE drift_alert_deliveries SET attempts = 1",
        "UPDATE drift_alert_deliveries SET attempts = -1",
        "UPDATE drift_alert_deliveries SET event_key = 99",
        "UPDATE drift_alert_deliveries SET channel = 'same'",
        "UPDATE drift_alert_deliveries SET delivery_id = 'same'",
        "INSERT INTO drift_alert_mutes VALUES (99, '', 1)",
        # An alert is over once, whether it recovers or ends.
        "INSERT INTO drift_alert_events (event_id, model_key, kind, rule, tier, alert_id, summary, findings,"
        " create_time_us) SELECT kind.name, e.model_key, kind.name, e.rule, e.tier, e.alert_id, e.summary,"
        " e.findings, 1 FROM drift_alert_events AS e,"
        " (SELECT 'recovered' AS name UNION ALL SELECT 'ended') AS kind",
        # An alert fires once, and a result is judged once by a rule.
        "INSERT INTO drift_alert_events (event_id, model_key, kind, rule, tier, alert_id, summary, findings,"
        " create_time_us) SELECT 'other', model_key, kind, rule, tier, alert_id, summary, findings, 1"
        " FROM drift_alert_events",
        "INSERT INTO drift_alert_events (event_id, model_key, result_key, kind, rule, tier, alert_id,"
        " summary, findings, create_time_us) SELECT 'other', model_key, result_key, 'repeated', rule, tier,"
        " alert_id,"
        " summary, findings, 1 FROM drift_alert_events",
    ],
)
def test_refused(database, key, statement):
    told(database, key)
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.exec_driver_sql(statement)
