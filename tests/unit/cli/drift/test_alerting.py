"""``drift alerts``: what is shown of rules and messages, and what exit codes say."""

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result
from google.protobuf.timestamp_pb2 import Timestamp

from pointsman.cli import app
from pointsman.v1 import drift_pb2

CHANNELS = ["email", "slack", "retrain"]


def run(server: Any, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["drift", "alerts", *arguments, "--server", server.address])


def words(result: Result) -> list[list[str]]:
    return [line.split() for line in result.stdout.splitlines()]


def a_rule(channels: tuple[str, ...] = ("retrain",), **state: Any) -> drift_pb2.AlertRule:
    return drift_pb2.AlertRule(
        name="psi",
        figure=drift_pb2.ALERT_FIGURE_SCORE,
        algorithm="psi",
        features=["age"],
        least_features=1,
        tiers=[drift_pb2.AlertTier(name="page", threshold=0.25, channels=channels)],
        state=drift_pb2.AlertState(looked_at=Timestamp(seconds=1), **state),
    )


def the_rules(*rules: drift_pb2.AlertRule, **fields: Any) -> drift_pb2.AlertRules:
    return drift_pb2.AlertRules(model_id="credit", rules=rules, channels=CHANNELS, **fields)


def an_event(status: Any, reason: str = "") -> drift_pb2.AlertEvent:
    return drift_pb2.AlertEvent(
        event_id="e1",
        model_id="credit",
        kind=drift_pb2.ALERT_EVENT_KIND_TEST,
        deliveries=[
            drift_pb2.AlertDelivery(
                delivery_id="d1", channel="email", recipient="a@example.com", status=status, reason=reason
            )
        ],
    )


def test_a_rule_that_fires_is_shown_with_its_tier_and_what_was_found(server: Any) -> None:
    firing = a_rule(firing=True, tier="page", judged=True, reason="age 0.31")
    server.on("DriftService/GetAlertRules", the_rules(firing))
    result = run(server, "rules", "credit")
    assert result.exit_code == 0, result.output
    line = words(result)[1]
    assert line[:4] == ["psi", "psi", "score", "of"]
    assert "firing (page)" in result.stdout
    assert "page 0.25: retrain" in result.stdout
    assert "age 0.31" in result.stdout


def test_a_rule_that_was_not_judged_says_why(server: Any) -> None:
    server.on("DriftService/GetAlertRules", the_rules(a_rule(reason="not judged: no score of psi")))
    result = run(server, "rules", "credit", "--wide")
    assert "not judged: no score of psi" in result.stdout


def test_without_channels_it_is_said_that_nobody_is_told(server: Any) -> None:
    server.on("DriftService/GetAlertRules", the_rules(a_rule(channels=()), is_default=True))
    result = run(server, "rules", "credit")
    assert "No rules are set" in result.stderr
    assert "nobody is told" in result.stderr
    assert "email, slack, retrain" in result.stderr


def test_a_file_replaces_the_rules(server: Any, tmp_path: Any) -> None:
    server.on("DriftService/UpdateAlertRules", the_rules(a_rule(judged=True)))
    file = tmp_path / "rules.yaml"
    file.write_text(
        "- {name: psi, figure: score, algorithm: psi,"
        " tiers: [{name: a, threshold: 0.1, channels: [slack]}]}\n"
        "- {name: s, figure: status, tiers: [{name: b, status: alert}]}\n"
    )
    assert run(server, "rules", "credit", "--file", str(file)).exit_code == 0
    (asked,) = server.asked("DriftService/UpdateAlertRules")
    first, second = asked.rules
    assert (first.figure, first.tiers[0].threshold) == (drift_pb2.ALERT_FIGURE_SCORE, 0.1)
    assert list(first.tiers[0].channels) == ["slack"]
    assert second.tiers[0].status == drift_pb2.DRIFT_STATUS_ALERT
    assert not second.tiers[0].HasField("threshold")


