"""Estimates NannyML's car-loan chunks by both libraries: ``python drift/scripts/beside_nannyml.py``.

Makes an environment of its own in a temporary folder by ``uv``, which needs a network, unless
``NANNYML_PYTHON`` names an interpreter that has NannyML. Says every chunk's estimates, the largest
difference, and what each library took, and fails where a difference is above 1e-6.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from peers import NANNYML, nannyml_python, quiet_environment
from pointsman_drift import ClassPredictions, calibrate, estimate_performance, read_classes
from pointsman_drift.performance.metrics import METRICS

CHUNK = 5000
TOLERANCE = 1e-6
THEIRS = f"""
import json, sys, time
import nannyml
reference, analysis, truth = nannyml.load_synthetic_car_loan_dataset()
analysis = analysis.merge(truth, on="id") if "id" in truth else analysis.join(truth)
metrics = {list(METRICS)!r}
start = time.perf_counter()
estimator = nannyml.CBPE(
    y_pred_proba="y_pred_proba", y_pred="y_pred", y_true="repaid", metrics=metrics, chunk_size={CHUNK},
    problem_type="classification_binary",
)
estimator.fit(reference)
found = estimator.estimate(analysis).filter(period="analysis").to_df(multilevel=True)
seconds = time.perf_counter() - start
columns = ["y_pred_proba", "y_pred", "repaid"]
json.dump(
    {{
        "seconds": seconds,
        "reference": reference[columns].values.tolist(),
        "analysis": analysis[columns].values.tolist(),
        "estimates": {{name: found[(name, "value")].tolist() for name in metrics}},
        "realised": {{name: found[(name, "realized")].tolist() for name in metrics}},
    }},
    open(sys.argv[1], "w"),
)
"""


def theirs(folder: Path) -> dict[str, Any]:
    """Runs NannyML in its own environment; answers its figures and the rows that it read."""
    python = nannyml_python(folder)
    answer = folder / "answer.json"
    command = [python, "-W", "ignore", "-c", THEIRS, str(answer)]
    subprocess.run(command, check=True, env=quiet_environment())
    found: dict[str, Any] = json.loads(answer.read_text())
    return found


def read(rows: list[list[float]]) -> ClassPredictions:
    """Reads rows of score, predicted and true label."""
    score, predicted, actual = np.array(rows).T
    return read_classes([0, 1], score, predicted.astype(int), actual.astype(int))


def main() -> None:
    """Compares and prints."""
    with tempfile.TemporaryDirectory() as folder:
        answer = theirs(Path(folder))
    reference, analysis = read(answer["reference"]), answer["analysis"]
    start = time.perf_counter()
    calibration = calibrate(reference)
    chunks = [
        estimate_performance(calibration, read(analysis[begin : begin + CHUNK]))
        for begin in range(0, len(analysis), CHUNK)
    ]
    seconds = time.perf_counter() - start
    worst = 0.0
    for name in METRICS:
        print(name)
        for place, chunk in enumerate(chunks):
            ours, peer = chunk[name], answer["estimates"][name][place]
            assert ours.realised is not None
            pairs = (ours.estimate.value, peer), (ours.realised.value, answer["realised"][name][place])
            for one, other in pairs:
                worst = max(worst, abs((np.nan if one is None else one) - other))
            told = "  ".join(f"{one:.6f} {other:.6f}" for one, other in pairs)
            print(f"  {place}  estimated, realised (here, there): {told}")
    print(f"largest difference {worst:.2e}")
    print(f"NannyML {NANNYML} took {answer['seconds']:.2f} s, this {seconds:.2f} s")
    if not worst <= TOLERANCE:
        sys.exit(f"a difference is above {TOLERANCE}")


if __name__ == "__main__":
    main()
