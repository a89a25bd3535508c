"""ONNX files of any size."""

import random
from pathlib import Path


def a_model(path: Path, factor: float, *, weights: int = 1) -> Path:
    """Writes a model that multiplies, with weights that it does not need."""
    from onnx import TensorProto, helper

    graph = helper.make_graph(
        [helper.make_node("Mul", ["x", "factor"], ["y"])],
        "multiply",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", 1])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", 1])],
        [
            helper.make_tensor("factor", TensorProto.FLOAT, [1], [factor]),
            helper.make_tensor(
                "rest", TensorProto.UINT8, [weights], random.Random(1).randbytes(weights), True
            ),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path
