"""Documents: every fault has its place, its field and a way out."""

import pytest

from pointsman.definitions.json_tree import read_json
from pointsman.definitions.reading import read_document
from pointsman.definitions.tree import MAX_DEPTH, FileFaultError
from pointsman.definitions.yaml_tree import read_yaml
from pointsman.v1 import model_pb2, router_pb2

from .test_yaml_traps import MODEL, ROUTER, faults, read


def json_faults(content):
    return [str(fault) for node in read_json("f.json", content) for fault in read_document(node).faults]


def refused(content):
    with pytest.raises(FileFaultError) as caught:
        read_json("f.json", content)
    return str(caught.value)


def test_a_router_is_read_whole():
    document = read(
        ROUTER
        + "display_name: Cancer\nstrategy: weighted\nsticky: false\nversion_pinning: ignore\n"
        + "default_timeout: 1.25s\nstatus: running\nrecording: {features_share: 0.5, entity: hmac}\n"
        + "metrics:\n- {name: cost, type: count, min_value: 0, direction: minimise}\n"
        + "permissions: {public: true, shared_user_ids: [a@example.com]}\n"
    )
    assert not document.faults
    router = document.definition.router
    assert router.variants[1] == router_pb2.Variant(
        name="gb", model_id="cancer", model_version="2", weight=30
    )
    assert router.status == router_pb2.ROUTER_STATUS_RUNNING
    assert (router.default_timeout.seconds, router.default_timeout.nanos) == (1, 250_000_000)
    assert router.HasField("sticky")
    assert not router.sticky
    assert router.metrics[0].HasField("min_value")
    assert router.permissions.shared_user_ids == ["a@example.com"]
    assert not router.HasField("record_predictions")


def test_a_model_is_read_whole():
    document = read(
        MODEL
        + "backend: {grpc: {target: '10.0.0.1:8081,10.0.0.2:8081', model_name: m}}\nstage: production\n"
        + "signature:\n  inputs:\n  - {name: x, datatype: FP32, shape: [-1, 30], features: [a, b]}\n"
        + "  task: classification\n  threshold: 0\n  prediction_holds: index\n"
    )
    assert not document.faults
    model = document.definition.model
    assert model.stage == model_pb2.STAGE_PRODUCTION
    assert model.backend.grpc.target == "10.0.0.1:8081,10.0.0.2:8081"
    assert list(model.signature.inputs[0].shape) == [-1, 30]
    assert model.signature.HasField("threshold")
    assert model.signature.prediction_holds == model_pb2.PREDICTION_HOLDS_INDEX


def test_an_unknown_field_is_told_with_the_one_that_was_meant():
    assert faults(f"{ROUTER}displayName: x\n") == [
        "f.yaml:7:1: displayName: there is no such field; did you mean 'display_name'?"
    ]
    (fault,) = faults(ROUTER.replace("weight: 30", "wieght: 30"))[:1]
    assert fault.startswith("f.yaml:6:54: variants[1].wieght: there is no such field; did you mean 'weight'?")
    (fault,) = faults(f"{ROUTER}colour: red\n")
    assert "there are router_id, display_name, " in fault


def test_what_must_be_stated_is_asked_for_where_it_is_missing():
    assert faults(ROUTER.replace(", weight: 30", "")) == [
        "f.yaml:6:5: variants[1].weight: is missing; it must be stated"
    ]
    assert faults("apiVersion: pointsman/v1\nkind: Router\nrouter_id: x\n") == [
        "f.yaml:1:1: variants: is missing; it must be stated"
    ]


def test_a_shadow_needs_no_weight_for_it_can_have_none():
    assert faults(ROUTER.replace(", weight: 30", ", role: shadow")) == []


@pytest.mark.parametrize("field", ["owner", "etag", "generation", "status_message", "create_time"])
def test_what_only_a_server_sets_is_refused(field):
    (fault,) = faults(f"{ROUTER}{field}: x\n")
    assert fault == f"f.yaml:7:1: {field}: is set by the server; leave it out"


@pytest.mark.parametrize("status", ["registered", "deploying", "failed", "RUNNING", "ROUTER_STATUS_RUNNING"])
def test_a_router_is_wanted_running_or_stopped(status):
    (fault,) = faults(f"{ROUTER}status: {status}\n")
    assert f"'{status}' is none of running, stopped" in fault


def test_a_word_that_is_none_is_told_with_those_there_are():
    (fault,) = faults(f"{MODEL}stage: producton\n")
    assert fault == (
        "f.yaml:5:8: stage: 'producton' is none of none, staging, production, archived; "
        "did you mean 'production'?"
    )


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("variants: x\n", "variants: is 'x'; it takes a list"),
        ("recording: [1]\n", "recording: is a list; it takes a map of fields"),
        ("description: [a]\n", "description: is a list; it takes a text"),
        ("tags: [[a]]\n", "tags[0]: is a list; it takes a text"),
        ("metrics: [x]\n", "metrics[0]: is 'x'; it takes a map of fields"),
        ("default_timeout: 5\n", "default_timeout: '5' is no duration"),
        ("default_timeout: 1m\n", "default_timeout: '1m' is no duration"),
    ],
)
def test_a_value_of_another_kind_is_refused(content, fault):
    head = "apiVersion: pointsman/v1\nkind: Router\nrouter_id: x\n"
    head += "" if content.startswith("variants") else "variants: []\n"
    assert any(fault in found for found in faults(head + content)), faults(head + content)


