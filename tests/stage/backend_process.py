"""A recording backend as a process of its own, to be killed, or to leave the test its time."""

import subprocess
import sys
from pathlib import Path

from stage.ports import free_port
from stage.recording_backend import RecordingBackend, large_where_asked


class BackendProcess:
    """A backend that can die as processes do."""

    def __init__(self, port: int = 0) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "stage.backend_process", str(port or free_port())],
            cwd=Path(__file__).parents[1],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout
        self.port = int(self._process.stdout.readline())
        self.target = f"127.0.0.1:{self.port}"

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        self.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()


if __name__ == "__main__":
    print(RecordingBackend(large_where_asked, int(sys.argv[1]), threads=64).port, flush=True)
    # Ends with the process that started it.
    sys.stdin.read()
