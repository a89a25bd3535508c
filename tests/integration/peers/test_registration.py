"""What users say of a model, held against a server of another project and a file, by the real data plane."""

from pathlib import Path
from typing import Any

import grpc
import pytest

from pointsman.v1 import model_pb2
from stage.control import Control, grpc_backend, onnx_backend
from stage.ports import free_port
from stage.server import Server

from .mlserver import MLServer

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

BACKENDS = ("grpc", "onnx")


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest, mlserver: MLServer) -> model_pb2.Backend:
    return {"grpc": grpc_backend(mlserver.target, "cancer-lr"), "onnx": onnx_backend("cancer-gb.onnx")}[
        request.param
    ]


def refused(control: Control, backend: model_pb2.Backend, said: model_pb2.Signature) -> str:
    with pytest.raises(grpc.RpcError) as caught:
        control.register("refused", "1", backend, signature=said)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    return str(caught.value.details())


def test_names_alone_are_completed_and_said(
    control: Control, backend: model_pb2.Backend, feature_names: list[str], request: pytest.FixtureRequest
) -> None:
    said = model_pb2.Signature(inputs=[model_pb2.TensorSpec(features=feature_names)])
    model_id = f"named-{request.node.callspec.params['backend']}"
    registered = control.register(model_id, "1", backend, signature=said)
    [tensor] = registered.signature.inputs
    assert (tensor.name, tensor.datatype, list(tensor.shape)) == ("x", "FP32", [-1, 30])
    assert list(tensor.features) == feature_names
    assert 'signature.inputs[0]: name "x", datatype FP32, shape [-1, 30]' in registered.filled_in
    assert list(registered.warnings) == []


def test_a_name_too_few_is_refused(
    control: Control, backend: model_pb2.Backend, feature_names: list[str]
) -> None:
    said = model_pb2.Signature(inputs=[model_pb2.TensorSpec(name="x", features=feature_names[:29])])
    reason = refused(control, backend, said)
    assert 'model_version.signature.inputs[0].features: has 29 names, but input "x" of ' in reason
    assert "has 30 columns" in reason


@pytest.mark.parametrize(
    ("said", "field", "reason"),
    [
        ({"inputs": [model_pb2.TensorSpec(name="X")]}, "inputs[0].name", '"X" is none of the inputs of'),
        (
            {"inputs": [model_pb2.TensorSpec(name="x", datatype="FP64")]},
            "inputs[0].datatype",
            "is FP64, but input",
        ),
        ({"probability_output": "proba"}, "probability_output", '"proba" is none of the outputs of'),
        ({"prediction_output": "class"}, "prediction_output", '"class" is none of the outputs of'),
        ({"labels": ["a", "b", "c"], "probability_output": "predict_proba"}, "labels", "are 3"),
    ],
)
def test_what_contradicts_the_backend_is_refused_by_its_field(
    control: Control, backend: model_pb2.Backend, said: dict[str, Any], field: str, reason: str
) -> None:
    details = refused(control, backend, model_pb2.Signature(**said))
    assert f"model_version.signature.{field}: " in details
    assert reason in details


def test_a_model_that_a_reachable_server_does_not_have_is_an_error(
    control: Control, mlserver: MLServer
) -> None:
    reason = refused(control, grpc_backend(mlserver.target, "cancer-rl"), model_pb2.Signature())
    assert 'model_version.backend.grpc.model_name: "cancer-rl" is not known at ' in reason


def test_a_server_that_is_away_is_a_warning(control: Control, feature_names: list[str]) -> None:
    said = model_pb2.Signature(
        inputs=[model_pb2.TensorSpec(name="x", datatype="FP32", shape=[-1, 30], features=feature_names)]
    )
    target = f"127.0.0.1:{free_port()}"
    registered = control.register("away", "1", grpc_backend(target, "m"), signature=said)
    assert registered.signature == said
    [warning] = registered.warnings
    assert warning.startswith("backend.grpc: ")
    assert target in warning


def test_a_file_that_is_away_is_an_error(control: Control, server: Server) -> None:
    assert not (Path(server.models_dir) / "away.onnx").exists()
    reason = refused(control, onnx_backend("away.onnx"), model_pb2.Signature())
    assert reason.startswith("model_version.backend.onnx.path: ")
