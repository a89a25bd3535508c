"""Signatures that users give in part, and the checks of model versions."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman import _core
from pointsman.domain.model_checks import check_model_version
from pointsman.domain.models import GrpcBackend, ModelVersion, OnnxBackend, Signature, Task, TensorSpec
from pointsman.errors import InvalidArgumentError

PROBED = Signature(
    inputs=(TensorSpec("x", "FP32", (-1, 2)),),
    outputs=(TensorSpec("p", "FP32", (-1, 2)),),
    task=Task.CLASSIFICATION,
    labels=("0", "1"),
    probability_output="p",
)


def test_what_the_user_says_goes_before_what_the_backend_says():
    given_signature = Signature(labels=("benign", "malignant"), threshold=0.0)
    completed = given_signature.completed_by(PROBED)
    assert completed.labels == ("benign", "malignant")
    assert completed.threshold == 0.0
    assert completed.inputs == PROBED.inputs
    assert completed.task is Task.CLASSIFICATION


def test_completing_twice_changes_nothing():
    once = Signature(threshold=0.2).completed_by(PROBED)
    assert once.completed_by(PROBED) == once
    assert Signature().completed_by(Signature()) == Signature()


def test_a_tensor_given_in_part_is_completed_by_its_name_or_as_the_only_one():
    two = replace(PROBED, inputs=(*PROBED.inputs, TensorSpec("z", "INT64", (-1, 3))))
    for probed, given_tensor, expected in [
        (PROBED, TensorSpec("", "", features=("a", "b")), TensorSpec("x", "FP32", (-1, 2), ("a", "b"))),
        (two, TensorSpec("z", "", (5, -1)), TensorSpec("z", "INT64", (5, 3))),
        (two, TensorSpec("other", "FP64"), TensorSpec("other", "FP64")),
    ]:
        completed = Signature(inputs=(given_tensor,)).completed_by(probed)
        assert completed.inputs == (expected,)


def test_defaults_of_the_backend_stay_beside_those_of_the_user():
    probed = replace(PROBED, defaults={"x_0": 1.0, "x_1": 2.0})
    assert Signature(defaults={"x_1": 3.0}).completed_by(probed).defaults == {"x_0": 1.0, "x_1": 3.0}


def test_an_output_that_the_backend_will_name_may_be_the_prediction():
    model = ModelVersion(
        "m",
        "1",
        backend=GrpcBackend("h:1", "m"),
        given_signature=Signature(outputs=(TensorSpec("", "FP32"),), prediction_output="y"),
    )
    assert fields_at_fault(model) == set()


def test_without_a_backend_nothing_is_left_open():
    given_signature = Signature(inputs=(TensorSpec("", ""),))
    found = fields_at_fault(ModelVersion("m", "1", given_signature=given_signature))
    assert found == {"model_version.signature.inputs[0].name", "model_version.signature.inputs[0].datatype"}


def fields_at_fault(model):
    try:
        check_model_version(model, _core.target_fault)
    except InvalidArgumentError as error:
        return {violation.field for violation in error.fields}
    return set()


@given(st.text(max_size=300))
def test_any_path_is_taken_or_refused_by_its_field(path):
    found = fields_at_fault(ModelVersion("m", "1", backend=OnnxBackend(path)))
    assert found <= {"model_version.backend.onnx.path"}
    if not found:
        assert not path.startswith("/")
        assert ".." not in path.split("/")


@given(st.text(max_size=300))
def test_any_target_is_taken_or_refused_by_its_field(target):
    found = fields_at_fault(ModelVersion("m", "1", backend=GrpcBackend(target, "m")))
    assert found <= {"model_version.backend.grpc.target"}
    if not found:
        assert all(1 <= int(part.rpartition(":")[2]) <= 65535 for part in target.split(","))


def test_a_long_value_is_shown_short():
    with pytest.raises(InvalidArgumentError) as caught:
        check_model_version(ModelVersion("x" * 5000, "1"), _core.target_fault)
    assert len(str(caught.value)) < 300
