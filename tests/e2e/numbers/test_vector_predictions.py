"""A prediction of several values is recorded as it was answered."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import json_format, struct_pb2
from tritonclient.grpc import service_pb2

from pointsman.v1 import model_pb2, prediction_pb2, router_pb2
from stage.control import Control, grpc_backend
from stage.recording_backend import RecordingBackend
from stage.server import Server

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

VALUES = (0.25, -4.0, 1e6)


def answer_values(_: bytes, __: grpc.ServicerContext) -> bytes:
    response = service_pb2.ModelInferResponse(model_name="m")
    response.outputs.add(name="forecast", datatype="FP32", shape=[1, len(VALUES)])
    response.raw_output_contents.append(struct.pack(f"<{len(VALUES)}f", *VALUES))
    response.outputs.add(name="bounds", datatype="FP32", shape=[1, 2])
    response.raw_output_contents.append(struct.pack("<2f", 1.0, 2.0))
    answered: bytes = response.SerializeToString()
    return answered


@pytest.fixture
def control(tmp_path: Path) -> Iterator[Control]:
    backend, server = RecordingBackend(answer_values), Server(tmp_path)
    control = Control(server.grpc)
    signature = model_pb2.Signature(
        inputs=[model_pb2.TensorSpec(name="x", datatype="FP32", shape=[-1, 1], features=["a"])],
        outputs=[
            model_pb2.TensorSpec(name="forecast", datatype="FP32", shape=[-1, len(VALUES)]),
            model_pb2.TensorSpec(name="bounds", datatype="FP32", shape=[-1, 2]),
        ],
        task=model_pb2.TASK_REGRESSION,
        prediction_output="forecast",
    )
    for version in ("a", "b"):
        control.register("m", version, grpc_backend(backend.target, "m"), signature=signature)
    control.create("r", {"a": 50.0, "b": 50.0}, "m")
    control.deploy("r")
    yield control
    control.close()
    server.end()
    backend.close()


def plain(value: struct_pb2.Value) -> Any:
    return json_format.MessageToDict(value)


def test_it_is_the_predictions_list_and_no_output_beside_it(control: Control) -> None:
    features = {"a": struct_pb2.Value(number_value=1.0)}
    told = control.predictions.Predict(prediction_pb2.PredictRequest(router_id="r", features=features))
    assert plain(told.prediction) == list(VALUES)
    request = router_pb2.GetPredictionRequest(router_id="r", prediction_id=told.prediction_id)
    [listed] = control.routers.ListPredictions(router_pb2.ListPredictionsRequest(router_id="r")).predictions
    for record in (control.routers.GetPrediction(request), listed):
        assert plain(record.prediction) == list(VALUES)
        assert {name: plain(value) for name, value in record.outputs.items()} == {"bounds": [1.0, 2.0]}
