"""What YAML would make of a text without asking: kept as it is spelled, or refused; never another value."""

import pytest

from pointsman.definitions.reading import read_document
from pointsman.definitions.tree import MAX_DEPTH, FileFaultError
from pointsman.definitions.yaml_tree import read_yaml

ROUTER = """\
apiVersion: pointsman/v1
kind: Router
router_id: cancer
variants:
  - {name: lr, model_id: cancer, model_version: "1", weight: 70}
  - {name: gb, model_id: cancer, model_version: "2", weight: 30}
"""
MODEL = """\
apiVersion: pointsman/v1
kind: Model
model_id: cancer
version: "1"
"""


def read(content):
    (node,) = read_yaml("f.yaml", content)
    return read_document(node)


def faults(content):
    return [str(fault) for fault in read(content).faults]


def refused(content):
    with pytest.raises(FileFaultError) as caught:
        read_yaml("f.yaml", content)
    return str(caught.value)


TEXTS = ["no", "on", "y", "1.10", "1e3", "010", "0x1F", "12:30", "2024-01-01", "1_000", ".inf", "true", "-0"]


@pytest.mark.parametrize("spelled", TEXTS)
def test_a_text_stays_as_it_is_spelled(spelled):
    document = read(f"{ROUTER}tags: [{spelled}]\ndescription: {spelled}\n")
    assert not document.faults
    assert list(document.definition.router.tags) == [spelled]
    assert document.definition.router.description == spelled


def test_names_and_versions_stay_as_they_are_spelled():
    document = read("apiVersion: pointsman/v1\nkind: Model\nmodel_id: no\nversion: 1.10\nmetrics: {on: 1}\n")
    model = document.definition.model
    assert (model.model_id, model.version, dict(model.metrics)) == ("no", "1.10", {"on": 1.0})


@pytest.mark.parametrize("spelled", ["yes", "no", "on", "Off", "y", "True", "TRUE", "1", '"true"', "0"])
def test_a_boolean_is_true_or_false_and_nothing_else(spelled):
    (fault,) = faults(f"{ROUTER}sticky: {spelled}\n")
    assert fault.startswith("f.yaml:7:9: sticky: ")
    assert "true" in fault


@pytest.mark.parametrize(
    "spelled", ["010", "0x10", "1_000", "1:30", ".5", "+1", ".inf", ".nan", "1e999", '"70"', "70%", "1,5"]
)
def test_a_number_is_one_of_json(spelled):
    content = ROUTER.replace("weight: 70", f"weight: {spelled}")
    found = faults(content)
    assert found, spelled
    assert found[0].startswith("f.yaml:5:"), found


@pytest.mark.parametrize(
    ("spelled", "number"), [("1e1", 10.0), ("0.125", 0.125), ("70", 70.0), ("1E-3", 0.001)]
)
def test_a_number_is_read_exactly(spelled, number):
    document = read(ROUTER.replace("weight: 70", f"weight: {spelled}"))
    assert not document.faults
    assert document.definition.router.variants[0].weight == number


def test_a_whole_number_between_two_doubles_is_refused():
    (fault,) = faults(f"{MODEL}metrics: {{rows: 9007199254740993}}\n")
    assert fault == (
        "f.yaml:5:17: metrics['rows']: '9007199254740993' is no double; the nearest one is 9007199254740992"
    )


@pytest.mark.parametrize("spelled", ["1.0", "1e3", "9223372036854775808", '"5"', "0o17", "007"])
def test_a_whole_number_is_digits_in_its_range(spelled):
    (fault,) = faults(f"{ROUTER}recording: {{retention_bytes: {spelled}}}\n")
    assert "recording.retention_bytes" in fault


@pytest.mark.parametrize(
    "spelled", ["yes", "on", "010", "0x1F", "2024-01-01", "1_000", "12:30", ".inf", "~", "Null"]
)
def test_where_any_value_goes_what_can_be_read_in_two_ways_is_refused(spelled):
    (fault,) = faults(f"{MODEL}signature: {{defaults: {{a: {spelled}}}}}\n")
    assert "signature.defaults" in fault
    assert "f.yaml:5:" in fault


def test_where_any_value_goes_json_is_read():
    content = f'{MODEL}signature: {{defaults: {{a: 1, b: "1", c: null, d: [true, red], e: {{x: 2.5}}}}}}\n'
    document = read(content)
    assert not document.faults
    defaults = document.definition.model.signature.defaults
    assert defaults["a"].number_value == 1
    assert defaults["b"].string_value == "1"
    assert defaults["c"].HasField("null_value")
    assert [item.WhichOneof("kind") for item in defaults["d"].list_value.values] == [
        "bool_value",
        "string_value",
    ]
    assert defaults["e"].struct_value.fields["x"].number_value == 2.5


@pytest.mark.parametrize("empty", ["", " ~", " null"])
def test_an_empty_value_is_refused_and_not_taken_for_a_default(empty):
    assert faults(f"{ROUTER}description:{empty}\n") == [
        f"f.yaml:7:{13 + (1 if empty else 0)}: description: is empty; give it a value, or leave the field out"
    ]


def test_a_second_key_of_the_same_name_is_refused():
    assert refused("a: 1\nb: 2\na: 3\n") == "f.yaml:3:1: 'a' stands in line 1 already; leave one out"
    assert "'a' stands in line 1" in refused("x: {a: 1, a: 1}\n")


@pytest.mark.parametrize(
    "tagged", ["!!python/object/apply:os.system [ls]", "!!binary aGk=", "!!str 1", "!x y"]
)
def test_tags_are_refused(tagged):
    assert "tags are not read" in refused(f"a: {tagged}\n")


def test_merge_keys_are_refused():
    assert "merges maps" in refused("a: &a {x: 1}\nb: {<<: *a}\n")


def test_aliases_repeat_what_their_anchor_names():
    content = ROUTER.replace(
        '  - {name: gb, model_id: cancer, model_version: "2", weight: 30}\n',
        '  - {name: &n gb, model_id: cancer, model_version: "2", weight: 30}\n',
    )
    document = read(f"{content}tags: [*n]\n")
    assert not document.faults
    assert list(document.definition.router.tags) == ["gb"]


def test_a_bomb_of_aliases_is_refused_before_it_is_large():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    assert "more than 1000000 values" in refused("\n".join(lines))


def test_aliases_to_nothing_and_to_what_is_around_them_are_refused():
    assert "repeats nothing" in refused("a: *b\n")
    assert "inside of what it repeats" in refused("a: &a [*a]\n")
    # An anchor is of its document.
    assert "repeats nothing" in refused("a: &a 1\n---\nb: *a\n")


def test_depth_is_bounded():
    assert f"more than {MAX_DEPTH} deep" in refused("[" * 500)
    assert refused("[" * 100_000).startswith("f.yaml:1:")


def test_what_is_no_yaml_is_told_with_its_place():
    assert refused("a: 1\nb: [1\nc: 2\n").startswith("f.yaml:3:")
    assert refused("a: 1\n\tb: 2\n").startswith("f.yaml:2:")
    assert refused("a: \x00\n").startswith("f.yaml:1:")


def test_empty_documents_are_left_out():
    assert read_yaml("f.yaml", "---\n---\n# nothing\n") == []
