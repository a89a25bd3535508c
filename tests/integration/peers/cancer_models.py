"""Trains and saves the models that MLServer serves; run in MLServer's own environment."""

import json
import sys
from pathlib import Path

import joblib
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def save(folder: Path) -> None:
    features, truth = load_breast_cancer(return_X_y=True)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(features, truth)
    folder.mkdir()
    joblib.dump(model, folder / "model.joblib")
    settings = {
        "name": "cancer-lr",
        "implementation": "mlserver_sklearn.SKLearnModel",
        "parameters": {"uri": "./model.joblib", "version": "v1"},
        "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 30]}],
        "outputs": [
            {"name": "predict", "datatype": "INT64", "shape": [-1, 1]},
            {"name": "predict_proba", "datatype": "FP64", "shape": [-1, 2]},
        ],
    }
    (folder / "model-settings.json").write_text(json.dumps(settings))


if __name__ == "__main__":
    save(Path(sys.argv[1]) / "cancer-lr")
