"""The client by itself, as pip installs it where no server is."""

import importlib.util
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import pointsman
from stage.server import Server

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.e2e

ASK = """
import sys
from pointsman.client import Client, ModelVersion, NotFoundError, OnnxBackend, Router, Variant
with Client(sys.argv[1]) as client:
    for version in ("1", "2"):
        client.models.register(ModelVersion("m", version, OnnxBackend("m.onnx")))
    client.routers.create(Router("r", variants=[Variant("a", "m", "1", 50), Variant("b", "m", "2", 50)]))
    client.routers.deploy("r")
    rows = [{"who": f"u{n}", "x_0": float(n), "x_1": 1.0} for n in range(20)]
    predictions = client.predict_batch("r", rows, entity_column="who")
    predictions.raise_for_error()
    given = [{"prediction_id": row.prediction.prediction_id, "value": 1.0} for row in predictions]
    print(len(predictions), {result.code for result in client.record_feedback_batch(given)})
    try:
        client.routers.get("nowhere")
    except NotFoundError as error:
        print(error.reason)
    try:
        predictions.to_dataframe()
    except ImportError as error:
        print(error)
"""
MODULES = """
import importlib.util, importlib.metadata
import pointsman.client
for name in ("control", "cli", "_core", "store"):
    assert importlib.util.find_spec(f"pointsman.{name}") is None, name
print(*sorted(dist.name for dist in importlib.metadata.distributions()))
print(pointsman.__version__ == importlib.metadata.version("pointsman-client"))
"""


@pytest.fixture(scope="module")
def check_wheels() -> ModuleType:
    spec = importlib.util.spec_from_file_location("check_wheels", ROOT / "scripts/check_wheels.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def empty_python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment in which nothing but the client and what it needs is installed."""
    folder = tmp_path_factory.mktemp("empty") / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = folder / "bin" / "python"
    subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(wheel)], check=True
    )
    return python


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType
    from sklearn.linear_model import LinearRegression

    model = LinearRegression().fit([[0.0, 0.0], [1.0, 1.0], [2.0, 1.0]], [0.0, 1.0, 2.0])
    made = Server(tmp_path)
    proto = to_onnx(model, initial_types=[("x", FloatTensorType([None, 2]))])
    (made.models_dir / "m.onnx").write_bytes(proto.SerializeToString())
    yield made
    made.end()


def run(python: Path, program: str, folder: Path, *arguments: str) -> list[str]:
    """Runs a program where none of this tree's sources can be found; answers its lines."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))
    }
    command = [str(python), "-I", "-c", program, *arguments]
    done = subprocess.run(
        command, cwd=folder, env=kept, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.timeout(300)
def test_the_client_is_installed_with_grpc_and_its_messages_only(empty_python: Path, tmp_path: Path) -> None:
    installed, versions_agree = run(empty_python, MODULES, tmp_path)
    # Python 3.11 puts setuptools into every environment; grpcio brings typing_extensions.
    own = {"pip", "setuptools", "typing_extensions", "pointsman-client"}
    assert set(installed.split()) - own == {"googleapis-common-protos", "grpcio", "protobuf"}
    assert versions_agree == "True"


@pytest.mark.timeout(300)
def test_the_client_alone_calls_a_running_server(empty_python: Path, server: Server, tmp_path: Path) -> None:
    assert run(empty_python, ASK, tmp_path, server.grpc) == [
        "20 {0}",
        "ROUTER_NOT_FOUND",
        "to_dataframe needs pandas: pip install 'pointsman-client[pandas]'",
    ]


def test_the_wheel_holds_the_client_and_nothing_else(wheel: Path, check_wheels: ModuleType) -> None:
    assert check_wheels.client_faults(wheel) == []


def test_both_packages_say_one_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == pointsman.__version__
    assert f"pointsman-client=={pointsman.__version__}" in project["dependencies"]
    assert (
        tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]
        == pointsman.__version__
    )
