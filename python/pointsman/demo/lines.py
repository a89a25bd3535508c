"""Three lines to copy, each tried on the running server before it is shown."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from pointsman.demo.dataset import INPUT_NAME, PROBABILITY_OUTPUT
from pointsman.demo.errors import DemoError

if TYPE_CHECKING:
    from pointsman.demo.dataset import HeldOutRow, TrainingResult

TRY_SECONDS = 60.0


@dataclass(frozen=True)
class Line:
    """A line for the shell."""

    title: str
    command: str
    missing: str = ""
    """What is not installed here that it needs; empty when it can be tried."""


def write_lines(
    folder: Path, grpc: str, router_id: str, training: TrainingResult, row: HeldOutRow, entity: str
) -> list[Line]:
    """Writes the files that the lines refer to, and the lines.

    Args:
        folder: Where the files go.
        grpc: The server's gRPC address.
        router_id: The router to call.
        training: Names the features.
        row: The row to send.
        entity: Whom it is of.

    Returns:
        The three lines.
    """
    import numpy as np

    features = training.features(row)
    (folder / "row.json").write_text(json.dumps(features))
    request = {"router_id": router_id, "features": features, "entity_id": entity}
    (folder / "predict.json").write_text(json.dumps(request))
    np.save(folder / "row.npy", np.array([row.values], dtype=np.float32))
    at = shlex.quote(str(folder))
    snippet = (
        "import numpy as np, tritonclient.grpc as triton; "
        f"client = triton.InferenceServerClient('{grpc}'); "
        f"tensor = triton.InferInput('{INPUT_NAME}', [1, {len(row.values)}], 'FP32'); "
        f"tensor.set_data_from_numpy(np.load('{folder}/row.npy')); "
        f"answer = client.infer('{router_id}', [tensor], headers={{'pointsman-entity-id': '{entity}'}}); "
        f"print(answer.as_numpy('{PROBABILITY_OUTPUT}'), "
        "answer.get_response().parameters['pointsman_variant'].string_param)"
    )
    grpcurl = shutil.which("grpcurl")
    return [
        Line(
            "this command",
            f"{_without_key()}{command_path()} predict {router_id} --server {grpc} "
            f"--features @{at}/row.json --entity {entity}",
        ),
        Line(
            "grpcurl",
            f"{_shown(grpcurl) if grpcurl else 'grpcurl'} -plaintext -d @ {grpc} "
            f"pointsman.v1.PredictionService/Predict < {at}/predict.json",
            missing="" if grpcurl else "grpcurl",
        ),
        Line(
            "an unmodified tritonclient",
            f'{_shown(sys.executable)} -c "{snippet}"',
            missing="" if find_spec("tritonclient") else "tritonclient",
        ),
    ]


def report_line(grpc: str, model_id: str, path: Path) -> Line:
    """Answers the line that writes the report of a model's newest analysis.

    Args:
        grpc: The server's gRPC address.
        model_id: The model.
        path: Where the report goes.
    """
    out = shlex.quote(str(path))
    return Line(
        "the report",
        f"{_without_key()}{command_path()} drift report {model_id} --server {grpc} --out {out}",
    )


def try_line(line: Line) -> None:
    """Runs a line as it would be pasted into a shell.

    Raises:
        DemoError: It fails.
    """
    try:
        done = subprocess.run(
            line.command, shell=True, capture_output=True, text=True, timeout=TRY_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise DemoError(f"no answer within {TRY_SECONDS:g} s from: {line.command}") from None
    if done.returncode != 0:
        raise DemoError(f"exit code {done.returncode} from: {line.command}\n{done.stderr.strip()}")


def command_path() -> str:
    """Answers how to call this command from the shell: the installed script, or the module."""
    script = Path(sys.executable).with_name("pointsman")
    return _shown(str(script)) if script.is_file() else f"{_shown(sys.executable)} -m pointsman"


def _without_key() -> str:
    """Writes what goes before the command: the demo's server refuses keys it does not know."""
    return "env -u POINTSMAN_API_KEY " if os.environ.get("POINTSMAN_API_KEY") else ""


def _shown(path: str) -> str:
    """Writes a program as short as it can be called from here: by name, by relative path or in full."""
    name = Path(path).name
    if shutil.which(name) == path:
        return shlex.quote(name)
    here = Path.cwd()
    place = Path(path)
    return shlex.quote(str(place.relative_to(here) if place.is_relative_to(here) else place))
