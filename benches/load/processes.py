"""The programs under load and around it: started on ports of the system's choice, ended by their own id."""

import json
import os
import select
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType

START_SECONDS = 180.0
"""Generous: under valgrind a start takes a minute."""

STOP_SECONDS = 10.0
ROOT = Path(__file__).parent.parent.parent


class HarnessError(Exception):
    """The measurement itself went wrong; the message says which program and why."""


def read_target_folder() -> Path:
    """Asks cargo where it builds."""
    command = ["cargo", "metadata", "--format-version=1", "--no-deps"]
    found = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=ROOT)
    return Path(json.loads(found.stdout)["target_directory"])


def read_cpu_seconds(pid: int) -> float:
    """Answers the user and system time of all threads of a process, those that ended included."""
    # The program's name stands in parentheses and may hold anything, parentheses included.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split(" ")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Program(AbstractContextManager["Program"]):
    """A child process with its log in a file; leaving the context ends it."""

    def __init__(
        self,
        name: str,
        command: Sequence[object],
        log: Path,
        cwd: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Starts the program.

        Args:
            name: What messages call it.
            command: The program and its arguments, each written as text.
            log: The file that takes its standard error.
            cwd: Where it runs.
            environment: Variables besides those of this process.
        """
        self.name = name
        self._log = log
        with log.open("wb") as errors:
            self._process = subprocess.Popen(
                [str(part) for part in command],
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=cwd,
                env={**os.environ, **(environment or {})},
            )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def read_ports(self) -> list[int]:
        """Waits for the line ``{"ports": [...]}`` on standard output and answers its numbers.

        Raises:
            HarnessError: It ended or said nothing in time.
        """
        stdout = self._process.stdout
        if stdout is None or not select.select([stdout], [], [], START_SECONDS)[0]:
            raise HarnessError(f"{self.name}: silent for {START_SECONDS:.0f} s; see {self._log}")
        line = stdout.readline()
        if not line:
            raise HarnessError(f"{self.name}: ended before it was ready: {self.read_log()}")
        ports: list[int] = json.loads(line)["ports"]
        return ports

    def wait_for_file(self, path: Path) -> str:
        """Waits for a file with contents and answers them.

        Raises:
            HarnessError: The program ended or the file did not come in time.
        """
        give_up = time.monotonic() + START_SECONDS
        while time.monotonic() < give_up:
            if self._process.poll() is not None:
                raise HarnessError(f"{self.name}: ended before it was ready: {self.read_log()}")
            if path.is_file() and (text := path.read_text().strip()):
                return text
            # The pace of looking again; there is a deadline.
            time.sleep(0.02)
        raise HarnessError(f"{self.name}: {path} did not come in {START_SECONDS:.0f} s: {self.read_log()}")

    def read_log(self) -> str:
        """Answers the end of what it wrote to standard error."""
        return self._log.read_text(errors="replace")[-2000:]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Asks the program to end, and ends it when it does not."""
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
