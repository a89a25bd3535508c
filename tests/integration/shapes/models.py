"""Writes the shapes as ONNX files and as models of MLServer."""

import json
import shutil
from collections.abc import Iterable
from pathlib import Path

import onnx
from onnx import TensorProto, helper

from pointsman.v1 import model_pb2

from .shapes import Shape, Tensor

_ONNX_TYPES = {
    "BOOL": TensorProto.BOOL,
    "INT8": TensorProto.INT8,
    "INT16": TensorProto.INT16,
    "INT32": TensorProto.INT32,
    "INT64": TensorProto.INT64,
    "UINT8": TensorProto.UINT8,
    "UINT16": TensorProto.UINT16,
    "UINT32": TensorProto.UINT32,
    "UINT64": TensorProto.UINT64,
    "FP16": TensorProto.FLOAT16,
    "FP32": TensorProto.FLOAT,
    "FP64": TensorProto.DOUBLE,
    "BYTES": TensorProto.STRING,
}


def write_onnx(shape: Shape, path: Path) -> None:
    """Writes a graph that repeats each input as its output."""

    def described(name: str, tensor: Tensor) -> onnx.ValueInfoProto:
        dimensions = ["rows", "columns" if tensor.is_open else tensor.width]
        return helper.make_tensor_value_info(name, _ONNX_TYPES[tensor.datatype], dimensions)

    graph = helper.make_graph(
        [helper.make_node("Identity", [tensor.name], [tensor.output]) for tensor in shape.tensors],
        "echo",
        [described(tensor.name, tensor) for tensor in shape.tensors],
        [described(tensor.output, tensor) for tensor in shape.tensors],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())


def write_mlserver(shapes: Iterable[Shape], folder: Path) -> None:
    """Writes a folder for each model, with the runtime in it."""
    for shape in shapes:
        own = folder / shape.name
        own.mkdir()
        shutil.copy(Path(__file__).with_name("echo_runtime.py"), own)
        (own / "names.json").write_text(json.dumps({tensor.name: tensor.output for tensor in shape.tensors}))
        settings = {
            "name": shape.name,
            "implementation": "echo_runtime.Echo",
            "parameters": {"version": "v1"},
            "inputs": [
                {"name": tensor.name, "datatype": tensor.datatype, "shape": tensor.shape}
                for tensor in shape.tensors
            ],
            "outputs": [
                {"name": tensor.output, "datatype": tensor.datatype, "shape": tensor.shape}
                for tensor in shape.tensors
            ],
        }
        (own / "model-settings.json").write_text(json.dumps(settings))


def signature_of(shape: Shape) -> model_pb2.Signature:
    """The signature of a shape."""
    signature = model_pb2.Signature(
        inputs=[
            model_pb2.TensorSpec(
                name=tensor.name, datatype=tensor.datatype, shape=tensor.shape, features=tensor.features
            )
            for tensor in shape.tensors
        ],
        outputs=[
            model_pb2.TensorSpec(name=tensor.output, datatype=tensor.datatype, shape=tensor.shape)
            for tensor in shape.tensors
        ],
        task=shape.task,
        labels=shape.labels,
        prediction_output=shape.prediction_output,
        probability_output=shape.probability_output,
    )
    if shape.threshold is not None:
        signature.threshold = shape.threshold
    return signature
