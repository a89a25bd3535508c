"""``replay`` adds up what the server answers part by part, and estimates what other weights would bring."""

import json
from pathlib import Path
from typing import Any

import grpc
import pytest
from click.testing import CliRunner, Result

from pointsman.cli import app
from pointsman.v1 import model_pb2, prediction_pb2, router_pb2

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


def a_definition(tmp_path: Path, strategy: str, policy: str) -> str:
    path = tmp_path / "changed_strategy.yaml"
    path.write_text(
        f"apiVersion: pointsman/v1\nkind: Router\nrouter_id: cancer\nstrategy: {strategy}\nvariants:\n"
        '  - {name: a, model_id: m, model_version: "1", weight: 50}\n'
        '  - {name: b, model_id: m, model_version: "2", weight: 50}\n'
        f"{policy}\n"
    )
    return str(path)


NOTHING = prediction_pb2.RECORDED_CONTENT_NONE
CUT = prediction_pb2.RECORDED_CONTENT_CUT
RULES = """
feature_rules:
  default_variant: a
  rules:
    - {name: large, conditions: [{feature: x, operator: greater_than, values: [10]}], variant: b}
    - name: tenth
      conditions: [{feature: x, operator: equals, values: [0.1]}]
      split: {weights: {a: 50, b: 50}}
"""


def serve_router(server: Any, **recording: Any) -> None:
    """Has the server know the router, and models of which nobody said what they take."""
    made = router_pb2.Router(router_id="cancer", recording=router_pb2.Recording(**recording))
    server.on("RouterService/GetRouter", made)
    server.on("ModelService/GetModelVersion", model_pb2.ModelVersion(model_id="m"))


def serve_records(server: Any, records: list[prediction_pb2.PredictionRecord]) -> None:
    server.on("RouterService/ListPredictions", router_pb2.ListPredictionsResponse(predictions=records))


def with_x(number: int, x: float, **fields: Any) -> prediction_pb2.PredictionRecord:
    fields.setdefault("features_content", prediction_pb2.RECORDED_CONTENT_ALL)
    made = a_record(number, **fields)
    made.features["x"].number_value = x
    return made


def test_shares_that_hang_on_what_was_learnt_are_not_estimated(server: Any, tmp_path: Path) -> None:
    bandit = a_definition(tmp_path, "bandit", "bandit: {metric: reward}")
    Path(bandit).write_text(Path(bandit).read_text().replace(", weight: 50", ""))
    done = estimated(server, bandit)
    assert done.exit_code == 1
    assert "splits calls by bandit, by what is not known of them" in done.stderr


def test_rules_are_estimated_by_the_features_of_each_call(server: Any, tmp_path: Path) -> None:
    serve_router(server)
    # Of the calls with a large x all go to b, whose reward is 1; of the others all to a, whose reward is 0.
    records = [with_x(number, 20.0 if number < 200 else 1.0) for number in range(800)]
    unrecorded = [with_x(1000 + number, 20.0, features_content=NOTHING) for number in (1, 2)]
    server.on(
        "RouterService/ListPredictions", router_pb2.ListPredictionsResponse(predictions=records + unrecorded)
    )
    done = estimated(server, a_definition(tmp_path, "feature_rules", RULES), "-o", "json")
    assert done.exit_code == 0, done.stderr
    facts = json.loads(done.stdout)
    assert facts["call_count"] == 800
    assert facts["self_normalised"]["value"] == pytest.approx(0.25)
    assert "warning: 2 calls are left out" in done.stderr


@pytest.mark.parametrize(
    ("x", "fields", "message"),
    [
        (
            0.10000000149011612,
            {},
            "has x 0.10000000149011612, which equals the rule's number or not by",
        ),
        (1.0, {"features_content": CUT}, "has features that are cut"),
        (1.0, {"row": 1}, "is a batch, which its first row decides"),
    ],
)
def test_a_call_whose_rule_is_not_sure_is_refused(
    server: Any, tmp_path: Path, x: float, fields: dict[str, Any], message: str
) -> None:
    serve_router(server)
    record = with_x(1, x, **fields)
    if fields.get("row"):
        record.feedback[0].row = 1
    server.on("RouterService/ListPredictions", router_pb2.ListPredictionsResponse(predictions=[record]))
    done = estimated(server, a_definition(tmp_path, "feature_rules", RULES))
    assert done.exit_code == 1
    assert f"prediction p1 {message}" in done.stderr


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (
            "feature: x,",
            "feature: metadata.x-team,",
            "a rule on metadata.x-team, and metadata is not recorded",
        ),
        ("variant: b}", "variant: c}", "feature_rules.rules[0].variant"),
        (
            "feature: x,",
            "feature: hidden,",
            "a rule on hidden, which cancer does not record (exclude_features)",
        ),
    ],
)
def test_rules_that_cannot_be_estimated_are_refused(
    server: Any, tmp_path: Path, before: str, after: str, message: str
) -> None:
    serve_router(server, exclude_features=["hidden"])
    done = estimated(server, a_definition(tmp_path, "feature_rules", RULES.replace(before, after)))
    assert done.exit_code == 1
    assert message in done.stderr


