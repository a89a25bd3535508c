"""Proves of the three wheels in a folder that what they install serves a call.

``python scripts/try_wheels.py DIR``: an environment that holds nothing gets the wheels, and of what they
require the versions in ``uv.lock``. Its command says its version and starts a server, which runs a model in
ONNX; its client asks for a prediction, and its drift library compares two tables. None of this tree's sources
can be found there.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 60.0
END_SECONDS = 40.0
FACTOR = 2.0

PROGRAM = """
import sys
from pointsman.client import Client, ModelVersion, OnnxBackend, Router, Variant
from pointsman_drift import compare
with Client(sys.argv[1]) as client:
    for version in ("1", "2"):
        client.models.register(ModelVersion("doubling", version, OnnxBackend("doubling.onnx")))
    variants = [Variant(version, "doubling", version, 50) for version in ("1", "2")]
    client.routers.create(Router("doubled", variants=variants))
    client.routers.deploy("doubled")
    print(client.predict("doubled", {"x": 21.0}).prediction)
print(compare({"x": [1.0, 2.0, 3.0] * 50}, {"x": [7.0, 8.0, 9.0] * 50}).status)
"""
SAID = ["42.0", "alert"]
"""What the program says."""


class WheelError(Exception):
    """What was installed does not work; the text says what and how."""


def run(*command: object, folder: Path = ROOT) -> str:
    """Runs a program that is told of no environment but its own; answers what it says.

    Raises:
        WheelError: It failed.
    """
    words = [str(word) for word in command]
    done = subprocess.run(
        words, cwd=folder, env=own_environment(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise WheelError(f"{' '.join(words)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def own_environment() -> dict[str, str]:
    """Answers the variables that lead to no other installation and set nothing of a server."""
    foreign = ("PYTHON", "VIRTUAL_ENV", "POINTSMAN_")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)}


def install(wheels: list[Path], folder: Path) -> Path:
    """Installs wheels into a new environment; answers the folder of its programs.

    Args:
        wheels: All that is not taken from the registry.
        folder: Where the environment goes.
    """
    uv = shutil.which("uv")
    if uv is None:
        raise WheelError("uv is not found: make setup puts it into .venv/bin")
    locked = folder / "locked.txt"
    # The newest versions would make this fail by what others release.
    locked.write_text(
        run(uv, "export", "--quiet", "--frozen", "--no-default-groups", "--no-emit-local", "--no-hashes")
    )
    environment = folder / "environment"
    run(uv, "venv", "--quiet", "--python", sys.executable, environment)
    python = ("--python", environment / "bin" / "python")
    run(uv, "pip", "install", "--quiet", *python, "--constraint", locked, *wheels)
    run(uv, "pip", "check", *python)
    return environment / "bin"


def write_model(path: Path) -> None:
    """Writes a model that multiplies one number."""
    from onnx import TensorProto, helper

    graph = helper.make_graph(
        [helper.make_node("Mul", ["x", "factor"], ["y"])],
        "multiply",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", 1])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", 1])],
        [helper.make_tensor("factor", TensorProto.FLOAT, [1], [FACTOR])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())


def serve_a_call(programs: Path, folder: Path) -> None:
    """Starts a server, asks it and ends it.

    Args:
        programs: The folder of the environment's programs.
        folder: Where its data, its log and its ready file go.

    Raises:
        WheelError: It did not start, answered otherwise, or did not end well.
    """
    models, ready, log = folder / "data" / "models", folder / "ready.json", folder / "server.log"
    models.mkdir(parents=True, mode=0o700)
    write_model(models / "doubling.onnx")
    command: list[str | Path] = [
        programs / "pointsman",
        "serve",
        "--grpc",
        "127.0.0.1:0",
        "--http",
        "127.0.0.1:0",
    ]
    command += ["--data-dir", folder / "data", "--ready-file", ready]
    with log.open("wb") as output:
        server = subprocess.Popen(command, cwd=folder, env=own_environment(), stdout=output, stderr=output)
    try:
        ends = time.monotonic() + START_SECONDS
        while not ready.exists():
            if server.poll() is not None or time.monotonic() > ends:
                raise WheelError(f"no server within {START_SECONDS:g} s:\n{log.read_text()}")
            time.sleep(0.05)
        address = json.loads(ready.read_text())["grpc"]
        said = run(programs / "python", "-I", "-c", PROGRAM, address, folder=folder).splitlines()
        if said != SAID:
            raise WheelError(f"said {said}, not {SAID}")
        server.terminate()
        if code := server.wait(END_SECONDS):
            raise WheelError(f"the server ended with {code}:\n{log.read_text()}")
    finally:
        server.kill()
        server.wait()


def main() -> int:
    """Installs and tries; answers the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where make wheels put them")
    folder: Path = parser.parse_args().folder.resolve()
    with tempfile.TemporaryDirectory(prefix="pointsman-wheels-") as scratch:
        try:
            programs = install(sorted(folder.glob("*.whl")), Path(scratch))
            version = run(programs / "pointsman", "--version", folder=Path(scratch)).strip()
            if not list(folder.glob(f"pointsman-{version}-*.whl")):
                raise WheelError(f"pointsman --version says {version}, which no wheel has")
            serve_a_call(programs, Path(scratch))
        except WheelError as error:
            print(f"wheels: {error}", file=sys.stderr)
            return 1
    print(f"wheels: version {version}, installed by themselves, serves a call and compares two tables")
    return 0


if __name__ == "__main__":
    sys.exit(main())
