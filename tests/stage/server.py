"""The product as users run it: `pointsman serve` as a process.

Most are forks of a process that has imported the server's modules: in many a test nothing else takes as long.
"""

import functools
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

from .forks import Fork, Forks
from .waiting import eventually

START_SECONDS = 60.0
"""Long, for the machine may be busy; the tests of start-up measure the server's own time."""
STOP_SECONDS = 40.0

IMPORTED = (
    "pointsman.cli.app",
    "pointsman.cli.serving.serve",
    "pointsman.cli.serving.server",
    "structlog",
    "grpc.aio",
    "pointsman.settings",
    "pointsman.cli.serving.running",
    "uvicorn.lifespan.off",
    "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.auto",
)
"""What every server imports."""


@functools.cache
def forks() -> Forks:
    """The process that servers are forks of; one for each process of tests."""
    return Forks(IMPORTED)


def command(*arguments: str) -> list[str]:
    """The command of this installation with its arguments."""
    return [sys.executable, "-m", "pointsman", *arguments]


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """This environment with only these settings of pointsman."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("POINTSMAN_")}
    return kept | {f"POINTSMAN_{name.upper()}": value for name, value in settings.items()}


class Server:
    """A running server; its data stays in the folder, so that another can start on it.

    Args:
        folder: Where its data, its log and its ready file are, and where it runs.
        grpc: Its public gRPC port.
        http: Its HTTP port.
        arguments: Further arguments of the command.
        settings: Its settings, as names in lower case.
        is_fork: Whether it finds its modules imported; not for tests of the start, or of times and memory.
    """

    def __init__(
        self,
        folder: Path,
        *,
        grpc: str = "127.0.0.1:0",
        http: str = "127.0.0.1:0",
        arguments: Sequence[str] = (),
        settings: Mapping[str, str] | None = None,
        is_fork: bool = True,
    ) -> None:
        self.data_dir = folder / "data"
        self.models_dir = self.data_dir / "models"
        self.models_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.log_path = folder / "server.log"
        self._ready_path = folder / "ready.json"
        self._ready_path.unlink(missing_ok=True)
        begin = _fork if is_fork else _start
        self.process = begin(
            [
                *("serve", "--grpc", grpc, "--http", http, "--data-dir", str(self.data_dir)),
                *("--ready-file", str(self._ready_path), *arguments),
            ],
            folder,
            environment(settings or {}),
            self.log_path,
        )
        try:
            eventually(self._is_ready, START_SECONDS, "the ready file")
        except BaseException:
            self.kill()
            raise
        facts = json.loads(self._ready_path.read_text())
        self.grpc: str = facts["grpc"]
        self.http: str = facts["http"]

    def _is_ready(self) -> bool:
        code = self.process.poll()
        assert code is None, f"the server ended with {code}:\n{self.log()[-3000:]}"
        return self._ready_path.exists()

    def log(self) -> str:
        """Everything it wrote."""
        return self.log_path.read_text(errors="replace")

    def terminate(self) -> None:
        """Asks it to end, as an operator would."""
        self.process.send_signal(signal.SIGTERM)

    def wait(self, seconds: float = STOP_SECONDS) -> int:
        """Waits for its end and answers the exit code."""
        return self.process.wait(seconds)

    def kill(self) -> None:
        """Ends it at once, as a failing machine would."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def end(self) -> None:
        """Ends it and insists that it ends well; nothing happens when it has ended."""
        if self.process.poll() is not None:
            return
        self.terminate()
        try:
            code = self.wait()
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        assert code == 0, f"exit code {code}:\n{self.log()[-3000:]}"
        assert "panicked" not in self.log()

    def get(self, path: str) -> tuple[int, str]:
        """Asks the HTTP port."""
        try:
            with urllib.request.urlopen(f"http://{self.http}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()


def _fork(arguments: Sequence[str], folder: Path, variables: Mapping[str, str], log: Path) -> Fork:
    with Path(os.devnull).open() as nothing, log.open("ab") as output:
        return forks().start(
            "pointsman",
            arguments,
            folder=folder,
            environment=variables,
            descriptors=[nothing.fileno(), output.fileno(), output.fileno()],
        )


def _start(
    arguments: Sequence[str], folder: Path, variables: Mapping[str, str], log: Path
) -> "subprocess.Popen[bytes]":
    with log.open("ab") as output:
        return subprocess.Popen(
            command(*arguments),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=folder,
            env=variables,
        )


def refused_start(folder: Path, *arguments: str, seconds: float = 30.0) -> str:
    """Starts a server that cannot start; answers what it said on its way out."""
    done = subprocess.run(
        command("serve", "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0", *arguments),
        cwd=folder,
        env=environment({}),
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode not in (0, None), done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done.stderr
