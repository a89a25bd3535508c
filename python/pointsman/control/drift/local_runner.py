"""Programs of analyses as processes of this machine."""

import contextlib
import json
import subprocess
import sys
import threading
from pathlib import Path

from pointsman.domain.ports.analysing import AnalysisStart, RunState
from pointsman.errors import UnavailableError

MODULE = "pointsman.control.drift.program"
_END_SECONDS = 5.0
_LAST_BYTES = 4_096


class LocalRunner:
    """Starts, watches and ends processes. Safe to use from several threads.

    Each is a program of its own that goes on when this server ends, and writes its result itself: what
    watches it tells only sooner that it is gone.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._processes: dict[AnalysisStart, tuple[subprocess.Popen[bytes], Path]] = {}

    def start(self, start: AnalysisStart, spec: bytes) -> None:
        """Starts a process; what it is to do goes through a pipe, for it may hold a password.

        Args:
            start: Names the start.
            spec: What it is to do.

        Raises:
            UnavailableError: It cannot be started.
        """
        errors = Path(json.loads(spec)["folder"]) / "errors"
        try:
            with errors.open("wb") as file:
                process = subprocess.Popen(
                    # Nothing of the folder that the server runs in stands in for a module.
                    [sys.executable, "-P", "-m", MODULE],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=file,
                    # Signals of a terminal are the server's alone; and it is nice to all others' programs.
                    start_new_session=True,
                )
        except OSError as error:
            raise UnavailableError(f"no program can be started for the analysis: {error}") from error
        with self._lock:
            self._processes[start] = (process, errors)
        assert process.stdin is not None
        # One that ended at once is found by whoever watches.
        with contextlib.suppress(BrokenPipeError), process.stdin as pipe:
            pipe.write(spec)

    def state(self, start: AnalysisStart) -> RunState:
        """Says whether a start's process runs."""
        with self._lock:
            found = self._processes.get(start)
        if found is None:
            return RunState.UNKNOWN
        return RunState.RUNNING if found[0].poll() is None else RunState.ENDED

    def known(self) -> list[AnalysisStart]:
        """Answers the starts that were not forgotten yet."""
        with self._lock:
            return list(self._processes)

    def last_words(self, start: AnalysisStart) -> str:
        """Answers how an ended process ended, and the last line that it wrote of an error."""
        with self._lock:
            found = self._processes.get(start)
        if found is None:
            return ""
        process, errors = found
        code = process.poll()
        how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
        lines: list[str] = []
        with contextlib.suppress(OSError), errors.open("rb") as file:
            file.seek(max(0, errors.stat().st_size - _LAST_BYTES))
            lines = file.read().decode(errors="replace").strip().splitlines()
        return f"{how}: {lines[-1]}" if lines else how

    def end(self, start: AnalysisStart) -> None:
        """Ends a start's process if it runs, and forgets it."""
        with self._lock:
            found = self._processes.pop(start, None)
        if found is not None:
            _end(found[0])

    def close(self) -> list[AnalysisStart]:
        """Ends all processes; answers the starts of those that ran."""
        with self._lock:
            ran = [start for start, (process, _) in self._processes.items() if process.poll() is None]
        for start in self.known():
            self.end(start)
        return ran


def _end(process: subprocess.Popen[bytes]) -> None:
    # Its result is one transaction, so there is nothing that it must finish.
    process.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_END_SECONDS)
