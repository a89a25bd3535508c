"""What documents may say follows from the messages: no field is forgotten, none is said twice."""

import json
from importlib.resources import files

import pytest

from pointsman.control.convert.models import model_version_from, model_version_to
from pointsman.control.convert.routers import router_from, router_to
from pointsman.definitions import shapes
from pointsman.definitions.json_tree import read_json
from pointsman.definitions.plain import plain_of
from pointsman.definitions.reading import read_document
from pointsman.definitions.yaml_tree import read_yaml
from pointsman.v1 import model_pb2, router_pb2

from .test_yaml_traps import MODEL, ROUTER

SCHEMA = json.loads((files("pointsman.definitions") / "schema.json").read_text())


def reachable():
    """Every message that documents hold, by the shapes."""
    waiting, found = [kind.shape for kind in shapes.kinds().values()], {}
    while waiting:
        shape = waiting.pop()
        if shape.name not in found:
            found[shape.name] = shape
            waiting += [shapes.shape_of(field.message) for field in shape.fields.values() if field.message]
    return found


def test_every_field_of_every_message_is_stated_or_set_by_the_server():
    for name, shape in reachable().items():
        descriptor = shapes._MESSAGES[name]
        assert {field.name for field in descriptor.fields} == {*shape.fields, *shape.output_only}, name


def test_the_tables_name_fields_that_there_are():
    fields = {(name, field) for name, shape in reachable().items() for field in shape.fields}
    assert set(shapes.DEFAULTS) <= fields
    assert set(shapes.WORDS) <= fields
    assert fields >= shapes.ALWAYS_WRITTEN
    for name, required in shapes.REQUIRED.items():
        assert {(name, field) for field in required} <= fields


def test_the_defaults_are_those_of_the_server():
    """Where a document says nothing, and the table knows a default, the server reads that one."""
    variant = router_pb2.Variant(name="a")
    router = router_pb2.Router(
        router_id="r",
        variants=[variant],
        recording=router_pb2.Recording(),
        metrics=[router_pb2.MetricDefinition(name="m")],
    )
    read = plain_of(router_to(router_from(router), ""), shapes.shape_of("Router"), whole=True)
    learner = router_pb2.Router(router_id="r", bandit=router_pb2.Bandit())
    held = {
        "Bandit": plain_of(router_to(router_from(learner), ""), shapes.shape_of("Router"), whole=True)[
            "bandit"
        ],
        "Router": read,
        "Variant": read["variants"][0],
        "Recording": read["recording"],
        "MetricDefinition": read["metrics"][0],
    }
    for (name, field), default in shapes.DEFAULTS.items():
        assert held[name][field] == default, (name, field)
    stated = {(name, field) for name, plain in held.items() for field, value in plain.items() if value}
    required = {(name, field) for name, fields in shapes.REQUIRED.items() for field in fields}
    nested = {
        ("Router", "variants"),
        ("Router", "recording"),
        ("Router", "metrics"),
        ("Router", "permissions"),
    }
    # Whether entities keep their variants where nothing is said depends on the strategy.
    of_others = {("Router", "display_name"), ("Router", "sticky")}
    assert stated - required - nested - of_others == set(shapes.DEFAULTS)
    model = model_version_to(model_version_from(model_pb2.ModelVersion(model_id="m", version="1")))
    plain = plain_of(model, shapes.shape_of("ModelVersion"))
    assert set(plain) == {"model_id", "version", "stage", "permissions"}


def test_the_schema_holds_the_fields_that_documents_state():
    for name, shape in reachable().items():
        title = next((kind.name for kind in shapes.kinds().values() if kind.shape is shape), name)
        schema = SCHEMA["definitions"][title]
        assert schema["additionalProperties"] is False
        assert set(schema["properties"]) - {"apiVersion", "kind"} == set(shape.fields)
        assert set(schema["required"]) - {"apiVersion", "kind"} == shape.required
        for field, property_ in schema["properties"].items():
            assert property_["description"], (name, field)
            assert "Output only" not in property_["description"], (name, field)


def schema_faults(value, schema, path=""):
    """Checks a value by the part of JSON schema that ours uses."""
    if "$ref" in schema:
        schema = SCHEMA["definitions"][schema["$ref"].removeprefix("#/definitions/")]
    for part in schema.get("allOf", ()):
        if "if" not in part:
            yield from schema_faults(value, part, path)
        elif not list(schema_faults(value, part["if"], path)):
            yield from schema_faults(value, part["then"], path)
    if "const" in schema and value != schema["const"]:
        yield f"{path}: not {schema['const']}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{path}: none of {schema['enum']}"
    types: dict[str, type | tuple[type, ...]] = {
        "object": dict,
        "array": list,
        "string": str,
        "boolean": bool,
        "integer": int,
        "number": (int, float),
    }
    wanted = schema.get("type")
    if wanted and (not isinstance(value, types[wanted]) or (isinstance(value, bool) and wanted != "boolean")):
        yield f"{path}: no {wanted}"
        return
    if isinstance(value, dict):
        known = schema.get("properties", {})
        yield from (f"{path}.{name}: is missing" for name in schema.get("required", ()) if name not in value)
        if len(value) > schema.get("maxProperties", len(value)):
            yield f"{path}: too many"
        for name, inner in value.items():
            other = schema.get("additionalProperties", {})
            if name in known:
                yield from schema_faults(inner, known[name], f"{path}.{name}")
            elif other is False:
                yield f"{path}.{name}: unknown"
            else:
                yield from schema_faults(inner, other, f"{path}.{name}")
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from schema_faults(item, schema.get("items", {}), f"{path}[{index}]")


GOOD: dict[str, dict[str, object]] = {
    "router": {"apiVersion": "pointsman/v1", "kind": "Router", "router_id": "r", "variants": []},
    "model": {
        "apiVersion": "pointsman/v1",
        "kind": "Model",
        "model_id": "m",
        "version": "1",
        "metrics": {"a": 1},
    },
}


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("router", {}),
        ("model", {}),
        ("router", {"sticky": "no"}),
        ("router", {"status": "failed"}),
        ("router", {"owner": "x"}),
        ("router", {"variants": [{"name": "a"}]}),
        ("router", {"recording": {"entity": "hmac", "retention_days": 1.5}}),
        ("router", {"default_timeout": "1.5s"}),
        ("router", {"tags": ["a", 1]}),
        ("model", {"stage": "production", "signature": {"defaults": {"a": [1, None]}, "threshold": 0.5}}),
        ("model", {"backend": {"grpc": {"target": "a:1"}, "onnx": {"path": "x"}}}),
        ("model", {"backend": {"grpc": {"model_name": "x"}}}),
        ("model", {"backend": {"onnx": {"path": "x", "sha256": "a"}}}),
        ("model", {"metrics": {"auc": "high"}}),
        ("model", {"kind": "Thing"}),
    ],
)
def test_the_schema_and_the_reader_agree(kind, change):
    content = {**GOOD[kind], **change}
    (node,) = read_json("f", json.dumps(content))
    assert bool(list(schema_faults(content, SCHEMA))) == bool(read_document(node).faults)


def test_the_examples_of_these_tests_have_no_fault():
    for content in (ROUTER, MODEL):
        (node,) = read_yaml("f", content)
        assert not read_document(node).faults