def test_two_backends_are_one_too_many():
    (fault,) = faults(f"{MODEL}backend: {{grpc: {{target: 'a:1'}}, onnx: {{path: x}}}}\n")
    assert "backend: states grpc and onnx; state one of them" in fault


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("kind: Router\n", "apiVersion: is missing; write apiVersion: pointsman/v1"),
        ("api_version: pointsman/v1\nkind: Router\n", "'api_version' is spelled so"),
        ("apiVersion: v1\nkind: Router\n", "'v1' is not known; write pointsman/v1"),
        ("apiVersion: pointsman/v1\nkind: router\n", "did you mean 'Router'?"),
        ("apiVersion: pointsman/v1\nkind: [Router]\n", "a list is not known"),
        ("- a\n", "is a list; a definition is a map that begins with apiVersion and kind"),
    ],
)
def test_documents_begin_with_version_and_kind(content, fault):
    assert any(fault in found for found in faults(content)), faults(content)


def test_every_fault_of_a_document_is_told():
    found = faults(f"{ROUTER}sticky: no\nowner: x\nstatus: up\n")
    assert [fault.split(":")[1] for fault in found] == ["7", "8", "9"]


def test_places_of_fields_and_of_what_is_around_them():
    document = read(ROUTER)
    assert str(document.place_of("variants[1].weight")) == "f.yaml:6:62"
    assert str(document.place_of("variants[1].role")) == "f.yaml:6:5"
    assert str(document.place_of("recording.features_share")) == "f.yaml:1:1"
    assert str(document.place_of("")) == "f.yaml:1:1"


def test_json_is_read_as_yaml_is():
    content = """{
      "apiVersion": "pointsman/v1", "kind": "Router", "router_id": "cancer", "sticky": false,
      "variants": [
        {"name": "lr", "model_id": "cancer", "model_version": "1", "weight": 70},
        {"name": "gb", "model_id": "cancer", "model_version": "2", "weight": 30}
      ], "description": "\\ud83d\\ude00 \\u00e9\\/"
    }"""
    (node,) = read_json("f.json", content)
    document = read_document(node)
    assert not document.faults
    wanted = read(ROUTER).definition
    wanted.router.sticky = False
    wanted.router.description = "😀 é/"
    assert document.definition == wanted
    assert len(read_json("f.json", f"[{content}, {content}]")) == 2


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ('{"a": 1,\n "a": 2}', "f.json:2:2: 'a' stands in line 1 already; leave one out"),
        ('{"a": 1} x', "f.json:1:10: stands behind the end of the value"),
        ("", "f.json:1:1: is no JSON: the file ends where a value should stand"),
        ('{"a": }', "f.json:1:7: is no JSON: '}' where a value should stand"),
        ('{"a" 1}', "f.json:1:6: is no JSON: '1' where ':' should stand"),
        ('{"a": 1 "b": 2}', "f.json:1:9: is no JSON: '\"' where ',' or '}' should stand"),
        ("{a: 1}", "f.json:1:2: is no JSON: 'a' where a quoted name should stand"),
        ('["a\n"]', "f.json:1:2: is no JSON: invalid control character at"),
        ('["a', "f.json:1:2: is no JSON: unterminated string starting at"),
        ("[01]", "f.json:1:2: is no JSON: '01' where a value should stand"),
        ("[NaN]", "f.json:1:2: is no JSON: 'NaN' where a value should stand"),
        ("[1,]", "f.json:1:4: is no JSON: ']' where a value should stand"),
    ],
)
def test_what_is_no_json_is_told_with_its_place(content, fault):
    assert refused(content) == fault or refused(content).startswith(fault)


def test_depth_of_json_is_bounded():
    assert f"more than {MAX_DEPTH} deep" in refused("[" * 100_000)


def test_a_number_of_json_is_no_text():
    (fault,) = json_faults(
        '{"apiVersion": "pointsman/v1", "kind": "Model", "model_id": "m", "version": 1.10}'
    )
    assert fault == 'f.json:1:77: version: 1.10 is no text; write it in quotes, "1.10"'


def test_half_a_pair_of_surrogates_is_no_text():
    (fault,) = json_faults(
        '{"apiVersion": "pointsman/v1", "kind": "Model", "model_id": "m", "version": "1", '
        '"description": "\\ud83d"}'
    )
    assert "description: holds half of a pair of surrogates" in fault


def test_aliased_yaml_faults_are_told_where_the_anchor_stands():
    (node,) = read_yaml("f.yaml", f"{MODEL}tags: [&t [x], *t]\n")
    found = read_document(node).faults
    assert [str(fault.place) for fault in found] == ["f.yaml:5:8", "f.yaml:5:8"]
