"""Trains classifiers on scikit-learn's breast-cancer data and writes them as ONNX files."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from pointsman.demo.dataset import INPUT_NAME, HeldOutRow, TrainingResult

if TYPE_CHECKING:
    from pathlib import Path

HELD_OUT_SHARE = 0.4


@dataclass(frozen=True)
class SplitData:
    """The data in two parts.

    Attributes:
        feature_names: The columns' names.
        labels: The classes, by number.
        train_x: What models learn from, one row for each tumour.
        train_y: The class of each of these rows.
        test_x: What is held out.
        test_y: The class of each of these rows.
    """

    feature_names: tuple[str, ...]
    labels: tuple[str, ...]
    train_x: Any
    train_y: Any
    test_x: Any
    test_y: Any


def split_data(seed: int) -> SplitData:
    """Answers the data in two parts; the same seed splits them alike."""
    data: Any = load_breast_cancer()
    train_x, test_x, train_y, test_y = train_test_split(
        data.data.astype(np.float32),
        data.target,
        test_size=HELD_OUT_SHARE,
        random_state=seed,
        stratify=data.target,
    )
    names = tuple(str(name) for name in data.feature_names)
    labels = tuple(str(name) for name in data.target_names)
    return SplitData(names, labels, train_x, train_y, test_x, test_y)


def logistic_regression() -> Any:
    """Makes the model that is called lr, untrained."""
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1_000))


def train(folder: Path, seed: int, *, with_stump: bool = False) -> TrainingResult:
    """Trains models on one part of the data and keeps the other part for traffic.

    Args:
        folder: Where ``cancer-lr.onnx`` and ``cancer-gb.onnx`` are written.
        seed: Makes split and training repeatable.
        with_stump: Whether ``cancer-stump.onnx`` is written too, a model that asks one thing of one feature.

    Returns:
        The held-out rows, names, and each model's accuracy on them.
    """
    data = split_data(seed)
    names, labels = data.feature_names, data.labels
    models: dict[str, Any] = {
        "cancer-lr.onnx": logistic_regression(),
        "cancer-gb.onnx": GradientBoostingClassifier(random_state=seed),
    }
    if with_stump:
        models["cancer-stump.onnx"] = DecisionTreeClassifier(max_depth=1, max_features=1, random_state=seed)
    accuracies = {}
    for file_name, model in models.items():
        model.fit(data.train_x, data.train_y)
        accuracies[file_name] = float(model.score(data.test_x, data.test_y))
        write_onnx(model, names, folder / file_name)
    rows = tuple(
        HeldOutRow(tuple(float(value) for value in values), labels[truth])
        for values, truth in zip(data.test_x, data.test_y, strict=True)
    )
    return TrainingResult(names, labels, rows, accuracies)


def write_onnx(model: Any, feature_names: tuple[str, ...], path: Path) -> None:
    """Writes a classifier as ONNX: one input with a column for each feature, probabilities as a plain tensor.

    Args:
        model: A fitted scikit-learn classifier or pipeline.
        feature_names: The columns' names, kept in the file's metadata where the server finds them.
        path: The file.
    """
    proto: Any = to_onnx(
        model,
        initial_types=[(INPUT_NAME, FloatTensorType([None, len(feature_names)]))],
        options={id(model): {"zipmap": False}},
    )
    onnx.helper.set_model_props(proto, {"feature_names": json.dumps(feature_names)})
    path.write_bytes(proto.SerializeToString())
