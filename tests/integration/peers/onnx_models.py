"""Models in ONNX files, made from scikit-learn."""

from pathlib import Path
from typing import Any

OUTPUT_NAMES = {"label": "predict", "probabilities": "predict_proba"}
"""What skl2onnx calls the outputs, and what MLServer does."""


def write_cancer_gb(path: Path) -> None:
    """Trains gradient boosting on the breast-cancer data and writes it with MLServer's tensor names."""
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType
    from sklearn.datasets import load_breast_cancer
    from sklearn.ensemble import GradientBoostingClassifier

    features, truth = load_breast_cancer(return_X_y=True)
    model = GradientBoostingClassifier(n_estimators=20, random_state=1).fit(features, truth)
    options = {id(model): {"zipmap": False}}
    proto: Any = to_onnx(model, initial_types=[("x", FloatTensorType([None, 30]))], options=options)
    for node in proto.graph.node:
        for index, name in enumerate(node.output):
            node.output[index] = OUTPUT_NAMES.get(name, name)
    for output in proto.graph.output:
        output.name = OUTPUT_NAMES.get(output.name, output.name)
    path.write_bytes(proto.SerializeToString())
