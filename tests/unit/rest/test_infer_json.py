"""Tensors of the Open Inference Protocol as JSON and as bytes."""

import json
import math
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.rest.open_inference.requests import read_call
from pointsman.rest.open_inference.responses import write_answer
from pointsman.rest.open_inference.schema import message_class
from pointsman.rest.open_inference.tensors import (
    LAYOUTS,
    contents_to_bytes,
    flatten,
    from_bytes,
    pack_texts,
    to_bytes,
    unpack_texts,
)
from pointsman.rest.problems import FieldError, ProblemError

INTEGERS = [name for name in LAYOUTS if "INT" in name]


def a_tensor(**fields: Any) -> dict[str, Any]:
    return {"name": "x", "shape": [2], "datatype": "FP32", "data": [1, 2]} | fields


def call(*inputs: dict[str, Any], tail: bytes = b"", **fields: Any) -> Any:
    head = json.dumps({"inputs": list(inputs)} | fields).encode()
    return read_call("m", "", bytearray(head + tail), str(len(head)) if tail else None)


def refused(*inputs: dict[str, Any], tail: bytes = b"", **fields: Any) -> str:
    with pytest.raises(FieldError) as caught:
        call(*inputs, tail=tail, **fields)
    return caught.value.violation.field


# --- elements --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("datatype", INTEGERS)
def test_integers_are_exact_to_the_ends_of_their_range(datatype: str) -> None:
    ends = np.iinfo(LAYOUTS[datatype])
    items = [int(ends.min), 0, int(ends.max)]
    assert from_bytes(datatype, to_bytes(datatype, items, "x"), "x") == items
    for beyond in (int(ends.min) - 1, int(ends.max) + 1, 0.5, True, "1", None):
        with pytest.raises(FieldError):
            to_bytes(datatype, [beyond], "x")


@given(st.lists(st.floats(width=16)))
def test_every_number_of_16_bits_comes_back(items: list[float]) -> None:
    written = [
        item if math.isfinite(item) else {math.inf: "Infinity", -math.inf: "-Infinity"}.get(item, "NaN")
        for item in items
    ]
    assert from_bytes("FP16", to_bytes("FP16", written, "x"), "x") == written


@pytest.mark.parametrize(
    ("datatype", "value"),
    [("FP16", 65520.0), ("FP32", 3.5e38), ("FP64", math.inf), ("BF16", 3.4e38), ("FP64", 10**400)],
)
def test_a_number_that_would_become_infinite_is_refused(datatype: str, value: float) -> None:
    with pytest.raises(FieldError, match="out of range"):
        to_bytes(datatype, [value], "x")


@pytest.mark.parametrize(("datatype", "value"), [("INT64", 9007199254740993.0), ("FP64", 2**53 + 1)])
def test_a_number_that_would_lose_digits_is_refused(datatype: str, value: float) -> None:
    with pytest.raises(FieldError, match="900719925474099"):
        to_bytes(datatype, [value], "x")


def test_bf16_is_rounded_to_the_nearest() -> None:
    # 1.0 + 2^-8 lies between two, and goes to the even one; a little more goes up.
    assert from_bytes("BF16", to_bytes("BF16", [1.0, 1.00390625, 1.004, -2.5, "NaN"], "x"), "x") == [
        1.0,
        1.0,
        1.0078125,
        -2.5,
        "NaN",
    ]


@given(st.lists(st.binary(max_size=20)))
def test_texts_lie_behind_their_lengths(items: list[bytes]) -> None:
    assert unpack_texts(pack_texts(items), "x") == items


@pytest.mark.parametrize("raw", [b"\x01", b"\x02\x00\x00\x00a", b"\xff\xff\xff\xffabc"])
def test_texts_that_do_not_fit_their_lengths_are_refused(raw: bytes) -> None:
    with pytest.raises(FieldError, match="lengths do not fit"):
        unpack_texts(raw, "x")


def test_bytes_that_json_cannot_have_are_refused_with_the_way_out() -> None:
    with pytest.raises(FieldError, match="binary_data: true"):
        from_bytes("BYTES", pack_texts([b"\xff"]), "x")


def test_booleans_are_booleans() -> None:
    assert from_bytes("BOOL", to_bytes("BOOL", [True, False], "x"), "x") == [True, False]
    for wrong in (1, "true", None):
        with pytest.raises(FieldError):
            to_bytes("BOOL", [wrong], "x")


@pytest.mark.parametrize(
    ("data", "shape"),
    [
        ([1, 2, 3, 4], [2, 2]),
        ([[1, 2], [3, 4]], [2, 2]),
        ([[[1], [2]], [[3], [4]]], [2, 2, 1]),
        ([], [0]),
        ([5], []),
    ],
)
def test_elements_are_flat_or_as_the_shape_has_them(data: Any, shape: list[int]) -> None:
    assert flatten(data, shape, "x") == ([5] if shape == [] else [1, 2, 3, 4][: math.prod(shape)])


