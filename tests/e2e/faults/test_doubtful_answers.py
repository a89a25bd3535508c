"""Answers that look right: each is refused or marked, in the answer as in the record."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from google.protobuf.struct_pb2 import Value
from tritonclient.grpc import service_pb2

from pointsman.v1 import model_pb2, prediction_pb2, router_pb2
from stage.control import Control, grpc_backend, onnx_backend
from stage.oip import infer, receipt
from stage.scripted_backend import ScriptedBackend
from stage.server import Server

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(60)]

MODELS = Path(__file__).parents[3] / "router_core/crates/inference/tests/models"
ROWS = ((5.1, 3.5, 1.4, 0.2), (5.9, 2.7, 4.1, 1.0), (6.7, 3.0, 5.6, 2.3))
"""A row of each class of the iris models."""
DATATYPES = {"float32": "FP32", "int64": "INT64", "bool": "BOOL"}


def refusal(call: Callable[[], Any]) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return caught.value.code(), str(caught.value.details())


def tensor(name: str, values: np.ndarray) -> tuple[Any, bytes]:
    head = service_pb2.ModelInferResponse.InferOutputTensor(
        name=name, datatype=DATATYPES[str(values.dtype)], shape=values.shape
    )
    return head, values.tobytes()


def label(*classes: int) -> tuple[Any, bytes]:
    return tensor("label", np.array(classes, dtype=np.int64))


def probabilities(*rows: Sequence[float]) -> tuple[Any, bytes]:
    return tensor("probabilities", np.array(rows, dtype=np.float32))


def answering(*outputs: tuple[Any, bytes], model_name: str = "m") -> Callable[[Any], None]:
    """A script that gives these outputs, whatever it is asked."""
    message = service_pb2.ModelInferResponse(
        model_name=model_name,
        outputs=[head for head, _ in outputs],
        raw_output_contents=[contents for _, contents in outputs],
    ).SerializeToString()
    return lambda exchange: exchange.answer(message)


SIGNATURE: dict[str, Any] = {
    "inputs": [model_pb2.TensorSpec(name="x", datatype="FP32", shape=[-1, 1])],
    "outputs": [
        model_pb2.TensorSpec(name="label", datatype="INT64", shape=[-1]),
        model_pb2.TensorSpec(name="probabilities", datatype="FP32", shape=[-1, 2]),
    ],
    "task": model_pb2.TASK_CLASSIFICATION,
    "labels": ["no", "yes"],
}


class Asked:
    """A router over two versions of one model, and what it answers and records."""

    def __init__(self, control: Control, router_id: str) -> None:
        self._control = control
        self._router_id = router_id

    def over(self, backend: model_pb2.Backend, **signature: Any) -> "Asked":
        model_id = f"{self._router_id}-model"
        given = model_pb2.Signature(**signature)
        for version in ("1", "2"):
            self._control.register(model_id, version, backend, signature=given)
        self._control.create(self._router_id, {"1": 50.0, "2": 50.0}, model_id)
        self._control.deploy(self._router_id)
        return self

    def predict(self, features: Sequence[float] = (1.0,), name: str = "x") -> Any:
        given = Value()
        given.list_value.extend(features)
        return self._control.predictions.Predict(
            prediction_pb2.PredictRequest(router_id=self._router_id, features={name: given})
        )

    def infer(self, rows: int, columns: int = 1, outputs: Sequence[str] = (), name: str = "x") -> Any:
        request = service_pb2.ModelInferRequest(
            model_name=self._router_id,
            inputs=[
                service_pb2.ModelInferRequest.InferInputTensor(
                    name=name, datatype="FP32", shape=[rows, columns]
                )
            ],
            outputs=[
                service_pb2.ModelInferRequest.InferRequestedOutputTensor(name=output) for output in outputs
            ],
            raw_input_contents=[np.resize(ROWS, (rows, columns)).astype(np.float32).tobytes()],
        )
        return infer(self._control.channel, request)

    def records(self, prediction_id: str) -> list[Any]:
        """The rows of a prediction, in their order."""
        found = self._control.routers.ListPredictions(
            router_pb2.ListPredictionsRequest(router_id=self._router_id)
        ).predictions
        return sorted((one for one in found if one.prediction_id == prediction_id), key=lambda one: one.row)


@pytest.fixture
def asked(control: Control, router_id: str) -> Asked:
    return Asked(control, router_id)


@pytest.mark.parametrize(
    ("file", "classes"),
    [
        ("classes_numbers", ["1", "2", "3"]),
        ("classes_texts", ["10", "2", "x"]),
        ("classes_extracted", ["-1", "0", "5"]),
    ],
)
def test_a_file_says_which_label_its_class_is(
    server: Server, control: Control, router_id: str, asked: Asked, file: str, classes: list[str]
) -> None:
    (server.models_dir / f"{router_id}.onnx").write_bytes((MODELS / f"{file}.onnx").read_bytes())
    backend = onnx_backend(f"{router_id}.onnx")
    if file == "classes_texts":
        given = model_pb2.Signature(labels=["2", "10", "x"])
        code, details = refusal(lambda: control.register(router_id, "0", backend, signature=given))
        assert code is grpc.StatusCode.INVALID_ARGUMENT
        assert 'model_version.signature.labels[0]: "2" stands where the file\'s own classes' in details
    asked.over(backend, labels=["one", "two", "three"])
    version = control.models.GetModelVersion(
        model_pb2.GetModelVersionRequest(model_id=f"{router_id}-model", version="1")
    )
    assert list(version.signature.classes) == classes
    assert version.signature.prediction_holds == model_pb2.PREDICTION_HOLDS_VALUE
    for row in ROWS:
        answer = asked.predict(row, "X")
        likeliest = ["one", "two", "three"][int(np.argmax(answer.probabilities))]
        assert (answer.prediction.string_value, list(answer.notes)) == (likeliest, [])
        (record,) = asked.records(answer.prediction_id)
        assert record.prediction == answer.prediction
        assert record.confidence == pytest.approx(max(answer.probabilities))
        assert list(record.answer_notes) == []


def test_a_record_says_what_was_not_asked_for(server: Server, router_id: str, asked: Asked) -> None:
    (server.models_dir / f"{router_id}.onnx").write_bytes((MODELS / "classes_numbers.onnx").read_bytes())
    asked.over(onnx_backend(f"{router_id}.onnx"), labels=["one", "two", "three"])
    answer = asked.infer(3, 4, outputs=["label"], name="X")
    records = asked.records(receipt(answer)["prediction_id"])
    assert [record.prediction.string_value for record in records] == ["one", "two", "three"]
    for record in records:
        assert list(record.answer_notes) == ["not_requested: probabilities"]
        assert (list(record.probabilities), record.HasField("confidence")) == ([], False)
    answer = asked.infer(3, 4, name="X")
    records = asked.records(receipt(answer)["prediction_id"])
    assert all(record.confidence > 0.5 and not record.answer_notes for record in records)


def test_probabilities_that_are_nan_predict_nothing(bad: ScriptedBackend, asked: Asked) -> None:
    bad.script = answering(probabilities((np.nan, np.nan)))
    asked.over(grpc_backend(bad.target, "m"), **SIGNATURE | {"outputs": SIGNATURE["outputs"][1:]})
    code, details = refusal(asked.predict)
    assert code is grpc.StatusCode.FAILED_PRECONDITION
    assert "a probability is NaN, so that no class is the likeliest" in details
    (record,) = asked.records(receipt(asked.infer(1))["prediction_id"])
    assert not record.HasField("prediction")
    assert list(record.answer_notes) == ["probability_is_nan"]


def test_yes_is_not_the_second_of_true_and_false(bad: ScriptedBackend, asked: Asked) -> None:
    bad.script = answering(tensor("label", np.array([True])))
    outputs = [model_pb2.TensorSpec(name="label", datatype="BOOL", shape=[-1])]
    asked.over(grpc_backend(bad.target, "m"), **SIGNATURE | {"outputs": outputs, "labels": ["true", "false"]})
    answer = asked.predict()
    assert answer.prediction.string_value == "true"
    (record,) = asked.records(receipt(asked.infer(1))["prediction_id"])
    assert record.prediction.string_value == "true"


def test_a_class_that_is_none_is_refused_and_recorded_as_such(bad: ScriptedBackend, asked: Asked) -> None:
    bad.script = answering(label(0), probabilities((1.0, 0.0)))
    asked.over(grpc_backend(bad.target, "m"), **SIGNATURE | {"classes": ["1", "2"]})
    code, details = refusal(asked.predict)
    assert code is grpc.StatusCode.FAILED_PRECONDITION
    assert 'output "label": holds 0, which is none of the 2 of signature.classes' in details
    (record,) = asked.records(receipt(asked.infer(1))["prediction_id"])
    assert list(record.answer_notes) == ["unknown_class"]


def test_a_label_beside_other_probabilities_is_marked(bad: ScriptedBackend, asked: Asked) -> None:
    bad.script = answering(label(2), probabilities((0.75, 0.25)))
    asked.over(grpc_backend(bad.target, "m"), **SIGNATURE | {"classes": ["1", "2"]})
    answer = asked.predict()
    assert (answer.prediction.string_value, list(answer.notes)) == ("yes", ["not_likeliest"])
    for prediction_id in (answer.prediction_id, receipt(asked.infer(1))["prediction_id"]):
        (record,) = asked.records(prediction_id)
        assert (record.prediction.string_value, record.confidence) == ("yes", 0.25)
        assert list(record.answer_notes) == ["not_likeliest"]


@pytest.mark.parametrize("classes", [(), (0, 1, 0)])
def test_labels_of_no_row_or_of_several_are_no_prediction(
    bad: ScriptedBackend, asked: Asked, classes: tuple[int, ...]
) -> None:
    bad.script = answering(label(*classes))
    asked.over(grpc_backend(bad.target, "m"), **SIGNATURE | {"outputs": SIGNATURE["outputs"][:1]})
    code, details = refusal(asked.predict)
    assert code is grpc.StatusCode.FAILED_PRECONDITION
    assert f"holds {len(classes)} rows for one row of features" in details


def test_two_outputs_of_one_name_are_no_answer(bad: ScriptedBackend, asked: Asked) -> None:
    bad.script = answering(label(0), label(1))
    asked.over(grpc_backend(bad.target, "m"), **SIGNATURE)
    code, details = refusal(asked.predict)
    assert code is grpc.StatusCode.UNAVAILABLE
    assert 'outputs[1] "label": occurs twice' in details
    (record,) = asked.records(receipt(asked.infer(1))["prediction_id"])
    assert record.answer_content == prediction_pb2.RECORDED_CONTENT_UNREADABLE


def test_an_answer_of_another_model_is_marked(bad: ScriptedBackend, asked: Asked) -> None:
    bad.script = answering(label(1), probabilities((0.25, 0.75)), model_name="another")
    asked.over(grpc_backend(bad.target, "m"), **SIGNATURE)
    answer = asked.predict()
    assert (answer.prediction.string_value, list(answer.notes)) == ("yes", ["other_model"])
    (record,) = asked.records(answer.prediction_id)
    assert list(record.answer_notes) == ["other_model"]


def test_scores_are_no_probabilities(bad: ScriptedBackend, asked: Asked) -> None:
    bad.script = answering(probabilities((-1.5, 2.5)))
    asked.over(grpc_backend(bad.target, "m"), **SIGNATURE | {"outputs": SIGNATURE["outputs"][1:]})
    answer = asked.predict()
    assert (answer.prediction.string_value, list(answer.notes)) == ("yes", ["not_probabilities"])
    for prediction_id in (answer.prediction_id, receipt(asked.infer(1))["prediction_id"]):
        (record,) = asked.records(prediction_id)
        assert not record.HasField("confidence")
        assert list(record.answer_notes) == ["not_probabilities"]


def test_columns_that_came_as_rows_are_not_recorded_as_rows(bad: ScriptedBackend, asked: Asked) -> None:
    bad.script = answering(label(0), probabilities((1.0, 0.0)))
    inputs = [model_pb2.TensorSpec(name="x", datatype="FP32", shape=[-1, 4])]
    asked.over(grpc_backend(bad.target, "m"), **SIGNATURE | {"inputs": inputs})
    (record,) = asked.records(receipt(asked.infer(4, 2))["prediction_id"])
    assert record.features_content == prediction_pb2.RECORDED_CONTENT_UNREADABLE
    assert not record.features


def test_feedback_for_a_row_that_was_not_predicted_is_refused(
    control: Control, bad: ScriptedBackend, asked: Asked
) -> None:
    bad.script = answering(label(0, 1, 0), probabilities((1.0, 0.0), (0.0, 1.0), (1.0, 0.0)))
    asked.over(grpc_backend(bad.target, "m"), **SIGNATURE)
    prediction_id = receipt(asked.infer(3))["prediction_id"]

    def bring(row: int) -> Any:
        value = prediction_pb2.RecordFeedbackRequest(prediction_id=prediction_id, value=1.0, row=row)
        return control.predictions.RecordFeedback(value)

    code, details = refusal(lambda: bring(7))
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert "row: 7 is none of the prediction's, which had the rows 0 to 2" in details
    assert bring(2).outcome == prediction_pb2.FEEDBACK_OUTCOME_RECORDED
    bad.script = answering(label(0), probabilities((1.0, 0.0)))
    prediction_id = asked.predict().prediction_id
    code, details = refusal(lambda: bring(1))
    assert "which had one row; leave it out, or send 0" in details
