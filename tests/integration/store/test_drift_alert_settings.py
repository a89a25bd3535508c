"""Settings of alerts that change: none is lost, and the default rule that they make begins anew."""

import threading

import pytest
from sqlalchemy import text

from pointsman.control.drift.alert_settings import AlertDesk
from pointsman.domain.drift.alerting.rules import AlertRule, default_rule
from pointsman.domain.drift.alerts import AlertChanges, AlertSettings, check_settings
from pointsman.domain.keys import Principal
from pointsman.store.drift.alerting import rules

from .drift_alerts import add_watched_model, history, told

ADMIN = Principal("ops", frozenset(), admin=True)
MAIL = AlertChanges(email=True, recipients=("a@example.com",))


@pytest.fixture
def key(database):
    return add_watched_model(database)


@pytest.fixture
def desk(database):
    return AlertDesk(database, lambda: 1)


def kinds(database, key):
    return [event.kind.value for event, _ in reversed(history(database, key))]


def test_an_alert_of_the_default_rule_begins_anew_where_settings_change_whom_it_is_told(database, key, desk):
    told(database, key, "alert")
    desk.update(ADMIN, "cancer", MAIL)
    told(database, key, "ok")
    assert kinds(database, key) == ["firing"], "nobody hears of the end of what they did not hear of"
    told(database, key, "alert")
    told(database, key, "ok")
    assert kinds(database, key) == ["firing", "firing", "recovered"]
    for event, deliveries in history(database, key)[:2]:
        assert [one.target.recipient for one in deliveries] == ["a@example.com"], event


def test_an_alert_goes_on_where_settings_leave_its_rule_as_it_is(database, key, desk):
    desk.update(ADMIN, "cancer", MAIL)
    told(database, key, "alert")
    desk.update(ADMIN, "cancer", AlertChanges(email=True, accuracy_drop_warning=0.01))
    told(database, key, "ok")
    assert kinds(database, key) == ["firing", "recovered"]


def test_rules_that_were_set_do_not_change_with_the_settings(database, key, desk):
    own: AlertRule = default_rule(AlertSettings(slack=True))
    with database.write() as connection:
        rules.save(connection, key, [own], 1)
    told(database, key, "alert")
    desk.update(ADMIN, "cancer", MAIL)
    told(database, key, "ok")
    assert kinds(database, key) == ["firing", "recovered"]


def wait_until_it_waits(database, other):
    """On PostgreSQL, until the other thread waits for a lock, or ends; SQLite has one writer at a time."""
    while not database.is_sqlite and other.is_alive():
        with database.read() as connection:
            waiting = connection.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted")).scalar_one()
        if waiting:
            return


def test_of_two_first_changes_at_once_none_is_lost(database, key, desk, monkeypatch):
    other = threading.Thread(
        target=lambda: desk.update(ADMIN, "cancer", AlertChanges(schedule_enabled=True)), daemon=True
    )
    place = "pointsman.control.drift.alert_settings.check_settings"

    def check_meanwhile(*arguments):
        check_settings(*arguments)
        monkeypatch.setattr(place, check_settings)
        other.start()
        wait_until_it_waits(database, other)

    monkeypatch.setattr(place, check_meanwhile)
    desk.update(ADMIN, "cancer", MAIL)
    other.join(30)
    assert not other.is_alive(), "the second change did not end"
    found = desk.settings(ADMIN, "cancer")
    assert (found.email, found.schedule_enabled) == (True, True), found