@pytest.mark.parametrize(
    ("data", "shape"),
    [
        ([1, 2, 3], [2, 2]),
        ([[1, 2, 3, 4]], [2, 2]),
        ([[1, 2], [3]], [2, 2]),
        ([[1, 2], 3], [2, 2]),
        ([1, [2]], [2]),
        ([[[1], [2]], [[3], [4]]], [2, 2]),
        (None, [1]),
        (3, []),
    ],
)
def test_elements_of_another_shape_are_refused(data: Any, shape: list[int]) -> None:
    with pytest.raises(FieldError):
        to_bytes("FP32", flatten(data, shape, "x"), "x")


def test_no_number_is_null_or_text_among_floats() -> None:
    for datatype in ("FP16", "FP32", "FP64", "BF16"):
        assert from_bytes(datatype, to_bytes(datatype, [1, None, "NaN"], "x"), "x") == [1.0, "NaN", "NaN"]


@pytest.mark.parametrize(
    ("data", "shape", "element"),
    [
        ("hello world \U0001f600", [1], "hello world \U0001f600"),
        ("hello world \U0001f600", [11], "hello world \U0001f600"),
        (["hello"], [5], "hello"),
        (["é\U0001f600"], [6], "é\U0001f600"),
        (["é\U0001f600"], [2], "é\U0001f600"),
        (["10" * 32], [8, 8], "10" * 32),
        ("", [0], ""),
    ],
)
def test_bytes_may_be_one_buffer(data: Any, shape: list[int], element: str) -> None:
    found = call(a_tensor(datatype="BYTES", shape=shape, data=data)).request
    assert list(found.raw_input_contents) == [pack_texts([element.encode()])]
    assert list(found.inputs[0].shape) == shape


def test_what_is_null_is_not_stated() -> None:
    tensor = a_tensor(parameters={"content_type": "np", "headers": None, "binary_data_size": None})
    found = call(tensor, id=None, outputs=None, parameters=None)
    assert list(found.request.inputs[0].parameters) == ["content_type"]
    assert (found.request.id, len(found.request.outputs), len(found.request.parameters)) == ("", 0, 0)


# --- requests --------------------------------------------------------------------------------------------


def test_a_request_is_read() -> None:
    found = call(
        a_tensor(parameters={"content_type": "np"}),
        a_tensor(name="y", shape=[1, 2], datatype="BYTES", data=[["a", "é"]]),
        id="7",
        parameters={"entity_id": "u1", "priority": 2, "exact": True, "temperature": 0.5},
        outputs=[{"name": "p", "parameters": {"binary_data": True, "classification": 3}}],
    )
    asked = found.request
    assert (asked.model_name, asked.model_version, asked.id) == ("m", "", "7")
    assert asked.raw_input_contents[0] == struct.pack("<2f", 1, 2)
    assert asked.raw_input_contents[1] == pack_texts([b"a", "é".encode()])
    assert list(asked.inputs[1].shape) == [1, 2]
    assert asked.inputs[0].parameters["content_type"].string_param == "np"
    assert asked.parameters["entity_id"].string_param == "u1"
    assert asked.parameters["priority"].int64_param == 2
    assert asked.parameters["exact"].bool_param is True
    assert asked.parameters["temperature"].double_param == 0.5
    assert list(asked.outputs[0].parameters) == ["classification"]
    assert (found.wants_bytes("p"), found.wants_bytes("q")) == (True, False)


def test_tensors_may_follow_as_bytes() -> None:
    first, second = struct.pack("<2f", 1, 2), pack_texts([b"\xff", b""])
    found = call(
        {"name": "x", "shape": [2], "datatype": "FP32", "parameters": {"binary_data_size": 8}},
        a_tensor(name="mixed"),
        {"name": "y", "shape": [2], "datatype": "BYTES", "parameters": {"binary_data_size": len(second)}},
        tail=first + second,
        parameters={"binary_data_output": True},
    )
    assert list(found.request.raw_input_contents) == [first, first, second]
    assert not found.request.inputs[0].parameters
    assert found.wants_bytes("anything")


