"""MLServer from PyPI, in an environment of its own."""

import json
import os
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

from .ports import free_ports
from .waiting import eventually

SET_UP_SECONDS = 300.0
START_SECONDS = 90.0


class MLServer:
    """A running MLServer with the models in a folder.

    Args:
        folder: Where the models are; the settings and the log are written there.
        model: The model that is ready last, whose readiness is waited for; none for all of them.
    """

    def __init__(self, folder: Path, model: str = "") -> None:
        self.folder = folder
        self._ready_path = f"/v2/models/{model}/ready" if model else "/v2/health/ready"
        self.http_port, self.grpc_port, metrics_port = free_ports(3)
        self.target = f"127.0.0.1:{self.grpc_port}"
        settings = {
            "host": "127.0.0.1",
            "http_port": self.http_port,
            "grpc_port": self.grpc_port,
            "metrics_port": metrics_port,
            "parallel_workers": 0,
        }
        (folder / "settings.json").write_text(json.dumps(settings))
        with (folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                _command("mlserver", "start", str(folder)),
                cwd=folder,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            eventually(self._is_ready, START_SECONDS, "a ready MLServer")
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, (self.folder / "log").read_text()[-3000:]
        url = f"http://127.0.0.1:{self.http_port}{self._ready_path}"
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, ConnectionError):
            return False


def run_beside(folder: Path, *arguments: str) -> None:
    """Runs a command in MLServer's environment, with a folder to work in."""
    done = subprocess.run(
        _command(*arguments),
        cwd=folder,
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=SET_UP_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]


def _command(*arguments: str) -> list[str]:
    beside = Path(sys.executable).with_name("uv")
    uv = str(beside) if beside.exists() else shutil.which("uv")
    assert uv, "uv is not installed; make setup installs it"
    # MLServer supports no newer interpreter yet.
    python = ("--python", ">=3.10,<3.13")
    peers = ("--from", "mlserver", "--with", "mlserver-sklearn")
    return [uv, "tool", "run", "--quiet", *python, *peers, *arguments]


def _environment() -> dict[str, str]:
    """This environment without what ties programs to this project's own interpreter."""
    tied = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "UV_PROJECT_ENVIRONMENT")
    return {name: value for name, value in os.environ.items() if name not in tied}
