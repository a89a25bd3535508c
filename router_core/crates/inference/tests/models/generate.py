"""Writes the small ONNX files that the tests of this crate load.

From the root: ``.venv/bin/python router_core/crates/inference/tests/models/generate.py``.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.datasets import load_iris
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.naive_bayes import GaussianNB

FOLDER = Path(__file__).resolve().parent
OPSET = 17
FEATURE_NAMES = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
TYPES = {
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
    "BF16": TensorProto.BFLOAT16,
    "FP32": TensorProto.FLOAT,
    "FP64": TensorProto.DOUBLE,
    "BYTES": TensorProto.STRING,
}


def write(name: str, model: ModelProto, metadata: dict[str, object] | None = None) -> None:
    """Writes a model, with metadata as JSON."""
    for key, value in (metadata or {}).items():
        entry = model.metadata_props.add()
        entry.key = key
        entry.value = json.dumps(value)
    (FOLDER / f"{name}.onnx").write_bytes(model.SerializeToString(deterministic=True))


def graph_model(graph: object) -> ModelProto:
    """Wraps a graph with the versions that every supported library reads."""
    model: ModelProto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
    model.ir_version = 8
    return model


def iris_models() -> None:
    """A classifier in its plain and its ZipMap form, and a regressor."""
    data = load_iris()
    rows, species = data.data.astype(np.float32), data.target
    classifier = LogisticRegression(max_iter=1000, random_state=0).fit(rows, species)
    types = [("X", FloatTensorType([None, 4]))]
    metadata = {"feature_names": FEATURE_NAMES, "labels": list(data.target_names)}
    plain = to_onnx(classifier, initial_types=types, options={"zipmap": False}, target_opset=OPSET)
    write("iris", plain, metadata)
    write("zipmap", to_onnx(classifier, initial_types=types, target_opset=OPSET))
    regressor = LinearRegression().fit(rows[:, :3], rows[:, 3])
    three = [("X", FloatTensorType([None, 3]))]
    write("regression", to_onnx(regressor, initial_types=three, target_opset=OPSET))


def identity_models() -> None:
    """Every datatype in and out again, and text alone."""
    inputs = [helper.make_tensor_value_info(name, kind, [None, 2]) for name, kind in TYPES.items()]
    outputs = [helper.make_tensor_value_info(f"{name}_out", kind, [None, 2]) for name, kind in TYPES.items()]
    nodes = [helper.make_node("Identity", [name], [f"{name}_out"]) for name in TYPES]
    write("types", graph_model(helper.make_graph(nodes, "types", inputs, outputs)))
    text_in = helper.make_tensor_value_info("text", TensorProto.STRING, [None])
    text_out = helper.make_tensor_value_info("echo", TensorProto.STRING, [None])
    node = helper.make_node("Identity", ["text"], ["echo"])
    write("text", graph_model(helper.make_graph([node], "text", [text_in], [text_out])))


def gather_model() -> None:
    """Looks rows up in a table of three, so that an index beyond it fails while the model runs."""
    table = numpy_helper.from_array(np.array([10.0, 20.0, 30.0], dtype=np.float32), "table")
    index = helper.make_tensor_value_info("index", TensorProto.INT64, [None])
    value = helper.make_tensor_value_info("value", TensorProto.FLOAT, [None])
    node = helper.make_node("Gather", ["table", "index"], ["value"])
    graph = helper.make_graph([node], "gather", [index], [value], initializer=[table])
    write("gather", graph_model(graph))


def class_models() -> None:
    """Classifiers whose classes are no places: in a classifier's operator, and in an extractor's constant."""
    data = load_iris()
    rows = data.data.astype(np.float32)
    types = [("X", FloatTensorType([None, 4]))]
    for name, classifier, classes in [
        ("classes_numbers", LogisticRegression(max_iter=1000), [1, 2, 3]),
        ("classes_texts", LogisticRegression(max_iter=1000), ["10", "2", "x"]),
        ("classes_extracted", GaussianNB(), [-1, 5, 0]),
        # Its converter lets the classes pass through 32-bit floats.
        ("classes_rounded", GaussianNB(), [20_240_131, 20_240_133, 20_240_135]),
    ]:
        classifier.fit(rows, np.array(classes)[data.target])
        write(name, to_onnx(classifier, initial_types=types, options={"zipmap": False}, target_opset=OPSET))


def external_model() -> None:
    """The same look-up from an initializer and a constant, both in one data file beside the model."""
    table = np.array([10.0, 20.0, 30.0], dtype=np.float32)
    tensors = [
        external_tensor(name, table, offset) for name, offset in [("table", 0), ("other", table.nbytes)]
    ]
    index = helper.make_tensor_value_info("index", TensorProto.INT64, [None])
    names = ["value", "other_value"]
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None]) for name in names]
    nodes = [
        helper.make_node("Constant", [], ["other"], value=tensors[1]),
        helper.make_node("Gather", ["table", "index"], ["value"]),
        helper.make_node("Gather", ["other", "index"], ["other_value"]),
    ]
    graph = helper.make_graph(nodes, "external", [index], values, initializer=tensors[:1])
    write("external", graph_model(graph))
    (FOLDER / "external.onnx.data").write_bytes(np.concatenate([table, -table]).tobytes())


def external_tensor(name: str, values: np.ndarray, offset: int) -> TensorProto:
    """A tensor of the given shape that lies somewhere in the data file."""
    tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=values.shape)
    tensor.data_location = TensorProto.EXTERNAL
    entries = {"location": "external.onnx.data", "offset": str(offset), "length": str(values.nbytes)}
    for key, value in entries.items():
        tensor.external_data.add(key=key, value=value)
    return tensor


if __name__ == "__main__":
    iris_models()
    identity_models()
    gather_model()
    class_models()
    external_model()
