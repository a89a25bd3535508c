import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from pointsman.demo.dataset import TrainingResult
from pointsman.demo.lines import write_lines
from pointsman.demo.training import train


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def training(folder: Path) -> TrainingResult:
    return train(folder, seed=7)


@pytest.mark.parametrize("file_name", ["cancer-lr.onnx", "cancer-gb.onnx"])
def test_a_file_answers_as_its_model_does(training: TrainingResult, folder: Path, file_name: str) -> None:
    session = onnxruntime.InferenceSession(folder / file_name)
    rows = np.array([row.values for row in training.rows], dtype=np.float32)
    (probabilities,) = session.run(["probabilities"], {"input": rows})
    said = np.array(training.labels)[probabilities.argmax(axis=1)]
    right = (said == np.array([row.truth for row in training.rows])).mean()
    assert right == pytest.approx(training.accuracies[file_name], abs=0.01)
    assert right > 0.9


def test_a_file_names_its_features(training: TrainingResult, folder: Path) -> None:
    metadata = onnxruntime.InferenceSession(folder / "cancer-lr.onnx").get_modelmeta().custom_metadata_map
    assert tuple(json.loads(metadata["feature_names"])) == training.feature_names
    assert len(training.feature_names) == 30


def test_the_same_seed_trains_the_same(training: TrainingResult, tmp_path: Path) -> None:
    again = train(tmp_path, seed=7)
    assert (again.rows, again.accuracies) == (training.rows, training.accuracies)


def test_the_lines_refer_to_files_that_are_there(training: TrainingResult, tmp_path: Path) -> None:
    lines = write_lines(tmp_path, "127.0.0.1:1", "cancer", training, training.rows[0], "patient-0000")
    assert [line.title for line in lines] == ["this command", "grpcurl", "an unmodified tritonclient"]
    assert all("127.0.0.1:1" in line.command for line in lines)
    for name in ("row.json", "predict.json", "row.npy"):
        assert (tmp_path / name).exists()
        assert any(f"{tmp_path}/{name}" in line.command for line in lines)