def test_default_takes_the_rules_away(server: Any) -> None:
    server.on("DriftService/UpdateAlertRules", the_rules(is_default=True))
    assert run(server, "rules", "credit", "--default").exit_code == 0
    (asked,) = server.asked("DriftService/UpdateAlertRules")
    assert not asked.rules


@pytest.mark.parametrize(
    ("status", "code"),
    [(drift_pb2.ALERT_DELIVERY_STATUS_DELIVERED, 0), (drift_pb2.ALERT_DELIVERY_STATUS_GIVEN_UP, 1)],
)
def test_the_exit_code_of_a_test_says_whether_it_arrived(server: Any, status: Any, code: int) -> None:
    server.on("DriftService/SendTestAlert", an_event(drift_pb2.ALERT_DELIVERY_STATUS_PENDING))
    reason = "refused: 550" if code else ""
    tried = drift_pb2.GetAlertEventsResponse(events=[an_event(status, reason)])
    server.on("DriftService/GetAlertEvents", tried)
    result = run(server, "test", "credit", "--channel", "email", "--recipient", "a@example.com")
    assert result.exit_code == code, result.output
    assert "a@example.com" in result.stdout
    assert reason in result.stdout
    (asked,) = server.asked("DriftService/SendTestAlert")
    assert (list(asked.channels), list(asked.recipients)) == (["email"], ["a@example.com"])


def test_a_mute_needs_a_time_or_its_end(server: Any) -> None:
    server.on("DriftService/MuteAlerts", the_rules(a_rule(judged=True)))
    assert run(server, "mute", "credit").exit_code == 2
    assert run(server, "mute", "credit", "--until", "8h", "--off").exit_code == 2
    assert run(server, "mute", "credit", "--until", "8h", "--rule", "psi").exit_code == 0
    assert run(server, "mute", "credit", "--off").exit_code == 0
    timed, ended = server.asked("DriftService/MuteAlerts")
    assert (timed.rule, timed.HasField("until")) == ("psi", True)
    assert (ended.rule, ended.HasField("until")) == ("", False)


def test_history_without_events_says_how_to_try_a_channel(server: Any) -> None:
    server.on("DriftService/GetAlertEvents", drift_pb2.GetAlertEventsResponse())
    result = run(server, "history", "credit")
    assert result.stdout == ""
    assert "pointsman drift alerts test credit --channel NAME" in result.stderr


def test_history_shows_what_came_of_each_message(server: Any) -> None:
    event = an_event(drift_pb2.ALERT_DELIVERY_STATUS_FAILED, "answers 503")
    server.on("DriftService/GetAlertEvents", drift_pb2.GetAlertEventsResponse(events=[event]))
    assert "a@example.com failed" in run(server, "history", "credit").stdout
    (told,) = json.loads(run(server, "history", "credit", "-o", "json").stdout)
    assert (told["kind"], told["deliveries"][0]["reason"]) == ("test", "answers 503")


def test_new_thresholds_of_an_algorithm_leave_its_parameters_and_those_of_others(server: Any) -> None:
    settings = drift_pb2.AlertConfig(model_id="credit", schedule=drift_pb2.ScheduleSettings())
    set_before = settings.algorithms.overrides
    set_before["adwin"].params["delta"] = 0.01
    set_before["adwin"].warning_threshold, set_before["adwin"].alert_threshold = 1.0, 2.0
    set_before["psi"].warning_threshold, set_before["psi"].alert_threshold = 0.1, 0.2
    server.on("DriftService/GetAlertConfig", settings)
    server.on("DriftService/UpdateAlertConfig", drift_pb2.UpdateAlertConfigResponse())
    line = ["settings", "credit", "--threshold", "adwin=3:5", "--threshold", "ks_test=0.1:0.3"]
    run(server, *line)
    (asked,) = server.asked("DriftService/UpdateAlertConfig")
    told = {
        name: (one.warning_threshold, one.alert_threshold, dict(one.params))
        for name, one in asked.algorithms.overrides.items()
    }
    assert told == {"adwin": (3.0, 5.0, {"delta": 0.01}), "ks_test": (0.1, 0.3, {})}