@pytest.mark.parametrize(
    ("feature", "messages"),
    [
        ("X_size", ["has a rule on X_size, of which none of the 200 calls has a value recorded; ",
                    "perhaps it is misspelt, recorded under another name, left out by exclude_features",
                    "Recorded are x, x_sizes. Did you mean 'x_sizes'? Correct the rule"]),
        ("x_3", ["has a rule on x_3, of which none", "a parameter of ModelInfer, which records do not hold"]),
        ("entity_id", ["has a rule on entity_id, of which none", "a parameter of ModelInfer or the entity"]),
    ],
)  # fmt: skip
def test_a_feature_that_no_call_has_recorded_is_not_taken_for_missing(
    server: Any, tmp_path: Path, feature: str, messages: list[str]
) -> None:
    serve_router(server)
    records = [with_x(number, 20.0) for number in range(200)]
    for record in records:
        record.features["x_sizes"].number_value = 1
    serve_records(server, records)
    rules = RULES.replace("feature: x, operator: equals", f"feature: {feature}, operator: equals")
    done = estimated(server, a_definition(tmp_path, "feature_rules", rules))
    assert (done.exit_code, done.stdout) == (1, "")
    for message in messages:
        assert message in done.stderr


@pytest.mark.parametrize("options", [(), ("-o", "json")])
def test_calls_without_a_feature_that_others_have_are_told(
    server: Any, tmp_path: Path, options: tuple[str, ...]
) -> None:
    serve_router(server)
    records = [with_x(number, 20.0 if number < 200 else 1.0) for number in range(800)]
    for record in records[-3:]:
        del record.features["x"]
    serve_records(server, records)
    done = estimated(server, a_definition(tmp_path, "feature_rules", RULES), *options)
    assert done.exit_code == 0, done.stderr
    assert (
        "warning: feature x: 3 of 800 calls have none recorded; they are taken to have been sent without it"
    ) in done.stderr


def test_a_feature_that_no_variant_takes_is_refused_as_apply_does(server: Any, tmp_path: Path) -> None:
    serve_router(server)
    version = model_pb2.ModelVersion(model_id="m", version="1")
    version.signature.inputs.add(name="in", datatype="FP32", shape=[-1, 2], features=["x", "y"])
    version.signature.outputs.add(name="out", datatype="FP32", shape=[-1, 1])
    server.on("ModelService/GetModelVersion", version)
    rules = RULES.replace("feature: x, operator: equals", "feature: z, operator: equals")
    done = estimated(server, a_definition(tmp_path, "feature_rules", rules))
    assert done.exit_code == 1
    assert 'feature_rules.rules[1].conditions[0].feature: "z" is no feature of any variant' in done.stderr


def test_without_the_right_to_read_models_their_features_are_not_checked(
    server: Any, tmp_path: Path, refusal: Any
) -> None:
    serve_router(server)
    server.on("ModelService/GetModelVersion", refusal(grpc.StatusCode.PERMISSION_DENIED))
    serve_records(server, [with_x(number, 20.0 if number < 200 else 1.0) for number in range(800)])
    done = estimated(server, a_definition(tmp_path, "feature_rules", RULES))
    assert done.exit_code == 0, done.stderr


@pytest.mark.parametrize("word", ["Infinity", "-Infinity"])
def test_an_infinity_is_not_taken_for_text(server: Any, tmp_path: Path, word: str) -> None:
    serve_router(server)
    record = with_x(1, 1.0)
    record.features["x"].string_value = word
    serve_records(server, [record])
    done = estimated(server, a_definition(tmp_path, "feature_rules", RULES))
    assert done.exit_code == 1
    assert f"prediction p1 has x '{word}', an infinite number or a text of that word" in done.stderr


def test_what_rules_gave_to_one_variant_alone_is_no_support_for_another(server: Any, changed: str) -> None:
    records = [a_record(number) for number in range(400)]
    given = a_record(401, reason=prediction_pb2.DECISION_REASON_RULE)
    given.randomised_by = prediction_pb2.RANDOMISED_BY_NOTHING
    given.propensity = 1
    del given.eligible_variants[1:]
    told = router_pb2.ListPredictionsResponse(predictions=[*records, given])
    server.on("RouterService/ListPredictions", told)
    done = estimated(server, changed)
    assert done.exit_code == 1
    assert "variant 'b' could not be picked for 1 of 401 calls" in done.stderr


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
