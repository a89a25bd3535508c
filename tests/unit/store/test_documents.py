"""Signatures and values as JSON."""

import json
import math

from hypothesis import given
from hypothesis import strategies as st

from pointsman.domain.models import PredictionHolds, Signature, Task, TensorSpec
from pointsman.store.documents import dump_signature, dump_value, load_signature, load_value

VALUES = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
TENSORS = st.builds(
    TensorSpec,
    st.text(),
    st.sampled_from(["FP32", "BYTES"]),
    st.lists(st.integers(-1, 10)).map(tuple),
    st.lists(st.text()).map(tuple),
)
SIGNATURES = st.builds(
    Signature,
    inputs=st.lists(TENSORS, max_size=3).map(tuple),
    outputs=st.lists(TENSORS, max_size=3).map(tuple),
    task=st.sampled_from(Task),
    labels=st.lists(st.text()).map(tuple),
    prediction_output=st.text(),
    probability_output=st.text(),
    threshold=st.none() | st.floats(0, 1),
    defaults=st.dictionaries(st.text(), VALUES),
    feature_importances=st.dictionaries(st.text(), st.floats(allow_nan=False, allow_infinity=False)),
    prediction_holds=st.sampled_from(PredictionHolds),
    classes=st.lists(st.text()).map(tuple),
)


@given(VALUES)
def test_a_value_is_read_back_as_it_was(value):
    assert load_value(dump_value(value)) == value


@given(SIGNATURES)
def test_a_signature_is_read_back_as_it_was(signature):
    assert load_signature(dump_signature(signature)) == signature


def test_an_empty_signature_takes_no_room():
    assert dump_signature(Signature()) == "{}"


def test_the_text_is_json_that_any_reader_takes():
    def refuse(constant):
        raise AssertionError(constant)

    text = dump_value({"a": [math.nan, math.inf, {"b": -math.inf}], "c": "\x00é"})
    assert json.loads(text, parse_constant=refuse) == {
        "a": [None, "Infinity", {"b": "-Infinity"}],
        "c": "\x00é",
    }
    assert "\x00" not in text
