"""Rules over a real server: a tritonclient and Predict go where rules say, and records say why."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tritonclient.grpc
from click.testing import CliRunner

from pointsman.cli import app
from pointsman.v1 import model_pb2, prediction_pb2, router_pb2
from stage.control import Control, grpc_backend
from stage.recording_backend import RecordingBackend
from stage.server import Server
from stage.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

ROUTER = "triage"
RULES = """
rules:
  - name: staff
    conditions:
      - {feature: metadata.x-team, operator: equals, values: [fraud]}
    variant: new
  - name: old-age
    conditions:
      - {feature: age, operator: greater_than, values: [60]}
    split: {weights: {old: 75, new: 25}}
  - name: vip
    conditions:
      - {feature: tier, operator: in, values: [gold, 7]}
      - {feature: city, operator: regex, values: ["^B"]}
    variant: new
default_variant: old
rule_features: [tier]
"""
SIGNATURE = model_pb2.Signature(
    inputs=[
        model_pb2.TensorSpec(name="x", datatype="FP32", shape=[-1, 2], features=["income", "age"]),
        model_pb2.TensorSpec(name="city", datatype="BYTES", shape=[-1, 1]),
    ],
    outputs=[model_pb2.TensorSpec(name="x", datatype="FP32", shape=[-1, 2])],
)


def run(server: Server, *arguments: str) -> Any:
    result = CliRunner().invoke(app, [*arguments, "--server", server.grpc])
    assert result.exit_code == 0, result.output
    return result


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, backend: RecordingBackend) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("rules"))
    control = Control(server.grpc)
    for version in ("old", "new"):
        control.register("m", version, grpc_backend(backend.target, "m"), signature=SIGNATURE)
    control.close()
    rules = server.models_dir.parent / "rules.yaml"
    rules.write_text(RULES)
    variants = ("--variant", "old=m:old", "--variant", "new=m:new")
    run(server, "routers", "create", ROUTER, *variants, "--rules", str(rules), "--deploy")
    yield server
    server.end()


@pytest.fixture(scope="module")
def control(server: Server) -> Iterator[Control]:
    control = Control(server.grpc)
    yield control
    control.close()


@pytest.fixture(scope="module")
def triton(server: Server) -> Iterator[Any]:
    with tritonclient.grpc.InferenceServerClient(server.grpc) as client:
        yield client


def told(
    triton: Any, ages: list[float], city: str = "Ulm", router: str = ROUTER, **options: Any
) -> dict[str, str]:
    """What the receipt says of a call, without the prefix of its names."""
    rows = np.array([[1.0, age] for age in ages], dtype=np.float32)
    cities = np.array([[city.encode()] for _ in ages], dtype=np.object_)
    x = tritonclient.grpc.InferInput("x", list(rows.shape), "FP32")
    x.set_data_from_numpy(rows)
    text = tritonclient.grpc.InferInput("city", list(cities.shape), "BYTES")
    text.set_data_from_numpy(cities)
    parameters = triton.infer(router, [x, text], **options).get_response().parameters
    return {name.removeprefix("pointsman_"): one.string_param for name, one in parameters.items()}


def test_a_triton_client_goes_where_tensors_parameters_and_metadata_say(triton: Any) -> None:
    default = told(triton, [30.0])
    assert (default["variant"], default["reason"], default["propensity"]) == ("old", "default", "1")
    assert "rule" not in default
    staff = told(triton, [30.0], headers={"x-team": "fraud"})
    assert (staff["variant"], staff["reason"], staff["rule"]) == ("new", "rule", "staff")
    vip = told(triton, [30.0], "Bonn", parameters={"tier": "gold"})
    assert (vip["variant"], vip["rule"]) == ("new", "vip")
    assert told(triton, [30.0], "Bonn", parameters={"tier": 7})["rule"] == "vip"
    assert told(triton, [30.0], "Ulm", parameters={"tier": "gold"})["reason"] == "default"


def test_a_split_keeps_entities_and_a_batch_says_that_its_first_row_decided(triton: Any) -> None:
    entities = [f"user-{number}" for number in range(100)]
    first = [told(triton, [61.0], headers={"pointsman-entity-id": entity}) for entity in entities]
    assert {one["rule"] for one in first} == {"old-age"}
    assert {(one["variant"], one["propensity"]) for one in first} == {("old", "0.75"), ("new", "0.25")}
    again = [told(triton, [61.0, 20.0], headers={"pointsman-entity-id": entity}) for entity in entities]
    assert [one["variant"] for one in again] == [one["variant"] for one in first]
    assert {one["batch_row"] for one in again} == {"0"}
    assert told(triton, [20.0, 61.0])["reason"] == "default"


def test_predict_is_decided_alike_and_its_record_has_the_rule_and_its_propensities(control: Control) -> None:
    request = prediction_pb2.PredictRequest(router_id=ROUTER, entity_id="ann")
    for name, value in (("income", 1.0), ("age", 61.0)):
        request.features[name].number_value = value
    request.features["city"].string_value = "Ulm"
    answer = control.predictions.Predict(request)
    assert (answer.rule, answer.reason) == ("old-age", prediction_pb2.DECISION_REASON_RULE)
    listed = router_pb2.ListPredictionsRequest(router_id=ROUTER, entity_id="ann")

    def record() -> Any:
        found = control.routers.ListPredictions(listed).predictions
        return found[0] if found else None

    eventually(lambda: record() is not None, 30.0, "the record is there")
    kept = record()
    assert (kept.rule, kept.reason, kept.variant) == ("old-age", answer.reason, answer.variant)
    assert {one.variant: one.propensity for one in kept.eligible_variants} == {"old": 0.75, "new": 0.25}
    assert not kept.replayable, "metadata are not recorded, and a rule looks at them"


def test_values_of_another_kind_are_counted(server: Server, triton: Any) -> None:
    assert told(triton, [30.0], "Bonn", parameters={"tier": True})["reason"] == "default"
    line = f'pointsman_rule_mismatches_total{{router="{ROUTER}",variant="old"}} 1'
    assert line in server.get("/metrics")[1]


def test_what_cannot_be_read_is_refused(triton: Any) -> None:
    rows = np.zeros((1, 3), dtype=np.float32)
    x = tritonclient.grpc.InferInput("x", [1, 3], "FP32")
    x.set_data_from_numpy(rows)
    with pytest.raises(tritonclient.utils.InferenceServerException, match="no rows of 2 columns"):
        triton.infer(ROUTER, [x])


def test_the_command_explains_exports_and_updates_rules(server: Server, tmp_path: Path) -> None:
    asked = ("routers", "explain", ROUTER, "-f", "age=70", "-f", "city=Ulm", "--entity-id", "ann")
    explanation = json.loads(run(server, *asked, "-o", "json").stdout)
    assert explanation["rule"] == "old-age"
    assert [miss["rule"] for miss in explanation["misses"]] == ["staff"]
    shown = run(server, *asked).stdout
    assert "metadata.x-team is missing" in shown
    exported = tmp_path / "exported.yaml"
    exported.write_text(run(server, "export", f"router/{ROUTER}").stdout)
    assert "old-age" in exported.read_text()
    assert CliRunner().invoke(app, ["diff", "-f", str(exported), "--server", server.grpc]).exit_code == 0
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("rules: [{name: a, conditions: [{feature: age, operator: above, values: [1]}]}]")
    failed = CliRunner().invoke(
        app, ["routers", "update", ROUTER, "--rules", str(wrong), "--server", server.grpc]
    )
    assert failed.exit_code == 1
    assert "rules[0].conditions[0].operator" in failed.stderr


def test_what_rules_decided_is_decided_again_of_what_they_read(
    server: Server, triton: Any, control: Control
) -> None:
    variants = ("--variant", "old=m:old", "--variant", "new=m:new")
    rules = server.models_dir.parent / "again.yaml"
    # The tenth is that of FP32: in the type of the tensor it is equal, and as a double it would not be.
    tenth = "  - {name: tenth, conditions: [{feature: age, operator: equals, values: [0.1]}], variant: new}\n"
    of_features = RULES.replace(
        RULES[RULES.index("  - name: staff") : RULES.index("  - name: old-age")], tenth
    )
    rules.write_text(of_features)
    run(server, "routers", "create", "again", *variants, "--rules", str(rules), "--deploy")
    taken = set()
    for number in range(40):
        age, entity = (0.1, 30.0, 61.0, 90.0)[number % 4], {"pointsman-entity-id": f"user-{number}"}
        options = {"headers": entity} if number % 3 else {}
        parameters = {"tier": ("gold", 7, True)[number % 3]}
        taken.add(told(triton, [age], "Bonn", "again", parameters=parameters, **options).get("rule"))
    request = prediction_pb2.PredictRequest(router_id="again")
    for name, value in (("income", 1.0), ("age", 0.1)):
        request.features[name].number_value = value
    request.features["city"].string_value = "Ulm"
    taken.add(control.predictions.Predict(request).rule)
    assert taken == {"tenth", "old-age", "vip", None}
    facts = json.loads(run(server, "replay", "--router", "again", "-o", "json").stdout)
    assert (facts["calls"], facts["agree"], facts["not_replayable"]) == (41, 41, {})
    of_metadata = json.loads(run(server, "replay", "--router", ROUTER, "-o", "json").stdout)
    assert of_metadata["not_replayable"] == {"metadata_not_recorded": of_metadata["calls"]}
    listed = control.routers.ListPredictions(router_pb2.ListPredictionsRequest(router_id="again"))
    split = next(record for record in listed.predictions if record.rule == "old-age")
    shown = run(server, "explain", split.prediction_id).stdout
    assert "agrees: the same decision" in shown
    assert "0.75" in shown
