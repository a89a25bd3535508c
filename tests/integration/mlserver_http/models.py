"""Writes the models that MLServer serves; run in MLServer's own environment."""

import json
import shutil
import sys
from pathlib import Path

import joblib
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

RUNTIMES = {"echo": "Echo", "reading": "Reading", "frame": "Frame", "typed": "Typed"}
INPUTS = {"typed": [{"name": "question", "datatype": "BYTES", "shape": [-1]}]}


def save(folder: Path) -> None:
    for name, runtime in RUNTIMES.items():
        _write(folder / name, {"name": name, "implementation": f"runtimes.{runtime}"})
        shutil.copy(Path(__file__).with_name("runtimes.py"), folder / name)
    digits, truth = load_digits(return_X_y=True)
    model = LogisticRegression(max_iter=2000).fit(digits / 16, truth)
    _write(folder / "digits", {"name": "digits", "implementation": "mlserver_sklearn.SKLearnModel"})
    joblib.dump(model, folder / "digits" / "model.joblib")
    settings = json.loads((folder / "digits" / "model-settings.json").read_text())
    settings["parameters"]["uri"] = "./model.joblib"
    (folder / "digits" / "model-settings.json").write_text(json.dumps(settings))
    (folder / "rows.json").write_text(json.dumps((digits[:3] / 16).tolist()))


def _write(folder: Path, settings: dict[str, object]) -> None:
    folder.mkdir()
    whole = settings | {"parameters": {"version": "v0.1.0"}}
    (folder / "model-settings.json").write_text(json.dumps(whole))


if __name__ == "__main__":
    save(Path(sys.argv[1]))