@pytest.mark.parametrize(
    ("tensor", "field"),
    [
        ({"datatype": "FP8"}, "inputs[0].datatype"),
        ({"datatype": None}, "inputs[0].datatype"),
        ({"shape": [-1]}, "inputs[0].shape"),
        ({"shape": [1.5]}, "inputs[0].shape"),
        ({"shape": [1] * 40}, "inputs[0].shape"),
        ({"shape": [3]}, "inputs[0].data"),
        ({"data": [1, "x"]}, "inputs[0].data"),
        ({"data": [1, None], "datatype": "INT32"}, "inputs[0].data"),
        ({"data": [True, None], "datatype": "BOOL"}, "inputs[0].data"),
        ({"data": ["a", None], "datatype": "BYTES"}, "inputs[0].data"),
        ({"data": "ab"}, "inputs[0].data"),
        ({"data": ["abc"], "datatype": "BYTES"}, "inputs[0].data"),
        ({"name": 5}, "inputs[0].name"),
        ({"extra": 5}, "inputs[0].extra"),
        ({"parameters": {"a": [1]}}, "inputs[0].parameters.a"),
        ({"parameters": [1]}, "inputs[0].parameters"),
        ({"parameters": {"binary_data_size": 8}}, "inputs[0].data"),
        ({"parameters": {"binary_data_size": -8}}, "inputs[0].parameters.binary_data_size"),
        ({"parameters": {"binary_data_size": True}}, "inputs[0].parameters.binary_data_size"),
    ],
)
def test_a_tensor_that_does_not_fit_is_named(tensor: dict[str, Any], field: str) -> None:
    assert refused(a_tensor(**tensor)) == field


def test_bytes_that_belong_to_no_tensor_and_tensors_without_bytes_are_refused() -> None:
    assert refused(a_tensor(), tail=b"12345678") == ""
    short = {"name": "x", "shape": [4], "datatype": "FP32", "parameters": {"binary_data_size": 16}}
    assert refused(short, tail=b"12345678") == "inputs[0].parameters.binary_data_size"
    for length in ("-1", "x", "9999", ""):
        with pytest.raises(FieldError, match="Inference-Header-Content-Length"):
            read_call("m", "", b"{}", length)


def test_a_request_without_tensors_or_with_unknown_fields_is_refused() -> None:
    assert refused() == "inputs"
    assert refused(a_tensor(), model="m") == "model"
    assert refused(a_tensor(), outputs=[{"name": "x", "parameters": {"binary_data": 1}}]) == (
        "outputs[0].parameters.binary_data"
    )


# --- answers ---------------------------------------------------------------------------------------------


def an_answer(**fields: Any) -> Any:
    answer = message_class("ModelInferResponse")(model_name="m", id="7", **fields)
    answer.parameters["pointsman_variant"].string_param = "lr"
    answer.parameters["pointsman_generation"].int64_param = 2**60
    return answer


def test_elements_that_come_one_by_one_are_those_that_come_as_bytes() -> None:
    contents = message_class("InferTensorContents")
    cases: list[tuple[str, str, list[Any]]] = [
        ("INT8", "int_contents", [-1, 2]),
        ("UINT64", "uint64_contents", [2**64 - 1]),
        ("BOOL", "bool_contents", [True, False]),
        ("FP32", "fp32_contents", [0.5, -1]),
    ]
    for datatype, field, items in cases:
        raw = contents_to_bytes(datatype, contents(**{field: items}))
        assert raw == to_bytes(datatype, items, "x")


def test_an_answer_is_written_in_the_form_that_was_asked_for() -> None:
    answer = an_answer(raw_output_contents=[struct.pack("<2f", 0.5, math.nan), struct.pack("<q", 2**60)])
    answer.outputs.add(name="p", datatype="FP32", shape=[1, 2])
    answer.outputs.add(name="n", datatype="INT64", shape=[1])
    body, length = write_answer(call(a_tensor()), answer)
    assert length is None
    assert json.loads(body) == {
        "model_name": "m",
        "id": "7",
        "parameters": {"pointsman_generation": 2**60, "pointsman_variant": "lr"},
        "outputs": [
            {"name": "p", "datatype": "FP32", "shape": [1, 2], "data": [0.5, "NaN"]},
            {"name": "n", "datatype": "INT64", "shape": [1], "data": [2**60]},
        ],
    }
    mixed = call(a_tensor(), outputs=[{"name": "n", "parameters": {"binary_data": True}}])
    body, length = write_answer(mixed, answer)
    assert length is not None
    head = json.loads(body[:length])
    assert head["outputs"][0]["data"] == [0.5, "NaN"]
    assert head["outputs"][1] == {
        "name": "n",
        "datatype": "INT64",
        "shape": [1],
        "parameters": {"binary_data_size": 8},
    }
    assert body[length:] == struct.pack("<q", 2**60)


def test_an_answer_that_does_not_hold_together_is_the_models_fault() -> None:
    answer = an_answer(raw_output_contents=[b"", b""])
    answer.outputs.add(name="p", datatype="FP32", shape=[0])
    with pytest.raises(ProblemError) as caught:
        write_answer(call(a_tensor()), answer)
    assert caught.value.problem.status == 502


@pytest.mark.parametrize(
    ("field", "value"),
    [("id", 0), ("id", False), ("id", []), ("id", {}), ("outputs", {}), ("outputs", 0), ("outputs", "")],
)
def test_an_empty_value_of_another_type_is_refused_and_not_left_out(field: str, value: Any) -> None:
    with pytest.raises(FieldError) as caught:
        call(a_tensor(), tail=b"", **{field: value})
    assert field in str(caught.value)
    call(a_tensor(), tail=b"", **{field: None})
