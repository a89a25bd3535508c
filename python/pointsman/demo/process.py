"""Runs ``pointsman serve`` as a process of its own, on ports that the system chooses."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pointsman.demo.errors import DemoError

if TYPE_CHECKING:
    from collections.abc import Mapping

START_SECONDS = 30.0
POLL_SECONDS = 0.05
STOP_SECONDS = 40.0


class ServerProcess:
    """A server that starts; :meth:`wait_until_ready` tells where it serves.

    Args:
        folder: Where its data, its log and its ready file go.
        settings: Variables of its environment that set it, besides those of the command line.

    Attributes:
        grpc: Where it serves gRPC, once it is ready.
        http: Where it serves HTTP, once it is ready.
    """

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self.data_dir = folder / "data"
        self.log_path = folder / "server.log"
        self._ready_path = folder / "ready.json"
        with self.log_path.open("wb") as log:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    *("-m", "pointsman", "serve", "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"),
                    *("--data-dir", str(self.data_dir), "--ready-file", str(self._ready_path)),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=folder,
                env=_clean_environment() | dict(settings),
                start_new_session=True,
            )
        self.grpc = ""
        self.http = ""

    def wait_until_ready(self) -> None:
        """Returns when it serves.

        Raises:
            DemoError: It did not come up; the message has the end of its log.
        """
        ends = time.monotonic() + START_SECONDS
        while not self._ready_path.exists():
            if self._process.poll() is not None:
                code = self._process.returncode
                raise DemoError(
                    f"the server ended with exit code {code} instead of starting; {self._log_end()}"
                )
            if time.monotonic() > ends:
                raise DemoError(f"the server did not serve within {START_SECONDS:g} s; {self._log_end()}")
            time.sleep(POLL_SECONDS)
        facts: dict[str, Any] = json.loads(self._ready_path.read_text())
        self.grpc, self.http = facts["grpc"], facts["http"]

    def stop(self) -> None:
        """Ends the server as an operator would, and insists on a clean end.

        Raises:
            DemoError: It did not end in time, or not with exit code 0.
        """
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise DemoError(f"the server did not end within {STOP_SECONDS:g} s; {self._log_end()}") from None
        if code != 0:
            raise DemoError(f"the server ended with exit code {code}; {self._log_end()}")

    def kill(self) -> None:
        """Ends the server at once, whatever it does; nothing happens when it has ended."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def wait(self) -> None:
        """Waits until the server ends by itself."""
        self._process.wait()

    def _log_end(self) -> str:
        lines = self.log_path.read_text(errors="replace").strip().splitlines()[-5:]
        return "the end of its log:\n" + "\n".join(lines) if lines else "its log is empty"


def _clean_environment() -> dict[str, str]:
    """Answers the environment without settings that would turn the demo's server into another one."""
    return {name: value for name, value in os.environ.items() if not name.startswith("POINTSMAN_")}
