"""``replay`` adds up what the server answers part by part, and estimates what other weights would bring."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pointsman.cli import app
from pointsman.v1 import prediction_pb2, router_pb2

AGREES = prediction_pb2.REPLAY_VERDICT_AGREES
DISAGREES = prediction_pb2.REPLAY_VERDICT_DISAGREES
NOT = prediction_pb2.REPLAY_VERDICT_NOT_REPLAYABLE


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("POINTSMAN_SERVER", "POINTSMAN_API_KEY", "POINTSMAN_DEBUG"):
        monkeypatch.delenv(name, raising=False)


def run(server: Any, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--server", server.address])


def part(token: str, agree: int, pinned: int = 0, *differing: str) -> router_pb2.ReplayPredictionsResponse:
    made = router_pb2.ReplayPredictionsResponse(next_page_token=token)
    made.counts.add(verdict=AGREES, router_generation=4, call_count=agree)
    if pinned:
        made.counts.add(verdict=NOT, not_replayable=prediction_pb2.NOT_REPLAYABLE_PINNED, call_count=pinned)
    if differing:
        made.counts.add(verdict=DISAGREES, call_count=len(differing))
    for prediction_id in differing:
        example = made.examples.add(prediction_id=prediction_id, variant="lr")
        example.redecision.variant = "gb"
        example.redecision.differences.add(field="variant", recorded="lr", redecided="gb")
    return made


def test_parts_of_a_window_are_added_up(server: Any) -> None:
    server.on("RouterService/ReplayPredictions", part("next", 5, 1), part("", 7, 2))
    result = run(server, "replay", "--router", "cancer", "--since", "2026-01-01T00:00:00Z", "-o", "json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout) == {
        "calls": 15,
        "agree": 12,
        "differ": 0,
        "not_replayable": {"pinned": 3},
        "examples": [],
    }
    first, second = server.asked("RouterService/ReplayPredictions")
    assert (first.page_token, second.page_token) == ("", "next")
    assert first.start_time == second.start_time
    assert first.start_time.seconds > 0


def test_decisions_that_differ_are_shown_first_ones_first_and_fail(server: Any) -> None:
    server.on("RouterService/ReplayPredictions", part("next", 5, 0, "p1", "p2"), part("", 7, 0, "p3"))
    result = run(server, "replay", "--router", "cancer", "--examples", "2")
    assert result.exit_code == 1
    assert "error: 3 of 15 decisions differ from their records" in result.stderr
    assert "variant: lr recorded, gb decided" in result.stdout
    assert ("p2" in result.stdout, "p3" in result.stdout) == (True, False)


def a_record(number: int, **fields: Any) -> prediction_pb2.PredictionRecord:
    variant = "b" if number % 4 == 0 else "a"
    fields.setdefault("reason", prediction_pb2.DECISION_REASON_SLOT)
    made = prediction_pb2.PredictionRecord(
        prediction_id=f"p{number}",
        router_id="cancer",
        variant=variant,
        entity_id=f"e{number}",
        propensity={"a": 0.75, "b": 0.25}[variant],
        randomised_by=prediction_pb2.RANDOMISED_BY_ENTITY,
        row_count=1,
        **fields,
    )
    for name, share in (("a", 0.75), ("b", 0.25)):
        made.eligible_variants.add(variant=name, propensity=share)
    made.feedback.add(metric="reward", value=1.0 if variant == "b" else 0.0)
    return made


@pytest.fixture
def changed(tmp_path: Path) -> str:
    path = tmp_path / "changed.yaml"
    path.write_text(
        "apiVersion: pointsman/v1\nkind: Router\nrouter_id: cancer\nvariants:\n"
        '  - {name: a, model_id: m, model_version: "1", weight: 50}\n'
        '  - {name: b, model_id: m, model_version: "2", weight: 50}\n'
    )
    return str(path)


def estimated(server: Any, changed: str, *arguments: str) -> Result:
    return run(server, "replay", "--router", "cancer", "--changed", changed, *arguments)


def test_rules_are_not_estimated_as_their_default(server: Any, tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(
        "apiVersion: pointsman/v1\nkind: Router\nrouter_id: cancer\nstrategy: feature_rules\nvariants:\n"
        '  - {name: a, model_id: m, model_version: "1", weight: 50}\n'
        '  - {name: b, model_id: m, model_version: "2", weight: 50}\n'
        "feature_rules: {default_variant: a, rules: []}\n"
    )
    done = estimated(server, str(path))
    assert done.exit_code == 1
    assert "splits calls by feature_rules, not all alike" in done.stderr


def test_other_weights_are_estimated_from_calls_with_feedback(server: Any, changed: str) -> None:
    pinned = [a_record(1000 + number, reason=prediction_pb2.DECISION_REASON_PIN) for number in range(50)]
    records = [a_record(number) for number in range(400)] + pinned
    server.on("RouterService/ListPredictions", router_pb2.ListPredictionsResponse(predictions=records))
    facts = json.loads(estimated(server, changed, "-o", "json").stdout)
    assert (facts["call_count"], facts["unit_count"]) == (400, 400)
    assert facts["observed"]["value"] == pytest.approx(0.25)
    assert facts["self_normalised"]["value"] == pytest.approx(0.5)
    assert server.asked("RouterService/ListPredictions")[0].has_feedback is True
    shown = estimated(server, changed).stdout
    for line in ("as it was decided", "changed, doubly robust", "effective units"):
        assert line in shown


def test_too_few_calls_are_refused(server: Any, changed: str) -> None:
    records = [a_record(number) for number in range(60)]
    server.on("RouterService/ListPredictions", router_pb2.ListPredictionsResponse(predictions=records))
    result = estimated(server, changed)
    assert result.exit_code == 1
    assert "100 are needed" in result.stderr


def test_a_file_without_the_router_is_refused(server: Any, changed: str) -> None:
    result = run(server, "replay", "--router", "other", "--changed", changed)
    assert result.exit_code == 1
    assert "holds no definition of router other" in result.stderr
